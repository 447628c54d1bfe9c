/* sysctl and platform_op: the machine, as a control domain meets it. The structures are the same in both widths. */
#include "support.h"

static long empty_sysctl(uint32_t command)
{
    struct xen_sysctl call = { 0 };

    return sysctl(command, &call);
}

static void test_what_there_is(void)
{
    struct xen_sysctl call = { 0 };
    xen_domctl_getdomaininfo_t *domains = (void *)buffer;
    xen_sysctl_cpuinfo_t *cpus = (void *)buffer;
    xen_sysctl_cputopo_t *places = (void *)buffer;
    xen_sysctl_meminfo_t *nodes = (void *)buffer;
    uint32_t *words = (void *)buffer;

    test("sysctl about the machine");
    equal(CALL2(sysctl, NOWHERE, 0), -XEN_EFAULT, "from where nothing is");
    call.interface_version = XEN_SYSCTL_INTERFACE_VERSION - 1;
    equal(CALL2(sysctl, &call, 0), -XEN_EACCES, "another version");
    equal(sysctl(XEN_SYSCTL_physinfo, &call), 0, "physinfo");
    equal(call.u.physinfo.nr_cpus, 1, "CPUs");
    equal(call.u.physinfo.nr_nodes, 1, "nodes");
    HOLDS(call.u.physinfo.capabilities & XEN_SYSCTL_PHYSCAP_hvm);
    HOLDS(call.u.physinfo.capabilities & XEN_SYSCTL_PHYSCAP_hap);
    HOLDS(call.u.physinfo.free_pages < call.u.physinfo.total_pages);
    equal(sysctl(XEN_SYSCTL_sched_id, &call), 0, "sched_id");
    equal(call.u.sched_id.sched_id, XEN_SCHEDULER_CREDIT2, "the scheduler");
    call = (struct xen_sysctl){ .u.getdomaininfolist = { .max_domains = 4 } };
    set_xen_guest_handle(call.u.getdomaininfolist.buffer, domains);
    equal(sysctl(XEN_SYSCTL_getdomaininfolist, &call), 0, "getdomaininfolist");
    equal(call.u.getdomaininfolist.num_domains, 1, "domains");
    equal(domains[0].domain, 0, "the first");
    HOLDS(domains[0].flags & XEN_DOMINF_hvm_guest);
    call = (struct xen_sysctl){ .u.getcpuinfo = { .max_cpus = 8 } };
    set_xen_guest_handle(call.u.getcpuinfo.info, cpus);
    equal(sysctl(XEN_SYSCTL_getcpuinfo, &call), 0, "getcpuinfo");
    equal(call.u.getcpuinfo.nr_cpus, 1, "CPUs with an idle time");
    call = (struct xen_sysctl){ .u.cputopoinfo = { .num_cpus = 8 } };
    set_xen_guest_handle(call.u.cputopoinfo.cputopo, places);
    equal(sysctl(XEN_SYSCTL_cputopoinfo, &call), 0, "cputopoinfo");
    equal(places[0].socket, 0, "the first CPU's socket");
    call = (struct xen_sysctl){ .u.numainfo = { .num_nodes = 4 } };
    set_xen_guest_handle(call.u.numainfo.meminfo, nodes);
    set_xen_guest_handle(call.u.numainfo.distance, words + 64);
    equal(sysctl(XEN_SYSCTL_numainfo, &call), 0, "numainfo");
    equal(words[64], 10, "how far the node is from itself");
    HOLDS(nodes[0].memfree < nodes[0].memsize);
    call = (struct xen_sysctl){ .u.availheap = { .node = -1 } };
    equal(sysctl(XEN_SYSCTL_availheap, &call), 0, "availheap");
    HOLDS(call.u.availheap.avail_bytes != 0);
    call = (struct xen_sysctl){ .u.readconsole = { .count = 16 } };
    set_xen_guest_handle(call.u.readconsole.buffer, (char *)buffer);
    equal(sysctl(XEN_SYSCTL_readconsole, &call), 0, "readconsole");
    equal(call.u.readconsole.count, 16, "bytes of the console");
    call = (struct xen_sysctl){ .u.cpu_featureset = { .index = XEN_SYSCTL_cpu_featureset_hvm, .nr_features = 32 } };
    set_xen_guest_handle(call.u.cpu_featureset.features, words);
    equal(sysctl(XEN_SYSCTL_get_cpu_featureset, &call), 0, "get_cpu_featureset");
    equal(words[0] & 1, 1, "a floating-point unit");
    call = (struct xen_sysctl){ .u.cpu_policy = { .index = XEN_SYSCTL_cpu_policy_hvm_default } };
    equal(sysctl(XEN_SYSCTL_get_cpu_policy, &call), 0, "get_cpu_policy");
    HOLDS(call.u.cpu_policy.nr_leaves > 0 && call.u.cpu_policy.nr_msrs > 0);
}

