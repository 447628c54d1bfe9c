/* domctl on a domain that never runs: what a toolstack sets and asks. The structures are the same in both widths. */
#include "support.h"
#include <xen/hvm/save.h>

static domid_t domain;

static long empty(uint32_t command)
{
    struct xen_domctl call = { 0 };

    return domctl(command, domain, &call);
}

static void test_life(void)
{
    struct xen_domctl call = { 0 };

    test("domctl: a domain comes");
    equal(CALL2(domctl, NOWHERE, 0), -XEN_EFAULT, "from where nothing is");
    call.interface_version = XEN_DOMCTL_INTERFACE_VERSION + 1;
    call.domain = 77;
    equal(CALL2(domctl, &call, 0), -XEN_EACCES, "another version, of domain 77");
    equal(domctl(XEN_DOMCTL_pausedomain, 77, &call), -XEN_ESRCH, "domain 77");
    equal(domctl(999, 0, &call), -XEN_ENOSYS, "operation 999");
    equal(create(2, &domain), 0, "createdomain");
    equal(set_up(domain, 2, 4), 0, "max_vcpus and max_mem");
    equal(domctl(XEN_DOMCTL_getdomaininfo, domain, &call), 0, "getdomaininfo");
    equal(call.u.getdomaininfo.domain, domain, "its id");
    equal(call.u.getdomaininfo.max_vcpu_id, 1, "its last vCPU");
    equal(call.u.getdomaininfo.max_pages, 1024, "its limit");
    HOLDS(call.u.getdomaininfo.flags & XEN_DOMINF_paused);
    equal(empty(XEN_DOMCTL_pausedomain), 0, "pausedomain");
    equal(empty(XEN_DOMCTL_unpausedomain), 0, "unpausedomain");
    equal(empty(XEN_DOMCTL_resumedomain), 0, "resumedomain");
}

static void test_memory_of_another(void)
{
    struct xen_domctl call = { 0 };
    struct xen_memory_reservation memory = { .nr_extents = 8, .domid = domain };
    struct xen_foreign_memory_map map = { .domid = domain, .map.nr_entries = 1 };
    struct { uint64_t start, size; uint32_t type; } __attribute__((packed)) entry = { 0, 4 << 20, 1 };
    xen_pfn_t gfns[8], frame = 0;
    struct xen_mem_acquire_resource resource = { .domid = domain, .type = XENMEM_resource_grant_table };
    unsigned i;

    test("memory of another domain");
    for (i = 0; i < 8; i++)
        gfns[i] = i;
    set_xen_guest_handle(memory.extent_start, gfns);
    equal(CALL2(memory_op, XENMEM_populate_physmap, &memory), 8, "populate_physmap");
    equal(CALL2(memory_op, XENMEM_current_reservation, &domain), 8, "current_reservation");
    equal(CALL2(memory_op, XENMEM_maximum_reservation, &domain), 1024, "maximum_reservation");
    equal(CALL2(memory_op, XENMEM_maximum_gpfn, &domain), 7, "maximum_gpfn");
    memory.nr_extents = 1;
    equal(CALL2(memory_op, XENMEM_decrease_reservation, &memory), 1, "decrease_reservation");
    equal(CALL2(memory_op, XENMEM_current_reservation, &domain), 7, "current_reservation after that");
    memory = (struct xen_memory_reservation){ .nr_extents = 16, .domid = domain };
    /* 4.17 knows claims in the 64-bit ABI only. */
    equal(CALL2(memory_op, XENMEM_claim_pages, &memory), LONG_BITS == 64 ? 0 : -XEN_ENOSYS, "claim_pages");
    equal(domctl(XEN_DOMCTL_getdomaininfo, domain, &call), 0, "getdomaininfo");
    equal(call.u.getdomaininfo.tot_pages, 7, "its pages");
    equal(call.u.getdomaininfo.outstanding_pages, LONG_BITS == 64 ? 9 : 0, "what is claimed and not there");
    memory.nr_extents = 0;
    equal(CALL2(memory_op, XENMEM_claim_pages, &memory), LONG_BITS == 64 ? 0 : -XEN_ENOSYS, "claim_pages of none");
    set_xen_guest_handle(map.map.buffer, (void *)&entry);
    equal(CALL2(memory_op, XENMEM_set_memory_map, &map), 0, "set_memory_map");
    equal(CALL2(memory_op, XENMEM_acquire_resource, &resource), 0, "acquire_resource, how many");
    HOLDS(resource.nr_frames > 0);
    resource.nr_frames = 1;
    frame = WINDOW / PAGE;
    set_xen_guest_handle(resource.frame_list, &frame);
    equal(CALL2(memory_op, XENMEM_acquire_resource, &resource), 0, "acquire_resource");
    equal(reservation(XENMEM_decrease_reservation, (void *)WINDOW), 0, "it is not to give back");
    equal(CALL2(memory_op, XENMEM_remove_from_physmap, &((struct xen_remove_from_physmap){ .domid = DOMID_SELF, .gpfn = WINDOW / PAGE })), 0, "remove_from_physmap");
}

