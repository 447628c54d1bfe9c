/* memory_op. */
#include "support.h"

long reservation(unsigned operation, void *page)
{
    xen_pfn_t gfn = FRAME(page);
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
    volatile uint8_t *spare_at_window = (void *)WINDOW;
    /* The list of machine frames is another one for 32-bit callers, which only a paravirtual guest has. */
    static const struct { unsigned operation; int error; } zeros[] = {
        { XENMEM_increase_reservation, 0 }, { XENMEM_machphys_mfn_list, LONG_BITS == 64 ? 0 : XEN_EOPNOTSUPP }, { XENMEM_get_sharing_freed_pages, 0 },
        { XENMEM_get_sharing_shared_pages, 0 }, { XENMEM_paging_op, XEN_ENOSYS }, { XENMEM_sharing_op, XEN_ENOSYS },
        { XENMEM_machphys_compat_mfn_list, XEN_EOPNOTSUPP }, { XENMEM_get_vnumainfo, XEN_EOPNOTSUPP }, { XENMEM_reserved_device_memory_map, 0 }, { 63, XEN_ENOSYS },
    };
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
    add.space = XENMAPSPACE_gmfn;
    add.idx = FRAME(spare_page);
    add.gpfn = WINDOW / PAGE;
    equal(CALL2(memory_op, XENMEM_add_to_physmap, &add), 0, "add_to_physmap of space gmfn");
    spare_at_window[0] = 7;
    add.idx = WINDOW / PAGE;
    add.gpfn = FRAME(spare_page);
    equal(CALL2(memory_op, XENMEM_add_to_physmap, &add), 0, "back");
    equal(((volatile uint8_t *)spare_page)[0], 7, "what was written there");
    add.space = XENMAPSPACE_gmfn_range;
    add.size = 0;
    equal(CALL2(memory_op, XENMEM_add_to_physmap, &add), 0, "add_to_physmap of a range of none");
    batch.space = XENMAPSPACE_gmfn_range;
    equal(CALL2(memory_op, XENMEM_add_to_physmap_batch, &batch), -XEN_EOPNOTSUPP, "add_to_physmap_batch of ranges");
    batch.space = XENMAPSPACE_gmfn_foreign;
    batch.u.foreign_domid = 77;
    equal(CALL2(memory_op, XENMEM_add_to_physmap_batch, &batch), 0, "add_to_physmap_batch of frames of domain 77");
    equal(error, -XEN_ESRCH, "its error");
    equal(CALL2(memory_op, XENMEM_machphys_mapping, buffer), -XEN_ENOSYS, "machphys_mapping");
    equal(CALL2(memory_op, XENMEM_machine_memory_map, NOWHERE), -XEN_ENOSYS, "machine_memory_map");
    equal(CALL2(memory_op, 63, 0), -XEN_ENOSYS, "operation 63");

    test("memory_op with zeros");
    for (i = 0; i < SIZE(zeros); i++) {
        memset(buffer, 0, 256);
        equal(CALL2(memory_op, zeros[i].operation, buffer), -zeros[i].error, "an operation");
    }
    equal(CALL2(memory_op, XENMEM_machphys_mfn_list, NOWHERE), LONG_BITS == 64 ? -XEN_EFAULT : -XEN_EOPNOTSUPP, "machphys_mfn_list to where nothing is");
}
