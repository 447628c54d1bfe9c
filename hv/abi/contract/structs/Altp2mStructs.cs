using System.Runtime.InteropServices;

namespace Xenolith.Abi.Contract;

/// <summary>HVMOP_altp2m, domain state.</summary>
[XenStruct("struct xen_hvm_altp2m_domain_state", XenLayout.Both)]
[StructLayout(LayoutKind.Sequential)]
public struct HvmAltp2mDomainState
{
    /// <summary>Active or not.</summary>
    [XenField("state")] public byte State;
}

/// <summary>HVMOP_altp2m, #VE page.</summary>
[XenStruct("struct xen_hvm_altp2m_vcpu_enable_notify", XenLayout.Both)]
[StructLayout(LayoutKind.Sequential)]
public struct HvmAltp2mVcpuEnableNotify
{
    /// <summary>The vCPU.</summary>
    [XenField("vcpu_id")] public uint Vcpu;
    /// <summary>Zero.</summary>
    [XenField("pad")] public uint Pad;
    /// <summary>Guest frame.</summary>
    [XenField("gfn")] public ulong Gfn;
}

/// <summary>HVMOP_altp2m, no #VE page.</summary>
[XenStruct("struct xen_hvm_altp2m_vcpu_disable_notify", XenLayout.Both)]
[StructLayout(LayoutKind.Sequential)]
public struct HvmAltp2mVcpuDisableNotify
{
    /// <summary>The vCPU.</summary>
    [XenField("vcpu_id")] public uint Vcpu;
}

/// <summary>HVMOP_altp2m, a view.</summary>
[XenStruct("struct xen_hvm_altp2m_view", XenLayout.Both)]
[StructLayout(LayoutKind.Sequential)]
public struct HvmAltp2mView
{
    /// <summary>The view.</summary>
    [XenField("view")] public ushort View;
    /// <summary>XENMEM_access_*.</summary>
    [XenField("hvmmem_default_access")] public ushort DefaultAccess;
}

/// <summary>HVMOP_altp2m, rights of a frame.</summary>
[XenStruct("struct xen_hvm_altp2m_mem_access", XenLayout.Both)]
[StructLayout(LayoutKind.Sequential)]
public struct HvmAltp2mMemAccess
{
    /// <summary>The view.</summary>
    [XenField("view")] public ushort View;
    /// <summary>XENMEM_access_*.</summary>
    [XenField("access")] public ushort Access;
    /// <summary>Zero.</summary>
    [XenField("pad")] public uint Pad;
    /// <summary>Guest frame.</summary>
    [XenField("gfn")] public ulong Gfn;
}

/// <summary>HVMOP_altp2m, rights of many frames.</summary>
[XenStruct("struct xen_hvm_altp2m_set_mem_access_multi", XenLayout.Wide)]
[StructLayout(LayoutKind.Sequential)]
public struct HvmAltp2mSetMemAccessMulti
{
    /// <summary>The view.</summary>
    [XenField("view")] public ushort View;
    /// <summary>Zero.</summary>
    [XenField("pad")] public ushort Pad;
    /// <summary>Frames.</summary>
    [XenField("nr")] public uint Count;
    /// <summary>Progress.</summary>
    [XenField("opaque")] public ulong Opaque;
    /// <summary>Guest address of uint64_t[].</summary>
    [XenField("pfn_list")] public ulong Pfns;
    /// <summary>Guest address of uint8_t[].</summary>
    [XenField("access_list")] public ulong Accesses;
}

/// <summary>HVMOP_altp2m, rights of many frames. As a 32-bit caller lays it out.</summary>
[XenStruct("struct xen_hvm_altp2m_set_mem_access_multi", XenLayout.Narrow)]
[StructLayout(LayoutKind.Sequential, Pack = 4)]
public struct HvmAltp2mSetMemAccessMulti32
{
    /// <summary>The view.</summary>
    [XenField("view")] public ushort View;
    /// <summary>Zero.</summary>
    [XenField("pad")] public ushort Pad;
    /// <summary>Frames.</summary>
    [XenField("nr")] public uint Count;
    /// <summary>Progress.</summary>
    [XenField("opaque")] public ulong Opaque;
    /// <summary>Guest address of uint64_t[].</summary>
    [XenField("pfn_list")] public uint Pfns;
    /// <summary>Guest address of uint8_t[].</summary>
    [XenField("access_list")] public uint Accesses;
}

/// <summary>HVMOP_altp2m, remap.</summary>
[XenStruct("struct xen_hvm_altp2m_change_gfn", XenLayout.Both)]
[StructLayout(LayoutKind.Sequential)]
public struct HvmAltp2mChangeGfn
{
    /// <summary>The view.</summary>
    [XenField("view")] public ushort View;
    /// <summary>Zero.</summary>
    [XenField("pad1")] public ushort Pad1;
    /// <summary>Zero.</summary>
    [XenField("pad2")] public uint Pad2;
    /// <summary>What the guest names.</summary>
    [XenField("old_gfn")] public ulong OldGfn;
    /// <summary>What it gets; all ones reverts.</summary>
    [XenField("new_gfn")] public ulong NewGfn;
}

