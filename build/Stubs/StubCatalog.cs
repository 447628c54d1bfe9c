using System;
using System.Collections.Generic;
using System.Linq;
using System.Reflection;

namespace Xenolith.Build.Stubs;

/// <summary>Finds the stubs compiled into this program and picks those of one image by the folder of their source.</summary>
public static class StubCatalog
{
    // What the compiler's PathMap turns the root of the tree into.
    private const string MappedRoot = "/xenolith/";

    /// <summary>Runs every stub whose source lies below one of <paramref name="folders"/> (relative to the root,
    /// with forward slashes) and returns their joint object.</summary>
    public static StubObject Collect(IReadOnlyList<string> folders)
    {
        var result = new StubObject();
        foreach (Type type in typeof(StubCatalog).Assembly.GetTypes()
            .Where(type => type is { IsClass: true, IsAbstract: false } && type.IsAssignableTo(typeof(IStub)))
            .OrderBy(type => type.FullName, StringComparer.Ordinal))
        {
            var part = new StubObject();
            try
            {
                ((IStub)Activator.CreateInstance(type, nonPublic: true)!).Emit(part);
            }
            catch (TargetInvocationException error)
            {
                throw new InvalidOperationException($"stub {type.Name}: {error.InnerException?.Message}", error);
            }

            if (part.SourceFile is { } file && folders.Any(folder => RelativePath(file).StartsWith(folder + "/", StringComparison.Ordinal)))
            {
                result.Include(part);
            }
        }

        return result;
    }

    private static string RelativePath(string sourceFile)
    {
        string path = sourceFile.Replace('\\', '/');
        return path.StartsWith(MappedRoot, StringComparison.Ordinal) ? path[MappedRoot.Length..] : path;
    }
}
