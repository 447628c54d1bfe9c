namespace Xenolith.Abi.Contract;

/// <summary>vcpu_op: VCPUOP_* (public/vcpu.h).</summary>
public enum VcpuOp : uint
{
    [XenConstant("VCPUOP_initialise")] Initialise = 0,
    [XenConstant("VCPUOP_up")] Up = 1,
    [XenConstant("VCPUOP_down")] Down = 2,
    [XenConstant("VCPUOP_is_up")] IsUp = 3,
    [XenConstant("VCPUOP_get_runstate_info")] GetRunstateInfo = 4,
    [XenConstant("VCPUOP_register_runstate_memory_area")] RegisterRunstateMemoryArea = 5,
    [XenConstant("VCPUOP_set_periodic_timer")] SetPeriodicTimer = 6,
    [XenConstant("VCPUOP_stop_periodic_timer")] StopPeriodicTimer = 7,
    [XenConstant("VCPUOP_set_singleshot_timer")] SetSingleshotTimer = 8,
    [XenConstant("VCPUOP_stop_singleshot_timer")] StopSingleshotTimer = 9,
    [XenConstant("VCPUOP_register_vcpu_info")] RegisterVcpuInfo = 10,
    [XenConstant("VCPUOP_send_nmi")] SendNmi = 11,
    [XenConstant("VCPUOP_get_physid")] GetPhysid = 12,
    [XenConstant("VCPUOP_register_vcpu_time_memory_area")] RegisterVcpuTimeMemoryArea = 13,
    [XenUnstated("public/vcpu.h of 4.18", Name = "VCPUOP_register_runstate_phys_area")] RegisterRunstatePhysArea = 14,
    [XenUnstated("public/vcpu.h of 4.18", Name = "VCPUOP_register_vcpu_time_phys_area")] RegisterVcpuTimePhysArea = 15,
    [XenUnstated("ours: docs/hypercall-tlb.md", Name = "XENOLITH_VCPUOP_hctlb_query")] HctlbQuery = 0x4D00,
    [XenUnstated("ours: docs/hypercall-tlb.md", Name = "XENOLITH_VCPUOP_hctlb_insert")] HctlbInsert = 0x4D01,
    [XenUnstated("ours: docs/hypercall-tlb.md", Name = "XENOLITH_VCPUOP_hctlb_purge")] HctlbPurge = 0x4D02,
    [XenUnstated("ours: docs/hypercall-tlb.md", Name = "XENOLITH_VCPUOP_hctlb_share")] HctlbShare = 0x4D03,
    [XenUnstated("ours: docs/hypercall-tlb.md", Name = "XENOLITH_VCPUOP_hctlb_policy")] HctlbPolicy = 0x4D04,
}
