using Xenolith.Abi.Contract;
using Xenolith.Domains;
using Xenolith.Hal;
using Xenolith.Kernel;
using Xenolith.Mm;

namespace Xenolith.Abi.Calls;

/// <summary>
/// vcpu_op: the hypercall TLB (docs/hypercall-tlb.md). Ours. All arguments are values in registers, since no buffer can be reached before the
/// table says where buffers lie. What is changed is locked by <see cref="HypercallTlbs"/>, so the domain's lock is not needed.
/// </summary>
internal static class HypercallTlbOps
{
    private const int FlagBits = 8;
    private const ulong OwnTable = uint.MaxValue;

    public static long Query(ref HypercallCall call)
    {
        GuestBuffers buffers = VcpuOps.Target(in call).Access.Buffers;
        switch ((HypercallTlbQuery)HypercallCall.Low(call.A2))
        {
            case HypercallTlbQuery.Capacity:
                return HypercallTlb.Capacity;
            case HypercallTlbQuery.Used:
                return buffers.Table.Count;
            case HypercallTlbQuery.Table:
                return OwnerOf(call.Domain, buffers);
            case HypercallTlbQuery.Policy:
                return buffers.IsStrict ? 1 : 0;
            default:
                return call.Fail(Errno.EINVAL, "no such thing to ask of a hypercall TLB");
        }
    }

    public static long Insert(ref HypercallCall call)
    {
        var flags = (HypercallTlbFlags)(call.A4 & 0xFF);
        ulong pages = call.A4 >> FlagBits;
        if ((flags & ~HypercallTlbFlags.All) != 0)
            return call.Fail(Errno.EINVAL, "unknown flags of an entry");
        if (!HypercallTlb.IsRange(call.A2, pages, call.Is64Bit))
            return call.Fail(Errno.EINVAL, "no pages, or addresses that are none");
        ulong frames = 1UL << (call.Access.Features.PhysicalAddressBits - Page.Shift);
        if (call.A3 >= frames || pages > frames - call.A3)
            return call.Fail(Errno.EINVAL, "frames past the guest's physical address space");
        ulong root = (flags & HypercallTlbFlags.OfAddressSpace) != 0 ? CallersRoot(in call) : HypercallTlb.AnyRoot;
        var entry = new HypercallTlbEntry(call.A2, call.A2 + pages - 1, new Gfn(call.A3), root, flags);
        return call.Domain.HypercallTlbs.Insert(VcpuOps.Target(in call).Access, in entry, out int slot) switch
        {
            HypercallTlbResult.Overlaps => call.Fail(Errno.EEXIST, "an entry has some of the pages"),
            HypercallTlbResult.Full => call.Fail(Errno.ENOSPC, "the hypercall TLB is full"),
            _ => slot,
        };
    }

    public static long Purge(ref HypercallCall call)
    {
        var flags = (HypercallTlbFlags)(call.A4 & 0xFF);
        if (call.A4 > byte.MaxValue || (flags & ~HypercallTlbFlags.OfAddressSpace) != 0)
            return call.Fail(Errno.EINVAL, "unknown flags of a purge");
        bool isAll = call.A3 == 0;
        if (!isAll && !HypercallTlb.IsRange(call.A2, call.A3, call.Is64Bit))
            return call.Fail(Errno.EINVAL, "addresses that are none");
        ulong root = flags != 0 ? CallersRoot(in call) : HypercallTlb.AnyRoot;
        ulong first = isAll ? 0 : call.A2, last = isAll ? ulong.MaxValue : call.A2 + call.A3 - 1;
        return call.Domain.HypercallTlbs.Purge(VcpuOps.Target(in call).Access, first, last, root);
    }

    public static long Share(ref HypercallCall call)
    {
        Vcpu vcpu = VcpuOps.Target(in call);
        Vcpu owner = vcpu;
        if (HypercallCall.Low(call.A2) != OwnTable)
        {
            if (HypercallCall.Low(call.A2) >= (uint)call.Domain.Vcpus.Length)
                return call.Fail(Errno.ENOENT, "no such vCPU to share with");
            owner = call.Domain.Vcpus[HypercallCall.Low(call.A2)];
        }
        return call.Domain.HypercallTlbs.Share(vcpu.Access, owner.Access) == HypercallTlbResult.Done
            ? 0
            : call.Fail(Errno.EBUSY, "the vCPU's own table is shared, or the other vCPU shares another's");
    }

    public static long SetPolicy(ref HypercallCall call)
    {
        if (HypercallCall.Low(call.A2) > 1)
            return call.Fail(Errno.EINVAL, "no such policy");
        return call.Domain.HypercallTlbs.SetStrict(VcpuOps.Target(in call).Access, HypercallCall.Low(call.A2) != 0)
            ? 0
            : call.Fail(Errno.EPERM, "page tables of this domain are not read");
    }

    private static ulong CallersRoot(in HypercallCall call)
    {
        call.Vcpu.Cpu.ReadPaging(out PagingState paging);
        return HypercallTlb.RootOf(in paging);
    }

    private static long OwnerOf(Domain domain, GuestBuffers buffers)
    {
        foreach (Vcpu vcpu in domain.Vcpus)
        {
            if (vcpu.Access.Buffers == buffers.Source)
                return vcpu.Id;
        }
        return 0;
    }
}
