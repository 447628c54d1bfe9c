using System;
using Xenolith.Kernel;

namespace Xenolith.Hal.Vmx;

/// <summary>
/// Entries of extended page tables (Intel SDM vol. 3, 29.3.2). The memory type is the hypervisor's choice alone (ignore-PAT is
/// set), so that no guest can make an alias of RAM with another cacheability. Bit 63 suppresses the #VE exception on every
/// entry; it is ignored while the control for it is off.
/// </summary>
public sealed class EptFormat(bool hasExecuteOnly, bool has1GPages) : PageTableFormat(RightsMask)
{
    private const ulong ReadBit = 1 << 0;
    private const ulong WriteBit = 1 << 1;
    private const ulong ExecuteBit = 1 << 2;
    private const int MemoryTypeShift = 3;
    private const ulong IgnorePat = 1 << 6;
    private const ulong LargeBit = 1 << 7;
    private const ulong SuppressVe = 1UL << 63;
    private const ulong RightsMask = ReadBit | WriteBit | ExecuteBit;
    private const ulong TypeUncached = 0;
    private const ulong TypeWriteBack = 6;

    public override ulong Leaf(Mfn mfn, int level, Rights rights, Caching caching)
    {
        // 29.3.3.1: write without read is a misconfiguration, and so is execute without read where the CPU lacks it.
        if ((rights & (Rights.Read | Rights.Write)) == Rights.Write || (rights == Rights.Execute && !hasExecuteOnly))
            throw new ArgumentException("EPT cannot express these rights");
        ulong type = caching == Caching.WriteBack ? TypeWriteBack : TypeUncached;
        return mfn.Address | (ulong)rights | (type << MemoryTypeShift) | IgnorePat | (level > 1 ? LargeBit : 0) | SuppressVe;
    }

    public override ulong Table(Mfn mfn) => mfn.Address | RightsMask;

    public override Rights RightsOf(ulong entry) => (Rights)(entry & RightsMask);

    public override ulong Absent => SuppressVe;

    public override int MaximumOrder => has1GPages ? Page.Order1G : Page.Order2M;

    /// <summary>The EPT pointer for a root: write-back walks of four levels, no accessed and dirty flags (25.6.11).</summary>
    public static ulong Pointer(Mfn root) => root.Address | TypeWriteBack | (3 << 3);
}
