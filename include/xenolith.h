/* SPDX-License-Identifier: MIT */
/*
 * Generated from hv/abi/contract by build/Abi. Change that, not this.
 *
 * What Xenolith has beyond Xen's ABI: which calls a domain is shown (docs/exposure.md). Needs none of Xen's headers.
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
    XENOLITH_EXPOSURE_GROUP_VCPU = 2, /* vcpu_op */
    XENOLITH_EXPOSURE_GROUP_HVM = 3, /* hvm_op */
    XENOLITH_EXPOSURE_GROUP_DEVICE_MODEL = 6, /* dm_op */
    XENOLITH_EXPOSURE_GROUP_FEATURE = 8, /* features of XENVER_get_features */
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

#endif
