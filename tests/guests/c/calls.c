/*
 * Ways to make calls that are not Xen's, by include/xenolith.h: a hypercall TLB, guest-physical pointers, lists of frames, calls from 64 on. Where
 * the domain is shown none of them they are not there.
 */
#include "support.h"

/* Mapped by no page table, or by one that leads to no memory. */
#ifdef __x86_64__
#define STRANGE 0x0000700000000000UL
#else
#define STRANGE 0xE0000000UL
#endif

static struct xenolith_buffer_list list __attribute__((__aligned__(PAGE)));

static uint32_t features(void)
{
    uint32_t a, b, c, d;

    __asm__ volatile("cpuid" : "=a"(a), "=b"(b), "=c"(c), "=d"(d) : "0"(XENOLITH_CPUID_FIRST_LEAF), "2"(0));
    if (b != XENOLITH_CPUID_SIGNATURE_EBX || c != XENOLITH_CPUID_SIGNATURE_ECX || d != XENOLITH_CPUID_SIGNATURE_EDX)
        return 0;
    __asm__ volatile("cpuid" : "=a"(a), "=b"(b), "=c"(c), "=d"(d) : "0"(XENOLITH_CPUID_FIRST_LEAF + 1), "2"(0));
    return a;
}

static long tlb(unsigned long operation, unsigned long a3, unsigned long a4, unsigned long a5)
{
    return hypercall5(__HYPERVISOR_vcpu_op, operation, 0, a3, a4, a5);
}

static long version_to(unsigned long flags, unsigned long address)
{
    buffer[0] = 'x';
    return hypercall(flags | __HYPERVISOR_xen_version, XENVER_extraversion, address, 0, 0);
}

static long v2(unsigned long number, unsigned long operation, unsigned long a1, unsigned long a2)
{
    unsigned long cookie = 0;

    return hypercall_v2(number, operation, a1, a2, 0, &cookie);
}

static void test_v2(void)
{
    static struct xenolith_hctlb_call calls[70] __attribute__((__aligned__(8)));
    static uint64_t gfns[2];
    unsigned long cookie = 0, i;
    long port, pages;

    test("calls from 64 on");
    equal(v2(XENOLITH_V2_query, XENOLITH_V2_QUERY_version, 0, 0), XENOLITH_V2_VERSION, "version");
    HOLDS(v2(XENOLITH_V2_query, XENOLITH_V2_QUERY_operations, XENOLITH_V2_event, 0) & 1 << XENOLITH_V2_EVENT_send);
    equal(v2(XENOLITH_V2_query, XENOLITH_V2_QUERY_operations, 127, 0), -XEN_ENOENT, "operations of 127");
    port = v2(XENOLITH_V2_event, XENOLITH_V2_EVENT_bind_ipi, 0, 0);
    HOLDS(port > 0);
    equal(v2(XENOLITH_V2_event, XENOLITH_V2_EVENT_status, port, 0), EVTCHNSTAT_ipi, "status");
    equal(v2(XENOLITH_V2_event, XENOLITH_V2_EVENT_close, port, 0), 0, "close");
    equal(v2(XENOLITH_V2_vcpu, XENOLITH_V2_VCPU_own, 0, 0), 0, "own");
    equal(v2(XENOLITH_V2_vcpu, XENOLITH_V2_VCPU_switch_view, 0, 0), -XEN_EOPNOTSUPP, "switch_view without views");
    equal(v2(XENOLITH_V2_vcpu, XENOLITH_V2_VCPU_is_up, 1000, 0), -XEN_ENOENT, "is_up of vCPU 1000");
    equal(v2(XENOLITH_V2_query, XENOLITH_V2_QUERY_set_user_calls, 0, XENOLITH_USER_CALL_EVENT_SEND), 0, "set_user_calls");
    equal(v2(XENOLITH_V2_query, XENOLITH_V2_QUERY_user_calls, 0, 0), XENOLITH_USER_CALL_EVENT_SEND, "user_calls");
    equal(v2(XENOLITH_V2_query, XENOLITH_V2_QUERY_set_user_calls, 0, XENOLITH_USER_CALL_NONE), 0, "none again");

    test("calls from 64 on with lists");
    gfns[0] = FRAME(spare_page);
    pages = v2(XENOLITH_V2_memory, XENOLITH_V2_MEMORY_pages, 0, 0);
    equal(v2(XENOLITH_V2_memory, XENOLITH_V2_MEMORY_decrease, (unsigned long)gfns, 1), 1, "decrease");
    equal(v2(XENOLITH_V2_memory, XENOLITH_V2_MEMORY_pages, 0, 0), pages - 1, "pages");
    equal(v2(XENOLITH_V2_memory, XENOLITH_V2_MEMORY_populate, (unsigned long)gfns, 1), 1, "populate");
    for (i = 0; i < SIZE(calls); i++)
        calls[i] = (struct xenolith_hctlb_call){ .cmd = XENOLITH_VCPUOP_hctlb_query, .a3 = i == 69 ? 99 : XENOLITH_HCTLB_QUERY_CAPACITY };
    equal(hypercall_v2(XENOLITH_V2_hctlb, XENOLITH_V2_HCTLB_batch, (unsigned long)calls, SIZE(calls), 0, &cookie), -XEN_EAGAIN, "a part of a batch");
    HOLDS(cookie != 0);
    equal(hypercall_v2(XENOLITH_V2_hctlb, XENOLITH_V2_HCTLB_batch, (unsigned long)calls, SIZE(calls), 0, &cookie), 1, "the rest");
    equal(calls[68].result, 16, "a result");
    equal(calls[69].result, -XEN_EINVAL, "the last one");
    equal(hypercall_v2(XENOLITH_V2_hctlb, XENOLITH_V2_HCTLB_batch, (unsigned long)calls, SIZE(calls), 0, &cookie), -XEN_EBADF, "a cookie that was used");
}

