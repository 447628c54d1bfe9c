/* vcpu_op, event_channel_op and sched_op. There are no interrupts here: bits in shared memory, and SCHEDOP_poll. */
#include "support.h"

static long event(unsigned operation, void *argument)
{
    return CALL2(event_channel_op, operation, argument);
}

static void close_port(evtchn_port_t port)
{
    struct evtchn_close close = { .port = port };

    equal(event(EVTCHNOP_close, &close), 0, "close");
}

void test_vcpus(void)
{
    struct vcpu_register_vcpu_info place = { .mfn = FRAME(vcpu_page), .offset = PAGE - 6 };
    struct vcpu_runstate_info *state = (void *)buffer;
    struct vcpu_register_runstate_memory_area runstate_area = { .addr.v = (void *)(buffer + 1024) };
    struct vcpu_runstate_info *registered = (void *)(buffer + 1024);
    struct vcpu_register_time_memory_area time_area = { .addr.v = (void *)(buffer + 2048) };
    struct vcpu_time_info *second = (void *)(buffer + 2048);
    struct vcpu_set_periodic_timer periodic = { .period_ns = 1000 };

    test("vcpu_info");
    equal(CALL3(vcpu_op, VCPUOP_register_vcpu_info, 0, &place), -XEN_ENXIO, "an area across the end of the page");
    place.offset = 64;
    equal(CALL3(vcpu_op, VCPUOP_register_vcpu_info, 0, &place), 0, "register_vcpu_info");
    equal(CALL3(vcpu_op, VCPUOP_register_vcpu_info, 0, &place), -XEN_EINVAL, "a second register_vcpu_info");
    HOLDS(own_info->time.tsc_to_system_mul != 0);
    equal(own_info->evtchn_upcall_pending, 1, "an upcall is pending after the move");
    HOLDS(own_info->evtchn_pending_sel == ~0UL);
    own_info->evtchn_upcall_pending = 0;
    own_info->evtchn_pending_sel = 0;

    test("vcpu_op");
    equal(CALL3(vcpu_op, VCPUOP_is_up, 0, 0), 1, "is_up");
    equal(CALL3(vcpu_op, VCPUOP_is_up, 1000, 0), -XEN_ENOENT, "is_up of vCPU 1000");
    equal(CALL3(vcpu_op, VCPUOP_up, 0, 0), 0, "up of oneself");
    equal(CALL3(vcpu_op, VCPUOP_down, 1000, 0), -XEN_ENOENT, "down of vCPU 1000");
    equal(CALL3(vcpu_op, VCPUOP_initialise, 1000, 0), -XEN_ENOENT, "initialise of vCPU 1000");
    equal(CALL3(vcpu_op, VCPUOP_send_nmi, 1000, 0), -XEN_ENOENT, "send_nmi to vCPU 1000");
    memset(buffer, 0xEE, sizeof(buffer));
    equal(CALL3(vcpu_op, VCPUOP_get_runstate_info, 0, state), 0, "get_runstate_info");
    equal(state->state, RUNSTATE_running, "state");
    HOLDS(state->time[RUNSTATE_running] > 0 && state->time[RUNSTATE_running] < 1ULL << 50);
    equal(buffer[sizeof(*state)], 0xEE, "the byte after it");
    equal(CALL3(vcpu_op, VCPUOP_register_runstate_memory_area, 0, &runstate_area), 0, "register_runstate_memory_area");
    equal(registered->state, RUNSTATE_running, "state there");
    equal(buffer[1024 + sizeof(*state)], 0xEE, "the byte after it");
    equal(CALL3(vcpu_op, VCPUOP_register_vcpu_time_memory_area, 0, &time_area), 0, "register_vcpu_time_memory_area");
    HOLDS(second->tsc_to_system_mul == own_info->time.tsc_to_system_mul);
    equal(CALL3(vcpu_op, VCPUOP_set_periodic_timer, 0, &periodic), -XEN_EINVAL, "a period under 1 ms");
    equal(CALL3(vcpu_op, VCPUOP_stop_periodic_timer, 0, 0), 0, "stop_periodic_timer");
    equal(CALL3(vcpu_op, 99, 0, 0), -XEN_ENOSYS, "operation 99");
}

