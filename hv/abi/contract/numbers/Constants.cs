namespace Xenolith.Abi.Contract;

/// <summary>Reserved domain ids: DOMID_* (public/xen.h).</summary>
public static class DomainIds
{
    /// <summary>Ids from here on never name an ordinary domain.</summary>
    [XenConstant("DOMID_FIRST_RESERVED")] public const ushort FirstReserved = 0x7FF0;
    /// <summary>The calling domain.</summary>
    [XenConstant("DOMID_SELF")] public const ushort Self = 0x7FF0;
    /// <summary>Owner of I/O memory.</summary>
    [XenConstant("DOMID_IO")] public const ushort Io = 0x7FF1;
    /// <summary>Owner of the hypervisor's own pages.</summary>
    [XenConstant("DOMID_XEN")] public const ushort Xen = 0x7FF2;
    /// <summary>Owner of shared pages.</summary>
    [XenConstant("DOMID_COW")] public const ushort CopyOnWrite = 0x7FF3;
    /// <summary>Names nobody.</summary>
    [XenConstant("DOMID_INVALID")] public const ushort Invalid = 0x7FF4;
    /// <summary>The idle domain.</summary>
    [XenConstant("DOMID_IDLE")] public const ushort Idle = 0x7FFF;
}

/// <summary>Flags of a start-info page: SIF_* (public/xen.h).</summary>
public static class StartInfoFlags
{
    /// <summary>The domain may use privileged calls.</summary>
    [XenConstant("SIF_PRIVILEGED")] public const uint Privileged = 1;
    /// <summary>The domain is the first one.</summary>
    [XenConstant("SIF_INITDOMAIN")] public const uint InitialDomain = 2;
    /// <summary>mod_start is a multiboot module list.</summary>
    [XenConstant("SIF_MULTIBOOT_MOD")] public const uint MultibootModule = 4;
    /// <summary>mod_start is a frame number.</summary>
    [XenConstant("SIF_MOD_START_PFN")] public const uint ModuleStartIsFrame = 8;
}

/// <summary>Numbers of hvm_start_info (public/arch-x86/hvm/start_info.h).</summary>
public static class StartInfoConstants
{
    /// <summary>"xEn3" with the 0x80 bit of the "E" set.</summary>
    [XenConstant("XEN_HVM_START_MAGIC_VALUE")] public const uint Magic = 0x336EC578;
}

/// <summary>CPUID leaves of Xen (public/arch-x86/cpuid.h).</summary>
public static class XenCpuid
{
    /// <summary>The leaf that carries the signature.</summary>
    [XenConstant("XEN_CPUID_FIRST_LEAF")] public const uint FirstLeaf = 0x40000000;
    /// <summary>"XenV".</summary>
    [XenConstant("XEN_CPUID_SIGNATURE_EBX")] public const uint SignatureEbx = 0x566E6558;
    /// <summary>"MMXe".</summary>
    [XenConstant("XEN_CPUID_SIGNATURE_ECX")] public const uint SignatureEcx = 0x65584D4D;
    /// <summary>"nVMM".</summary>
    [XenConstant("XEN_CPUID_SIGNATURE_EDX")] public const uint SignatureEdx = 0x4D4D566E;
    /// <summary>The highest leaf is this many above the first.</summary>
    [XenConstant("XEN_CPUID_MAX_NUM_LEAVES")] public const uint LeafCount = 5;
    /// <summary>Leaf 2, ECX: paravirtual guests only.</summary>
    [XenConstant("XEN_CPUID_FEAT1_MMU_PT_UPDATE_PRESERVE_AD")] public const uint Leaf2PreserveAccessedDirty = 1;
    /// <summary>Leaf 4, EAX: xAPIC accesses do not exit.</summary>
    [XenConstant("XEN_HVM_CPUID_APIC_ACCESS_VIRT")] public const uint ApicAccessVirtualised = 1;
    /// <summary>Leaf 4, EAX: x2APIC accesses do not exit.</summary>
    [XenConstant("XEN_HVM_CPUID_X2APIC_VIRT")] public const uint X2ApicVirtualised = 2;
    /// <summary>Leaf 4, EAX: foreign and grant mappings have IOMMU entries.</summary>
    [XenConstant("XEN_HVM_CPUID_IOMMU_MAPPINGS")] public const uint IommuMappings = 4;
    /// <summary>Leaf 4, EAX: EBX holds the vCPU's id.</summary>
    [XenConstant("XEN_HVM_CPUID_VCPU_ID_PRESENT")] public const uint VcpuIdPresent = 8;
    /// <summary>Leaf 4, EAX: ECX holds the domain's id.</summary>
    [XenConstant("XEN_HVM_CPUID_DOMID_PRESENT")] public const uint DomainIdPresent = 0x10;
    /// <summary>Leaf 4, EAX: MSIs carry 15-bit destinations.</summary>
    [XenConstant("XEN_HVM_CPUID_EXT_DEST_ID")] public const uint ExtendedDestinationId = 0x20;
    /// <summary>Leaf 4, EAX: HVMOP_set_evtchn_upcall_vector works.</summary>
    [XenConstant("XEN_HVM_CPUID_UPCALL_VECTOR")] public const uint UpcallVector = 0x40;
}