void test_calls(void)
{
    uint32_t shown = features();
    unsigned long page = STRANGE / PAGE, physical = XENOLITH_CALL_F_GPA;

    test("ways to make calls that are hidden");
    if (shown == 0) {
        equal(tlb(XENOLITH_VCPUOP_hctlb_query, XENOLITH_HCTLB_QUERY_CAPACITY, 0, 0), -XEN_ENOSYS, "query");
        equal(version_to(physical, (unsigned long)buffer), -XEN_ENOSYS, "a guest-physical call");
        equal(v2(XENOLITH_V2_query, XENOLITH_V2_QUERY_version, 0, 0), -XEN_ENOSYS, "a call from 64 on");
        return;
    }
    skip("the domain is shown them");

    test("a hypercall TLB");
    HOLDS(shown & (1U << XENOLITH_CALL_FEATURE_TABLE));
    equal(tlb(XENOLITH_VCPUOP_hctlb_query, XENOLITH_HCTLB_QUERY_CAPACITY, 0, 0), 16, "capacity");
    equal(version_to(0, STRANGE), -XEN_EFAULT, "to where nothing is mapped");
    equal(tlb(XENOLITH_VCPUOP_hctlb_insert, page, FRAME(buffer), 1 << 8 | XENOLITH_HCTLB_WRITABLE), 0, "insert");
    equal(version_to(0, STRANGE), 0, "through the table");
    HOLDS(buffer[0] != 'x');
    equal(tlb(XENOLITH_VCPUOP_hctlb_insert, page, FRAME(buffer), 1 << 8), -XEN_EEXIST, "the same page again");
    equal(tlb(XENOLITH_VCPUOP_hctlb_insert, page, FRAME(buffer), 1 << 8 | XENOLITH_HCTLB_REPLACE), 0, "in its place, to be read only");
    equal(version_to(0, STRANGE), -XEN_EFAULT, "to what is only read");
    equal(tlb(XENOLITH_VCPUOP_hctlb_policy, 1, 0, 0), 0, "strict");
    equal(version_to(0, (unsigned long)buffer), -XEN_EFAULT, "to what the table does not know");
    equal(tlb(XENOLITH_VCPUOP_hctlb_policy, 0, 0, 0), 0, "not strict");
    equal(version_to(0, (unsigned long)buffer), 0, "to what the page tables know");
    equal(tlb(XENOLITH_VCPUOP_hctlb_purge, 0, 0, 0), 1, "purge");

    test("guest-physical calls");
    HOLDS(shown & (1U << XENOLITH_CALL_FEATURE_PHYSICAL));
    equal(version_to(physical, (unsigned long)buffer), 0, "to the buffer, which lies where it is mapped");
    HOLDS(buffer[0] != 'x');
    equal(version_to(physical, 0xFEE01000UL), -XEN_EFAULT, "to no memory");
    equal(hypercall(physical | 63, 0, 0, 0, 0), -XEN_ENOSYS, "a number that there is not");

    test("lists of frames");
    HOLDS(shown & (1U << XENOLITH_CALL_FEATURE_LISTS));
    list.length = PAGE;
    list.count = 1;
    list.gfn[0] = FRAME(buffer);
#ifdef __x86_64__
    equal(version_to(physical, XENOLITH_BUFFER_LIST(FRAME(&list), 0)), 0, "to the first byte");
    HOLDS(buffer[0] != 'x');
    equal(version_to(physical, XENOLITH_BUFFER_LIST(FRAME(&list), PAGE - 8)), -XEN_EFAULT, "over the end");
    equal(version_to(0, XENOLITH_BUFFER_LIST(FRAME(&list), 0)), -XEN_EFAULT, "by a call that is not guest-physical");
#else
    {
        /* A pointer of 64 bits within a structure. */
        struct xen_sysctl call = { .u.readconsole = { .count = 16 } };

        call.cmd = XEN_SYSCTL_readconsole;
        call.interface_version = XEN_SYSCTL_INTERFACE_VERSION;
        *(uint64_t *)&call.u.readconsole.buffer = XENOLITH_BUFFER_LIST(FRAME(&list), 32);
        buffer[32] = 0xEE;
        equal(hypercall(physical | __HYPERVISOR_sysctl, (unsigned long)&call, 0, 0, 0), 0, "readconsole");
        HOLDS(buffer[32] != 0xEE);
    }
#endif
    if (shown & 1U << XENOLITH_CALL_FEATURE_HIGH_NUMBERS)
        test_v2();
}
