using System.CommandLine;
using Xenolith.Build.Emulators;
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

    /// <summary><c>--machine</c>.</summary>
    public static Option<MachineKind> Machine() => new("--machine")
    {
        Description = "qemu (AMD: SVM with nested paging) or bochs (Intel: VMX with EPT)",
        DefaultValueFactory = _ => MachineKind.Qemu,
    };
}
