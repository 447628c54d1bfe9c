/*
 * A control domain in C builds a domain of the kernel that it was given as a module: its own file. The child talks to it by event channel,
 * grant and ring (child.c), ends as it is told, is seen to, and is destroyed.
 */
#include "support.h"
#include "ring.h"
#include <xen/hvm/save.h>

#define START_INFO 0x7F0000UL
enum { MEBIBYTES = 8, WINDOW_FRAMES = 64, COMMAND_LINE = 0x100, MEMORY_MAP = 0x80, CONTEXT = 16384 };

static uint8_t context[CONTEXT] __attribute__((aligned(8)));
static evtchn_port_t deaths;
static unsigned served, different;

/* Pages of another domain in the window, where this one has no memory. */
static long map_foreign(domid_t id, unsigned long gfn, unsigned frames)
{
    static xen_ulong_t indices[WINDOW_FRAMES];
    static xen_pfn_t gfns[WINDOW_FRAMES];
    static int errors[WINDOW_FRAMES];
    struct xen_add_to_physmap_batch batch = { .domid = DOMID_SELF, .space = XENMAPSPACE_gmfn_foreign, .size = frames, .u.foreign_domid = id };
    unsigned i;
    long result;

    for (i = 0; i < frames; i++) {
        indices[i] = gfn + i;
        gfns[i] = WINDOW / PAGE + i;
    }
    set_xen_guest_handle(batch.idxs, indices);
    set_xen_guest_handle(batch.gpfns, gfns);
    set_xen_guest_handle(batch.errs, errors);
    result = CALL2(memory_op, XENMEM_add_to_physmap_batch, &batch);
    for (i = 0; !result && i < frames; i++)
        result = errors[i];
    return result;
}

static long unmap_foreign(unsigned frames)
{
    struct xen_remove_from_physmap remove = { .domid = DOMID_SELF };
    unsigned i;
    long result = 0;

    for (i = 0; !result && i < frames; i++) {
        remove.gpfn = WINDOW / PAGE + i;
        result = CALL2(memory_op, XENMEM_remove_from_physmap, &remove);
    }
    return result;
}

static long copy_in(domid_t id, unsigned long address, const uint8_t *from, unsigned long length)
{
    while (length) {
        unsigned long within = address % PAGE, room = WINDOW_FRAMES * PAGE - within, part = length < room ? length : room;
        unsigned frames = (within + part + PAGE - 1) / PAGE;
        long result = map_foreign(id, address / PAGE, frames);

        if (result)
            return result;
        memcpy((uint8_t *)WINDOW + within, from, part);
        result = unmap_foreign(frames);
        if (result)
            return result;
        address += part;
        from += part;
        length -= part;
    }
    return 0;
}

static unsigned long field(const uint8_t *at, unsigned size)
{
    unsigned long value = 0;

    memcpy(&value, at, size < sizeof(value) ? size : sizeof(value));
    return value;
}

/* An ELF file of either width: its segments go in, and the entry is its one note's. */
static long load(domid_t id, const uint8_t *file, uint32_t *entry)
{
    int wide = file[4] == 2;
    unsigned size = wide ? 8 : 4;
    const uint8_t *header = file + field(file + (wide ? 32 : 28), size);
    unsigned count = field(file + (wide ? 56 : 44), 2);
    long result = 0;

    for (; !result && count--; header += field(file + (wide ? 54 : 42), 2)) {
        const uint8_t *data = file + field(header + (wide ? 8 : 4), size);

        if (field(header, 4) == 1)
            result = copy_in(id, field(header + (wide ? 24 : 12), size), data, field(header + (wide ? 32 : 16), size));
        else if (field(header, 4) == 4)
            *entry = field(data + 16, 4);
    }
    return result;
}

static char *text(char *at, const char *words)
{
    while (*words)
        *at++ = *words++;
    *at = 0;
    return at;
}

static char *number(char *at, unsigned value)
{
    char digit[2] = { '0' + value % 10, 0 };

    if (value >= 10)
        at = number(at, value / 10);
    return text(at, digit);
}

static long write_start_info(domid_t id, const char *part, evtchn_port_t port, unsigned reason)
{
    struct hvm_start_info *start = (void *)WINDOW;
    struct hvm_memmap_table_entry *entry = (void *)(WINDOW + MEMORY_MAP);
    long result = map_foreign(id, START_INFO / PAGE, 1);

    if (result)
        return result;
    memset(start, 0, PAGE);
    start->magic = XEN_HVM_START_MAGIC_VALUE;
    start->version = 1;
    start->cmdline_paddr = START_INFO + COMMAND_LINE;
    start->memmap_paddr = START_INFO + MEMORY_MAP;
    start->memmap_entries = 1;
    entry->size = MEBIBYTES << 20;
    entry->type = XEN_HVM_MEMMAP_TYPE_RAM;
    number(text(number(text(text(text((char *)WINDOW + COMMAND_LINE, "child "), part), " port="), port), " reason="), reason);
    return unmap_foreign(1);
}