static void test_binding(void)
{
    struct evtchn_alloc_unbound unbound = { .dom = DOMID_SELF, .remote_dom = DOMID_SELF };
    struct evtchn_bind_interdomain bound = { .remote_dom = DOMID_SELF };
    struct evtchn_bind_ipi ipi = { .vcpu = 1000 };
    struct evtchn_bind_virq virq = { .virq = NR_VIRQS, .vcpu = 0 };
    struct evtchn_bind_pirq pirq = { .pirq = 100000 };
    struct evtchn_bind_vcpu move = { .vcpu = 0 };
    struct evtchn_status status = { .dom = DOMID_SELF };
    struct evtchn_send send;
    struct evtchn_unmask unmask;
    struct evtchn_reset reset = { .dom = 77 };

    test("event channels between two ports");
    equal(event(EVTCHNOP_alloc_unbound, &unbound), 0, "alloc_unbound");
    status.port = unbound.port;
    equal(event(EVTCHNOP_status, &status), 0, "status");
    equal(status.status, EVTCHNSTAT_unbound, "state before the peer is bound");
    bound.remote_port = unbound.port;
    equal(event(EVTCHNOP_bind_interdomain, &bound), 0, "bind_interdomain");
    status.port = bound.local_port;
    equal(event(EVTCHNOP_status, &status), 0, "status");
    equal(status.status, EVTCHNSTAT_interdomain, "state of the local port");
    equal(status.u.interdomain.port, unbound.port, "its peer");
    /* Binding marks the local port: an event may have been lost while the peer was unbound. */
    equal(take_event(bound.local_port), 1, "the local port is pending after bind_interdomain");
    take_event(unbound.port);
    send.port = bound.local_port;
    equal(event(EVTCHNOP_send, &send), 0, "send");
    equal(take_event(unbound.port), 1, "the peer is pending");
    equal(take_event(bound.local_port), 0, "the sender's own port is pending");
    move.port = unbound.port;
    equal(event(EVTCHNOP_bind_vcpu, &move), 0, "bind_vcpu");
    move.vcpu = 1000;
    equal(event(EVTCHNOP_bind_vcpu, &move), -XEN_ENOENT, "bind_vcpu to vCPU 1000");
    close_port(bound.local_port);
    equal(event(EVTCHNOP_send, &send), -XEN_EINVAL, "send on a closed port");
    close_port(unbound.port);

    test("event channels of other kinds");
    equal(event(EVTCHNOP_bind_ipi, &ipi), -XEN_ENOENT, "bind_ipi on vCPU 1000");
    ipi.vcpu = 0;
    equal(event(EVTCHNOP_bind_ipi, &ipi), 0, "bind_ipi");
    shared->evtchn_mask[ipi.port / LONG_BITS] |= 1UL << ipi.port % LONG_BITS;
    own_info->evtchn_upcall_pending = 0;
    own_info->evtchn_pending_sel = 0;
    send.port = ipi.port;
    equal(event(EVTCHNOP_send, &send), 0, "send");
    equal(own_info->evtchn_upcall_pending, 0, "an upcall while masked");
    unmask.port = ipi.port;
    equal(event(EVTCHNOP_unmask, &unmask), 0, "unmask");
    equal(own_info->evtchn_upcall_pending, 1, "an upcall");
    HOLDS(own_info->evtchn_pending_sel == 1UL << ipi.port / LONG_BITS);
    HOLDS(!(shared->evtchn_mask[ipi.port / LONG_BITS] & 1UL << ipi.port % LONG_BITS));
    equal(take_event(ipi.port), 1, "pending");
    close_port(ipi.port);
    equal(event(EVTCHNOP_bind_virq, &virq), -XEN_EINVAL, "a virq past the last");
    equal(event(EVTCHNOP_bind_pirq, &pirq), -XEN_EINVAL, "a pirq past the last");
    equal(event(EVTCHNOP_reset, &reset), -XEN_ESRCH, "reset of domain 77");
    equal(event(EVTCHNOP_send, (void *)NOWHERE), -XEN_EFAULT, "send from where nothing is");
    equal(event(99, &send), -XEN_ENOSYS, "operation 99");
}

/* The last port that this width has bits for, and that there is none after it. */
static void test_limit(void)
{
    struct evtchn_bind_ipi ipi = { .vcpu = 0 };
    struct evtchn_send send;
    evtchn_port_t first;

    test("event channels up to the limit of the width");
    equal(event(EVTCHNOP_bind_ipi, &ipi), 0, "bind_ipi");
    first = ipi.port;
    while (event(EVTCHNOP_bind_ipi, &ipi) == 0)
        ;
    equal(ipi.port, LONG_BITS * LONG_BITS - 1, "the last port");
    equal(event(EVTCHNOP_bind_ipi, &ipi), -XEN_ENOSPC, "another");
    shared->evtchn_mask[ipi.port / LONG_BITS] = 0;
    own_info->evtchn_pending_sel = 0;
    send.port = ipi.port;
    equal(event(EVTCHNOP_send, &send), 0, "send");
    HOLDS(own_info->evtchn_pending_sel == 1UL << (LONG_BITS - 1));
    equal(take_event(ipi.port), 1, "pending");
    for (; ipi.port > first; ipi.port--)
        close_port(ipi.port);
    close_port(first);
}

void test_events(void)
{
    test_binding();
    test_limit();
}

