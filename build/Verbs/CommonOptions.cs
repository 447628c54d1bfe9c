using System.CommandLine;
using Xenolith.Build.Toolchain;

namespace Xenolith.Build.Verbs;

/// <summary>Options that several verbs share.</summary>
internal static class CommonOptions
{
    /// <summary><c>--toolchain</c>.</summary>
    public static Option<ObjectToolchain> Toolchain() => new("--toolchain")
    {
        Description = "What makes the object file: ilc (the pinned package), or bflat (one on PATH; untested)",
        DefaultValueFactory = _ => ObjectToolchain.Ilc,
    };
}
