using Xenolith.Abi.Contract;

namespace Xenolith.Guests.Smp;

/// <summary>The domain's own memory: a frame given up or taken anew, and how many it has.</summary>
internal static class OwnFrames
{
    /// <summary>populate_physmap or decrease_reservation of a page of the pool; whether it may is not the caller's matter.</summary>
    public static void Change(MemoryOp operation, int page) => ChangeFrame(operation, Layout.FrameOf(page));

    /// <summary>The same of any guest frame.</summary>
    public static void ChangeFrame(MemoryOp operation, ulong frame)
    {
        var argument = new MemoryReservation { ExtentStart = Xen.AddressOf(ref frame), ExtentCount = 1, Domain = DomainIds.Self };
        Xen.Call(Hypercall.MemoryOp, (ulong)operation, ref argument);
    }

    /// <summary>Frames that the domain has.</summary>
    public static long Count()
    {
        var domain = new MemoryDomain { Domain = DomainIds.Self };
        return Xen.Call(Hypercall.MemoryOp, (ulong)MemoryOp.CurrentReservation, ref domain);
    }
}