/// <summary>HVMOP_altp2m, #VE suppression.</summary>
[XenStruct("struct xen_hvm_altp2m_suppress_ve", XenLayout.Both)]
[StructLayout(LayoutKind.Sequential)]
public struct HvmAltp2mSuppressVe
{
    /// <summary>The view.</summary>
    [XenField("view")] public ushort View;
    /// <summary>0 or 1.</summary>
    [XenField("suppress_ve")] public byte SuppressVe;
    /// <summary>Zero.</summary>
    [XenField("pad1")] public byte Pad1;
    /// <summary>Zero.</summary>
    [XenField("pad2")] public uint Pad2;
    /// <summary>Guest frame.</summary>
    [XenField("gfn")] public ulong Gfn;
}

/// <summary>HVMOP_altp2m, #VE suppression of many.</summary>
[XenStruct("struct xen_hvm_altp2m_suppress_ve_multi", XenLayout.Both)]
[StructLayout(LayoutKind.Sequential)]
public struct HvmAltp2mSuppressVeMulti
{
    /// <summary>The view.</summary>
    [XenField("view")] public ushort View;
    /// <summary>0 or 1.</summary>
    [XenField("suppress_ve")] public byte SuppressVe;
    /// <summary>Zero.</summary>
    [XenField("pad1")] public byte Pad1;
    /// <summary>Out.</summary>
    [XenField("first_error")] public int FirstError;
    /// <summary>In and out.</summary>
    [XenField("first_gfn")] public ulong FirstGfn;
    /// <summary>In.</summary>
    [XenField("last_gfn")] public ulong LastGfn;
    /// <summary>Out.</summary>
    [XenField("first_error_gfn")] public ulong FirstErrorGfn;
}

/// <summary>HVMOP_altp2m, current view.</summary>
[XenStruct("struct xen_hvm_altp2m_get_vcpu_p2m_idx", XenLayout.Both)]
[StructLayout(LayoutKind.Sequential)]
public struct HvmAltp2mGetVcpuP2mIdx
{
    /// <summary>The vCPU.</summary>
    [XenField("vcpu_id")] public uint Vcpu;
    /// <summary>Out.</summary>
    [XenField("altp2m_idx")] public ushort View;
}

/// <summary>HVMOP_altp2m, visibility.</summary>
[XenStruct("struct xen_hvm_altp2m_set_visibility", XenLayout.Both)]
[StructLayout(LayoutKind.Sequential)]
public struct HvmAltp2mSetVisibility
{
    /// <summary>The view.</summary>
    [XenField("altp2m_idx")] public ushort View;
    /// <summary>0 or 1.</summary>
    [XenField("visible")] public byte Visible;
    /// <summary>Zero.</summary>
    [XenField("pad")] public byte Pad;
}

/// <summary>HVMOP_altp2m.</summary>
[XenStruct("struct xen_hvm_altp2m_op", XenLayout.Wide)]
[StructLayout(LayoutKind.Explicit, Size = 80)]
public struct HvmAltp2mOp
{
    /// <summary>HVMOP_ALTP2M_INTERFACE_VERSION.</summary>
    [FieldOffset(0), XenField("version")] public uint Version;
    /// <summary>HVMOP_altp2m_*.</summary>
    [FieldOffset(4), XenField("cmd")] public uint Command;
    /// <summary>Whose views.</summary>
    [FieldOffset(8), XenField("domain")] public ushort Domain;
    /// <summary>Zero.</summary>
    [FieldOffset(10), XenField("pad1")] public ushort Pad1;
    /// <summary>Zero.</summary>
    [FieldOffset(12), XenField("pad2")] public uint Pad2;
    /// <summary>Argument.</summary>
    [FieldOffset(16), XenField("u.domain_state")] public HvmAltp2mDomainState DomainState;
    /// <summary>Argument.</summary>
    [FieldOffset(16), XenField("u.enable_notify")] public HvmAltp2mVcpuEnableNotify EnableNotify;
    /// <summary>Argument.</summary>
    [FieldOffset(16), XenField("u.view")] public HvmAltp2mView View;
    /// <summary>Argument.</summary>
    [FieldOffset(16), XenField("u.mem_access")] public HvmAltp2mMemAccess MemAccess;
    /// <summary>Argument.</summary>
    [FieldOffset(16), XenField("u.change_gfn")] public HvmAltp2mChangeGfn ChangeGfn;
    /// <summary>Argument.</summary>
    [FieldOffset(16), XenField("u.set_mem_access_multi")] public HvmAltp2mSetMemAccessMulti SetMemAccessMulti;
    /// <summary>Argument.</summary>
    [FieldOffset(16), XenField("u.suppress_ve")] public HvmAltp2mSuppressVe SuppressVe;
    /// <summary>Argument.</summary>
    [FieldOffset(16), XenField("u.suppress_ve_multi")] public HvmAltp2mSuppressVeMulti SuppressVeMulti;
    /// <summary>Argument.</summary>
    [FieldOffset(16), XenField("u.disable_notify")] public HvmAltp2mVcpuDisableNotify DisableNotify;
    /// <summary>Argument.</summary>
    [FieldOffset(16), XenField("u.get_vcpu_p2m_idx")] public HvmAltp2mGetVcpuP2mIdx GetVcpuP2mIdx;
    /// <summary>Argument.</summary>
    [FieldOffset(16), XenField("u.set_visibility")] public HvmAltp2mSetVisibility SetVisibility;
    /// <summary>Ours.</summary>
    [FieldOffset(16), XenField("u.pad")] public Altp2mCapabilities Capabilities;
    /// <summary>Ours.</summary>
    [FieldOffset(16), XenField("u.pad")] public Altp2mViewDescription Description;
    /// <summary>Ours.</summary>
    [FieldOffset(16), XenField("u.pad")] public Altp2mSwitchVcpu SwitchVcpu;
    /// <summary>Ours.</summary>
    [FieldOffset(16), XenField("u.pad")] public Altp2mLost Lost;
    /// <summary>Ours.</summary>
    [FieldOffset(16), XenField("u.pad")] public Altp2mTransaction Transaction;
}

