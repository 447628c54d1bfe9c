/*
 * Subops of HVMOP_altp2m that are not Xen's, by include/xenolith.h: a control domain shows them to itself on a child, and looks at that child's views. Where
 * nobody may have views there is nothing to see.
 */
#include "support.h"

static long show(domid_t id, uint32_t operation, uint64_t *bits)
{
    struct xen_domctl call = { 0 };
    struct xenolith_domctl_exposure *exposure = (void *)&call.u;
    long result;

    *exposure = (struct xenolith_domctl_exposure){ .command = operation, .group = XENOLITH_EXPOSURE_GROUP_ALTP2M_OUTSIDE, .bits = *bits };
    result = domctl(XENOLITH_DOMCTL_exposure, id, &call);
    *bits = exposure->bits;
    return result;
}

static long altp2m(domid_t id, uint32_t command, struct xen_hvm_altp2m_op *op)
{
    op->version = HVMOP_ALTP2M_INTERFACE_VERSION;
    op->cmd = command;
    op->domain = id;
    return CALL2(hvm_op, HVMOP_altp2m, op);
}

static long switch_on(domid_t id)
{
    struct xen_hvm_param parameter = { .domid = id, .index = HVM_PARAM_ALTP2M, .value = XEN_ALTP2M_external };
    struct xen_hvm_altp2m_op op = { .u.domain_state.state = 1 };
    long result = CALL2(hvm_op, HVMOP_set_param, &parameter);

    return result ? result : altp2m(id, HVMOP_altp2m_set_domain_state, &op);
}

void test_views(void)
{
    struct xen_hvm_altp2m_op op = { 0 };
    struct xenolith_altp2m_capabilities *capabilities = (void *)&op.u;
    struct xenolith_altp2m_view *view = (void *)&op.u;
    struct xenolith_altp2m_lost *lost = (void *)&op.u;
    struct xenolith_altp2m_switch_vcpu *chosen = (void *)&op.u;
    struct xenolith_altp2m_transaction *transaction = (void *)&op.u;
    struct xenolith_altp2m_change change = { .gfn = 5, .what = XENOLITH_ALTP2M_WHAT_ACCESS, .access = XENMEM_access_r };
    struct xen_domctl call = { 0 };
    struct xen_memory_reservation memory = { .nr_extents = 1 };
    xen_pfn_t gfn = 5;
    uint64_t shown = 0, most = 0;
    domid_t id;

    test("views, by subops of our own");
    equal(create(1, &id), 0, "createdomain");
    equal(set_up(id, 1, 8), 0, "its vCPU and limit");
    if (show(id, XENOLITH_EXPOSURE_OP_GET, &shown) != 0 || switch_on(id) != 0) {
        skip("nobody may have views");
        domctl(XEN_DOMCTL_destroydomain, id, &call);
        return;
    }
    equal(altp2m(id, XENOLITH_ALTP2M_capabilities, &op), -XEN_EOPNOTSUPP, "capabilities, hidden");
    equal(show(id, XENOLITH_EXPOSURE_OP_GET_MAXIMUM, &most), 0, "what can be shown");
    HOLDS(most & (uint64_t)1 << 32);
    HOLDS(!(shown & (uint64_t)1 << 32));
    equal(show(id, XENOLITH_EXPOSURE_OP_SET, &most), 0, "all of it");

    equal(altp2m(id, XENOLITH_ALTP2M_capabilities, &op), 0, "capabilities");
    equal(capabilities->views, 1, "the first view");
    HOLDS(capabilities->limit >= 10);
    equal(capabilities->remaps, 0, "remaps");
    memset(&op, 0, sizeof(op));
    op.u.view.hvmmem_default_access = XENMEM_access_rw;
    equal(altp2m(id, HVMOP_altp2m_create_p2m, &op), 0, "create_p2m");
    equal(op.u.view.view, 1, "its number");
    memset(&op, 0, sizeof(op));
    view->view = 1;
    equal(altp2m(id, XENOLITH_ALTP2M_describe, &op), 0, "describe");
    equal(view->view, 1, "the view");
    equal(view->default_access, XENMEM_access_rw, "its right");
    equal(view->visible, 1, "seen");
    equal(view->vcpus, 0, "vCPUs in it");
    view->view = 2;
    equal(altp2m(id, XENOLITH_ALTP2M_describe, &op), -XEN_ENOENT, "describe past the last");

    memset(&op, 0, sizeof(op));
    chosen->view = 1;
    equal(altp2m(id, XENOLITH_ALTP2M_switch_vcpu, &op), 0, "switch_vcpu");
    memset(&op, 0, sizeof(op));
    view->view = 1;
    equal(altp2m(id, XENOLITH_ALTP2M_describe, &op), 0, "describe again");
    equal(view->vcpus, 1, "the vCPU is in it");
    memory.domid = id;
    set_xen_guest_handle(memory.extent_start, &gfn);
    equal(CALL2(memory_op, XENMEM_populate_physmap, &memory), 1, "a page of its own");
    change.view = 1;
    memset(&op, 0, sizeof(op));
    transaction->nr = 1;
    transaction->changes = (unsigned long)&change;
    equal(altp2m(id, XENOLITH_ALTP2M_transaction, &op), 0, "transaction");
    memset(&op, 0, sizeof(op));
    op.u.mem_access.view = 1;
    op.u.mem_access.gfn = 5;
    equal(altp2m(id, HVMOP_altp2m_get_mem_access, &op), 0, "get_mem_access");
    equal(op.u.mem_access.access, XENMEM_access_r, "the right that it set");
    memset(&op, 0, sizeof(op));
    lost->view = 1;
    equal(altp2m(id, XENOLITH_ALTP2M_next_lost, &op), -XEN_ENOENT, "next_lost");
    memset(&call, 0, sizeof(call));
    equal(domctl(XEN_DOMCTL_destroydomain, id, &call), 0, "destroydomain");
}
