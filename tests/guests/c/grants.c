/*
 * grant_table_op, as far as a lone domain goes: it grants to itself, under its number, 0. Xen takes a page of one's own away from where it
 * was when it is mapped by a grant, so each mapping has a page of its own.
 */
#include "support.h"

enum { SELF = 0, NOBODY = 77, REFERENCE = 9, OTHER = 10, PAST_END = 0x100000, FRESH = 8 };

#define BUSY (GTF_reading | GTF_writing)

static uint8_t fresh_pages[FRESH][PAGE] __attribute__((aligned(PAGE)));
static uint8_t target_page[PAGE] __attribute__((aligned(PAGE)));
static uint8_t plain_page[PAGE] __attribute__((aligned(PAGE)));
static uint8_t status_page[PAGE] __attribute__((aligned(PAGE)));
static unsigned next_fresh;

#define entries ((volatile grant_entry_v1_t *)table_page)
#define entries2 ((volatile union grant_entry_v2 *)table_page)
#define statuses ((volatile grant_status_t *)status_page)
#define word(page) (*(volatile uint64_t *)(page))

static long grants(unsigned operation, void *argument)
{
    return CALL3(grant_table_op, operation, argument, 1);
}

static void *fresh(void)
{
    void *page = fresh_pages[next_fresh++];

    word(page) = 0x1111;
    return page;
}

static void grant(grant_ref_t reference, void *page, uint16_t flags)
{
    entries[reference].domid = SELF;
    entries[reference].frame = FRAME(page);
    entries[reference].flags = flags;
}

static gnttab_map_grant_ref_t map(grant_ref_t reference, uint32_t flags, domid_t granter)
{
    gnttab_map_grant_ref_t argument = { .host_addr = (unsigned long)target_page, .flags = flags, .ref = reference, .dom = granter, .status = 99 };

    equal(grants(GNTTABOP_map_grant_ref, &argument), 0, "map_grant_ref");
    return argument;
}

static int unmap(grant_handle_t handle)
{
    gnttab_unmap_grant_ref_t argument = { .host_addr = (unsigned long)target_page, .handle = handle, .status = 99 };

    equal(grants(GNTTABOP_unmap_grant_ref, &argument), 0, "unmap_grant_ref");
    return argument.status;
}

static int copy(unsigned long from, unsigned long to, uint16_t flags, uint16_t offset, uint16_t length)
{
    gnttab_copy_t argument = { .len = length, .flags = flags, .status = 99 };

    argument.source.domid = flags & GNTCOPY_source_gref ? SELF : DOMID_SELF;
    argument.dest.domid = flags & GNTCOPY_dest_gref ? SELF : DOMID_SELF;
    argument.source.offset = offset;
    if (flags & GNTCOPY_source_gref)
        argument.source.u.ref = from;
    else
        argument.source.u.gmfn = from;
    if (flags & GNTCOPY_dest_gref)
        argument.dest.u.ref = to;
    else
        argument.dest.u.gmfn = to;
    equal(grants(GNTTABOP_copy, &argument), 0, "copy");
    return argument.status;
}

static long set_version(uint32_t version)
{
    gnttab_set_version_t argument = { .version = version };

    return grants(GNTTABOP_set_version, &argument);
}

