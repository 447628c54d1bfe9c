using Xenolith.Abi.Contract;

namespace Xenolith.Guests.Builder;

/// <summary>What a control domain watches while others live: their deaths, and how much memory is free.</summary>
internal static class Watch
{
    /// <summary>Nanoseconds after which an event that did not come won't.</summary>
    public const ulong Patience = 10_000_000_000;

    private const ulong Pause = 20_000_000;

    private static uint s_deaths;

    /// <summary>A domain whose claims measure how much memory is free.</summary>
    private static ushort s_meter;

    public static void Start()
    {
        s_deaths = Events.BindVirq(Virq.DomExc);
        Control.Create(Control.Pvh(1), out s_meter);
        Control.SetMaximumMemory(s_meter, ulong.MaxValue);
    }

    public static void End() => Control.Call(DomctlOp.Destroydomain, s_meter);

    /// <summary>The most frames that a domain can claim, once nothing changes any more: Xen gives some back after a domain's end.</summary>
    public static ulong SettledFrames()
    {
        ulong free = FreeFrames();
        for (int same = 0; same < 3; same++)
        {
            Await(s_deaths, Pause);
            ulong now = FreeFrames();
            if (now != free)
            {
                free = now;
                same = 0;
            }
        }

        return free;
    }

    /// <summary>XENMEM_claim_pages as 64-bit code makes it: 32-bit callers have not got it.</summary>
    public static long Claim(ref MemoryReservation claim) =>
        Xen.WideCall((ulong)Hypercall.MemoryOp, (ulong)MemoryOp.ClaimPages, Xen.AddressOf(ref claim));

    private static ulong FreeFrames()
    {
        ulong low = 0, high = 1UL << 24;
        while (high - low > 1)
        {
            ulong middle = (low + high) / 2;
            var claim = new MemoryReservation { ExtentCount = middle, Domain = s_meter };
            if (Claim(ref claim) == 0)
            {
                low = middle;
                claim.ExtentCount = 0;
                Claim(ref claim);
            }
            else
            {
                high = middle;
            }
        }

        return low;
    }

    /// <summary>Waits for an event, which it takes. False: none came.</summary>
    public static bool Await(uint port, ulong patience)
    {
        ulong end = Clock.Now + patience;
        while (!SharedState.IsPending(port) && Clock.Now < end)
        {
            Events.Poll(port, end);
        }

        bool came = SharedState.IsPending(port);
        SharedState.ClearPending(port);
        return came;
    }

    /// <summary>Takes what was told of deaths so far.</summary>
    public static void TakeDeaths() => Await(s_deaths, Pause);

    /// <summary>Waits until something is told of a death.</summary>
    public static bool AwaitAnyDeath() => Await(s_deaths, Patience);

    /// <summary>Waits until a domain has shut down, and is told of that: others may die meanwhile, or have died before.</summary>
    public static bool AwaitDeath(ushort id, out DomainInformation information)
    {
        bool came;
        do
        {
            came = Await(s_deaths, Patience);
            Control.Describe(id, out information);
        }
        while (came && (information.Flags & (uint)DomainStateFlags.Shutdown) == 0);
        return came;
    }
}