static void test_settings(void)
{
    struct xen_domctl call = { 0 };
    uint64_t bits = 3;

    test("domctl: vCPUs and the scheduler");
    call.u.getvcpuinfo.vcpu = 1;
    equal(domctl(XEN_DOMCTL_getvcpuinfo, domain, &call), 0, "getvcpuinfo");
    equal(call.u.getvcpuinfo.online, 0, "the second is up");
    memset(&call, 0, sizeof(call));
    call.u.vcpuaffinity = (struct xen_domctl_vcpuaffinity){ .flags = XEN_VCPUAFFINITY_HARD, .cpumap_hard.nr_bits = 64 };
    set_xen_guest_handle(call.u.vcpuaffinity.cpumap_hard.bitmap, (uint8_t *)&bits);
    equal(domctl(XEN_DOMCTL_setvcpuaffinity, domain, &call), 0, "setvcpuaffinity");
    equal(bits, 1, "CPUs that there are");
    equal(domctl(XEN_DOMCTL_getvcpuaffinity, domain, &call), 0, "getvcpuaffinity");
    equal(bits, 1, "CPUs of the vCPU");
    memset(&call, 0, sizeof(call));
    call.u.nodeaffinity.nodemap.nr_bits = 64;
    set_xen_guest_handle(call.u.nodeaffinity.nodemap.bitmap, (uint8_t *)&bits);
    equal(domctl(XEN_DOMCTL_setnodeaffinity, domain, &call), 0, "setnodeaffinity");
    equal(domctl(XEN_DOMCTL_getnodeaffinity, domain, &call), 0, "getnodeaffinity");
    memset(&call, 0, sizeof(call));
    call.u.scheduler_op = (struct xen_domctl_scheduler_op){ .sched_id = XEN_SCHEDULER_CREDIT2, .cmd = XEN_DOMCTL_SCHEDOP_getinfo };
    equal(domctl(XEN_DOMCTL_scheduler_op, domain, &call), 0, "scheduler_op");
    equal(call.u.scheduler_op.u.credit2.weight, 256, "weight");

    test("domctl: what a domain is told");
    memset(&call, 0, sizeof(call));
    call.u.setdomainhandle.handle[15] = 0x5A;
    equal(domctl(XEN_DOMCTL_setdomainhandle, domain, &call), 0, "setdomainhandle");
    equal(domctl(XEN_DOMCTL_getdomaininfo, domain, &call), 0, "getdomaininfo");
    equal(call.u.getdomaininfo.handle[15], 0x5A, "the handle");
    memset(&call, 0, sizeof(call));
    call.u.settimeoffset.time_offset_seconds = -3600;
    equal(domctl(XEN_DOMCTL_settimeoffset, domain, &call), 0, "settimeoffset");
    memset(&call, 0, sizeof(call));
    call.u.tsc_info = (struct xen_domctl_tsc_info){ .tsc_mode = 1, .incarnation = 5 };
    equal(domctl(XEN_DOMCTL_settscinfo, domain, &call), 0, "settscinfo");
    equal(domctl(XEN_DOMCTL_gettscinfo, domain, &call), 0, "gettscinfo");
    equal(call.u.tsc_info.incarnation, 6, "incarnation");
    equal(empty(XEN_DOMCTL_get_address_size), -XEN_EOPNOTSUPP, "get_address_size");
    memset(&call, 0, sizeof(call));
    call.u.hypercall_init.gmfn = 3;
    equal(domctl(XEN_DOMCTL_hypercall_init, domain, &call), 0, "hypercall_init");
    memset(&call, 0, sizeof(call));
    call.u.sendtrigger.trigger = XEN_DOMCTL_SENDTRIGGER_NMI;
    equal(domctl(XEN_DOMCTL_sendtrigger, domain, &call), 0, "sendtrigger");
}