/// <summary>HVMOP_altp2m. As a 32-bit caller lays it out.</summary>
[XenStruct("struct xen_hvm_altp2m_op", XenLayout.Narrow)]
[StructLayout(LayoutKind.Explicit, Pack = 4, Size = 80)]
public struct HvmAltp2mOp32
{
    /// <summary>HVMOP_ALTP2M_INTERFACE_VERSION.</summary>
    [FieldOffset(0), XenField("version")] public uint Version;
    /// <summary>HVMOP_altp2m_*.</summary>
    [FieldOffset(4), XenField("cmd")] public uint Command;
    /// <summary>Whose views.</summary>
    [FieldOffset(8), XenField("domain")] public ushort Domain;
    /// <summary>Zero.</summary>
    [FieldOffset(10), XenField("pad1")] public ushort Pad1;
    /// <summary>Zero.</summary>
    [FieldOffset(12), XenField("pad2")] public uint Pad2;
    /// <summary>Argument.</summary>
    [FieldOffset(16), XenField("u.domain_state")] public HvmAltp2mDomainState DomainState;
    /// <summary>Argument.</summary>
    [FieldOffset(16), XenField("u.enable_notify")] public HvmAltp2mVcpuEnableNotify EnableNotify;
    /// <summary>Argument.</summary>
    [FieldOffset(16), XenField("u.view")] public HvmAltp2mView View;
    /// <summary>Argument.</summary>
    [FieldOffset(16), XenField("u.mem_access")] public HvmAltp2mMemAccess MemAccess;
    /// <summary>Argument.</summary>
    [FieldOffset(16), XenField("u.change_gfn")] public HvmAltp2mChangeGfn ChangeGfn;
    /// <summary>Argument.</summary>
    [FieldOffset(16), XenField("u.set_mem_access_multi")] public HvmAltp2mSetMemAccessMulti32 SetMemAccessMulti;
    /// <summary>Argument.</summary>
    [FieldOffset(16), XenField("u.suppress_ve")] public HvmAltp2mSuppressVe SuppressVe;
    /// <summary>Argument.</summary>
    [FieldOffset(16), XenField("u.suppress_ve_multi")] public HvmAltp2mSuppressVeMulti SuppressVeMulti;
    /// <summary>Argument.</summary>
    [FieldOffset(16), XenField("u.disable_notify")] public HvmAltp2mVcpuDisableNotify DisableNotify;
    /// <summary>Argument.</summary>
    [FieldOffset(16), XenField("u.get_vcpu_p2m_idx")] public HvmAltp2mGetVcpuP2mIdx GetVcpuP2mIdx;
    /// <summary>Argument.</summary>
    [FieldOffset(16), XenField("u.set_visibility")] public HvmAltp2mSetVisibility SetVisibility;
    /// <summary>Ours.</summary>
    [FieldOffset(16), XenField("u.pad")] public Altp2mCapabilities Capabilities;
    /// <summary>Ours.</summary>
    [FieldOffset(16), XenField("u.pad")] public Altp2mViewDescription Description;
    /// <summary>Ours.</summary>
    [FieldOffset(16), XenField("u.pad")] public Altp2mSwitchVcpu SwitchVcpu;
    /// <summary>Ours.</summary>
    [FieldOffset(16), XenField("u.pad")] public Altp2mLost Lost;
    /// <summary>Ours.</summary>
    [FieldOffset(16), XenField("u.pad")] public Altp2mTransaction Transaction;
}
