/* SPDX-License-Identifier: MIT */
/*
 * Generated from hv/abi/contract by build/Abi. Change that, not this.
 *
 * What Xenolith has beyond Xen's ABI: which calls a domain is shown (docs/exposure.md), and ways to make them (docs/hypercall-tlb.md). Needs none of Xen's headers.
 */
#ifndef XENOLITH_H
#define XENOLITH_H

#include <stdint.h>

/* A domctl of the control domain: struct xenolith_domctl_exposure is in the union of struct xen_domctl. */
#define XENOLITH_DOMCTL_exposure 0x4D000001

/* What it does; bits is in or out. */
enum xenolith_exposure_op {
    XENOLITH_EXPOSURE_OP_LIST = 0, /* out: which groups there are, by their numbers; group is not looked at */
    XENOLITH_EXPOSURE_OP_GET = 1, /* out: what the group shows */
    XENOLITH_EXPOSURE_OP_SET = 2, /* in: that, until the domain runs */
    XENOLITH_EXPOSURE_OP_GET_MAXIMUM = 3, /* out: the most that the group can show here */
    XENOLITH_EXPOSURE_OP_FREEZE = 4 /* nothing is set from now on; group and bits are not looked at */
};

/* The groups of calls that are told apart. Bit N of a group stands for hypercall, operation or feature N. */
enum xenolith_exposure_group {
    XENOLITH_EXPOSURE_GROUP_NUMBER = 0, /* hypercalls 0 to 63 */
    XENOLITH_EXPOSURE_GROUP_HIGH_NUMBER = 1, /* hypercalls 64 to 127 */
    XENOLITH_EXPOSURE_GROUP_VCPU = 2, /* vcpu_op */
    XENOLITH_EXPOSURE_GROUP_HVM = 3, /* hvm_op */
    XENOLITH_EXPOSURE_GROUP_ALTP2M_INSIDE = 4, /* subops of HVMOP_altp2m, of the domain itself; ours are bits 32 and up */
    XENOLITH_EXPOSURE_GROUP_ALTP2M_OUTSIDE = 5, /* the same of other domains on it */
    XENOLITH_EXPOSURE_GROUP_DEVICE_MODEL = 6, /* dm_op */
    XENOLITH_EXPOSURE_GROUP_FEATURE = 8, /* features of XENVER_get_features */
    XENOLITH_EXPOSURE_GROUP_CALL_FEATURE = 9, /* ways to make calls: enum xenolith_call_feature */
    XENOLITH_EXPOSURE_GROUP_MEMORY = 10, /* memory_op */
    XENOLITH_EXPOSURE_GROUP_EVENT_CHANNEL = 11, /* event_channel_op */
    XENOLITH_EXPOSURE_GROUP_GRANT_TABLE = 12, /* grant_table_op */
    XENOLITH_EXPOSURE_GROUP_SCHED = 13, /* sched_op */
    XENOLITH_EXPOSURE_GROUP_VERSION = 14, /* xen_version */
    XENOLITH_EXPOSURE_GROUP_PHYSDEV = 15 /* physdev_op */
};

/* The rest of the union is not looked at. */
struct xenolith_domctl_exposure {
    uint32_t command;
    uint32_t group;
    uint64_t bits __attribute__((__aligned__(8)));
};

/* The type of a record in an HVM context, of instance 0: an entry for each group that differs from the default, and no record when none does. */
#define XENOLITH_HVM_SAVE_CODE_exposure 0x4D01

struct xenolith_exposure_entry {
    uint32_t group;
    uint32_t zero;
    uint64_t bits __attribute__((__aligned__(8)));
};

/* Of the instance of a vCPU that makes its calls otherwise than a fresh one: the structure, and count of the other. */
#define XENOLITH_HVM_SAVE_CODE_hctlb 0x4D02

struct xenolith_hctlb_state {
    uint32_t table;
    uint32_t strict;
    uint32_t user_calls;
    uint32_t count;
};

struct xenolith_hctlb_saved {
    uint64_t page __attribute__((__aligned__(8)));
    uint64_t pages __attribute__((__aligned__(8)));
    uint64_t gfn __attribute__((__aligned__(8)));
    uint64_t root __attribute__((__aligned__(8)));
    uint32_t flags;
    uint32_t zero;
};

/* Of the instance of a view: the structure, and runs of the other. */
#define XENOLITH_HVM_SAVE_CODE_view 0x4D03

