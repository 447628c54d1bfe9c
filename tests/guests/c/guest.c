/*
 * A PVH guest in C on the public headers of libxen-dev alone: that a foreign compiler's view of the ABI is the one the
 * hypervisor has. Prints a line a test and powers off.
 */
#include <stddef.h>
#include <stdint.h>

#define __XEN_INTERFACE_VERSION__ 0x00040e00
#include <xen/xen.h>
#include <xen/version.h>
#include <xen/features.h>
#include <xen/memory.h>
#include <xen/sched.h>
#include <xen/vcpu.h>
#include <xen/event_channel.h>
#include <xen/grant_table.h>
#include <xen/hvm/hvm_op.h>
#include <xen/hvm/params.h>
#include <xen/arch-x86/hvm/start_info.h>
#define XEN_ERRNO(name, value) XEN_##name = value,
enum xen_errno {
#include <xen/errno.h>
};

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define PAGE 4096

static uint8_t shared_page[PAGE] __attribute__((aligned(PAGE)));
static uint8_t vcpu_page[PAGE] __attribute__((aligned(PAGE)));
static uint8_t buffer[PAGE] __attribute__((aligned(PAGE)));

static int intel;
static unsigned passed, failed, skipped;

/* Hypercalls. */

static long hypercall(unsigned long number, unsigned long a1, unsigned long a2, unsigned long a3, unsigned long a4)
{
    register unsigned long r10 __asm__("r10") = a4;
    long result;

    if (intel)
        __asm__ volatile("vmcall" : "=a"(result), "+D"(a1), "+S"(a2), "+d"(a3), "+r"(r10) : "0"(number) : "memory", "r8", "r9", "r11", "rcx");
    else
        __asm__ volatile("vmmcall" : "=a"(result), "+D"(a1), "+S"(a2), "+d"(a3), "+r"(r10) : "0"(number) : "memory", "r8", "r9", "r11", "rcx");
    return result;
}

#define CALL2(name, a, b) hypercall(__HYPERVISOR_##name, (unsigned long)(a), (unsigned long)(b), 0, 0)
#define CALL3(name, a, b, c) hypercall(__HYPERVISOR_##name, (unsigned long)(a), (unsigned long)(b), (unsigned long)(c), 0)

static void shutdown(unsigned reason)
{
    struct sched_shutdown argument = { .reason = reason };

    CALL2(sched_op, SCHEDOP_shutdown, &argument);
    for (;;)
        __asm__ volatile("cli; hlt");
}

/* Output. */

static char line[512];
static size_t line_length;

static void put(const char *text)
{
    while (*text && line_length < sizeof(line) - 1)
        line[line_length++] = *text++;
}

static void put_number(long value)
{
    char digits[24];
    unsigned count = 0;
    unsigned long rest = value < 0 ? -(unsigned long)value : (unsigned long)value;

    if (value < 0)
        put("-");
    do
        digits[count++] = '0' + rest % 10;
    while ((rest /= 10) != 0);
    while (count) {
        char one[2] = { digits[--count], 0 };
        put(one);
    }
}

static void end_line(void)
{
    put("\n");
    CALL3(console_io, CONSOLEIO_write, line_length, line);
    line_length = 0;
}

/* Results. */

static const char *running;
static int bad;

static void finish_test(void)
{
    if (!running)
        return;
    if (bad) {
        failed++;
    } else {
        passed++;
        put("test ");
        put(running);
        put(": passed");
        end_line();
    }
    running = NULL;
}

static void test(const char *name)
{
    finish_test();
    running = name;
    bad = 0;
}

static void equal(long actual, long expected, const char *what)
{
    if (actual == expected || bad)
        return;
    bad = 1;
    put("test ");
    put(running);
    put(": failed: ");
    put(what);
    put(": ");
    put_number(actual);
    put(" instead of ");
    put_number(expected);
    end_line();
}

#define HOLDS(condition) equal(!!(condition), 1, #condition)

/* Events, without interrupts: bits in shared_info and SCHEDOP_poll. */

static struct shared_info *const shared = (void *)shared_page;

static int take(unsigned port)
{
    unsigned long bit = 1UL << (port % 64);
    unsigned long old = __atomic_fetch_and(&shared->evtchn_pending[port / 64], ~bit, __ATOMIC_SEQ_CST);

    return !!(old & bit);
}

static uint64_t now(const volatile struct vcpu_time_info *time)
{
    uint32_t version, low, high;
    uint64_t delta, result;

    do {
        version = time->version;
        __asm__ volatile("lfence; rdtsc" : "=a"(low), "=d"(high) :: "memory");
        delta = (((uint64_t)high << 32) | low) - time->tsc_timestamp;
        delta = time->tsc_shift < 0 ? delta >> -time->tsc_shift : delta << time->tsc_shift;
        result = time->system_time + (uint64_t)(((unsigned __int128)delta * time->tsc_to_system_mul) >> 32);
        __asm__ volatile("" ::: "memory");
    } while ((version & 1) || version != time->version);
    return result;
}