void test_scheduling(void)
{
    struct evtchn_bind_virq virq = { .virq = VIRQ_TIMER, .vcpu = 0 };
    struct vcpu_set_singleshot_timer timer = { 0 };
    evtchn_port_t port;
    struct sched_poll poll = { .nr_ports = 1, .timeout = 0 };
    struct sched_remote_shutdown remote = { .domain_id = 77, .reason = SHUTDOWN_poweroff };
    struct sched_watchdog watchdog = { .id = 99, .timeout = 1 };
    long taken;

    test("singleshot timer and poll");
    equal(CALL3(vcpu_op, VCPUOP_stop_singleshot_timer, 0, 0), 0, "stop_singleshot_timer");
    equal(event(EVTCHNOP_bind_virq, &virq), 0, "bind_virq");
    equal(event(EVTCHNOP_bind_virq, &virq), -XEN_EEXIST, "bind_virq again");
    port = virq.port;
    take_event(port);
    set_xen_guest_handle(poll.ports, &port);
    timer.timeout_abs_ns = now(&own_info->time) + 2000000;
    equal(CALL3(vcpu_op, VCPUOP_set_singleshot_timer, 0, &timer), 0, "set_singleshot_timer");
    shared->evtchn_mask[port / LONG_BITS] |= 1UL << port % LONG_BITS;
    equal(CALL2(sched_op, SCHEDOP_poll, &poll), 0, "poll");
    HOLDS(now(&own_info->time) >= timer.timeout_abs_ns);
    equal(take_event(port), 1, "VIRQ_TIMER is pending");
    close_port(port);
    poll.nr_ports = 129;
    equal(CALL2(sched_op, SCHEDOP_poll, &poll), -XEN_EINVAL, "poll of 129 ports");

    test("sched_op");
    equal(CALL2(sched_op, SCHEDOP_yield, 0), 0, "yield");
    equal(CALL2(sched_op, SCHEDOP_remote_shutdown, &remote), -XEN_ESRCH, "remote_shutdown of domain 77");
    equal(CALL2(sched_op, SCHEDOP_watchdog, &watchdog), -XEN_EINVAL, "watchdog 99");
    watchdog = (struct sched_watchdog){ .id = 0, .timeout = 100 };
    taken = CALL2(sched_op, SCHEDOP_watchdog, &watchdog);
    HOLDS(taken == 1 || taken == 2);
    watchdog = (struct sched_watchdog){ .id = taken, .timeout = 0 };
    equal(CALL2(sched_op, SCHEDOP_watchdog, &watchdog), 0, "its end");
    
    equal(CALL2(sched_op, SCHEDOP_shutdown, NOWHERE), -XEN_EFAULT, "shutdown from where nothing is");
    equal(CALL2(sched_op, 99, 0), -XEN_ENOSYS, "operation 99");
}

void test_fifo(void)
{
    struct evtchn_init_control control = { .control_gfn = FRAME(control_page), .offset = PAGE, .vcpu = 0 };
    struct evtchn_expand_array expand = { .array_gfn = FRAME(words_page) };
    struct evtchn_set_priority priority = { .priority = 3 };
    struct evtchn_bind_ipi ipi = { .vcpu = 0 };
    struct evtchn_send send;
    struct evtchn_reset reset = { .dom = DOMID_SELF };
    volatile evtchn_fifo_control_block_t *block = (void *)(control_page + 8);
    volatile event_word_t *words = (void *)words_page;

    test("fifo event channels");
    equal(event(EVTCHNOP_expand_array, &expand), -XEN_EOPNOTSUPP, "expand_array on two levels");
    equal(event(EVTCHNOP_init_control, &control), -XEN_EINVAL, "init_control past the page");
    control.offset = 8;
    equal(event(EVTCHNOP_init_control, &control), 0, "init_control");
    equal(control.link_bits, EVTCHN_FIFO_LINK_BITS, "bits of a link");
    equal(event(EVTCHNOP_expand_array, &expand), 0, "expand_array");
    equal(event(EVTCHNOP_bind_ipi, &ipi), 0, "bind_ipi");
    priority.port = ipi.port;
    equal(event(EVTCHNOP_set_priority, &priority), 0, "set_priority");
    own_info->evtchn_upcall_pending = 0;
    send.port = ipi.port;
    equal(event(EVTCHNOP_send, &send), 0, "send");
    equal(block->ready, 1 << 3, "the queue that is ready");
    equal(block->head[3], ipi.port, "its head");
    HOLDS(words[ipi.port] == (1U << EVTCHN_FIFO_PENDING | 1U << EVTCHN_FIFO_LINKED));
    equal(own_info->evtchn_upcall_pending, 1, "an upcall");
    equal(event(EVTCHNOP_reset, &reset), 0, "reset");
    equal(event(EVTCHNOP_expand_array, &expand), -XEN_EOPNOTSUPP, "expand_array after the reset");
}
