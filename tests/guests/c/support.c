#include "support.h"

uint8_t shared_page[PAGE] __attribute__((aligned(PAGE)));
uint8_t vcpu_page[PAGE] __attribute__((aligned(PAGE)));
uint8_t control_page[PAGE] __attribute__((aligned(PAGE)));
uint8_t words_page[PAGE] __attribute__((aligned(PAGE)));
uint8_t table_page[PAGE] __attribute__((aligned(PAGE)));
uint8_t spare_page[PAGE] __attribute__((aligned(PAGE)));
uint8_t buffer[PAGE] __attribute__((aligned(PAGE)));

const struct hvm_start_info *boot;

static int intel;
static unsigned passed, failed, skipped;

/* A bit an operation, by the call's number. */
static uint32_t exercised[64][4];

static void note(unsigned long number, unsigned long first, long result)
{
    unsigned operation;

    if (number >= SIZE(exercised) || result == -XEN_ENOSYS || first == NOWHERE)
        return;
    switch (number) {
    case __HYPERVISOR_domctl: case __HYPERVISOR_sysctl: case __HYPERVISOR_platform_op:
        operation = *(uint32_t *)first;
        break;
    case __HYPERVISOR_multicall: case __HYPERVISOR_set_timer_op:
        operation = 0;
        break;
    default:
        operation = first;
        break;
    }
    if (operation < 8 * sizeof(*exercised))
        exercised[number][operation / 32] |= 1U << operation % 32;
}

unsigned count_operations(void)
{
    unsigned i, count = 0;

    for (i = 0; i < 8 * sizeof(exercised); i++)
        count += exercised[i / 128][i / 32 % 4] >> i % 32 & 1;
    return count;
}

long hypercall(unsigned long number, unsigned long a1, unsigned long a2, unsigned long a3, unsigned long a4)
{
    return hypercall5(number, a1, a2, a3, a4, 0);
}

long hypercall5(unsigned long number, unsigned long a1, unsigned long a2, unsigned long a3, unsigned long a4, unsigned long a5)
{
    return hypercall_v2(number, a1, a2, a3, a4, &a5);
}

long hypercall_v2(unsigned long number, unsigned long a1, unsigned long a2, unsigned long a3, unsigned long a4, unsigned long *cookie)
{
    unsigned long first = a1, a5 = *cookie;
    long result;
#ifdef __x86_64__
    register unsigned long r10 __asm__("r10") = a4;
    register unsigned long r8 __asm__("r8") = a5;

    if (intel)
        __asm__ volatile("vmcall" : "=a"(result), "+D"(a1), "+S"(a2), "+d"(a3), "+r"(r10), "+r"(r8) : "0"(number) : "memory", "r9", "r11", "rcx");
    else
        __asm__ volatile("vmmcall" : "=a"(result), "+D"(a1), "+S"(a2), "+d"(a3), "+r"(r10), "+r"(r8) : "0"(number) : "memory", "r9", "r11", "rcx");
    a5 = r8;
#else
    if (intel)
        __asm__ volatile("vmcall" : "=a"(result), "+b"(a1), "+c"(a2), "+d"(a3), "+S"(a4), "+D"(a5) : "0"(number) : "memory");
    else
        __asm__ volatile("vmmcall" : "=a"(result), "+b"(a1), "+c"(a2), "+d"(a3), "+S"(a4), "+D"(a5) : "0"(number) : "memory");
#endif
    *cookie = a5;
    note(number, first, result);
    return result;
}

long domctl(uint32_t command, domid_t domain, struct xen_domctl *call)
{
    call->cmd = command;
    call->interface_version = XEN_DOMCTL_INTERFACE_VERSION;
    call->domain = domain;
    return hypercall(__HYPERVISOR_domctl, (unsigned long)call, 0, 0, 0);
}

long sysctl(uint32_t command, struct xen_sysctl *call)
{
    call->cmd = command;
    call->interface_version = XEN_SYSCTL_INTERFACE_VERSION;
    return hypercall(__HYPERVISOR_sysctl, (unsigned long)call, 0, 0, 0);
}

long platform(uint32_t command, struct xen_platform_op *call)
{
    call->cmd = command;
    call->interface_version = XENPF_INTERFACE_VERSION;
    return hypercall(__HYPERVISOR_platform_op, (unsigned long)call, 0, 0, 0);
}

void *memset(void *to, int value, size_t count)
{
    uint8_t *at = to;

    while (count--)
        *at++ = value;
    return to;
}

void *memcpy(void *to, const void *from, size_t count)
{
    uint8_t *at = to;
    const uint8_t *source = from;

    while (count--)
        *at++ = *source++;
    return to;
}