static void test_start(const struct hvm_start_info *start)
{
    test("start_info");
    equal(start->magic, XEN_HVM_START_MAGIC_VALUE, "magic");
    equal(start->flags, SIF_PRIVILEGED | SIF_INITDOMAIN, "flags");
    HOLDS(start->version <= 1);
    HOLDS(start->rsdp_paddr != 0);
}

static void test_version(void)
{
    struct xen_feature_info features = { .submap_idx = 0 };
    struct xen_platform_parameters parameters = { 0 };
    xen_extraversion_t *extra = (void *)buffer;
    xen_capabilities_info_t *capabilities = (void *)buffer;

    test("xen_version");
    equal(CALL2(xen_version, XENVER_version, 0) >> 16, 4, "major");
    buffer[0] = 'x';
    equal(CALL2(xen_version, XENVER_extraversion, extra), 0, "extraversion");
    HOLDS((*extra)[0] != 'x');
    equal(CALL2(xen_version, XENVER_capabilities, capabilities), 0, "capabilities");
    HOLDS((*capabilities)[0] == 'x' || (*capabilities)[0] == 'h');
    equal(CALL2(xen_version, XENVER_get_features, &features), 0, "get_features");
    HOLDS(features.submap & (1U << XENFEAT_auto_translated_physmap));
    HOLDS(features.submap & (1U << XENFEAT_hvm_callback_vector));
    HOLDS(features.submap & (1U << XENFEAT_hvm_safe_pvclock));
    features.submap_idx = 200;
    equal(CALL2(xen_version, XENVER_get_features, &features), -XEN_EINVAL, "get_features of submap 200");
    equal(CALL2(xen_version, XENVER_platform_parameters, &parameters), 0, "platform_parameters");
    equal(CALL2(xen_version, XENVER_pagesize, 0), PAGE, "pagesize");
    equal(CALL2(xen_version, 99, 0), -XEN_ENOSYS, "operation 99");
    equal(CALL2(xen_version, XENVER_extraversion, 0x0000800000000000UL), -XEN_EFAULT, "extraversion to a non-canonical address");
}

static void test_shared_info(void)
{
    struct xen_add_to_physmap map = {
        .domid = DOMID_SELF, .space = XENMAPSPACE_shared_info, .gpfn = (unsigned long)shared_page / PAGE,
    };

    test("shared_info");
    equal(CALL2(memory_op, XENMEM_add_to_physmap, &map), 0, "add_to_physmap");
    HOLDS(shared->wc_version != 0 && shared->wc_sec != 0);
    HOLDS(shared->vcpu_info[0].time.tsc_to_system_mul != 0);
    map.space = 99;
    equal(CALL2(memory_op, XENMEM_add_to_physmap, &map), -XEN_EINVAL, "add_to_physmap of space 99");
}

static void test_vcpu_info(void)
{
    struct vcpu_register_vcpu_info place = { .mfn = (unsigned long)vcpu_page / PAGE, .offset = 64 };
    struct vcpu_info *info = (void *)(vcpu_page + 64);

    test("vcpu_info");
    place.offset = 4090;
    equal(CALL3(vcpu_op, VCPUOP_register_vcpu_info, 0, &place), -XEN_ENXIO, "an area across the end of the page");
    place.offset = 64;
    equal(CALL3(vcpu_op, VCPUOP_register_vcpu_info, 0, &place), 0, "register_vcpu_info");
    equal(CALL3(vcpu_op, VCPUOP_register_vcpu_info, 0, &place), -XEN_EINVAL, "a second register_vcpu_info");
    HOLDS(info->time.tsc_to_system_mul != 0);
    equal(CALL3(vcpu_op, VCPUOP_is_up, 0, 0), 1, "is_up");
    equal(CALL3(vcpu_op, VCPUOP_is_up, 1000, 0), -XEN_ENOENT, "is_up of vCPU 1000");
}

static void test_events(void)
{
    struct evtchn_alloc_unbound unbound = { .dom = DOMID_SELF, .remote_dom = DOMID_SELF };
    struct evtchn_bind_interdomain bound = { .remote_dom = DOMID_SELF };
    struct evtchn_status status = { .dom = DOMID_SELF };
    struct evtchn_send send;
    struct evtchn_close close;

    test("event channels");
    equal(CALL2(event_channel_op, EVTCHNOP_alloc_unbound, &unbound), 0, "alloc_unbound");
    bound.remote_port = unbound.port;
    equal(CALL2(event_channel_op, EVTCHNOP_bind_interdomain, &bound), 0, "bind_interdomain");
    status.port = bound.local_port;
    equal(CALL2(event_channel_op, EVTCHNOP_status, &status), 0, "status");
    equal(status.status, EVTCHNSTAT_interdomain, "state of the local port");
    equal(status.u.interdomain.port, unbound.port, "its peer");
    /* Binding marks the local port: an event may have been lost while the peer was unbound. */
    equal(take(bound.local_port), 1, "the local port is pending after bind_interdomain");
    take(unbound.port);
    send.port = bound.local_port;
    equal(CALL2(event_channel_op, EVTCHNOP_send, &send), 0, "send");
    equal(take(unbound.port), 1, "the peer is pending");
    equal(take(bound.local_port), 0, "the sender's own port is pending");
    close.port = bound.local_port;
    equal(CALL2(event_channel_op, EVTCHNOP_close, &close), 0, "close");
    equal(CALL2(event_channel_op, EVTCHNOP_send, &send), -XEN_EINVAL, "send on a closed port");
}

