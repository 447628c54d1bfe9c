/* memory_op and grant_table_op. */
#include "support.h"

static long reservation(unsigned operation, void *frame)
{
    xen_pfn_t gfn = FRAME(frame);
    struct xen_memory_reservation argument = { .nr_extents = 1, .domid = DOMID_SELF };

    set_xen_guest_handle(argument.extent_start, &gfn);
    return CALL2(memory_op, operation, &argument);
}

void test_memory(void)
{
    struct xen_memory_map map = { .nr_entries = 64 };
    struct { uint64_t start, size; uint32_t type; } __attribute__((packed)) *entries = (void *)buffer;
    domid_t domain = DOMID_SELF;
    struct xen_add_to_physmap add = { .domid = DOMID_SELF, .space = 99, .gpfn = FRAME(spare_page) };
    struct xen_remove_from_physmap remove = { .domid = DOMID_SELF, .gpfn = FRAME(spare_page) };
    xen_ulong_t index = 0;
    xen_pfn_t gfn = FRAME(spare_page);
    int error = 7;
    struct xen_add_to_physmap_batch batch = { .domid = DOMID_SELF, .space = XENMAPSPACE_grant_table, .size = 1 };
    unsigned i, ram = 0;
    long before;

    test("memory_map");
    set_xen_guest_handle(map.buffer, (void *)buffer);
    equal(CALL2(memory_op, XENMEM_memory_map, &map), 0, "memory_map");
    for (i = 0; i < map.nr_entries; i++)
        ram += entries[i].type == 1;
    HOLDS(ram > 0);
    equal(CALL2(memory_op, XENMEM_memory_map, NOWHERE), -XEN_EFAULT, "memory_map from where nothing is");

    test("reservation");
    before = CALL2(memory_op, XENMEM_current_reservation, &domain);
    HOLDS(before > 4096);
    HOLDS(CALL2(memory_op, XENMEM_maximum_reservation, &domain) >= before);
    HOLDS(CALL2(memory_op, XENMEM_maximum_gpfn, &domain) > 4096);
    HOLDS(CALL2(memory_op, XENMEM_maximum_ram_page, 0) > 4096);
    equal(reservation(XENMEM_decrease_reservation, spare_page), 1, "decrease_reservation");
    equal(CALL2(memory_op, XENMEM_current_reservation, &domain), before - 1, "one frame less");
    equal(reservation(XENMEM_decrease_reservation, spare_page), 0, "of the same frame again");
    equal(reservation(XENMEM_populate_physmap, spare_page), 1, "populate_physmap");
    equal(CALL2(memory_op, XENMEM_current_reservation, &domain), before, "as many as before");
    spare_page[7] = 9;
    equal(((volatile uint8_t *)spare_page)[7], 9, "it is RAM");
    domain = 77;
    equal(CALL2(memory_op, XENMEM_current_reservation, &domain), -XEN_ESRCH, "of domain 77");

    test("physmap");
    equal(CALL2(memory_op, XENMEM_add_to_physmap, &add), -XEN_EINVAL, "add_to_physmap of space 99");
    equal(CALL2(memory_op, XENMEM_add_to_physmap, NOWHERE), -XEN_EFAULT, "from where nothing is");
    set_xen_guest_handle(batch.idxs, &index);
    set_xen_guest_handle(batch.gpfns, &gfn);
    set_xen_guest_handle(batch.errs, &error);
    equal(CALL2(memory_op, XENMEM_add_to_physmap_batch, &batch), 0, "add_to_physmap_batch");
    equal(error, 0, "its error");
    ((volatile uint8_t *)spare_page)[4095] = 1;
    equal(CALL2(memory_op, XENMEM_remove_from_physmap, &remove), 0, "remove_from_physmap");
    equal(CALL2(memory_op, XENMEM_remove_from_physmap, &remove), -XEN_ENOENT, "again");
    equal(reservation(XENMEM_populate_physmap, spare_page), 1, "populate_physmap");
    equal(CALL2(memory_op, XENMEM_machphys_mapping, buffer), -XEN_ENOSYS, "machphys_mapping");
    equal(CALL2(memory_op, XENMEM_machine_memory_map, NOWHERE), -XEN_ENOSYS, "machine_memory_map");
    equal(CALL2(memory_op, 63, 0), -XEN_ENOSYS, "operation 63");
}