void test_machine(void)
{
    static const struct { uint32_t command; int error; } zeros[] = {
        { XEN_SYSCTL_tbuf_op, 0 }, { XEN_SYSCTL_perfc_op, XEN_ENOSYS }, { XEN_SYSCTL_debug_keys, 0 }, { XEN_SYSCTL_cpu_hotplug, XEN_EEXIST },
        { XEN_SYSCTL_pm_op, XEN_ENOSYS }, { XEN_SYSCTL_page_offline_op, XEN_EINVAL }, { XEN_SYSCTL_lockprof_op, XEN_ENOSYS }, { XEN_SYSCTL_cpupool_op, XEN_ENOSYS },
        { XEN_SYSCTL_scheduler_op, XEN_EINVAL }, { XEN_SYSCTL_coverage_op, XEN_EOPNOTSUPP }, { XEN_SYSCTL_psr_cmt_op, XEN_ENODEV },
        { XEN_SYSCTL_pcitopoinfo, XEN_EINVAL }, { XEN_SYSCTL_psr_alloc, XEN_ENODEV }, { XEN_SYSCTL_get_cpu_levelling_caps, 0 }, { 99, XEN_ENOSYS },
    };
    struct xen_sysctl call = { 0 };
    unsigned i;

    test_what_there_is();
    test("sysctl with zeros");
    for (i = 0; i < SIZE(zeros); i++)
        equal(empty_sysctl(zeros[i].command), -zeros[i].error, "an operation");

    test("sysctl about CPU pools and the scheduler");
    call.u.cpupool_op = (struct xen_sysctl_cpupool_op){ .op = XEN_SYSCTL_CPUPOOL_OP_INFO };
    call.u.cpupool_op.cpumap.nr_bits = 64;
    set_xen_guest_handle(call.u.cpupool_op.cpumap.bitmap, buffer);
    equal(sysctl(XEN_SYSCTL_cpupool_op, &call), 0, "cpupool_op");
    equal(buffer[0], 1, "CPUs in the pool");
    equal(call.u.cpupool_op.n_dom, 1, "domains in it");
    call = (struct xen_sysctl){ .u.scheduler_op = { .sched_id = XEN_SCHEDULER_CREDIT2, .cmd = XEN_SYSCTL_SCHEDOP_getinfo } };
    equal(sysctl(XEN_SYSCTL_scheduler_op, &call), 0, "scheduler_op");
}

void test_platform(void)
{
    struct xen_platform_op call = { 0 };
    xenpf_resource_entry_t *entry = (void *)buffer;

    test("platform_op");
    equal(CALL2(platform_op, NOWHERE, 0), -XEN_EFAULT, "from where nothing is");
    call.interface_version = XENPF_INTERFACE_VERSION - 1;
    equal(CALL2(platform_op, &call, 0), -XEN_EACCES, "another version");
    call.u.settime64 = (struct xenpf_settime64){ .secs = 1800000000, .nsecs = 2000000000 };
    equal(platform(XENPF_settime64, &call), 0, "settime64");
    equal(shared->wc_sec, 1800000002, "wc_sec");
    call.u.settime32 = (struct xenpf_settime32){ .secs = 1700000000, .nsecs = 7 };
    equal(platform(XENPF_settime32, &call), 0, "settime32");
    equal(shared->wc_sec, 1700000000, "wc_sec after that");
    equal(shared->wc_nsec, 7, "wc_nsec after that");
    call = (struct xen_platform_op){ .u.firmware_info = { .type = XEN_FW_KBD_SHIFT_FLAGS } };
    equal(platform(XENPF_firmware_info, &call), 0, "firmware_info about the keyboard");
    call = (struct xen_platform_op){ .u.firmware_info = { .type = 9 } };
    equal(platform(XENPF_firmware_info, &call), -XEN_EINVAL, "firmware_info about nothing");
    call = (struct xen_platform_op){ .u.pcpu_info = { .xen_cpuid = 0 } };
    equal(platform(XENPF_get_cpuinfo, &call), 0, "get_cpuinfo");
    equal(call.u.pcpu_info.flags, XEN_PCPU_FLAGS_ONLINE, "flags");
    call = (struct xen_platform_op){ .u.pcpu_version = { .xen_cpuid = 0 } };
    equal(platform(XENPF_get_cpu_version, &call), 0, "get_cpu_version");
    HOLDS(call.u.pcpu_version.family != 0);
    call = (struct xen_platform_op){ .u.cpu_ol = { .cpuid = 0 } };
    equal(platform(XENPF_cpu_online, &call), 0, "cpu_online of the first");
    equal(platform(XENPF_cpu_offline, &call), -XEN_EOPNOTSUPP, "cpu_offline of the first");
    call = (struct xen_platform_op){ .u.core_parking = { .type = XEN_CORE_PARKING_GET } };
    equal(platform(XENPF_core_parking, &call), 0, "core_parking");
    call = (struct xen_platform_op){ .u.enter_acpi_sleep = { .sleep_state = 6 } };
    equal(platform(XENPF_enter_acpi_sleep, &call), -XEN_EINVAL, "enter_acpi_sleep to a state that there is not");
    call = (struct xen_platform_op){ .u.platform_quirk = { .quirk_id = QUIRK_NOIRQBALANCING } };
    equal(platform(XENPF_platform_quirk, &call), 0, "platform_quirk");
    call = (struct xen_platform_op){ .u.symdata = { .symnum = 0x0FFFFFFF } };
    equal(platform(XENPF_get_symbol, &call), -XEN_ERANGE, "get_symbol past the last");
    memset(&call, 0, sizeof(call));
    equal(platform(XENPF_mem_hotadd, &call), -XEN_EINVAL, "mem_hotadd of nothing");
    equal(platform(XENPF_getidletime, &call), -XEN_ENOSYS, "getidletime");
    equal(platform(99, &call), -XEN_ENOSYS, "operation 99");

    test("platform_op resource_op");
    memset(entry, 0, sizeof(*entry));
    entry->idx = 0x10;
    memset(&call, 0, sizeof(call));
    call.u.resource_op.nr_entries = 1;
    set_xen_guest_handle(call.u.resource_op.entries, entry);
    equal(platform(XENPF_resource_op, &call), 1, "reading the TSC");
    equal((int)entry->u.ret, 0, "the entry's result");
    HOLDS(entry->val != 0);
}
