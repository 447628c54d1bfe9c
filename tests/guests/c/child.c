/*
 * A domain that a builder has built, this guest's or the one in C# (tests/guests/builder): binds the port that its command line names, plays
 * a part, and ends as it is told there. It has no console: what it finds wrong it says by another end.
 */
#include "support.h"

#include "ring.h"
#include <xen/hvm/hvm_vcpu.h>

static uint8_t ring_page[PAGE] __attribute__((aligned(PAGE)));
static uint8_t payloads[PAYLOADS][PAGE] __attribute__((aligned(PAGE)));
static evtchn_port_t port;

static void end(unsigned reason)
{
    struct sched_shutdown argument = { .reason = reason };

    CALL2(sched_op, SCHEDOP_shutdown, &argument);
    for (;;)
        __asm__ volatile("cli; hlt");
}

/* Ends by the watchdog's reason, which nobody asks for. */
static void require(int condition)
{
    if (!condition)
        end(SHUTDOWN_watchdog);
}

static void send(void)
{
    require(send_event(port) == 0);
}

static void await(void)
{
    while (!await_event(port))
        ;
}

static void grant(grant_ref_t reference, void *page)
{
    grant_entry_v1_t *entry = (grant_entry_v1_t *)table_page + reference;

    entry->domid = 0;
    entry->frame = FRAME(page);
    xen_wmb();
    entry->flags = GTF_permit_access;
}

static uint16_t marks(grant_ref_t reference)
{
    return ((volatile grant_entry_v1_t *)table_page)[reference].flags & (GTF_reading | GTF_writing);
}

static uint8_t *bytes_of(unsigned id)
{
    return payloads[id % PAYLOADS] + id * 37 % 4000;
}

static unsigned size_of(unsigned id)
{
    return 1 + id % 96;
}

static void check(unsigned id)
{
    unsigned i;

    for (i = 0; i < size_of(id); i++)
        require(bytes_of(id)[i] == (uint8_t)~(id * 7 + i));
}

/* The front end of a ring, by the macros of ring.h. A request names bytes, which come back inverted; one of no bytes is the last. */
static void exchange(void)
{
    netif_tx_sring_t *page = (netif_tx_sring_t *)ring_page;
    netif_tx_front_ring_t ring;
    unsigned made = 0, answered = 0, i;
    int wanted;

    require(map_space(XENMAPSPACE_grant_table, 0, table_page) == 0);
    SHARED_RING_INIT(page);
    FRONT_RING_INIT(&ring, page, PAGE);
    require(RING_SIZE(&ring) == 256);
    grant(RING_REFERENCE, ring_page);
    for (i = 0; i < PAYLOADS; i++)
        grant(FIRST_REFERENCE + i, payloads[i]);
    send();
    while (answered < REQUESTS) {
        for (; made < REQUESTS && made - answered < PAYLOADS; made++) {
            netif_tx_request_t *request = RING_GET_REQUEST(&ring, ring.req_prod_pvt);

            for (i = 0; i < size_of(made); i++)
                bytes_of(made)[i] = made * 7 + i;
            *request = (netif_tx_request_t){ .gref = FIRST_REFERENCE + made % PAYLOADS, .offset = (unsigned long)bytes_of(made) % PAGE, .id = made, .size = size_of(made) };
            ring.req_prod_pvt++;
        }
        RING_PUSH_REQUESTS_AND_CHECK_NOTIFY(&ring, wanted);
        if (wanted)
            send();
        while (RING_HAS_UNCONSUMED_RESPONSES(&ring)) {
            netif_tx_response_t *response = RING_GET_RESPONSE(&ring, ring.rsp_cons);

            require(response->status == 0 && response->id == answered);
            ring.rsp_cons++;
            check(answered++);
        }
        if (answered == REQUESTS || (made < REQUESTS && made - answered < PAYLOADS))
            continue;
        RING_FINAL_CHECK_FOR_RESPONSES(&ring, wanted);
        if (!wanted)
            await();
    }
    require(marks(RING_REFERENCE) == (GTF_reading | GTF_writing));
    *RING_GET_REQUEST(&ring, ring.req_prod_pvt) = (netif_tx_request_t){ 0 };
    ring.req_prod_pvt++;
    RING_PUSH_REQUESTS_AND_CHECK_NOTIFY(&ring, wanted);
    if (wanted)
        send();
    /* An event may be one of those before. */
    while (marks(RING_REFERENCE))
        await();
}

static long vcpu(unsigned operation, void *argument)
{
    return CALL3(vcpu_op, operation, 1, argument);
}

/* Another vCPU is started in protected mode without paging, says that it was there, and halts with interrupts off. */
static void start_another(void)
{
    struct vcpu_hvm_context context = { .mode = VCPU_HVM_MODE_32B };
    struct vcpu_runstate_info state;

    context.cpu_regs.x86_32 = (struct vcpu_hvm_x86_32){
        .eip = (unsigned long)second_vcpu, .cr0 = 0x11, .cs_limit = ~0U, .ds_limit = ~0U, .ss_limit = ~0U, .es_limit = ~0U, .tr_limit = 0x67,
        .cs_ar = 0xC93, .ds_ar = 0xC93, .ss_ar = 0xC93, .es_ar = 0xC93, .tr_ar = 0x8B,
    };
    require(vcpu(VCPUOP_is_up, 0) == 0);
    require(vcpu(VCPUOP_up, 0) == -XEN_EINVAL);
    require(vcpu(VCPUOP_initialise, (void *)NOWHERE) == -XEN_EFAULT);
    context.pad = 1;
    require(vcpu(VCPUOP_initialise, &context) == -XEN_EINVAL);
    context.pad = 0;
    require(vcpu(VCPUOP_initialise, &context) == -XEN_EINVAL);
    context.cpu_regs.x86_32.cs_ar = 0xC9B;
    require(vcpu(VCPUOP_initialise, &context) == 0);
    require(vcpu(VCPUOP_initialise, &context) == -XEN_EEXIST);
    require(vcpu(VCPUOP_is_up, 0) == 0);
    require(vcpu(VCPUOP_get_runstate_info, &state) == 0 && state.state == RUNSTATE_offline);
    require(vcpu(VCPUOP_up, 0) == 0);
    while (!second_vcpu_ran || vcpu(VCPUOP_is_up, 0))
        CALL2(sched_op, SCHEDOP_yield, 0);
    require(vcpu(VCPUOP_down, 0) == 0);
}

void child(const char *words)
{
    struct xen_hvm_param parameter = { .domid = DOMID_SELF, .index = HVM_PARAM_CALLBACK_IRQ, .value = (2ULL << 56) | 0xF3 };
    struct evtchn_bind_interdomain bind = { .remote_dom = 0, .remote_port = number_in(words, "port=") };

    /* This chooses the layout of shared_info. */
    require(CALL2(hvm_op, HVMOP_set_param, &parameter) == 0);
    require(map_space(XENMAPSPACE_shared_info, 0, shared_page) == 0);
    require(CALL2(event_channel_op, EVTCHNOP_bind_interdomain, &bind) == 0);
    port = bind.local_port;
    take_event(port);
    if (has_word(words, "ring")) {
        exchange();
    } else {
        if (has_word(words, "vcpus"))
            start_another();
        send();
        await();
    }
    end(number_in(words, "reason="));
}
