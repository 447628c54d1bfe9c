using System;

namespace Xenolith.Abi.Contract;

/// <summary>hvm_op: HVMOP_* (public/hvm/hvm_op.h). 2, 3 and 4 moved to dm_op.</summary>
public enum HvmOp : uint
{
    [XenConstant("HVMOP_set_param")] SetParam = 0,
    [XenConstant("HVMOP_get_param")] GetParam = 1,
    [XenConstant("HVMOP_flush_tlbs")] FlushTlbs = 5,
    [XenConstant("HVMOP_pagetable_dying")] PagetableDying = 9,
    [XenConstant("HVMOP_get_time")] GetTime = 10,
    [XenConstant("HVMOP_xentrace")] Xentrace = 11,
    [XenConstant("HVMOP_set_mem_access")] SetMemAccess = 12,
    [XenConstant("HVMOP_get_mem_access")] GetMemAccess = 13,
    [XenConstant("HVMOP_get_mem_type")] GetMemType = 15,
    [XenConstant("HVMOP_set_evtchn_upcall_vector")] SetEvtchnUpcallVector = 23,
    [XenConstant("HVMOP_guest_request_vm_event")] GuestRequestVmEvent = 24,
    [XenConstant("HVMOP_altp2m")] Altp2m = 25,
}

/// <summary>The cmd of struct xen_hvm_altp2m_op (public/hvm/hvm_op.h).</summary>
public enum Altp2mOp : uint
{
    [XenConstant("HVMOP_altp2m_get_domain_state")] GetDomainState = 1,
    [XenConstant("HVMOP_altp2m_set_domain_state")] SetDomainState = 2,
    [XenConstant("HVMOP_altp2m_vcpu_enable_notify")] VcpuEnableNotify = 3,
    [XenConstant("HVMOP_altp2m_create_p2m")] CreateP2m = 4,
    [XenConstant("HVMOP_altp2m_destroy_p2m")] DestroyP2m = 5,
    [XenConstant("HVMOP_altp2m_switch_p2m")] SwitchP2m = 6,
    [XenConstant("HVMOP_altp2m_set_mem_access")] SetMemAccess = 7,
    [XenConstant("HVMOP_altp2m_change_gfn")] ChangeGfn = 8,
    [XenConstant("HVMOP_altp2m_set_mem_access_multi")] SetMemAccessMulti = 9,
    [XenConstant("HVMOP_altp2m_set_suppress_ve")] SetSuppressVe = 10,
    [XenConstant("HVMOP_altp2m_get_suppress_ve")] GetSuppressVe = 11,
    [XenConstant("HVMOP_altp2m_get_mem_access")] GetMemAccess = 12,
    [XenConstant("HVMOP_altp2m_vcpu_disable_notify")] VcpuDisableNotify = 13,
    [XenConstant("HVMOP_altp2m_get_p2m_idx")] GetP2mIdx = 14,
    [XenConstant("HVMOP_altp2m_set_suppress_ve_multi")] SetSuppressVeMulti = 15,
    [XenConstant("HVMOP_altp2m_set_visibility")] SetVisibility = 16,
    /// <summary>What the processor and the hypervisor have of views, and what the domain may have.</summary>
    [XenUnstated("ours; docs/altp2m.md", Name = "XENOLITH_ALTP2M_capabilities")] Capabilities = 0x4D00,
    /// <summary>The next view, and what is true of it.</summary>
    [XenUnstated("ours; docs/altp2m.md", Name = "XENOLITH_ALTP2M_describe")] Describe = 0x4D01,
    /// <summary>Another view for one vCPU.</summary>
    [XenUnstated("ours; docs/altp2m.md", Name = "XENOLITH_ALTP2M_switch_vcpu")] SwitchVcpu = 0x4D02,
    /// <summary>The next remap that has lost the frame that it shows.</summary>
    [XenUnstated("ours; docs/altp2m.md", Name = "XENOLITH_ALTP2M_next_lost")] NextLost = 0x4D03,
    /// <summary>Many changes, all or none.</summary>
    [XenUnstated("ours; docs/altp2m.md", Name = "XENOLITH_ALTP2M_transaction")] Transaction = 0x4D04,
}

/// <summary>What of a guest frame a change is about.</summary>
[XenUnstated("ours; docs/altp2m.md", Name = "enum xenolith_altp2m_what")]
[Flags]
public enum Altp2mWhat : ushort
{
    /// <summary>The frame that is seen there; before the rights, which it would change.</summary>
    Target = 1,
    /// <summary>Rights.</summary>
    Access = 2,
    /// <summary>Whether #VE is suppressed.</summary>
    SuppressVe = 4,
}

/// <summary>What there is of views.</summary>
[XenUnstated("ours; docs/altp2m.md", Name = "enum xenolith_altp2m_feature")]
[Flags]
public enum Altp2mFeature : uint
{
    /// <summary>The processor goes from one view to another by VMFUNC, without the hypervisor.</summary>
    HardwareSwitch = 1,
    /// <summary>The processor raises #VE, without the hypervisor.</summary>
    HardwareException = 2,
}

/// <summary>What XENOLITH_DOMCTL_altp2m does.</summary>
[XenUnstated("ours; docs/altp2m.md", Name = "enum xenolith_altp2m_setting_op")]
public enum Altp2mSettingOp : uint
{
    /// <summary>How the domain's views are to be.</summary>
    Get = 0,
    /// <summary>Sets that, once, before there are any.</summary>
    Set = 1,
}

/// <summary>How a domain's views are to be, where that is another way than Xen's.</summary>
[XenUnstated("ours; docs/altp2m.md", Name = "enum xenolith_altp2m_option")]
[Flags]
public enum Altp2mOptions : ulong
{
    /// <summary>What the domain itself restricts is told to itself, else to who listens, else it ends the domain; what others restrict, to who listens, else it ends the domain.</summary>
    SelfFirst = 1,
    /// <summary>The domain can bind <see cref="Virq.LostRemap"/>.</summary>
    LostVirq = 2,
}
