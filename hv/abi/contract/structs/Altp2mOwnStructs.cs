using System.Runtime.InteropServices;

namespace Xenolith.Abi.Contract;

/// <summary>XENOLITH_DOMCTL_altp2m: how a domain's views are to be. The rest of the union's 128 bytes is not looked at.</summary>
[XenLayoutFrom("ours; docs/altp2m.md", 128, Name = "struct xenolith_domctl_altp2m")]
[StructLayout(LayoutKind.Sequential, Size = 128)]
public struct DomctlAltp2m
{
    /// <summary>What to do.</summary>
    [XenField("command")] public Altp2mSettingOp Command;
    /// <summary>In or out: the most views, 1 to 512, the first among them.</summary>
    [XenField("views")] public uint Views;
    /// <summary>In or out.</summary>
    [XenField("options")] public Altp2mOptions Options;
}

/// <summary>XENOLITH_ALTP2M_capabilities. The rest of the union's 64 bytes is not looked at, of this and of the others.</summary>
[XenLayoutFrom("ours; docs/altp2m.md", 64, Name = "struct xenolith_altp2m_capabilities")]
[StructLayout(LayoutKind.Sequential, Size = 64)]
public struct Altp2mCapabilities
{
    /// <summary>Out: views that the domain may have, the first among them.</summary>
    [XenField("limit")] public ushort Limit;
    /// <summary>Out: views that it has.</summary>
    [XenField("views")] public ushort Views;
    /// <summary>Out: a bit for each kind of rights that is refused.</summary>
    [XenField("refused")] public uint Refused;
    /// <summary>Out.</summary>
    [XenField("features")] public Altp2mFeature Features;
    /// <summary>Out: frames that the tables of all views may take.</summary>
    [XenField("table_limit")] public uint TableLimit;
    /// <summary>Out: frames that they take.</summary>
    [XenField("table_frames")] public uint TableFrames;
    /// <summary>Out: guest frames that show another, in all views.</summary>
    [XenField("remaps")] public uint Remaps;
    /// <summary>Out: how often a remap has lost the frame that it shows.</summary>
    [XenField("lost")] public ulong Lost;
}

/// <summary>XENOLITH_ALTP2M_describe.</summary>
[XenLayoutFrom("ours; docs/altp2m.md", 64, Name = "struct xenolith_altp2m_view")]
[StructLayout(LayoutKind.Sequential, Size = 64)]
public struct Altp2mViewDescription
{
    /// <summary>In: the lowest that is meant. Out: the lowest from there on that there is.</summary>
    [XenField("view")] public ushort View;
    /// <summary>Out: the rights of frames that have none of their own.</summary>
    [XenField("default_access")] public ushort DefaultAccess;
    /// <summary>Out: 1, or 0 for a hidden one.</summary>
    [XenField("visible")] public ushort Visible;
    /// <summary>Out: vCPUs in it.</summary>
    [XenField("vcpus")] public ushort Vcpus;
    /// <summary>Out: guest frames that show another.</summary>
    [XenField("remaps")] public uint Remaps;
    /// <summary>Out: frames that its tables take.</summary>
    [XenField("table_frames")] public uint TableFrames;
}

/// <summary>XENOLITH_ALTP2M_switch_vcpu.</summary>
[XenLayoutFrom("ours; docs/altp2m.md", 64, Name = "struct xenolith_altp2m_switch_vcpu")]
[StructLayout(LayoutKind.Sequential, Size = 64)]
public struct Altp2mSwitchVcpu
{
    /// <summary>Which vCPU.</summary>
    [XenField("vcpu_id")] public uint Vcpu;
    /// <summary>To which view.</summary>
    [XenField("view")] public ushort View;
    /// <summary>Zero.</summary>
    [XenField("pad")] public ushort Pad;
}

/// <summary>XENOLITH_ALTP2M_next_lost.</summary>
[XenLayoutFrom("ours; docs/altp2m.md", 64, Name = "struct xenolith_altp2m_lost")]
[StructLayout(LayoutKind.Sequential, Size = 64)]
public struct Altp2mLost
{
    /// <summary>In which view.</summary>
    [XenField("view")] public ushort View;
    /// <summary>Zero.</summary>
    [XenField("pad1")] public ushort Pad1;
    /// <summary>Zero.</summary>
    [XenField("pad2")] public uint Pad2;
    /// <summary>In: the lowest guest frame that is meant. Out: the lowest from there on that shows nothing.</summary>
    [XenField("gfn")] public ulong Gfn;
    /// <summary>Out: the one that it would show.</summary>
    [XenField("target")] public ulong Target;
}