/* The published clock; the multiplication in two halves, for want of 128 bits in 32-bit code. */
uint64_t now(const volatile struct vcpu_time_info *time)
{
    uint32_t version, low, high;
    uint64_t delta, result;

    do {
        version = time->version;
        __asm__ volatile("lfence; rdtsc" : "=a"(low), "=d"(high) :: "memory");
        delta = (((uint64_t)high << 32) | low) - time->tsc_timestamp;
        delta = time->tsc_shift < 0 ? delta >> -time->tsc_shift : delta << time->tsc_shift;
        result = time->system_time + (delta >> 32) * time->tsc_to_system_mul + (((delta & 0xFFFFFFFF) * time->tsc_to_system_mul) >> 32);
        __asm__ volatile("" ::: "memory");
    } while ((version & 1) || version != time->version);
    return result;
}

int take_event(evtchn_port_t port)
{
    unsigned long bit = 1UL << port % LONG_BITS;

    return !!(__atomic_fetch_and(&shared->evtchn_pending[port / LONG_BITS], ~bit, __ATOMIC_SEQ_CST) & bit);
}

long send_event(evtchn_port_t port)
{
    struct evtchn_send argument = { .port = port };

    return CALL2(event_channel_op, EVTCHNOP_send, &argument);
}

int await_event(evtchn_port_t port)
{
    const volatile struct vcpu_time_info *time = has_word((const char *)(unsigned long)boot->cmdline_paddr, "child") ? &shared->vcpu_info[0].time : &own_info->time;
    struct sched_poll poll = { .nr_ports = 1, .timeout = now(time) + 10000000000ULL };

    set_xen_guest_handle(poll.ports, &port);
    while (!take_event(port)) {
        if (now(time) >= poll.timeout)
            return 0;
        CALL2(sched_op, SCHEDOP_poll, &poll);
    }
    return 1;
}

long map_space(unsigned space, unsigned long index, void *page)
{
    struct xen_add_to_physmap map = { .domid = DOMID_SELF, .space = space, .idx = index, .gpfn = FRAME(page) };

    return CALL2(memory_op, XENMEM_add_to_physmap, &map);
}

/* Where the text begins at the start of a word, behind it; or NULL. */
static const char *behind(const char *words, const char *text)
{
    const char *at, *rest;

    for (at = words; *at; at++) {
        const char *mine = at;

        if (at != words && at[-1] != ' ')
            continue;
        for (rest = text; *rest && *mine == *rest; rest++)
            mine++;
        if (!*rest)
            return mine;
    }
    return NULL;
}

int has_word(const char *words, const char *word)
{
    const char *end = behind(words, word);

    return end && (!*end || *end == ' ');
}

unsigned long number_in(const char *words, const char *name)
{
    const char *digits = behind(words, name);
    unsigned long number = 0;

    while (digits && *digits >= '0' && *digits <= '9')
        number = number * 10 + (*digits++ - '0');
    return number;
}

/* Output. */

static char line[512];
static size_t line_length;

void put(const char *text)
{
    while (*text && line_length < sizeof(line) - 1)
        line[line_length++] = *text++;
}

void put_number(long value)
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

void end_line(void)
{
    put("\n");
    CALL3(console_io, CONSOLEIO_write, line_length, line);
    line_length = 0;
}

/* Results. */

static const char *running;
static int bad, skips;

static void finish_test(void)
{
    if (!running)
        return;
    if (bad) {
        failed++;
    } else if (skips) {
        skipped++;
    } else {
        passed++;
        put("test ");
        put(running);
        put(": passed");
        end_line();
    }
    running = NULL;
}

void test(const char *name)
{
    finish_test();
    running = name;
    bad = skips = 0;
}

void skip(const char *why)
{
    skips = 1;
    put("test ");
    put(running);
    put(": skipped: ");
    put(why);
    end_line();
}

void equal(long actual, long expected, const char *what)
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

void guest_main(const struct hvm_start_info *start);

void guest_main(const struct hvm_start_info *start)
{
    struct sched_shutdown argument = { .reason = SHUTDOWN_poweroff };
    uint32_t a = 0, b, c, d;

    __asm__ volatile("cpuid" : "+a"(a), "=b"(b), "=c"(c), "=d"(d));
    intel = b == 0x756E6547;
    boot = start;
    if (has_word((const char *)(unsigned long)start->cmdline_paddr, "child"))
        child((const char *)(unsigned long)start->cmdline_paddr);
    put("guest " NAME ": start");
    end_line();
    test_information(start);
    test_parameters();
    test_memory();
    test_vcpus();
    test_events();
    test_scheduling();
    test_grants();
    test_other_calls();
    test_machine();
    test_platform();
    test_control();
    test_building();
    test_fifo();
    test_calls();
    test_views();
    test("at least 120 distinct operations");
    HOLDS(count_operations() >= 120);
    finish_test();
    put("guest " NAME ": ");
    put_number(count_operations());
    put(" distinct operations");
    end_line();
    put("guest " NAME ": ");
    put_number(passed);
    put(" passed, ");
    put_number(failed);
    put(" failed, ");
    put_number(skipped);
    put(" skipped");
    end_line();
    CALL2(sched_op, SCHEDOP_shutdown, &argument);
    for (;;)
        __asm__ volatile("cli; hlt");
}