static void test_table(void)
{
    gnttab_query_size_t size = { .dom = DOMID_SELF };
    gnttab_get_version_t current = { .dom = DOMID_SELF };
    gnttab_setup_table_t setup = { .dom = DOMID_SELF, .nr_frames = 1 };
    xen_pfn_t frame = 0;

    test("grant table");
    equal(grants(GNTTABOP_query_size, &size), 0, "query_size");
    equal(size.status, GNTST_okay, "its status");
    HOLDS(size.nr_frames <= size.max_nr_frames && size.max_nr_frames > 0);
    equal(CALL3(grant_table_op, GNTTABOP_query_size, &size, 2), -XEN_EINVAL, "query_size, two at once");
    equal(grants(GNTTABOP_query_size, (void *)NOWHERE), -XEN_EFAULT, "query_size from where nothing is");
    set_xen_guest_handle(setup.frame_list, &frame);
    equal(grants(GNTTABOP_setup_table, &setup), 0, "setup_table");
    equal(setup.status, GNTST_okay, "its status");
    equal(set_version(1), 0, "set_version");
    equal(set_version(3), -XEN_EINVAL, "set_version 3");
    equal(grants(GNTTABOP_get_version, &current), 0, "get_version");
    equal(current.version, 1, "the version");
    current.dom = NOBODY;
    equal(grants(GNTTABOP_get_version, &current), -XEN_ESRCH, "get_version of domain 77");
    equal(grants(GNTTABOP_dump_table, buffer), -XEN_ENOSYS, "dump_table");
    equal(grants(GNTTABOP_transfer, buffer), -XEN_ENOSYS, "transfer");
    equal(grants(GNTTABOP_unmap_and_replace, buffer), -XEN_ENOSYS, "unmap_and_replace");
    equal(grants(GNTTABOP_get_status_frames, buffer), -XEN_ENOSYS, "get_status_frames");
    equal(grants(GNTTABOP_cache_flush, buffer), -XEN_ENOSYS, "cache_flush");
    equal(grants(99, buffer), -XEN_ENOSYS, "operation 99");
    equal(map_space(XENMAPSPACE_grant_table, 0, table_page), 0, "the table's frame");
}

static void test_mapping(void)
{
    gnttab_map_grant_ref_t first;

    test("grant map and unmap");
    equal(reservation(XENMEM_decrease_reservation, target_page), 1, "room for mappings");
    grant(REFERENCE, fresh(), GTF_permit_access);
    first = map(REFERENCE, GNTMAP_host_map, SELF);
    equal(first.status, GNTST_okay, "status");
    HOLDS(first.dev_bus_addr != 0);
    equal(entries[REFERENCE].flags & BUSY, BUSY, "marks of the entry");
    equal(word(target_page), 0x1111, "what is read through the mapping");
    word(target_page + 4088) = 0x2222;
    equal(copy(REFERENCE, FRAME(plain_page), GNTCOPY_source_gref, 0, 4096), GNTST_okay, "copying the grant");
    equal(word(plain_page + 4088), 0x2222, "what was written through it");
    equal(grants(GNTTABOP_query_size, target_page), -XEN_EFAULT, "an argument in the mapping");
    equal(unmap(first.handle + 1), GNTST_bad_handle, "unmapping the next handle");
    equal(unmap(first.handle), GNTST_okay, "unmapping");
    equal(entries[REFERENCE].flags & BUSY, 0, "marks at last");
    equal(unmap(first.handle), GNTST_bad_handle, "unmapping again");

    test("grant map errors");
    grant(REFERENCE, fresh(), GTF_permit_access);
    grant(OTHER, plain_page, GTF_permit_access | GTF_readonly);
    equal(map(REFERENCE, 0, SELF).status, GNTST_bad_gntref, "no kind of mapping");
    equal(map(REFERENCE, GNTMAP_host_map | GNTMAP_contains_pte, SELF).status, GNTST_general_error, "with a page-table entry");
    equal(map(REFERENCE, GNTMAP_host_map, NOBODY).status, GNTST_bad_domain, "of domain 77");
    equal(map(REFERENCE, GNTMAP_host_map, DOMID_SELF).status, GNTST_bad_domain, "of DOMID_SELF");
    equal(map(PAST_END, GNTMAP_host_map, SELF).status, GNTST_bad_gntref, "past the table");
    equal(map(OTHER, GNTMAP_host_map, SELF).status, GNTST_general_error, "for writing what is granted for reading");
    grant(OTHER, plain_page, 0);
    equal(map(OTHER, GNTMAP_host_map, SELF).status, GNTST_general_error, "an entry that grants nothing");
    grant(OTHER, target_page, GTF_permit_access);
    equal(map(OTHER, GNTMAP_host_map, SELF).status, GNTST_bad_page, "an entry of no memory");

    test("grant mapping for reading");
    grant(REFERENCE, fresh(), GTF_permit_access | GTF_readonly);
    first = map(REFERENCE, GNTMAP_host_map | GNTMAP_readonly, SELF);
    equal(first.status, GNTST_okay, "status");
    word(target_page) = 0x3333;
    equal(word(target_page), 0x1111, "a write through it is dropped");
    equal(unmap(first.handle), GNTST_okay, "unmapping");
}