struct xenolith_view_state {
    uint16_t default_access;
    uint8_t flags;
    uint8_t mode;
    uint32_t runs;
};

struct xenolith_view_run {
    uint64_t gfn __attribute__((__aligned__(8)));
    uint64_t target __attribute__((__aligned__(8)));
    uint32_t frames;
    uint8_t access;
    uint8_t suppress_ve;
    uint16_t zero;
};

/* Of the instance of each vCPU of a domain that has views. */
#define XENOLITH_HVM_SAVE_CODE_vcpu_view 0x4D04

struct xenolith_vcpu_view_state {
    uint16_t view;
    uint16_t chooses;
    uint32_t zero;
    uint64_t notify_gfn __attribute__((__aligned__(8)));
};

/* An operation of XEN_DOMCTL_monitor_op. With event not 0 the three words of padding of each event are its number, the low one first. */
#define XENOLITH_MONITOR_OP_number_events 0x584E0001

/* Another. With event not 0 there are events of the reason behind, of remaps of views that are lost; none waits for an answer, which it needs all the same. */
#define XENOLITH_MONITOR_OP_tell_lost_remaps 0x584E0002
#define XENOLITH_VM_EVENT_REASON_lost_remap 0x4D00

/* In the union u of such an event. */
struct xenolith_vm_event_lost_remaps {
    uint64_t count __attribute__((__aligned__(8)));
};

/* For EVTCHNOP_bind_virq, once a domain, where its views' options say so. */
#define XENOLITH_VIRQ_lost_remap 0x4D00

/*
 * Ways to make calls. CPUID tells of them: while a domain is shown one, the leaf below has its signature in EBX, ECX, EDX, and the next one bits of
 * enum xenolith_call_feature in EAX, entries of a table in EBX, tables that can be shared in ECX, and log2 of an entry's most pages in EDX.
 */
#define XENOLITH_CPUID_FIRST_LEAF 0x40000100
#define XENOLITH_CPUID_SIGNATURE_EBX 0x6F6E6558
#define XENOLITH_CPUID_SIGNATURE_ECX 0x6874696C
#define XENOLITH_CPUID_SIGNATURE_EDX 0x6C6C6143
#define XENOLITH_CPUID_NUM_LEAVES 0x1

enum xenolith_call_feature {
    XENOLITH_CALL_FEATURE_TABLE = 0, /* hypercall TLBs: XENOLITH_VCPUOP_hctlb_query, insert, purge and share */
    XENOLITH_CALL_FEATURE_PHYSICAL = 1, /* XENOLITH_CALL_F_GPA */
    XENOLITH_CALL_FEATURE_HIGH_NUMBERS = 2, /* calls from number 64 on */
    XENOLITH_CALL_FEATURE_LISTS = 3, /* struct xenolith_buffer_list */
    XENOLITH_CALL_FEATURE_STRICT = 4, /* XENOLITH_VCPUOP_hctlb_policy */
    XENOLITH_CALL_FEATURE_USER = 5 /* calls from user mode that a kernel allows */
};

/* Or it into a call's number: all pointers of the call are guest-physical. */
#define XENOLITH_CALL_F_GPA 0x20000000

/* vcpu_op: cmd, vcpuid and three numbers, all in registers. */
#define XENOLITH_VCPUOP_hctlb_query 0x4D00
#define XENOLITH_VCPUOP_hctlb_insert 0x4D01
#define XENOLITH_VCPUOP_hctlb_purge 0x4D02
#define XENOLITH_VCPUOP_hctlb_share 0x4D03
#define XENOLITH_VCPUOP_hctlb_policy 0x4D04

/* query: this, 0, 0 */
enum xenolith_hctlb_query {
    XENOLITH_HCTLB_QUERY_CAPACITY = 0, /* entries of a table */
    XENOLITH_HCTLB_QUERY_USED = 1, /* entries in use */
    XENOLITH_HCTLB_QUERY_TABLE = 2, /* the vCPU whose table it is */
    XENOLITH_HCTLB_QUERY_POLICY = 3 /* 1: strict */
};