void test_grants(void)
{
    struct gnttab_query_size size = { .dom = DOMID_SELF };
    struct gnttab_set_version version = { .version = 1 };
    struct gnttab_get_version current = { .dom = DOMID_SELF };
    struct gnttab_setup_table setup = { .dom = DOMID_SELF, .nr_frames = 1 };
    struct gnttab_map_grant_ref mapping = { .host_addr = (unsigned long)spare_page, .flags = GNTMAP_host_map, .ref = 8, .dom = 77 };
    struct gnttab_unmap_grant_ref unmapping = { .host_addr = (unsigned long)spare_page, .handle = 99999 };
    struct gnttab_copy copy = { .len = 16, .flags = GNTCOPY_source_gref };
    struct gnttab_swap_grant_ref swap = { .ref_a = 9, .ref_b = 0x7FFFFFFF };
    xen_pfn_t frame = 0;

    test("grant table");
    equal(CALL3(grant_table_op, GNTTABOP_query_size, &size, 1), 0, "query_size");
    equal(size.status, GNTST_okay, "its status");
    HOLDS(size.nr_frames <= size.max_nr_frames && size.max_nr_frames > 0);
    equal(CALL3(grant_table_op, GNTTABOP_query_size, NOWHERE, 1), -XEN_EFAULT, "query_size from where nothing is");
    set_xen_guest_handle(setup.frame_list, &frame);
    equal(CALL3(grant_table_op, GNTTABOP_setup_table, &setup, 1), 0, "setup_table");
    equal(setup.status, GNTST_okay, "its status");
    equal(CALL3(grant_table_op, GNTTABOP_set_version, &version, 1), 0, "set_version");
    equal(CALL3(grant_table_op, GNTTABOP_get_version, &current, 1), 0, "get_version");
    equal(current.version, 1, "the version");
    current.dom = 77;
    equal(CALL3(grant_table_op, GNTTABOP_get_version, &current, 1), -XEN_ESRCH, "get_version of domain 77");

    test("grants");
    equal(CALL3(grant_table_op, GNTTABOP_map_grant_ref, &mapping, 1), 0, "map_grant_ref");
    equal(mapping.status, GNTST_bad_domain, "its status");
    equal(CALL3(grant_table_op, GNTTABOP_unmap_grant_ref, &unmapping, 1), 0, "unmap_grant_ref");
    equal(unmapping.status, GNTST_bad_handle, "its status");
    copy.source.u.ref = 8;
    copy.source.domid = 77;
    copy.dest.u.gmfn = FRAME(buffer);
    copy.dest.domid = DOMID_SELF;
    equal(CALL3(grant_table_op, GNTTABOP_copy, &copy, 1), 0, "copy");
    equal(copy.status, GNTST_bad_domain, "its status");
    equal(CALL3(grant_table_op, GNTTABOP_swap_grant_ref, &swap, 1), 0, "swap_grant_ref");
    equal(swap.status, GNTST_bad_gntref, "its status");
    equal(CALL3(grant_table_op, GNTTABOP_copy, NOWHERE, -1), -XEN_EINVAL, "2^32 - 1 copies");
    equal(CALL3(grant_table_op, GNTTABOP_dump_table, buffer, 1), -XEN_ENOSYS, "dump_table");
    equal(CALL3(grant_table_op, GNTTABOP_transfer, buffer, 1), -XEN_ENOSYS, "transfer");
    equal(CALL3(grant_table_op, 99, buffer, 1), -XEN_ENOSYS, "operation 99");
}
