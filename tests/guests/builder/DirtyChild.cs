using Xenolith.Abi.Contract;

namespace Xenolith.Guests.Builder;

/// <summary>
/// A domain that writes to some of its pages, in ways that both sides can tell beforehand: by instructions, and by hypercalls that answer
/// there. First in rounds, of which each is asked for, then without a pause until it is told to stop.
/// </summary>
internal static class DirtyChild
{
    /// <summary>The pages: nothing else of the domain lies there.</summary>
    public const ulong First = 0x600;

    /// <inheritdoc cref="First"/>
    public const int Count = 64;

    public const uint Rounds = 12;

    /// <summary>A page that the builder may map by a grant, and the grant.</summary>
    public const int GrantedPage = PoolPage.FirstFree + 1;

    /// <inheritdoc cref="GrantedPage"/>
    public const uint Reference = 8;

    private const int Accesses = 20;

    public static void Run()
    {
        Child.Require(GrantTable.Start() == 0);
        GrantTable.Grant(Reference, GrantedPage, 0);
        Child.Send();
        for (uint round = 0; round < Rounds; round++)
        {
            Child.Wait();
            uint state = Seed(round);
            for (int i = 0; i < Accesses; i++)
            {
                Access(Draw(ref state), round);
            }

            Child.Send();
        }

        Child.Wait();
        uint last = Seed(Rounds);
        // In Bochs no interrupt of the host ends the run of a guest that has its own off.
        Instructions.EnableInterrupts();
        for (uint i = 0; !Child.IsAsked; i++)
        {
            Access(Draw(ref last), i);
        }

        Instructions.DisableInterrupts();
        Child.Wait();
        Child.Send();
        Child.Wait();
    }

    /// <summary>Which of the pages a round writes, a bit each.</summary>
    public static ulong Written(uint round) => Written(round, default);

    /// <summary>The same while its view shows others of the pages in the place of some; what a hypercall answers goes to the page itself.</summary>
    /// <param name="shown">The page that is seen in each one's place; empty: itself.</param>
    public static ulong Written(uint round, System.ReadOnlySpan<byte> shown)
    {
        ulong pages = 0;
        uint state = Seed(round);
        for (int i = 0; i < Accesses; i++)
        {
            uint drawn = Draw(ref state);
            int page = PageOf(drawn);
            if (KindOf(drawn) == Kind.Hypercall)
            {
                pages |= 1UL << page;
            }
            else if (KindOf(drawn) != Kind.Read)
            {
                pages |= 1UL << Shown(shown, page);
            }

            if (KindOf(drawn) == Kind.Straddle)
            {
                pages |= 1UL << Shown(shown, page + 1);
            }
        }

        return pages;
    }

    private static int Shown(System.ReadOnlySpan<byte> shown, int page) => shown.IsEmpty ? page : shown[page];

    private enum Kind : byte { Read, Write, Straddle, Hypercall }

    private static void Access(uint drawn, uint value)
    {
        ulong at = (First + (uint)PageOf(drawn)) << 12;
        ulong offset = drawn >> 16 & 0xFF8;
        switch (KindOf(drawn))
        {
            case Kind.Read:
                Memory.Read64(at + offset);
                break;
            case Kind.Write:
                Memory.Write64(at + offset, value);
                break;
            case Kind.Straddle:
                Memory.Write64(at + 0xFFC, ulong.MaxValue / (value + 1));
                break;
            default:
                Child.Require(Xen.Call(Hypercall.XenVersion, (ulong)VersionOp.Extraversion, at + (offset & 0x7F8)) == 0);
                break;
        }
    }

    private static Kind KindOf(uint drawn) => (Kind)(drawn >> 28 & 3);

    // The last page has none behind it to straddle into.
    private static int PageOf(uint drawn) => (int)((drawn >> 6) % (Count - 1));

    private static uint Seed(uint round) => unchecked((round + 1) * 2654435761u);

    private static uint Draw(ref uint state)
    {
        state = unchecked((state * 1664525) + 1013904223);
        uint mixed = state ^ (state >> 15);
        return unchecked(mixed * 2246822519u);
    }
}