/* insert: virtual page number, gfn, pages << 8 | flags; purge: virtual page number, pages or 0, flags */
enum xenolith_hctlb {
    XENOLITH_HCTLB_NONE = 0, /* calls only read there */
    XENOLITH_HCTLB_WRITABLE = 1, /* calls may write there */
    XENOLITH_HCTLB_OF_ADDRESS_SPACE = 4, /* for the caller's page tables only */
    XENOLITH_HCTLB_REPLACE = 8, /* in the place of what it overlaps */
    XENOLITH_HCTLB_PINNED = 16, /* outlives a reset of the vCPU */
    XENOLITH_HCTLB_ALL = 29 /* all that there are */
};

/* Calls from 64 on: VMCALL or VMMCALL with numbers and guest-physical addresses, the operation first. docs/v2-calls.md */
#define XENOLITH_V2_FIRST 0x40
#define XENOLITH_V2_VERSION 0x1
#define XENOLITH_V2_HCTLB_MOST 0x200
#define XENOLITH_V2_MEMORY_MOST 0x100000
#define XENOLITH_V2_PAUSED_MOST 0x10

/* xenolith_query: op, a1, a2 */
#define XENOLITH_V2_query 0x40
#define XENOLITH_V2_QUERY_version 0x0
#define XENOLITH_V2_QUERY_operations 0x1
#define XENOLITH_V2_QUERY_user_calls 0x2
#define XENOLITH_V2_QUERY_set_user_calls 0x3

/* xenolith_hctlb: op, list, count, a3, cookie */
#define XENOLITH_V2_hctlb 0x41
#define XENOLITH_V2_HCTLB_batch 0x0

/* xenolith_event: op, a1, a2 */
#define XENOLITH_V2_event 0x42
#define XENOLITH_V2_EVENT_bind_interdomain 0x0
#define XENOLITH_V2_EVENT_bind_virq 0x1
#define XENOLITH_V2_EVENT_close 0x3
#define XENOLITH_V2_EVENT_send 0x4
#define XENOLITH_V2_EVENT_status 0x5
#define XENOLITH_V2_EVENT_alloc_unbound 0x6
#define XENOLITH_V2_EVENT_bind_ipi 0x7
#define XENOLITH_V2_EVENT_bind_vcpu 0x8
#define XENOLITH_V2_EVENT_unmask 0x9

/* xenolith_vcpu: op, vcpuid */
#define XENOLITH_V2_vcpu 0x43
#define XENOLITH_V2_VCPU_up 0x1
#define XENOLITH_V2_VCPU_down 0x2
#define XENOLITH_V2_VCPU_is_up 0x3
#define XENOLITH_V2_VCPU_send_nmi 0xB
#define XENOLITH_V2_VCPU_own 0x20
#define XENOLITH_V2_VCPU_switch_view 0x21

/* xenolith_memory: op, list, count, a3, cookie */
#define XENOLITH_V2_memory 0x45
#define XENOLITH_V2_MEMORY_populate 0x0
#define XENOLITH_V2_MEMORY_decrease 0x1
#define XENOLITH_V2_MEMORY_pages 0x2
#define XENOLITH_V2_MEMORY_most_pages 0x3
#define XENOLITH_V2_MEMORY_maximum_gfn 0x4

/* A call of XENOLITH_V2_HCTLB_batch. */
struct xenolith_hctlb_call {
    uint32_t cmd;
    uint32_t vcpuid;
    uint64_t a3 __attribute__((__aligned__(8)));
    uint64_t a4 __attribute__((__aligned__(8)));
    uint64_t a5 __attribute__((__aligned__(8)));
    int64_t result __attribute__((__aligned__(8)));
};

/* What a kernel leaves to its user mode: bits for XENOLITH_V2_QUERY_set_user_calls. */
enum xenolith_user_call {
    XENOLITH_USER_CALL_NONE = 0, /* nothing */
    XENOLITH_USER_CALL_QUERY_VERSION = 1, /* XENOLITH_V2_QUERY_version */
    XENOLITH_USER_CALL_QUERY_OPERATIONS = 2, /* XENOLITH_V2_QUERY_operations */
    XENOLITH_USER_CALL_EVENT_SEND = 4, /* XENOLITH_V2_EVENT_send */
    XENOLITH_USER_CALL_EVENT_STATUS = 8, /* XENOLITH_V2_EVENT_status */
    XENOLITH_USER_CALL_EVENT_UNMASK = 16, /* XENOLITH_V2_EVENT_unmask */
    XENOLITH_USER_CALL_VCPU_IS_UP = 32, /* XENOLITH_V2_VCPU_is_up */
    XENOLITH_USER_CALL_VCPU_OWN = 64, /* XENOLITH_V2_VCPU_own */
    XENOLITH_USER_CALL_ALL = 127 /* all that there are */
};

