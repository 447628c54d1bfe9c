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

    /// <summary>The first 2 MiB keep their 4 KiB entries; elsewhere a 2 MiB page changes its flags.</summary>
    public static void SetLarge(ulong address, ulong flags)
    {
        ulong* level2 = (ulong*)(Layout.PageLevel3()[address >> 30] & ~0xFFFUL);
        level2[(address >> 21) & 511] = flags == 0 ? 0 : (address & ~0x1F_FFFFUL) | LargePage | flags;
        Instructions.InvalidatePage(address);
    }
}