static void test_timer(void)
{
    struct vcpu_info *info = (void *)(vcpu_page + 64);
    struct evtchn_bind_virq virq = { .virq = VIRQ_TIMER, .vcpu = 0 };
    struct vcpu_set_singleshot_timer timer = { 0 };
    evtchn_port_t port;
    struct sched_poll poll = { .nr_ports = 1, .timeout = 0 };
    uint64_t before, after;

    test("singleshot timer");
    equal(CALL3(vcpu_op, VCPUOP_stop_periodic_timer, 0, 0), 0, "stop_periodic_timer");
    equal(CALL2(event_channel_op, EVTCHNOP_bind_virq, &virq), 0, "bind_virq");
    port = virq.port;
    take(port);
    set_xen_guest_handle(poll.ports, &port);
    before = now(&info->time);
    timer.timeout_abs_ns = before + 2000000;
    equal(CALL3(vcpu_op, VCPUOP_set_singleshot_timer, 0, &timer), 0, "set_singleshot_timer");
    shared->evtchn_mask[port / 64] |= 1UL << (port % 64);
    equal(CALL2(sched_op, SCHEDOP_poll, &poll), 0, "poll");
    after = now(&info->time);
    equal(take(port), 1, "VIRQ_TIMER is pending");
    HOLDS(after >= timer.timeout_abs_ns);
}

static void test_memory(void)
{
    struct xen_memory_map map = { .nr_entries = 64 };
    unsigned i, ram = 0;
    struct { uint64_t start, size; uint32_t type; } __attribute__((packed)) *entries = (void *)buffer;

    test("memory_map");
    set_xen_guest_handle(map.buffer, (void *)buffer);
    equal(CALL2(memory_op, XENMEM_memory_map, &map), 0, "memory_map");
    for (i = 0; i < map.nr_entries; i++)
        ram += entries[i].type == 1;
    HOLDS(ram > 0);
}

static void test_parameters(void)
{
    struct xen_hvm_param parameter = { .domid = DOMID_SELF, .index = HVM_PARAM_CALLBACK_IRQ, .value = (2UL << 56) | 0xF3 };

    test("hvm parameters");
    equal(CALL2(hvm_op, HVMOP_set_param, &parameter), 0, "set_param");
    parameter.value = 0;
    equal(CALL2(hvm_op, HVMOP_get_param, &parameter), 0, "get_param");
    HOLDS(parameter.value == ((2UL << 56) | 0xF3));
    parameter.index = HVM_NR_PARAMS;
    equal(CALL2(hvm_op, HVMOP_get_param, &parameter), -XEN_EINVAL, "get_param past the last");
}

static void test_grants(void)
{
    struct gnttab_query_size size = { .dom = DOMID_SELF };

    test("grant table size");
    equal(CALL3(grant_table_op, GNTTABOP_query_size, &size, 1), 0, "query_size");
    equal(size.status, GNTST_okay, "status");
    HOLDS(size.nr_frames <= size.max_nr_frames && size.max_nr_frames > 0);
}

static void test_runstate(void)
{
    struct vcpu_runstate_info *state = (void *)buffer;

    test("runstate");
    equal(CALL3(vcpu_op, VCPUOP_get_runstate_info, 0, state), 0, "get_runstate_info");
    equal(state->state, RUNSTATE_running, "state");
    HOLDS(state->time[RUNSTATE_running] > 0);
}

static void test_multicall(void)
{
    struct multicall_entry *calls = (void *)buffer;

    test("multicall");
    calls[0] = (struct multicall_entry){ .op = __HYPERVISOR_xen_version, .args = { XENVER_version } };
    calls[1] = (struct multicall_entry){ .op = __HYPERVISOR_xen_version, .args = { XENVER_pagesize } };
    calls[2] = (struct multicall_entry){ .op = 63 };
    equal(CALL2(multicall, calls, 3), 0, "multicall");
    equal(calls[0].result >> 16, 4, "the first result");
    equal(calls[1].result, PAGE, "the second result");
    equal((long)calls[2].result, -XEN_ENOSYS, "the third result");
}

void guest_main(const struct hvm_start_info *start)
{
    uint32_t a = 0, b, c, d;

    __asm__ volatile("cpuid" : "+a"(a), "=b"(b), "=c"(c), "=d"(d));
    intel = b == 0x756E6547;
    put("guest c: start");
    end_line();
    test_start(start);
    test_version();
    test_shared_info();
    test_vcpu_info();
    test_events();
    test_timer();
    test_memory();
    test_parameters();
    test_grants();
    test_runstate();
    test_multicall();
    finish_test();
    put("guest c: ");
    put_number(passed);
    put(" passed, ");
    put_number(failed);
    put(" failed, ");
    put_number(skipped);
    put(" skipped");
    end_line();
    shutdown(SHUTDOWN_poweroff);
}