/* A page of a list; XENOLITH_BUFFER_LIST makes what is passed in the place of a guest-physical address, of 64 bits. */
struct xenolith_buffer_list {
    uint64_t length __attribute__((__aligned__(8)));
    uint64_t count __attribute__((__aligned__(8)));
    uint64_t next __attribute__((__aligned__(8)));
    uint64_t gfn[509] __attribute__((__aligned__(8)));
};

#define XENOLITH_BUFFER_LIST(first_page_gfn, offset) \
    ((uint64_t)1 << 63 | (uint64_t)(first_page_gfn) << 30 | (uint64_t)(offset))

/* Subops of HVMOP_altp2m beside Xen's; each structure is in the union of struct xen_hvm_altp2m_op, whose rest is not looked at. docs/altp2m.md */
#define XENOLITH_ALTP2M_capabilities 0x4D00
#define XENOLITH_ALTP2M_describe 0x4D01
#define XENOLITH_ALTP2M_switch_vcpu 0x4D02
#define XENOLITH_ALTP2M_next_lost 0x4D03
#define XENOLITH_ALTP2M_transaction 0x4D04

/* A domctl of the control domain: struct xenolith_domctl_altp2m is in the union of struct xen_domctl, whose rest is not looked at. */
#define XENOLITH_DOMCTL_altp2m 0x4D000002

/* What it does. */
enum xenolith_altp2m_setting_op {
    XENOLITH_ALTP2M_SETTING_OP_GET = 0, /* out: how the domain's views are to be */
    XENOLITH_ALTP2M_SETTING_OP_SET = 1 /* in: that, once, before there are any */
};

/* How views are, otherwise than Xen's: bits. */
enum xenolith_altp2m_option {
    XENOLITH_ALTP2M_OPTION_SELF_FIRST = 1, /* what the domain itself restricts is told to itself first, and what nobody is told of ends it */
    XENOLITH_ALTP2M_OPTION_LOST_VIRQ = 2 /* the domain can bind XENOLITH_VIRQ_lost_remap, the VIRQ of its own remaps that are lost */
};

struct xenolith_domctl_altp2m {
    uint32_t command;
    uint32_t views;
    uint64_t options __attribute__((__aligned__(8)));
};

/* What there is of views: bits. */
enum xenolith_altp2m_feature {
    XENOLITH_ALTP2M_FEATURE_HARDWARE_SWITCH = 1, /* VMFUNC by the processor alone */
    XENOLITH_ALTP2M_FEATURE_HARDWARE_EXCEPTION = 2 /* #VE by the processor alone */
};

/* What a change is about: bits. */
enum xenolith_altp2m_what {
    XENOLITH_ALTP2M_WHAT_TARGET = 1, /* target, before the others */
    XENOLITH_ALTP2M_WHAT_ACCESS = 2, /* access */
    XENOLITH_ALTP2M_WHAT_SUPPRESS_VE = 4 /* suppress_ve */
};

struct xenolith_altp2m_capabilities {
    uint16_t limit;
    uint16_t views;
    uint32_t refused;
    uint32_t features;
    uint32_t table_limit;
    uint32_t table_frames;
    uint32_t remaps;
    uint64_t lost __attribute__((__aligned__(8)));
};

struct xenolith_altp2m_view {
    uint16_t view;
    uint16_t default_access;
    uint16_t visible;
    uint16_t vcpus;
    uint32_t remaps;
    uint32_t table_frames;
};

struct xenolith_altp2m_switch_vcpu {
    uint32_t vcpu_id;
    uint16_t view;
    uint16_t pad;
};

struct xenolith_altp2m_lost {
    uint16_t view;
    uint16_t pad1;
    uint32_t pad2;
    uint64_t gfn __attribute__((__aligned__(8)));
    uint64_t target __attribute__((__aligned__(8)));
};

struct xenolith_altp2m_transaction {
    uint32_t nr;
    uint32_t failed;
    uint64_t changes __attribute__((__aligned__(8)));
};

struct xenolith_altp2m_change {
    uint64_t gfn __attribute__((__aligned__(8)));
    uint64_t target __attribute__((__aligned__(8)));
    uint16_t view;
    uint16_t what;
    uint8_t access;
    uint8_t suppress_ve;
    uint16_t pad;
};

#endif
