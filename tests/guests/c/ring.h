/* What both ends of the ring between a builder and its child share: Xen's own macros, with the barriers that they ask for. */
#ifndef RING_H
#define RING_H

#define xen_mb() __atomic_thread_fence(__ATOMIC_SEQ_CST)
#define xen_rmb() __asm__ volatile("" ::: "memory")
#define xen_wmb() __asm__ volatile("" ::: "memory")
#include <xen/io/netif.h>

enum { RING_REFERENCE = 8, FIRST_REFERENCE = 16, PAYLOADS = 8, REQUESTS = 300 };

#endif
