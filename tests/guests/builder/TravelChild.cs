using Xenolith.Abi.Contract;

namespace Xenolith.Guests.Builder;

/// <summary>What a domain that travels says of itself, in each round anew.</summary>
internal struct TravelMailbox
{
    public ulong Rounds;

    /// <summary>What it reads at <see cref="TravelChild.First"/>, where a view may show something else.</summary>
    public ulong Text;

    /// <summary>What comes of a call whose buffer the hypercall TLB alone knows.</summary>
    public long Answer;

    /// <summary>What it leaves to its user mode.</summary>
    public long UserCalls;

    /// <summary>Not 0: it is to end.</summary>
    public ulong IsToEnd;
}

/// <summary>A domain that looks again and again at its memory and its ways to make calls, and so would notice that it is saved, and loaded elsewhere.</summary>
internal static class TravelChild
{
    /// <summary>Pages of the pool: what it says, what it reads, what its view shows there, where its calls write.</summary>
    public const int Mailbox = PoolPage.FirstFree + 10, First = PoolPage.FirstFree + 12, Second = PoolPage.FirstFree + 13, Buffer = PoolPage.FirstFree + 14;

    public const ulong FirstText = 0x1111_1111_1111_1111, SecondText = 0x2222_2222_2222_2222;

    /// <summary>Mapped by its page tables to where no memory is.</summary>
    private const ulong Strange = 0xE000_0000;

    public static void Run()
    {
        Memory.Write64(GrantTable.AddressOf(First), FirstText);
        Memory.Write64(GrantTable.AddressOf(Second), SecondText);
        Child.Require(HypercallTlb.Insert(Strange / Layout.PageSize, Layout.FrameOf(Buffer), 1, HypercallTlbFlags.Writable | HypercallTlbFlags.Pinned) == 0);
        Child.Require(V2.Call(Hypercall.V2Query, (ulong)V2QueryOp.SetUserCalls, 0, (ulong)UserCalls.EventSend) == 0);
        ref TravelMailbox box = ref Memory.At<TravelMailbox>(GrantTable.AddressOf(Mailbox));
        Child.Send();
        while (System.Threading.Volatile.Read(ref box.IsToEnd) == 0)
        {
            box.Text = System.Threading.Volatile.Read(ref Memory.At<ulong>(GrantTable.AddressOf(First)));
            box.Answer = Xen.CallAsIs((ulong)Hypercall.XenVersion, (ulong)VersionOp.Extraversion, Strange);
            box.UserCalls = V2.Call(Hypercall.V2Query, (ulong)V2QueryOp.UserCalls, 0);
            System.Threading.Volatile.Write(ref box.Rounds, box.Rounds + 1);
        }
    }
}
