namespace Xenolith.Guests;

/// <summary>Changes to the guest's own page tables, which map the first 4 GiB one to one.</summary>
public static unsafe class PageTables
{
    // unsafe: page tables are raw words that the processor walks.

    public const ulong Present = 1, Writable = 2, User = 4, CacheDisable = 0x10, LargePage = 0x80;

    /// <summary>Sets the entry of a 4 KiB page of the first 2 MiB (0 takes the page away).</summary>
    public static void SetSmall(ulong address, ulong entry)
    {
        Layout.PageLevel1()[address / Layout.PageSize] = entry;
        Instructions.InvalidatePage(address);
    }

    /// <summary>Has the 2 MiB page at a linear address from 2 MiB to 4 GiB lead to the 2 MiB that hold the physical address.</summary>
    public static void MapLarge(ulong linear, ulong physical)
    {
        ulong* level2 = (ulong*)(Layout.PageLevel3()[linear >> 30] & ~0xFFFUL);
        level2[(linear >> 21) & 511] = (physical & ~0x1F_FFFFUL) | LargePage | Present | Writable | User;
        Instructions.InvalidatePage(linear);
    }
}
