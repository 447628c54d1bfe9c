using System;

namespace Xenolith.Kernel;

/// <summary>
/// The hypervisor's own address space: the image, each section with its own rights and never both writable and executable; RAM, less the
/// image, in the direct map, writable and not executable; devices and firmware tables there too, mapped when asked for. The low half
/// is empty, so that null faults.
/// </summary>
public sealed class AddressSpace
{
    /// <summary>Where physical address 0 lies in the direct map.</summary>
    public const ulong DirectMap = 0xFFFF_8000_0000_0000;

    /// <summary>Where physical address 0 lies for the image's own addresses.</summary>
    public const ulong ImageBase = 0xFFFF_FFFF_8000_0000;

    private const ulong DirectMapSize = 1UL << 46;

    private readonly PageTable _table;
    private readonly PhysicalMemory _memory;

    private AddressSpace(PhysicalMemory memory, PageTable table)
    {
        _memory = memory;
        _table = table;
    }

    /// <summary>Builds the tables. Null: out of memory.</summary>
    /// <param name="memory">RAM, reachable already for the frames that <paramref name="frames"/> gives out.</param>
    /// <param name="frames">For the tables.</param>
    /// <param name="format">The host's entries.</param>
    /// <param name="ram">What the direct map shows.</param>
    public static AddressSpace? TryBuild(PhysicalMemory memory, FrameAllocator frames, HostPageFormat format, ReadOnlySpan<MemoryRange> ram)
    {
        var space = new AddressSpace(memory, new PageTable(memory, frames, format, FrameAllocator.HypervisorOwner));
        ref readonly ImageLayout layout = ref ImageLayout.Current;
        bool done = space.TryMapImage(layout.TextStart, layout.TextEnd, Rights.ReadExecute)
            && space.TryMapImage(layout.ReadOnlyStart, layout.ReadOnlyEnd, Rights.Read)
            && space.TryMapImage(layout.DataStart, layout.DataEnd, Rights.ReadWrite);
        for (int i = 0; done && i < CpuBlocks.GuardCount; i++)
        {
            done = space._table.Unmap(layout.Stacks + CpuBlocks.Guard(i), Page.Order4K);
        }

        for (int i = 0; done && i < ram.Length; i++)
        {
            done = space.TryMapRange(DirectMap + ram[i].Start, ram[i].Start, ram[i].Length, Rights.ReadWrite, Caching.WriteBack);
        }

        return done ? space : null;
    }

    /// <summary>Makes the CPU use it.</summary>
    public void Activate() => Cpu.WriteCr3(_table.Root.Address);

    /// <summary>
    /// Makes physical addresses reachable that are not RAM: device registers, firmware tables. What is mapped already stays as it is.
    /// Out of memory is a panic: drivers ask at the start only.
    /// </summary>
    /// <param name="address">Physical, in bytes; need not be aligned.</param>
    /// <param name="length">Bytes; up to 64 TiB - address.</param>
    /// <param name="rights">Read, perhaps Write.</param>
    /// <param name="caching">Uncached for registers.</param>
    /// <returns>The virtual address of the first byte.</returns>
    public ulong MapPhysical(ulong address, ulong length, Rights rights, Caching caching)
    {
        if (address >= DirectMapSize || length > DirectMapSize - address || (rights & Rights.Execute) != 0)
        {
            throw new ArgumentOutOfRangeException(nameof(address));
        }

        ulong end = address + length;
        for (ulong at = address & ~Page.OffsetMask; at < end; at += Page.Size)
        {
            bool mapped = _table.TryQuery(DirectMap + at, out _, out Rights has, out _);
            if (mapped && ((has & rights) == rights || _memory.IsRam(at, Page.Size)))
            {
                continue;
            }

            if (!_table.TryMap(DirectMap + at, Mfn.Of(at), Page.Order4K, rights, caching))
            {
                throw new InvalidOperationException("no memory for page tables of a device");
            }

            Cpu.InvalidatePage(DirectMap + at);
        }

        return DirectMap + address;
    }

    /// <summary>Looks a virtual address up.</summary>
    public bool TryQuery(ulong address, out Mfn mfn, out Rights rights) => _table.TryQuery(address, out mfn, out rights, out _);

    private bool TryMapImage(ulong start, ulong end, Rights rights)
    {
        for (ulong at = start; at < end; at += Page.Size)
        {
            if (!_table.TryMap(at, Mfn.Of(at - ImageBase), Page.Order4K, rights, Caching.WriteBack))
            {
                return false;
            }
        }

        return true;
    }

    private bool TryMapRange(ulong address, ulong physical, ulong length, Rights rights, Caching caching)
    {
        ulong done = 0;
        while (done < length)
        {
            int order = LargestOrder(physical + done, length - done);
            if (!_table.TryMap(address + done, Mfn.Of(physical + done), order, rights, caching))
            {
                return false;
            }

            done += (ulong)Page.Size << order;
        }

        return true;
    }

    private static int LargestOrder(ulong physical, ulong length) =>
        Fits(physical, length, Page.Order1G) ? Page.Order1G : Fits(physical, length, Page.Order2M) ? Page.Order2M : Page.Order4K;

    private static bool Fits(ulong physical, ulong length, int order) =>
        (physical & (((ulong)Page.Size << order) - 1)) == 0 && length >= (ulong)Page.Size << order;
}
