using System.Runtime.CompilerServices;
using Xenolith.Abi.Contract;
using Xenolith.Domains;
using Xenolith.Mm;

namespace Xenolith.Abi.Calls;

/// <summary>
/// memory_op: giving and taking memory (public/memory.h). The result is the number of extents done, counted from the start; whatever
/// goes wrong, it is where the work stopped. Progress lives above bit 6 of the first argument.
/// </summary>
internal static class MemoryReservationOps
{
    private const int ProgressShift = 6;

    /// <summary>The largest extents: Xen lets the hardware domain name more than others.</summary>
    private const uint InitialDomainMaximumOrder = 12;
    private const uint MaximumOrder = 9;

    /// <summary>4 KiB frames that one pass gives or takes, so that large extents count as what they are.</summary>
    private const ulong FrameBudget = 4096;

    /// <summary>
    /// On Xen a translated guest gets frames that it has no way to name, and they count against it. Nothing is given here: as if
    /// the machine had none left.
    /// </summary>
    public static long Increase(ref HypercallCall call)
    {
        call.Reason = "a translated guest gets memory by populate_physmap";
        return (long)(call.A0 >> ProgressShift);
    }

    public static long Decrease(ref HypercallCall call) => Walk(ref call, populate: false);

    public static long Populate(ref HypercallCall call) => Walk(ref call, populate: true);

    /// <summary>The number is of all pages that the domain is to have, those that it has included. Xen has it for 64-bit callers only.</summary>
    public static long Claim(ref HypercallCall call)
    {
        if (!call.Is64Bit)
            return call.Fail(Errno.ENOSYS, "a 32-bit caller can't claim");
        if (call.A0 >> ProgressShift != 0)
            return call.Fail(Errno.EINVAL, "a claim has no progress");
        if (!TryRead(ref call, out Reservation reservation))
            return call.Fault();
        if (reservation.List != 0 || reservation.Order != 0 || reservation.Flags != 0)
            return call.Fail(Errno.EINVAL, "a claim has neither list, order nor flags");
        if (call.Vcpu.FindDomain(reservation.Domain) is not { } domain)
            return call.Fail(Errno.EINVAL, "no such domain");
        if (!call.Allows(Permission.Privileged, domain))
            return call.Fail(Errno.EPERM, "not the caller's to claim for");
        call.Vcpu.AlsoAcquire(domain);
        return call.Result(call.Services.Claims.Claim(domain, reservation.Count), "a claim is there, or it asks for what the domain has or may not have, or for more than is free");
    }

    private static long Walk(ref HypercallCall call, bool populate)
    {
        if (!TryRead(ref call, out Reservation reservation))
        {
            call.Reason = "the argument can't be read";
            return (long)(call.A0 >> ProgressShift);
        }
        ulong at = reservation.Start;
        if (at >= reservation.Count || !IsAllowed(ref call, reservation, populate, out Domain domain))
            return (long)at;
        ulong frames = 0;
        for (; at < reservation.Count; at++)
        {
            if (at != reservation.Start && (at - reservation.Start >= (ulong)call.Dispatcher.Budget || frames >= FrameBudget))
            {
                call.A0 = (at << ProgressShift) | call.Operation;
                return call.Restart();
            }
            if (!call.TryReadLong(reservation.List, at, out ulong gfn))
                break;
            if (!(populate ? TryPopulate(domain, gfn, reservation.Order) : TryTake(domain, gfn, reservation.Order)))
                break;
            frames += 1UL << (int)reservation.Order;
        }
        return (long)at;
    }

    private static bool IsAllowed(ref HypercallCall call, in Reservation reservation, bool populate, out Domain domain)
    {
        if (call.TryResolve(reservation.Domain, out domain) != Errno.None)
            return false;
        // More could not be continued: the progress would not fit its register.
        if (reservation.Count > (call.Is64Bit ? ulong.MaxValue : uint.MaxValue) >> ProgressShift)
            return false;
        uint limit = call.Domain.IsInitialDomain ? InitialDomainMaximumOrder : MaximumOrder;
        if (reservation.Order > limit)
            return false;
        // Populate-on-demand is not for oneself, and there is nobody else's memory to set up yet.
        return !populate || (reservation.Flags & MemoryFlags.PopulateOnDemand) == 0;
    }

    /// <summary>Gives memory at the range; what lay there goes back to the machine first.</summary>
    internal static bool TryPopulate(Domain domain, ulong gfn, uint order)
    {
        ulong frames = 1UL << (int)order;
        if (gfn > PhysmapOps.GfnLimit - frames)
            return false;
        for (ulong i = 0; i < frames; i++)
        {
            if (!TryEmpty(domain, new Gfn(gfn + i)))
                return false;
        }
        return domain.TryPopulate(new Gfn(gfn), frames) == Errno.None;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static bool TryEmpty(Domain domain, Gfn gfn) =>
        domain.P2m.Lookup(gfn).Type == P2mType.None || domain.P2m.TryDepopulate(gfn);

    /// <summary>Takes the range out, up to the first frame that is not memory.</summary>
    internal static bool TryTake(Domain domain, ulong gfn, uint order)
    {
        ulong frames = 1UL << (int)order;
        if (gfn > PhysmapOps.GfnLimit - frames)
            return false;
        for (ulong i = 0; i < frames; i++)
        {
            if (!domain.P2m.TryDepopulate(new Gfn(gfn + i)))
                return false;
        }
        return true;
    }

    private static bool TryRead(ref HypercallCall call, out Reservation reservation)
    {
        bool read;
        if (call.Is64Bit)
        {
            read = call.TryRead(call.A1, out MemoryReservation wide);
            reservation = new Reservation(wide.ExtentStart, wide.ExtentCount, wide.ExtentOrder, wide.Flags, wide.Domain, call.A0 >> ProgressShift);
        }
        else
        {
            read = call.TryRead(call.A1, out MemoryReservation32 narrow);
            reservation = new Reservation(narrow.ExtentStart, narrow.ExtentCount, narrow.ExtentOrder, narrow.Flags, narrow.Domain, call.A0 >> ProgressShift);
        }
        return read;
    }

    /// <summary>The argument in one width, and from where to go on.</summary>
    private readonly record struct Reservation(ulong List, ulong Count, uint Order, uint Flags, ushort Domain, ulong Start);
}
