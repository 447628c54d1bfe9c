using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;
using System.Text;

namespace Xenolith.Build.Symbols;

/// <summary>A function's name as a C# programmer writes it.</summary>
/// <param name="Type">Namespace and type; empty for stubs and compiler helpers.</param>
/// <param name="Method">The method, or the raw symbol.</param>
public readonly record struct FunctionName(string Type, string Method)
{
    /// <inheritdoc/>
    public override string ToString() => Type.Length == 0 ? Method : $"{Type}.{Method}";
}

/// <summary>
/// Turns ilc's symbol names back into C# names. Mangling loses information (dots become underscores), so the names are
/// looked up among those the assemblies define rather than guessed.
/// </summary>
public sealed class FunctionNames
{
    private readonly Dictionary<string, (string Pretty, Dictionary<string, string> Methods)> _types = new(StringComparer.Ordinal);

    /// <summary>Reads the types and methods of the image's assemblies.</summary>
    public FunctionNames(IEnumerable<string> assemblies)
    {
        foreach (string path in assemblies)
        {
            using FileStream file = File.OpenRead(path);
            using var portable = new PEReader(file);
            MetadataReader reader = portable.GetMetadataReader();
            string assembly = reader.GetString(reader.GetAssemblyDefinition().Name);
            foreach (TypeDefinitionHandle handle in reader.TypeDefinitions)
            {
                AddType(reader, assembly, handle);
            }
        }
    }

    /// <summary>The C# name of a symbol; a symbol that is not a C# method keeps its name.</summary>
    public FunctionName Resolve(string symbol)
    {
        int depth = 0;
        for (int i = 0; i + 2 < symbol.Length; i++)
        {
            depth += symbol[i] switch { '<' => 1, '>' => -1, _ => 0 };
            if (depth == 0 && symbol[i] == '_' && symbol[i + 1] == '_'
                && _types.TryGetValue(WithoutArguments(symbol[..i]), out (string Pretty, Dictionary<string, string> Methods) type))
            {
                return new FunctionName(type.Pretty + Arguments(symbol[..i]), Method(type.Methods, symbol[(i + 2)..]));
            }
        }

        return new FunctionName("", symbol);
    }

    private static string Method(Dictionary<string, string> methods, string mangled)
    {
        string name = WithoutArguments(mangled);
        if (methods.TryGetValue(name, out string? exact))
        {
            return exact;
        }

        // Overloads are told apart by a trailing number.
        int underscore = name.LastIndexOf('_');
        return underscore > 0 && name[(underscore + 1)..].All(char.IsAsciiDigit) && methods.TryGetValue(name[..underscore], out string? overload)
            ? overload
            : name;
    }

    // Type arguments by their short names: List_1<Xenolith_Mm_Xenolith_Mm_Gfn> → <Gfn>.
    private string Arguments(string mangledType)
    {
        int open = mangledType.IndexOf('<', StringComparison.Ordinal);
        if (open < 0 || !mangledType.EndsWith('>'))
        {
            return "";
        }

        IEnumerable<string> arguments = mangledType[(open + 1)..^1].Split("__", StringSplitOptions.RemoveEmptyEntries).Select(argument =>
        {
            string name = _types.TryGetValue(WithoutArguments(argument), out (string Pretty, Dictionary<string, string> Methods) type) ? type.Pretty : argument;
            return name[(name.LastIndexOf('.') + 1)..];
        });
        return $"<{string.Join(",", arguments)}>";
    }

    private void AddType(MetadataReader reader, string assembly, TypeDefinitionHandle handle)
    {
        TypeDefinition definition = reader.GetTypeDefinition(handle);
        string pretty = Simple(reader.GetString(definition.Name));
        string mangled = Sanitize(reader.GetString(definition.Name));
        TypeDefinition outer = definition;
        while (outer.IsNested)
        {
            outer = reader.GetTypeDefinition(outer.GetDeclaringType());
            pretty = Simple(reader.GetString(outer.Name)) + "." + pretty;
            mangled = Sanitize(reader.GetString(outer.Name)) + "_" + mangled;
        }

        string space = reader.GetString(outer.Namespace);
        if (space.Length > 0)
        {
            pretty = space + "." + pretty;
            mangled = Sanitize(space) + "_" + mangled;
        }

        var methods = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (MethodDefinitionHandle method in definition.GetMethods())
        {
            string name = reader.GetString(reader.GetMethodDefinition(method).Name);
            methods.TryAdd(Sanitize(name), Simple(name));
        }

        _types.TryAdd(Sanitize(assembly) + "_" + mangled, (pretty, methods));
    }

    // `List`1` → List; `<Walk>g__Step|3_0` → Walk.Step; `.cctor` → cctor.
    private static string Simple(string name)
    {
        if (name.StartsWith('<') && name.IndexOf(">g__", StringComparison.Ordinal) is > 0 and int local)
        {
            int bar = name.IndexOf('|', StringComparison.Ordinal);
            return $"{name[1..local]}.{name[(local + 4)..(bar > 0 ? bar : name.Length)]}";
        }

        int tick = name.IndexOf('`', StringComparison.Ordinal);
        return (tick > 0 ? name[..tick] : name).TrimStart('.');
    }

    private static string WithoutArguments(string mangled)
    {
        if (!mangled.Contains('<', StringComparison.Ordinal))
        {
            return mangled;
        }

        var result = new StringBuilder();
        int depth = 0;
        foreach (char c in mangled)
        {
            depth += c == '<' ? 1 : 0;
            if (depth == 0)
            {
                result.Append(c);
            }

            depth -= c == '>' ? 1 : 0;
        }

        return result.ToString();
    }

    private static string Sanitize(string name)
    {
        var result = new StringBuilder(name.Length + 1);
        if (name.Length > 0 && char.IsAsciiDigit(name[0]))
        {
            result.Append('_');
        }

        foreach (char c in name)
        {
            result.Append(char.IsAsciiLetterOrDigit(c) ? c : '_');
        }

        return result.ToString();
    }
}
