/*
 * A PVH guest in C on the public headers of libxen-dev alone: that a foreign compiler's view of the ABI is the one the hypervisor has. It is
 * built three times: for long mode, and for protected mode with and without PAE. Prints a line a test and powers off.
 * This file: what the hypervisor says of itself, HVM parameters, and the small calls.
 */
#include "support.h"

void test_information(const struct hvm_start_info *start)
{
    struct xen_feature_info features = { .submap_idx = 0 };
    struct xen_platform_parameters parameters = { .virt_start = 1 };
    struct xen_compile_info *compiled = (void *)buffer;

    test("start_info");
    equal(start->magic, XEN_HVM_START_MAGIC_VALUE, "magic");
    equal(start->flags, SIF_PRIVILEGED | SIF_INITDOMAIN, "flags");
    HOLDS(start->version <= 1);
    HOLDS(start->rsdp_paddr != 0);

    test("xen_version");
    equal(CALL2(xen_version, XENVER_version, 0), 4 << 16 | 17, "version");
    buffer[0] = 'x';
    equal(CALL2(xen_version, XENVER_extraversion, buffer), 0, "extraversion");
    HOLDS(buffer[0] != 'x');
    equal(CALL2(xen_version, XENVER_capabilities, buffer), 0, "capabilities");
    HOLDS(buffer[0] == 'x' || buffer[0] == 'h');
    memset(buffer, 0xEE, sizeof(buffer));
    equal(CALL2(xen_version, XENVER_compile_info, compiled), 0, "compile_info");
    HOLDS(compiled->compiler[0] != 0 && (uint8_t)compiled->compiler[0] != 0xEE);
    equal(buffer[sizeof(*compiled)], 0xEE, "the byte after compile_info");
    equal(CALL2(xen_version, XENVER_changeset, buffer), 0, "changeset");
    equal(CALL2(xen_version, XENVER_guest_handle, buffer), 0, "guest_handle");
    equal(CALL2(xen_version, XENVER_commandline, buffer), 0, "commandline");
    equal(CALL2(xen_version, XENVER_get_features, &features), 0, "get_features");
    HOLDS(features.submap & (1U << XENFEAT_auto_translated_physmap));
    HOLDS(features.submap & (1U << XENFEAT_hvm_callback_vector));
    HOLDS(features.submap & (1U << XENFEAT_hvm_safe_pvclock));
    features.submap_idx = 200;
    equal(CALL2(xen_version, XENVER_get_features, &features), -XEN_EINVAL, "get_features of submap 200");
    equal(CALL2(xen_version, XENVER_platform_parameters, &parameters), 0, "platform_parameters");
#ifdef __x86_64__
    HOLDS(parameters.virt_start == 0xFFFF800000000000UL);
#else
    HOLDS(parameters.virt_start == 0);
#endif
    equal(CALL2(xen_version, XENVER_pagesize, 0), PAGE, "pagesize");
    equal(CALL2(xen_version, XENVER_pagesize, buffer), -XEN_EINVAL, "pagesize with an argument");
    equal(CALL2(xen_version, 99, 0), -XEN_ENOSYS, "operation 99");
    equal(CALL2(xen_version, XENVER_extraversion, NOWHERE), -XEN_EFAULT, "extraversion to where nothing is");
}

void test_parameters(void)
{
    struct xen_hvm_param parameter = { .domid = DOMID_SELF, .index = HVM_PARAM_CALLBACK_IRQ, .value = (2ULL << 56) | 0xF3 };
    struct xen_add_to_physmap map = { .domid = DOMID_SELF, .space = XENMAPSPACE_shared_info, .gpfn = FRAME(shared_page) };
    struct xen_hvm_pagetable_dying dying = { .domid = DOMID_SELF };
    struct xen_hvm_get_time time = { 0 };
    struct xen_hvm_get_mem_type type = { .domid = DOMID_SELF, .pfn = FRAME(buffer) };
    struct xen_hvm_evtchn_upcall_vector upcall = { .vcpu = 0, .vector = 5 };
    static const struct { uint32_t index; int error, again; } writes[] = {
        { HVM_PARAM_STORE_PFN, XEN_EPERM, XEN_EPERM }, { HVM_PARAM_VM_GENERATION_ID_ADDR, 0, 0 }, { HVM_PARAM_IOREQ_PFN, XEN_EPERM, XEN_EPERM }, { 13, XEN_EINVAL, XEN_EINVAL },
    };
    unsigned i;
    struct xen_hvm_xentrace trace = { .event = 1, .extra_bytes = 200 };

    test("hvm parameters, and the layout of shared_info that they choose");
    equal(CALL2(memory_op, XENMEM_add_to_physmap, &map), 0, "add_to_physmap");
    equal(CALL2(hvm_op, HVMOP_set_param, &parameter), 0, "set_param");
    parameter.value = 0;
    equal(CALL2(hvm_op, HVMOP_get_param, &parameter), 0, "get_param");
    HOLDS(parameter.value == ((2ULL << 56) | 0xF3));
    parameter.index = HVM_NR_PARAMS;
    equal(CALL2(hvm_op, HVMOP_get_param, &parameter), -XEN_EINVAL, "get_param past the last");
    equal(CALL2(hvm_op, HVMOP_set_param, &parameter), -XEN_EINVAL, "set_param past the last");
    equal(CALL2(hvm_op, HVMOP_get_param, NOWHERE), -XEN_EFAULT, "get_param from where nothing is");
    for (i = 0; i < SIZE(writes); i++) {
        parameter = (struct xen_hvm_param){ .domid = DOMID_SELF, .index = writes[i].index, .value = 0x1000 + i };
        equal(CALL2(hvm_op, HVMOP_set_param, &parameter), -writes[i].error, "set_param of another");
        parameter.value++;
        equal(CALL2(hvm_op, HVMOP_set_param, &parameter), -writes[i].again, "set_param of another, to another value");
    }
    HOLDS(shared->wc_version != 0 && shared->wc_sec != 0);
    HOLDS((shared->wc_version & 1) == 0);
    HOLDS(shared->vcpu_info[0].time.tsc_to_system_mul != 0);

    test("hvm operations");
    equal(CALL2(hvm_op, HVMOP_pagetable_dying, &dying), -XEN_EINVAL, "pagetable_dying under hardware paging");
    equal(CALL2(hvm_op, HVMOP_get_time, &time), 0, "get_time");
    HOLDS(time.now != 0);
    equal(CALL2(hvm_op, HVMOP_get_mem_type, &type), 0, "get_mem_type");
    equal(type.mem_type, HVMMEM_ram_rw, "type of RAM");
    equal(CALL2(hvm_op, HVMOP_set_evtchn_upcall_vector, &upcall), -XEN_EINVAL, "upcall vector 5");
    upcall.vector = 0x40;
    upcall.vcpu = 1000;
    equal(CALL2(hvm_op, HVMOP_set_evtchn_upcall_vector, &upcall), -XEN_ENOENT, "upcall vector of vCPU 1000");
    equal(CALL2(hvm_op, HVMOP_xentrace, &trace), -XEN_EINVAL, "xentrace of 200 bytes");
    equal(CALL2(hvm_op, HVMOP_guest_request_vm_event, 0), 0, "guest_request_vm_event");
    equal(CALL2(hvm_op, HVMOP_flush_tlbs, 0), 0, "flush_tlbs");
    equal(CALL2(hvm_op, 99, 0), -XEN_ENOSYS, "operation 99");
}