/* The header is the one that a get answers; behind it one vCPU's registers, and the end. */
static long set_registers(domid_t id, uint32_t entry)
{
    struct xen_domctl call = { 0 };
    struct hvm_save_descriptor *descriptor;
    struct hvm_hw_cpu *cpu;
    long result;

    call.u.hvmcontext.size = CONTEXT;
    set_xen_guest_handle(call.u.hvmcontext.buffer, context);
    result = domctl(XEN_DOMCTL_gethvmcontext, id, &call);
    if (result)
        return result;
    descriptor = (void *)(context + sizeof(*descriptor) + ((struct hvm_save_descriptor *)context)->length);
    *descriptor = (struct hvm_save_descriptor){ .typecode = HVM_SAVE_CODE(CPU), .length = HVM_SAVE_LENGTH(CPU) };
    cpu = (void *)(descriptor + 1);
    memset(cpu, 0, sizeof(*cpu));
    cpu->rbx = START_INFO;
    cpu->rip = entry;
    cpu->rflags = 2;
    cpu->cr0 = 0x11;
    cpu->dr6 = 0xFFFF0FF0;
    cpu->dr7 = 0x400;
    cpu->cs_limit = cpu->ds_limit = cpu->es_limit = cpu->ss_limit = 0xFFFFFFFF;
    cpu->tr_limit = 0x67;
    cpu->cs_arbytes = 0xC9B;
    cpu->ds_arbytes = cpu->es_arbytes = cpu->ss_arbytes = 0xC93;
    cpu->tr_arbytes = 0x8B;
    descriptor = (void *)(cpu + 1);
    *descriptor = (struct hvm_save_descriptor){ .typecode = HVM_SAVE_CODE(END) };
    call.u.hvmcontext.size = (uint8_t *)(descriptor + 1) - context;
    set_xen_guest_handle(call.u.hvmcontext.buffer, context);
    return domctl(XEN_DOMCTL_sethvmcontext, id, &call);
}

long create(unsigned vcpus, domid_t *id)
{
    struct xen_domctl call = { 0 };
    long result;

    call.u.createdomain = (struct xen_domctl_createdomain){
        .flags = XEN_DOMCTL_CDF_hvm | XEN_DOMCTL_CDF_hap, .max_vcpus = vcpus, .max_evtchn_port = 1023, .max_grant_frames = 64, .max_maptrack_frames = 1024,
        .grant_opts = XEN_DOMCTL_GRANT_version(2), .arch.emulation_flags = XEN_X86_EMU_LAPIC,
    };
    result = domctl(XEN_DOMCTL_createdomain, 0, &call);
    *id = call.domain;
    return result;
}

long set_up(domid_t id, unsigned vcpus, unsigned mebibytes)
{
    struct xen_domctl call = { 0 };
    long result;

    call.u.max_vcpus.max = vcpus;
    result = domctl(XEN_DOMCTL_max_vcpus, id, &call);
    call.u.max_mem.max_memkb = (uint64_t)mebibytes << 10;
    return result ? result : domctl(XEN_DOMCTL_max_mem, id, &call);
}

static long build(domid_t id, const char *part, evtchn_port_t port, unsigned reason)
{
    const struct hvm_modlist_entry *module = (void *)(unsigned long)boot->modlist_paddr;
    struct xen_memory_reservation memory = { .nr_extents = 1, .extent_order = 9, .domid = id };
    xen_pfn_t gfn;
    uint32_t entry = 0;
    long result = set_up(id, 2, MEBIBYTES);

    for (gfn = 0; !result && gfn < (MEBIBYTES << 20) / PAGE; gfn += 512) {
        set_xen_guest_handle(memory.extent_start, &gfn);
        result = CALL2(memory_op, XENMEM_populate_physmap, &memory) == 1 ? 0 : -XEN_ENOMEM;
    }
    if (!result)
        result = load(id, (const uint8_t *)(unsigned long)module->paddr, &entry);
    if (!result)
        result = write_start_info(id, part, port, reason);
    return result ? result : set_registers(id, entry);
}

static uint32_t flags_of(domid_t id)
{
    struct xen_domctl call = { 0 };

    return domctl(XEN_DOMCTL_getdomaininfo, id, &call) == 0 && call.domain == id ? call.u.getdomaininfo.flags : ~0U;
}

/* Other domains may have died meanwhile, or before. */
static void await_death(domid_t id, unsigned reason)
{
    uint32_t flags;

    do {
        if (!await_event(deaths))
            break;
        flags = flags_of(id);
    } while (!(flags & XEN_DOMINF_shutdown));
    flags = flags_of(id);
    HOLDS(flags & XEN_DOMINF_shutdown);
    equal(flags >> XEN_DOMINF_shutdownshift & XEN_DOMINF_shutdownmask, reason, "the reason");
}

