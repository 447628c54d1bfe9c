using System.Collections.Generic;
using Xenolith.Abi.Contract;
using Xenolith.Mm;

namespace Xenolith.Tests.Unit.Mm.Model;

/// <summary>The reference view: what is its own for each guest frame, in a dictionary. Its leaves are whatever the host and that make together.</summary>
internal sealed class ModelView(int index, P2mView real, MemoryAccess defaultAccess, Walker walker)
{
    public int Index => index;

    public P2mView Real => real;

    public MemoryAccess DefaultAccess => defaultAccess;

    public bool IsVisible { get; set; } = true;

    /// <summary>A CPU that walks the view's table.</summary>
    public Walker Walker => walker;

    public Dictionary<ulong, ViewOverride> Overrides { get; } = [];

    public ViewOverride OverrideOf(ulong gfn) => Overrides.GetValueOrDefault(gfn, ViewOverride.None);

    /// <summary>The guest frame of the host p2m that is seen.</summary>
    public ulong HostOf(ulong gfn) => OverrideOf(gfn) is { IsRemap: true } own ? own.Target.Value : gfn;

    /// <summary>The right of a guest frame. The first view has the host's of what it shows, others a default.</summary>
    public MemoryAccess RightOf(ulong gfn, ModelDomain domain) => OverrideOf(gfn).Access is var right && right != MemoryAccess.Default
        ? right
        : Index == 0 ? domain.RightOf(HostOf(gfn)) : defaultAccess;
}
