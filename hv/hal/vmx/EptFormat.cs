using System;
using Xenolith.Kernel;

namespace Xenolith.Hal.Vmx;

/// <summary>
/// Entries of extended page tables (Intel SDM vol. 3, 29.3.2). The memory type is the hypervisor's choice alone (ignore-PAT is
/// set), so that no guest can make an alias of RAM with another cacheability. Bit 63 suppresses the #VE exception, unless a leaf is
/// <see cref="Rights.Convertible"/>; it is ignored while the control for it is off. So are the flags accessed and dirty, which are set from
/// the start, but for the latter of a leaf that is <see cref="Rights.Logged"/>: there the CPU sets it when it logs the first write (29.3.5, 29.3.6).
/// </summary>
public sealed class EptFormat(bool hasExecuteOnly, bool has1GPages) : PageTableFormat(RightsMask | WithheldBit)
{
    private const ulong ReadBit = 1 << 0;
    private const ulong WriteBit = 1 << 1;
    private const ulong ExecuteBit = 1 << 2;
    private const int MemoryTypeShift = 3;
    private const ulong IgnorePat = 1 << 6;
    private const ulong LargeBit = 1 << 7;
    private const ulong AccessedBit = 1 << 8;
    private const ulong DirtyBit = 1 << 9;
    // Ignored by the CPU, as all of an entry without rights but bit 63 is.
    private const ulong WithheldBit = 1UL << 52;
    private const ulong SuppressVe = 1UL << 63;
    private const ulong RightsMask = ReadBit | WriteBit | ExecuteBit;
    // Of the pointer.
    private const ulong FlagsBit = 1 << 6;
    private const ulong TypeUncached = 0;
    private const ulong TypeWriteBack = 6;

    public override ulong Leaf(Mfn mfn, int level, Rights rights, Caching caching)
    {
        ulong allowed = (ulong)rights & RightsMask;
        if ((rights & Rights.Withheld) != 0)
            allowed = WithheldBit;
        else if (allowed != 0 && !CanExpress((Rights)allowed))
            throw new ArgumentException("EPT cannot express these rights");
        ulong type = caching == Caching.WriteBack ? TypeWriteBack : TypeUncached;
        ulong suppressed = (rights & Rights.Convertible) == 0 ? SuppressVe : 0;
        ulong flags = (rights & Rights.Logged) == 0 ? AccessedBit | DirtyBit : AccessedBit;
        return mfn.Address | allowed | (type << MemoryTypeShift) | IgnorePat | (level > 1 ? LargeBit : 0) | flags | suppressed;
    }

    public override ulong Table(Mfn mfn) => mfn.Address | RightsMask | AccessedBit | DirtyBit | SuppressVe;

    public override Rights RightsOf(ulong entry) => (Rights)(entry & RightsMask)
        | ((entry & WithheldBit) != 0 ? Rights.Withheld : 0)
        | ((entry & SuppressVe) == 0 ? Rights.Convertible : 0)
        | ((entry & DirtyBit) == 0 ? Rights.Logged : 0);

    /// <summary>29.3.3.1: write without read is a misconfiguration, and so is execute without read where the CPU lacks it.</summary>
    public override bool CanExpress(Rights rights) => (rights & Rights.Read) != 0 || (rights == Rights.Execute && hasExecuteOnly);

    public override ulong Absent => SuppressVe;

    public override int MaximumOrder => has1GPages ? Page.Order1G : Page.Order2M;

    /// <summary>The EPT pointer for a root: write-back walks of four levels (25.6.11).</summary>
    /// <param name="hasFlags">Whether the CPU uses the flags accessed and dirty, and takes its walks of the guest's page tables for writes.</param>
    public static ulong Pointer(Mfn root, bool hasFlags = false) => root.Address | TypeWriteBack | (3 << 3) | (hasFlags ? FlagsBit : 0);

    public override ulong PointerTo(Mfn root) => Pointer(root);
}