/// <summary>Bits of a grant entry's flags: GTF_* (public/grant_table.h).</summary>
public static class GrantEntryFlags
{
    /// <summary>The entry lets a domain map or copy the frame.</summary>
    [XenConstant("GTF_permit_access")] public const ushort PermitAccess = 1;
    /// <summary>The entry takes a frame from a domain.</summary>
    [XenConstant("GTF_accept_transfer")] public const ushort AcceptTransfer = 2;
    /// <summary>The entry names another domain's entry (version 2).</summary>
    [XenConstant("GTF_transitive")] public const ushort Transitive = 3;
    /// <summary>The three types above.</summary>
    [XenConstant("GTF_type_mask")] public const ushort TypeMask = 3;
    /// <summary>Read-only access.</summary>
    [XenConstant("GTF_readonly")] public const ushort ReadOnly = 4;
    /// <summary>The hypervisor sets it while the frame is mapped.</summary>
    [XenConstant("GTF_reading")] public const ushort Reading = 8;
    /// <summary>The hypervisor sets it while the frame is mapped writable.</summary>
    [XenConstant("GTF_writing")] public const ushort Writing = 0x10;
    /// <summary>Only part of the page (version 2).</summary>
    [XenConstant("GTF_sub_page")] public const ushort SubPage = 0x100;
    /// <summary>A transfer has begun.</summary>
    [XenConstant("GTF_transfer_committed")] public const ushort TransferCommitted = 4;
    /// <summary>A transfer has ended.</summary>
    [XenConstant("GTF_transfer_completed")] public const ushort TransferCompleted = 8;
}

/// <summary>Flags of GNTTABOP_map_grant_ref: GNTMAP_* (public/grant_table.h).</summary>
public static class GrantMapFlags
{
    /// <summary>Map for the device (IOMMU).</summary>
    [XenConstant("GNTMAP_device_map")] public const uint Device = 1;
    /// <summary>Map for the CPU.</summary>
    [XenConstant("GNTMAP_host_map")] public const uint Host = 2;
    /// <summary>Read-only.</summary>
    [XenConstant("GNTMAP_readonly")] public const uint ReadOnly = 4;
    /// <summary>Paravirtual guests only.</summary>
    [XenConstant("GNTMAP_application_map")] public const uint Application = 8;
    /// <summary>Paravirtual guests only.</summary>
    [XenConstant("GNTMAP_contains_pte")] public const uint ContainsPte = 0x10;
}

/// <summary>Flags of GNTTABOP_copy: GNTCOPY_* (public/grant_table.h).</summary>
public static class GrantCopyFlags
{
    /// <summary>The source is a grant reference.</summary>
    [XenConstant("GNTCOPY_source_gref")] public const ushort SourceIsGrant = 1;
    /// <summary>The destination is a grant reference.</summary>
    [XenConstant("GNTCOPY_dest_gref")] public const ushort DestinationIsGrant = 2;
}

/// <summary>Reserved grant references (public/grant_table.h).</summary>
public static class GrantReferences
{
    /// <summary>References below belong to the toolstack.</summary>
    [XenConstant("GNTTAB_NR_RESERVED_ENTRIES")] public const uint ReservedCount = 8;
    /// <summary>The console ring.</summary>
    [XenConstant("GNTTAB_RESERVED_CONSOLE")] public const uint Console = 0;
    /// <summary>The xenstore ring.</summary>
    [XenConstant("GNTTAB_RESERVED_XENSTORE")] public const uint Xenstore = 1;
}

/// <summary>Flags of VCPUOP_set_singleshot_timer (public/vcpu.h).</summary>
public static class VcpuTimerFlags
{
    /// <summary>A time in the past is -ETIME.</summary>
    [XenConstant("VCPU_SSHOTTMR_future")] public const uint Future = 1;
}

/// <summary>Flags of vcpu_time_info (public/xen.h).</summary>
public static class PvClockFlags
{
    /// <summary>One time line for all vCPUs.</summary>
    [XenConstant("XEN_PVCLOCK_TSC_STABLE_BIT")] public const byte TscStable = 1;
    /// <summary>Time did not run for a while.</summary>
    [XenConstant("XEN_PVCLOCK_GUEST_STOPPED")] public const byte GuestStopped = 2;
}

/// <summary>mem_flags of xen_memory_reservation: XENMEMF_* (public/memory.h).</summary>
public static class MemoryFlags
{
    /// <summary>Reserve now, allocate at first use.</summary>
    [XenConstant("XENMEMF_populate_on_demand")] public const uint PopulateOnDemand = 0x10000;
    /// <summary>Only from the node.</summary>
    [XenConstant("XENMEMF_exact_node_request")] public const uint ExactNode = 0x20000;
    /// <summary>The node is the guest's own.</summary>
    [XenConstant("XENMEMF_vnode")] public const uint VirtualNode = 0x40000;
}

