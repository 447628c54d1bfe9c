/* What the files of this guest share: the public headers, calls by either width's convention, output and results. */
#ifndef SUPPORT_H
#define SUPPORT_H

#include <stddef.h>
#include <stdint.h>

#define __XEN_INTERFACE_VERSION__ 0x00040e00
#define __XEN_TOOLS__ 1
#include <xen/xen.h>
#include <xen/version.h>
#include <xen/features.h>
#include <xen/memory.h>
#include <xen/physdev.h>
#include <xen/sched.h>
#include <xen/vcpu.h>
#include <xen/event_channel.h>
#include <xen/grant_table.h>
#include <xen/hvm/hvm_op.h>
#include <xen/hvm/params.h>
#include <xen/arch-x86/hvm/start_info.h>
#include <xen/domctl.h>
#include <xen/sysctl.h>
#include <xen/platform.h>
#include "../../../include/xenolith.h"
#define XEN_ERRNO(name, value) XEN_##name = value,
enum xen_errno {
#include <xen/errno.h>
};

#define PAGE 4096
#define SIZE(array) (sizeof(array) / sizeof(*(array)))
#define LONG_BITS (8 * sizeof(long))
#define FRAME(address) ((unsigned long)(address) / PAGE)

/* Nothing can be read or written here: not canonical; or, as a 32-bit guest's tables map all of its 4 GiB, where no memory is. */
#ifdef __x86_64__
#define NOWHERE 0x0000800000000000UL
#else
#define NOWHERE 0xF0000000UL
#endif

/* Width and paging of this build, behind the guest's name. */
#ifdef __x86_64__
#define NAME "c"
#elif defined(GUEST_PAE)
#define NAME "c32pae"
#else
#define NAME "c32"
#endif

long hypercall(unsigned long number, unsigned long a1, unsigned long a2, unsigned long a3, unsigned long a4);

long hypercall5(unsigned long number, unsigned long a1, unsigned long a2, unsigned long a3, unsigned long a4, unsigned long a5);

/* The cookie stands in the fifth argument's register, before and after. */
long hypercall_v2(unsigned long number, unsigned long a1, unsigned long a2, unsigned long a3, unsigned long a4, unsigned long *cookie);

#define CALL2(name, a, b) hypercall(__HYPERVISOR_##name, (unsigned long)(a), (unsigned long)(b), 0, 0)
#define CALL3(name, a, b, c) hypercall(__HYPERVISOR_##name, (unsigned long)(a), (unsigned long)(b), (unsigned long)(c), 0)

void put(const char *text);
void put_number(long value);
void end_line(void);

/* Ends the running test and begins another. The first difference of a test is its reason to fail. */
void test(const char *name);
void equal(long actual, long expected, const char *what);
#define HOLDS(condition) equal(!!(condition), 1, #condition)

extern uint8_t shared_page[PAGE], vcpu_page[PAGE], control_page[PAGE], words_page[PAGE], table_page[PAGE], spare_page[PAGE], buffer[PAGE];
#define shared ((struct shared_info *)shared_page)
#define own_info ((struct vcpu_info *)(vcpu_page + 64))

void *memset(void *to, int value, size_t count);
void *memcpy(void *to, const void *from, size_t count);
uint64_t now(const volatile struct vcpu_time_info *time);

/* The running test does not apply. */
void skip(const char *why);
/* Distinct operations that were called and are there. */
unsigned count_operations(void);

extern const struct hvm_start_info *boot;
extern volatile uint32_t second_vcpu_ran;
void second_vcpu(void);

/* Where there is no memory, and pages of others go. */
#define WINDOW 0x60000000UL

long domctl(uint32_t command, domid_t domain, struct xen_domctl *call);
long sysctl(uint32_t command, struct xen_sysctl *call);
long platform(uint32_t command, struct xen_platform_op *call);
/* A PVH domain without memory, as libxl asks for it; then its vCPUs and its limit. */
long create(unsigned vcpus, domid_t *id);
long set_up(domid_t id, unsigned vcpus, unsigned mebibytes);

long send_event(evtchn_port_t port);
/* Waits for an event, at most ten seconds, and takes it. Whether it came. */
int await_event(evtchn_port_t port);
/* Clears the bit of a port on two levels, and says whether it was set. */
int take_event(evtchn_port_t port);
/* XENMEM_add_to_physmap at a page of this guest's. */
long map_space(unsigned space, unsigned long index, void *page);
/* populate_physmap or decrease_reservation of one page of this guest's. */
long reservation(unsigned operation, void *page);
/* The command line. */
int has_word(const char *words, const char *word);
unsigned long number_in(const char *words, const char *name);
void child(const char *words);

/* By file. */
void test_information(const struct hvm_start_info *start);
void test_parameters(void);
void test_other_calls(void);
void test_memory(void);
void test_grants(void);
void test_vcpus(void);
void test_events(void);
void test_scheduling(void);
void test_fifo(void);
void test_machine(void);
void test_platform(void);
void test_control(void);
void test_building(void);
void test_calls(void);
void test_views(void);

#endif