static void test_copies(void)
{
    uint8_t *page = fresh();
    gnttab_swap_grant_ref_t swap = { .ref_a = REFERENCE, .ref_b = OTHER };

    test("grant copy and swap");
    grant(REFERENCE, page, GTF_permit_access);
    grant(OTHER, plain_page, GTF_permit_access);
    word(page + 8) = 0x4444;
    equal(copy(REFERENCE, FRAME(plain_page), GNTCOPY_source_gref, 8, 8), GNTST_okay, "from a grant");
    equal(word(plain_page), 0x4444, "what came");
    word(plain_page) = 0x5555;
    equal(copy(FRAME(plain_page), REFERENCE, GNTCOPY_dest_gref, 0, 8), GNTST_okay, "to a grant");
    equal(word(page), 0x5555, "what came there");
    equal(copy(REFERENCE, OTHER, GNTCOPY_source_gref | GNTCOPY_dest_gref, 0, 4096), GNTST_okay, "between grants");
    equal(word(plain_page + 8), 0x4444, "what came last");
    equal(copy(REFERENCE, FRAME(plain_page), GNTCOPY_source_gref, 1, 4096), GNTST_bad_copy_arg, "past the page");
    equal(copy(PAST_END, FRAME(plain_page), GNTCOPY_source_gref, 0, 8), GNTST_bad_gntref, "past the table");
    equal(copy(FRAME(target_page), FRAME(plain_page), 0, 0, 8), GNTST_bad_page, "no memory");
    equal(CALL3(grant_table_op, GNTTABOP_copy, NOWHERE, -1), -XEN_EINVAL, "2^32 - 1 copies");
    entries[OTHER].flags = 0;
    equal(grants(GNTTABOP_swap_grant_ref, &swap), 0, "swap_grant_ref");
    equal(swap.status, GNTST_okay, "its status");
    equal(entries[OTHER].flags, GTF_permit_access, "the other entry");
    equal(entries[REFERENCE].flags, 0, "the entry");
    swap.ref_b = PAST_END;
    equal(grants(GNTTABOP_swap_grant_ref, &swap), 0, "swap_grant_ref");
    equal(swap.status, GNTST_bad_gntref, "its status past the table");
}

static void test_version2(void)
{
    gnttab_map_grant_ref_t mapped;

    test("grant table of version 2");
    grant(REFERENCE, fresh(), GTF_permit_access);
    mapped = map(REFERENCE, GNTMAP_host_map, SELF);
    equal(set_version(2), -XEN_EBUSY, "set_version with an entry in use");
    equal(unmap(mapped.handle), GNTST_okay, "unmapping");
    equal(set_version(2), 0, "set_version");
    equal(map_space(XENMAPSPACE_grant_table, XENMAPIDX_grant_table_status, status_page), 0, "the status frame");
    entries2[REFERENCE].full_page.frame = FRAME(fresh());
    entries2[REFERENCE].hdr.domid = SELF;
    entries2[REFERENCE].hdr.flags = GTF_permit_access;
    mapped = map(REFERENCE, GNTMAP_host_map, SELF);
    equal(mapped.status, GNTST_okay, "mapping");
    equal(statuses[REFERENCE], BUSY, "status word");
    equal(entries2[REFERENCE].hdr.flags, GTF_permit_access, "flags");
    equal(unmap(mapped.handle), GNTST_okay, "unmapping");
    equal(statuses[REFERENCE], 0, "status word at last");
    entries2[REFERENCE].sub_page.frame = FRAME(plain_page);
    entries2[REFERENCE].sub_page.page_off = 64;
    entries2[REFERENCE].sub_page.length = 128;
    entries2[REFERENCE].hdr.flags = GTF_permit_access | GTF_sub_page;
    equal(map(REFERENCE, GNTMAP_host_map, SELF).status, GNTST_general_error, "mapping a part of a page");
    equal(copy(REFERENCE, FRAME(buffer), GNTCOPY_source_gref, 64, 128), GNTST_okay, "copying it");
    equal(copy(REFERENCE, FRAME(buffer), GNTCOPY_source_gref, 64, 129), GNTST_general_error, "a byte more");
    equal(set_version(1), 0, "set_version back");
    equal(entries[REFERENCE].flags, 0, "the entry is gone");
    equal(reservation(XENMEM_populate_physmap, target_page), 1, "the room for mappings");
}

void test_grants(void)
{
    test_table();
    test_mapping();
    test_copies();
    test_version2();
}