/// <summary>Special indices of XENMEM_add_to_physmap (public/memory.h).</summary>
public static class MapIndices
{
    /// <summary>Set in the index: a status frame.</summary>
    [XenConstant("XENMAPIDX_grant_table_status")] public const ulong GrantStatus = 0x80000000;
}

/// <summary>Limits of event channels (public/event_channel.h).</summary>
public static class EventChannelLimits
{
    /// <summary>Ports of a 64-bit guest on the two-level ABI.</summary>
    [XenConstant("EVTCHN_2L_NR_CHANNELS")] public const uint TwoLevelWide = 0x1000;
    /// <summary>Ports of a 32-bit guest on the two-level ABI.</summary>
    [XenConstant("EVTCHN_2L_NR_CHANNELS", XenLayout.Narrow)] public const uint TwoLevelNarrow = 0x400;
    /// <summary>Ports on the FIFO ABI.</summary>
    [XenConstant("EVTCHN_FIFO_NR_CHANNELS")] public const uint Fifo = 0x20000;
    /// <summary>The highest priority.</summary>
    [XenConstant("EVTCHN_FIFO_PRIORITY_MAX")] public const uint FifoPriorityMaximum = 0;
    /// <summary>A port's priority before it is set.</summary>
    [XenConstant("EVTCHN_FIFO_PRIORITY_DEFAULT")] public const uint FifoPriorityDefault = 7;
    /// <summary>The lowest priority.</summary>
    [XenConstant("EVTCHN_FIFO_PRIORITY_MIN")] public const uint FifoPriorityMinimum = 0xF;
    /// <summary>Queues of a vCPU, one a priority.</summary>
    [XenConstant("EVTCHN_FIFO_MAX_QUEUES")] public const uint FifoQueues = 0x10;
}

/// <summary>An event word of the FIFO ABI: bit numbers, and the link to the next port of the queue (public/event_channel.h).</summary>
public static class EventWord
{
    [XenConstant("EVTCHN_FIFO_PENDING")] public const uint Pending = 31;
    [XenConstant("EVTCHN_FIFO_MASKED")] public const uint Masked = 30;
    [XenConstant("EVTCHN_FIFO_LINKED")] public const uint Linked = 29;
    /// <summary>The hypervisor is changing the link; the guest waits with clearing the mask.</summary>
    [XenConstant("EVTCHN_FIFO_BUSY")] public const uint Busy = 28;
    /// <summary>Bits of a link.</summary>
    [XenConstant("EVTCHN_FIFO_LINK_BITS")] public const uint LinkBits = 17;
    [XenConstant("EVTCHN_FIFO_LINK_MASK")] public const uint LinkMask = 0x1FFFF;
}

/// <summary>Limits of the ABI (public/xen.h).</summary>
public static class Limits
{
    /// <summary>vCPUs with a vcpu_info in shared_info.</summary>
    [XenConstant("XEN_LEGACY_MAX_VCPUS")] public const uint LegacyVcpus = 0x20;
    /// <summary>One past the highest virtual interrupt.</summary>
    [XenConstant("NR_VIRQS")] public const uint Virqs = 0x18;
    /// <summary>One past the highest physical interrupt that a domain can be told of: as many as a guest of 4.17 has ports.</summary>
    [XenUnstated("measured: Xen refuses numbers that no interrupt of the machine has")] public const uint Pirqs = 256;
    /// <summary>Bytes of a paravirtual guest's command line.</summary>
    [XenConstant("MAX_GUEST_CMDLINE")] public const uint CommandLine = 0x400;
    /// <summary>The delivery type in HVM_PARAM_CALLBACK_IRQ.</summary>
    [XenConstant("HVM_PARAM_CALLBACK_IRQ_TYPE_MASK")] public const ulong CallbackTypeMask = 0xFF00000000000000;
    /// <summary>Set in state_entry_time while the area is being written.</summary>
    [XenConstant("XEN_RUNSTATE_UPDATE")] public const ulong RunstateUpdate = 0x8000000000000000;
}

/// <summary>Versions that calls carry in their arguments.</summary>
public static class InterfaceVersions
{
    /// <summary>struct xen_hvm_altp2m_op (public/hvm/hvm_op.h).</summary>
    [XenConstant("HVMOP_ALTP2M_INTERFACE_VERSION")] public const uint Altp2m = 1;
    /// <summary>struct xen_domctl (public/domctl.h).</summary>
    [XenConstant("XEN_DOMCTL_INTERFACE_VERSION")] public const uint Domctl = 0x15;
    /// <summary>struct xen_sysctl (public/sysctl.h).</summary>
    [XenConstant("XEN_SYSCTL_INTERFACE_VERSION")] public const uint Sysctl = 0x15;
    /// <summary>struct xen_platform_op (public/platform.h).</summary>
    [XenConstant("XENPF_INTERFACE_VERSION")] public const uint Platform = 0x3000001;
    /// <summary>vm_event_request_t (public/vm_event.h).</summary>
    [XenConstant("VM_EVENT_INTERFACE_VERSION")] public const uint VmEvent = 7;
}