/// <summary>XENOLITH_ALTP2M_transaction.</summary>
[XenLayoutFrom("ours; docs/altp2m.md", 64, Name = "struct xenolith_altp2m_transaction")]
[StructLayout(LayoutKind.Sequential, Size = 64)]
public struct Altp2mTransaction
{
    /// <summary>How many changes, up to 64.</summary>
    [XenField("nr")] public uint Count;
    /// <summary>Out, of one that fails: which change was wrong.</summary>
    [XenField("failed")] public uint Failed;
    /// <summary>Linear address of struct xenolith_altp2m_change.</summary>
    [XenField("changes")] public ulong Changes;
}

/// <summary>A change of a transaction.</summary>
[XenLayoutFrom("ours; docs/altp2m.md", 24, Name = "struct xenolith_altp2m_change")]
[StructLayout(LayoutKind.Sequential, Size = 24)]
public struct Altp2mChange
{
    /// <summary>Which guest frame.</summary>
    [XenField("gfn")] public ulong Gfn;
    /// <summary>As new_gfn of change_gfn.</summary>
    [XenField("target")] public ulong Target;
    /// <summary>In which view.</summary>
    [XenField("view")] public ushort View;
    /// <summary>What of this is meant.</summary>
    [XenField("what")] public Altp2mWhat What;
    /// <summary>xenmem_access_t; the default is the view's.</summary>
    [XenField("access")] public byte Access;
    /// <summary>1, or 0.</summary>
    [XenField("suppress_ve")] public byte SuppressVe;
    /// <summary>Zero.</summary>
    [XenField("pad")] public ushort Pad;
}

/// <summary>A view in an HVM context; <see cref="ViewRun"/>s follow, in the order of their frames.</summary>
[XenLayoutFrom("ours: docs/altp2m.md", 8, Name = "struct xenolith_view_state")]
[StructLayout(LayoutKind.Sequential)]
public struct ViewState
{
    /// <summary>XENMEM_access_*, of frames that have none of their own.</summary>
    [XenField("default_access")] public ushort DefaultAccess;
    /// <summary>1: the guest may go there; 2: it is told of violations at frames that have nothing of their own.</summary>
    [XenField("flags")] public byte Flags;
    /// <summary>HVM_PARAM_ALTP2M of the domain.</summary>
    [XenField("mode")] public byte Mode;
    [XenField("runs")] public uint Runs;
}

/// <summary>Frames that follow each other, of which a view has the same of its own.</summary>
[XenLayoutFrom("ours: docs/altp2m.md", 24, Name = "struct xenolith_view_run")]
[StructLayout(LayoutKind.Sequential)]
public struct ViewRun
{
    /// <summary>The first.</summary>
    [XenField("gfn")] public ulong Gfn;
    /// <summary>The frame that it shows, the next one the next; all ones: each itself.</summary>
    [XenField("target")] public ulong Target;
    [XenField("frames")] public uint Frames;
    /// <summary>XENMEM_access_*; default: the view's.</summary>
    [XenField("access")] public byte Access;
    /// <summary>0: the guest is told of violations.</summary>
    [XenField("suppress_ve")] public byte SuppressVe;
    /// <summary>Zero.</summary>
    [XenField("zero")] public ushort Reserved;
}

/// <summary>The view that a vCPU is in, in an HVM context.</summary>
[XenLayoutFrom("ours: docs/altp2m.md", 16, Name = "struct xenolith_vcpu_view_state")]
[StructLayout(LayoutKind.Sequential)]
public struct VcpuViewState
{
    /// <summary>0xFFFF: none.</summary>
    [XenField("view")] public ushort View;
    /// <summary>1: it may go to others by itself.</summary>
    [XenField("chooses")] public ushort Chooses;
    /// <summary>Zero.</summary>
    [XenField("zero")] public uint Reserved;
    /// <summary>The page by which it is told of violations; all ones: it is not told.</summary>
    [XenField("notify_gfn")] public ulong NotificationGfn;
}