/* Inverts the bytes that a request names, by copies of its grant there and back. */
static int16_t invert(domid_t id, const netif_tx_request_t *request)
{
    gnttab_copy_t copy = { .source = { .u.ref = request->gref, .domid = id, .offset = request->offset }, .len = request->size, .flags = GNTCOPY_source_gref,
                           .dest = { .u.gmfn = FRAME(buffer), .domid = DOMID_SELF } };
    unsigned i;

    if (CALL3(grant_table_op, GNTTABOP_copy, &copy, 1) || copy.status)
        return NETIF_RSP_ERROR;
    for (i = 0; i < request->size; i++) {
        different += buffer[i] != (uint8_t)(request->id * 7 + i);
        buffer[i] = ~buffer[i];
    }
    copy = (gnttab_copy_t){ .source = { .u.gmfn = FRAME(buffer), .domid = DOMID_SELF }, .len = request->size, .flags = GNTCOPY_dest_gref,
                            .dest = { .u.ref = request->gref, .domid = id, .offset = request->offset } };
    return CALL3(grant_table_op, GNTTABOP_copy, &copy, 1) || copy.status ? NETIF_RSP_ERROR : NETIF_RSP_OKAY;
}

/* The back end of the child's ring, up to the request of no bytes. */
static int serve(domid_t id, evtchn_port_t port)
{
    netif_tx_back_ring_t ring;
    netif_tx_request_t request;
    int wanted, more;

    BACK_RING_INIT(&ring, (netif_tx_sring_t *)WINDOW, PAGE);
    served = different = 0;
    for (;;) {
        while (RING_HAS_UNCONSUMED_REQUESTS(&ring)) {
            RING_COPY_REQUEST(&ring, ring.req_cons, &request);
            ring.req_cons++;
            if (!request.size)
                return 1;
            *RING_GET_RESPONSE(&ring, ring.rsp_prod_pvt) = (netif_tx_response_t){ .id = request.id, .status = invert(id, &request) };
            ring.rsp_prod_pvt++;
            served++;
        }
        RING_PUSH_RESPONSES_AND_CHECK_NOTIFY(&ring, wanted);
        if (wanted)
            send_event(port);
        RING_FINAL_CHECK_FOR_REQUESTS(&ring, more);
        if (!more && !await_event(port))
            return 0;
    }
}

static void ring_with(domid_t id, evtchn_port_t port)
{
    gnttab_map_grant_ref_t map = { .host_addr = WINDOW, .flags = GNTMAP_host_map, .ref = RING_REFERENCE, .dom = id };
    gnttab_unmap_grant_ref_t unmap = { .host_addr = WINDOW };

    equal(CALL3(grant_table_op, GNTTABOP_map_grant_ref, &map, 1), 0, "map_grant_ref");
    equal(map.status, GNTST_okay, "its status");
    equal(serve(id, port), 1, "requests up to the last");
    equal(served, REQUESTS, "requests");
    equal(different, 0, "bytes that are not the child's");
    unmap.handle = map.handle;
    equal(CALL3(grant_table_op, GNTTABOP_unmap_grant_ref, &unmap, 1), 0, "unmap_grant_ref");
    equal(unmap.status, GNTST_okay, "its status");
}

static void life(const char *name, const char *part, int has_ring, unsigned reason)
{
    struct evtchn_alloc_unbound channel = { .dom = DOMID_SELF };
    struct evtchn_close close;
    struct xen_domctl call = { 0 };
    domid_t id;

    test(name);
    if (!boot->nr_modules) {
        skip("no file was loaded to build a domain of");
        return;
    }
    equal(create(2, &id), 0, "createdomain");
    channel.remote_dom = id;
    equal(CALL2(event_channel_op, EVTCHNOP_alloc_unbound, &channel), 0, "alloc_unbound");
    equal(build(id, part, channel.port, reason), 0, "building it");
    HOLDS(flags_of(id) & XEN_DOMINF_paused);
    equal(domctl(XEN_DOMCTL_unpausedomain, id, &call), 0, "unpausedomain");
    equal(await_event(channel.port), 1, "its event");
    if (has_ring)
        ring_with(id, channel.port);
    send_event(channel.port);
    await_death(id, reason);
    close.port = channel.port;
    equal(CALL2(event_channel_op, EVTCHNOP_close, &close), 0, "close");
    equal(domctl(XEN_DOMCTL_destroydomain, id, &call), 0, "destroydomain");
    equal(domctl(XEN_DOMCTL_pausedomain, id, &call), -XEN_ESRCH, "it is gone");
}

void test_building(void)
{
    struct evtchn_bind_virq virq = { .virq = VIRQ_DOM_EXC, .vcpu = 0 };
    struct evtchn_close close;

    test("a VIRQ for deaths");
    equal(CALL2(event_channel_op, EVTCHNOP_bind_virq, &virq), 0, "bind_virq");
    deaths = virq.port;
    life("a child is built, talks and powers off", "talk", 0, SHUTDOWN_poweroff);
    life("a child is built, talks and reboots", "talk", 0, SHUTDOWN_reboot);
    life("a child is built, talks and crashes", "talk", 0, SHUTDOWN_crash);
    life("a child is built, talks and suspends", "talk", 0, SHUTDOWN_suspend);
    life("a child and its ring", "ring", 1, SHUTDOWN_poweroff);
    life("a child and its second vCPU", "vcpus", 0, SHUTDOWN_poweroff);
    close.port = deaths;
    equal(CALL2(event_channel_op, EVTCHNOP_close, &close), 0, "close");
}
