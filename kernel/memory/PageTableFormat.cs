using System.Runtime.CompilerServices;

namespace Xenolith.Kernel;

/// <summary>What a mapping allows.</summary>
[System.Flags]
public enum Rights : byte
{
    None = 0,
    Read = 1,
    Write = 2,
    Execute = 4,
    ReadWrite = 3,
    ReadExecute = 5,
    All = 7,

    /// <summary>Of a leaf, by itself: the CPU finds nothing there, but the leaf still names its frame, and splits like any other.</summary>
    Withheld = 8,

    /// <summary>Of a nested leaf, beside others: the CPU may tell the guest itself of what they do not allow (EPT: #VE is not suppressed).</summary>
    Convertible = 16,

    /// <summary>Of a nested leaf, beside write: the CPU notes the first write, where it logs what guests write. The leaf has it until then.</summary>
    Logged = 32,
}

/// <summary>Cacheability of a mapping.</summary>
public enum Caching : byte { WriteBack, Uncached }

/// <summary>
/// How one kind of x86 page table spells an entry. All kinds (EPT, NPT, the host's own) have four levels of 512 entries of
/// 64 bits with the address in bits 12-51, and a leaf at level 2 or 3 marked by bit 7; they differ in what this class says.
/// </summary>
/// <param name="presentBits">An entry is present when any of these bits is set; <see cref="Rights.Withheld"/> counts.</param>
public abstract class PageTableFormat(ulong presentBits)
{
    private const ulong LargeBit = 1 << 7;
    private const ulong FrameMask = 0x000F_FFFF_FFFF_F000;

    /// <summary>The bits that the CPU sets, accessed and dirty, whatever the kind: 5 and 6, in EPT 8 and 9.</summary>
    private const ulong SetByCpu = 0x360;

    /// <summary>A leaf entry for the frame. <paramref name="level"/>: 1 = 4 KiB, 2 = 2 MiB, 3 = 1 GiB.</summary>
    public abstract ulong Leaf(Mfn mfn, int level, Rights rights, Caching caching);

    /// <summary>An entry that points at a table; it allows everything, leaves decide.</summary>
    public abstract ulong Table(Mfn mfn);

    /// <summary>Whether the entry is a leaf or leads to a table.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool IsPresent(ulong entry) => (entry & presentBits) != 0;

    /// <summary>Whether a present entry at the level is a leaf.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool IsLeaf(ulong entry, int level) => level == 1 || (level <= 3 && (entry & LargeBit) != 0);

    /// <summary>What a leaf allows.</summary>
    public abstract Rights RightsOf(ulong entry);

    /// <summary>Whether a leaf that the CPU uses can allow just these.</summary>
    /// <param name="rights">Of read, write and execute, at least one.</param>
    public virtual bool CanExpress(Rights rights) => (rights & Rights.Read) != 0;

    /// <summary>What the CPU is given to use the table with that root.</summary>
    public virtual ulong PointerTo(Mfn root) => root.Address;

    /// <summary>
    /// How a present leaf caches; needed to split one. The default rule compares with what <see cref="Leaf"/> would make, less the
    /// bits that the CPU sets.
    /// </summary>
    public virtual Caching CachingOf(ulong entry, int level)
    {
        ulong uncached = Leaf(FrameOf(entry), level, RightsOf(entry), Caching.Uncached);
        return (entry & ~SetByCpu) == (uncached & ~SetByCpu) ? Caching.Uncached : Caching.WriteBack;
    }

    /// <summary>Bits of a non-present entry that hold the value 0 for "nothing here". EPT may need suppress-#VE set.</summary>
    public abstract ulong Absent { get; }

    /// <summary>The frame that a present entry names.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Mfn FrameOf(ulong entry) => new((entry & FrameMask) >> Page.Shift);

    /// <summary>An entry as it was written, but for what the CPU has set since.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong AsWritten(ulong entry) => entry & ~SetByCpu;

    /// <summary>The largest order that a leaf may have: <see cref="Page.Order2M"/> or <see cref="Page.Order1G"/>.</summary>
    public abstract int MaximumOrder { get; }
}