static void test_rights(void)
{
    struct xen_domctl call = { 0 };
    domid_t served;

    test("domctl: rights");
    call.u.iomem_permission = (struct xen_domctl_iomem_permission){ .first_mfn = 0xFEE00, .nr_mfns = 1, .allow_access = 1 };
    equal(domctl(XEN_DOMCTL_iomem_permission, domain, &call), -XEN_EPERM, "iomem_permission for the local APIC");
    memset(&call, 0, sizeof(call));
    call.u.ioport_permission = (struct xen_domctl_ioport_permission){ .first_port = 0x3F8, .nr_ports = 8, .allow_access = 1 };
    equal(domctl(XEN_DOMCTL_ioport_permission, domain, &call), -XEN_EPERM, "ioport_permission for the hypervisor's serial line");
    memset(&call, 0, sizeof(call));
    call.u.irq_permission = (struct xen_domctl_irq_permission){ .pirq = 4, .allow_access = 1 };
    equal(domctl(XEN_DOMCTL_irq_permission, domain, &call), -XEN_EPERM, "irq_permission");
    memset(&call, 0, sizeof(call));
    call.u.set_virq_handler.virq = VIRQ_CONSOLE;
    equal(domctl(XEN_DOMCTL_set_virq_handler, domain, &call), 0, "set_virq_handler");
    equal(domctl(XEN_DOMCTL_set_virq_handler, 0, &call), 0, "set_virq_handler, back");
    equal(create(1, &served), 0, "another domain");
    memset(&call, 0, sizeof(call));
    call.u.set_target.target = served;
    equal(domctl(XEN_DOMCTL_set_target, domain, &call), 0, "set_target");
    equal(domctl(XEN_DOMCTL_destroydomain, served, &call), 0, "destroydomain of the other");
}

static void test_state(void)
{
    struct xen_domctl call = { 0 };
    struct xen_hvm_param parameter = { .domid = domain, .index = HVM_PARAM_STORE_PFN, .value = 5 };

    test("domctl: state");
    equal(empty(XEN_DOMCTL_gethvmcontext), 0, "gethvmcontext, its size");
    call.u.hvmcontext_partial.type = HVM_SAVE_CODE(MTRR);
    call.u.hvmcontext_partial.bufsz = sizeof(buffer);
    set_xen_guest_handle(call.u.hvmcontext_partial.buffer, buffer);
    equal(domctl(XEN_DOMCTL_gethvmcontext_partial, domain, &call), 0, "gethvmcontext_partial");
    equal(call.u.hvmcontext_partial.bufsz, HVM_SAVE_LENGTH(MTRR), "its length");
    memset(&call, 0, sizeof(call));
    equal(domctl(XEN_DOMCTL_get_cpu_policy, domain, &call), 0, "get_cpu_policy, its size");
    HOLDS(call.u.cpu_policy.nr_leaves > 0);
    equal(empty(XEN_DOMCTL_set_cpu_policy), 0, "set_cpu_policy of nothing");
    memset(&call, 0, sizeof(call));
    equal(domctl(XEN_DOMCTL_get_paging_mempool_size, domain, &call), 0, "get_paging_mempool_size");
    equal(call.u.paging_mempool.size, 1 << 20, "1 MiB");
    call.u.paging_mempool.size = 2 << 20;
    equal(domctl(XEN_DOMCTL_set_paging_mempool_size, domain, &call), 0, "set_paging_mempool_size");
    memset(&call, 0, sizeof(call));
    call.u.shadow_op.op = XEN_DOMCTL_SHADOW_OP_GET_ALLOCATION;
    equal(domctl(XEN_DOMCTL_shadow_op, domain, &call), 0, "shadow_op");
    equal(call.u.shadow_op.mb, 2, "MiB");
    equal(CALL2(hvm_op, HVMOP_set_param, &parameter), 0, "set_param of another");
    parameter.value = 0;
    equal(CALL2(hvm_op, HVMOP_get_param, &parameter), 0, "get_param of another");
    equal(parameter.value, 5, "its value");
    equal(empty(XEN_DOMCTL_destroydomain), 0, "destroydomain");
    equal(empty(XEN_DOMCTL_pausedomain), -XEN_ESRCH, "it is gone");
}

void test_control(void)
{
    test_life();
    test_memory_of_another();
    test_settings();
    test_rights();
    test_state();
}
