using Xenolith.Abi.Contract;

namespace Xenolith.Guests.Builder;

/// <summary>
/// The front end of a ring, in a domain that the builder has built. A request names some bytes of a granted page, which come back inverted;
/// one of no bytes is the last.
/// </summary>
internal static class RingChild
{
    /// <summary>Grant of the ring's page, and of the first page with bytes.</summary>
    public const uint RingReference = 8, FirstReference = 16;

    /// <summary>Requests that <see cref="Exchange"/> makes before the last: more than go into the ring.</summary>
    public const uint Requests = 300;

    /// <summary>Grants that can't be used as a request needs: of nothing, to nobody, for reading only.</summary>
    public const uint Empty = 40, Others = 41, ReadOnly = 42;

    private const uint Payloads = 8;
    private const int RingPage = PoolPage.FirstFree + 1, FirstPayload = PoolPage.FirstFree + 2;

    private static readonly FrontRing s_ring = new(GrantTable.AddressOf(RingPage));

    public static byte Pattern(uint id, uint at) => (byte)((id * 7) + at);

    public static ushort Size(uint id) => (ushort)(1 + (id % 96));

    public static ushort Offset(uint id) => (ushort)(id * 37 % 4000);

    public static void Exchange()
    {
        Start();
        uint answered = 0;
        for (uint made = 0; answered < Requests;)
        {
            while (made < Requests && s_ring.Outstanding < Payloads)
            {
                Request(made++);
            }

            Push();
            while (s_ring.TryTake(out NetifTxResponse response))
            {
                Child.Require(response.Status == 0 && response.Id == answered);
                Check(answered++);
            }

            bool canMakeMore = made < Requests && s_ring.Outstanding < Payloads;
            if (!canMakeMore && answered < Requests && !s_ring.HasMore())
            {
                Child.Wait();
            }
        }

        Child.Require(GrantTable.Marks(RingReference) == (GrantEntryFlags.Reading | GrantEntryFlags.Writing));
        s_ring.Put(default);
        Push();
        AwaitUnmapping();
    }

    /// <summary>Asks for what it may not have, then claims more requests than there can be.</summary>
    public static void Lie()
    {
        Start();
        GrantTable.Grant(Others, FirstPayload, 0x77);
        GrantTable.Grant(ReadOnly, FirstPayload, 0, GrantEntryFlags.PermitAccess | GrantEntryFlags.ReadOnly);
        s_ring.Put(new NetifTxRequest { Reference = 1 << 20, Id = 0, Size = 8 });
        s_ring.Put(new NetifTxRequest { Reference = Empty, Id = 1, Size = 8 });
        s_ring.Put(new NetifTxRequest { Reference = Others, Id = 2, Size = 8 });
        s_ring.Put(new NetifTxRequest { Reference = FirstReference, Id = 3, Offset = 4090, Size = 8 });
        s_ring.Put(new NetifTxRequest { Reference = FirstReference, Id = 4, Offset = ushort.MaxValue, Size = ushort.MaxValue });
        s_ring.Put(new NetifTxRequest { Reference = ReadOnly, Id = 5, Size = 8 });
        Push();
        while (s_ring.Outstanding != 0)
        {
            if (s_ring.TryTake(out _))
            {
                continue;
            }

            if (!s_ring.HasMore())
            {
                Child.Wait();
            }
        }

        s_ring.Lie(SharedRing.Entries + 1);
        Child.Send();
        AwaitUnmapping();
    }

    /// <summary>An event may be one of those before.</summary>
    private static void AwaitUnmapping()
    {
        while (GrantTable.Marks(RingReference) != 0)
        {
            Child.Wait();
        }
    }

    private static void Start()
    {
        Child.Require(GrantTable.Start() == 0);
        s_ring.Initialize();
        GrantTable.Grant(RingReference, RingPage, 0);
        for (uint i = 0; i < Payloads; i++)
        {
            GrantTable.Grant(FirstReference + i, FirstPayload + (int)i, 0);
        }

        Child.Send();
    }

    private static void Push()
    {
        if (s_ring.Push())
        {
            Child.Send();
        }
    }

    private static ulong AddressOf(uint id) => GrantTable.AddressOf(FirstPayload + (int)(id % Payloads)) + Offset(id);

    private static void Request(uint id)
    {
        for (uint i = 0; i < Size(id); i++)
        {
            Memory.Write8(AddressOf(id) + i, Pattern(id, i));
        }

        s_ring.Put(new NetifTxRequest { Reference = FirstReference + (id % Payloads), Offset = Offset(id), Id = (ushort)id, Size = Size(id) });
    }

    private static void Check(uint id)
    {
        for (uint i = 0; i < Size(id); i++)
        {
            Child.Require(Memory.Read8(AddressOf(id) + i) == (byte)~Pattern(id, i));
        }
    }
}
