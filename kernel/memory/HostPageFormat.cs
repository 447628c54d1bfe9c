namespace Xenolith.Kernel;

/// <summary>
/// The hypervisor's own page tables: supervisor pages of 4-level paging (Intel SDM vol. 3, 4.5, tables 4-15 to 4-20; AMD APM vol. 2, 5.3).
/// Leaves are global and have accessed and dirty set, so that the CPU never writes to them.
/// </summary>
public sealed class HostPageFormat : PageTableFormat
{
    private const ulong Present = 1 << 0;
    private const ulong Writable = 1 << 1;
    private const ulong WriteThrough = 1 << 3;
    private const ulong CacheDisabled = 1 << 4;
    private const ulong Accessed = 1 << 5;
    private const ulong Dirty = 1 << 6;
    private const ulong Large = 1 << 7;
    private const ulong Global = 1 << 8;
    private const ulong NoExecute = 1UL << 63;

    private readonly ulong _noExecute;

    /// <param name="hasNoExecute">EFER.NXE is set.</param>
    /// <param name="hasGigabytePages">CPUID 0x80000001 EDX bit 26.</param>
    public HostPageFormat(bool hasNoExecute, bool hasGigabytePages)
        : base(Present)
    {
        _noExecute = hasNoExecute ? NoExecute : 0;
        MaximumOrder = hasGigabytePages ? Page.Order1G : Page.Order2M;
    }

    public override ulong Absent => 0;

    public override int MaximumOrder { get; }

    public override ulong Leaf(Mfn mfn, int level, Rights rights, Caching caching)
    {
        if (rights == Rights.None)
        {
            return 0;
        }

        ulong entry = mfn.Address | Present | Accessed | Dirty | Global;
        if ((rights & Rights.Write) != 0)
        {
            entry |= Writable;
        }

        if ((rights & Rights.Execute) == 0)
        {
            entry |= _noExecute;
        }

        // PAT entry 3, which is UC after reset (SDM vol. 3, 11.12.4).
        if (caching == Caching.Uncached)
        {
            entry |= WriteThrough | CacheDisabled;
        }

        return level > 1 ? entry | Large : entry;
    }

    public override ulong Table(Mfn mfn) => mfn.Address | Present | Writable | Accessed;

    public override Rights RightsOf(ulong entry)
    {
        Rights rights = Rights.Read;
        if ((entry & Writable) != 0)
        {
            rights |= Rights.Write;
        }

        return (entry & NoExecute) == 0 ? rights | Rights.Execute : rights;
    }
}
