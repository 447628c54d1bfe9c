using System;
using System.IO;
using System.Reflection;

namespace Xenolith.Build.Host;

/// <summary>Where things lie in the source tree and below <c>out/</c>.</summary>
public static class Tree
{
    /// <summary>The root of the source tree.</summary>
    public static string Root { get; } = FindRoot();

    /// <summary>Everything the build makes; safe to delete.</summary>
    public static string Out => Path.Combine(Root, "out");

    /// <summary>Intermediate files of the link: objects, tables, logs.</summary>
    public static string Objects => Path.Combine(Out, "image");

    /// <summary>The bootable hypervisor, stripped.</summary>
    public static string Image => Path.Combine(Out, "xenolith");

    /// <summary>The same with full DWARF.</summary>
    public static string DebugImage => Path.Combine(Out, "xenolith.debug");

    /// <summary>Guest kernels, initial file systems and test guests.</summary>
    public static string Guests => Path.Combine(Out, "guests");

    /// <summary>A path below the root.</summary>
    public static string At(params ReadOnlySpan<string> parts)
    {
        string path = Root;
        foreach (string part in parts)
        {
            path = Path.Combine(path, part);
        }

        return path;
    }

    /// <summary>A path as a user would type it from the root.</summary>
    public static string Relative(string path) => Path.GetRelativePath(Root, path).Replace('\\', '/');

    /// <summary>Where the compiler puts the assemblies of a freestanding project.</summary>
    /// <param name="edition">Of the hypercall table; null: the newest.</param>
    public static string ImageAssemblies(string projectName, string? edition = null) =>
        At("out", "bin", edition is null ? "Image" : "Image-" + edition, projectName, "Image");

    /// <summary>A value the project file recorded in this assembly.</summary>
    public static string Metadata(string key)
    {
        foreach (AssemblyMetadataAttribute attribute in typeof(Tree).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>())
        {
            if (attribute.Key == key && attribute.Value is { } value)
            {
                return value;
            }
        }

        throw new BuildFailure($"the build program was built without {key}; run ./build.sh clean and try again");
    }

    private static string FindRoot() =>
        RootAbove(AppContext.BaseDirectory) ?? RootAbove(Environment.CurrentDirectory)
        ?? throw new BuildFailure($"no source tree above {AppContext.BaseDirectory} or {Environment.CurrentDirectory}");

    private static string? RootAbove(string path)
    {
        for (DirectoryInfo? folder = new(path); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "Directory.Build.props")) && Directory.Exists(Path.Combine(folder.FullName, "runtime-stub")))
            {
                return folder.FullName;
            }
        }

        return null;
    }
}