static long set_timer(uint64_t deadline)
{
#ifdef __x86_64__
    return CALL2(set_timer_op, deadline, 0);
#else
    return CALL2(set_timer_op, deadline, deadline >> 32);
#endif
}

void test_other_calls(void)
{
    struct multicall_entry *calls = (void *)buffer;
    uint64_t start = now(&own_info->time);
    uint32_t word = 0;
    struct sched_poll poll = { .nr_ports = 0, .timeout = start + 1000000000 };
    struct evtchn_bind_virq virq = { .virq = VIRQ_TIMER, .vcpu = 0 };
    struct evtchn_close close;
    evtchn_port_t port;
    unsigned operation;

    test("multicall");
    memset(buffer, 0, sizeof(buffer));
    calls[0] = (struct multicall_entry){ .op = __HYPERVISOR_xen_version, .args = { XENVER_version } };
    calls[1] = (struct multicall_entry){ .op = __HYPERVISOR_xen_version, .args = { XENVER_pagesize } };
    calls[2] = (struct multicall_entry){ .op = 63 };
    calls[3] = (struct multicall_entry){ .op = __HYPERVISOR_multicall, .args = { (unsigned long)calls, 1 } };
    equal(CALL2(multicall, calls, 3), 0, "multicall");
    equal(calls[0].result >> 16, 4, "the first result");
    equal(calls[1].result, PAGE, "the second result");
    equal((long)calls[2].result, -XEN_ENOSYS, "the third result");
    equal(CALL2(multicall, NOWHERE, 1), -XEN_EFAULT, "a list where nothing is");
    equal(CALL2(multicall, NOWHERE, 0), 0, "an empty list");

    test("set_timer_op");
    equal(CALL2(event_channel_op, EVTCHNOP_bind_virq, &virq), 0, "bind_virq");
    port = virq.port;
    set_xen_guest_handle(poll.ports, &port);
    poll.nr_ports = 1;
    shared->evtchn_mask[port / LONG_BITS] |= 1UL << port % LONG_BITS;
    shared->evtchn_pending[port / LONG_BITS] &= ~(1UL << port % LONG_BITS);
    start = now(&own_info->time);
    equal(set_timer(start + 2000000), 0, "in 2 ms");
    equal(CALL2(sched_op, SCHEDOP_poll, &poll), 0, "poll");
    HOLDS(now(&own_info->time) >= start + 2000000);
    HOLDS(shared->evtchn_pending[port / LONG_BITS] & 1UL << port % LONG_BITS);
    equal(set_timer(0), 0, "off");
    close.port = port;
    equal(CALL2(event_channel_op, EVTCHNOP_close, &close), 0, "close");

    test("vm_assist, console_io, physdev_op");
    equal(CALL2(vm_assist, VMASST_CMD_enable, VMASST_TYPE_runstate_update_flag), 0, "enable runstate_update_flag");
    equal(CALL2(vm_assist, VMASST_CMD_disable, VMASST_TYPE_runstate_update_flag), 0, "disable it");
    equal(CALL2(vm_assist, VMASST_CMD_enable, VMASST_TYPE_writable_pagetables), -XEN_EINVAL, "enable writable_pagetables");
    equal(CALL3(console_io, CONSOLEIO_write, 4, NOWHERE), -XEN_EFAULT, "write from where nothing is");
    equal(CALL3(console_io, CONSOLEIO_read, 16, buffer), 0, "read when nothing was typed");
    equal(CALL3(console_io, 99, 0, 0), -XEN_ENOSYS, "console_io 99");
    for (operation = 0; operation < 24; operation++)
        equal(CALL2(physdev_op, operation, &word), -XEN_ENOSYS, "a physdev_op that a PVH guest has not got");
    equal(hypercall(63, 0, 0, 0, 0), -XEN_ENOSYS, "number 63");
}
