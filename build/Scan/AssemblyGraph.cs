using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;

namespace Xenolith.Build.Scan;

/// <summary>
/// Which assembly refers to which: code cannot call a virtual method of a class it cannot name, which keeps the slots of
/// unrelated class families apart.
/// </summary>
public sealed class AssemblyGraph
{
    private readonly Dictionary<string, HashSet<string>> _references = new(StringComparer.Ordinal);
    private readonly string[] _names;

    /// <summary>Reads the references of assemblies.</summary>
    public AssemblyGraph(IEnumerable<string> paths)
    {
        foreach (string path in paths)
        {
            using FileStream file = File.OpenRead(path);
            using var portable = new PEReader(file);
            MetadataReader reader = portable.GetMetadataReader();
            _references[Mangle(reader.GetString(reader.GetAssemblyDefinition().Name))] =
                [.. reader.AssemblyReferences.Select(handle => Mangle(reader.GetString(reader.GetAssemblyReference(handle).Name)))];
        }

        // The longest name first: one name may be the beginning of another.
        _names = [.. _references.Keys.OrderByDescending(name => name.Length)];
    }

    /// <summary>The mangled assembly name a symbol begins with; empty if none.</summary>
    public string Of(string symbol) => Array.Find(_names, name => symbol.StartsWith(name + "_", StringComparison.Ordinal)) ?? "";

    /// <summary>Whether code of one assembly can name classes of another; true where either is unknown.</summary>
    public bool Sees(string from, string to)
    {
        if (from.Length == 0 || to.Length == 0 || from == to)
        {
            return true;
        }

        return _references.TryGetValue(from, out HashSet<string>? references) && references.Contains(to);
    }

    private static string Mangle(string name) => string.Concat(name.Select(c => char.IsAsciiLetterOrDigit(c) ? c : '_'));
}
