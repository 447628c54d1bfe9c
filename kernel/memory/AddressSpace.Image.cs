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

    // Blocks of the CPUs that did not boot, by number.
    private const ulong CpuBlocksStart = 0xFFFF_D000_0000_0000;

    private readonly PageTable _table;
    private readonly PhysicalMemory _memory;
    private readonly FrameAllocator _frames;
    private readonly SpinLock _lock = new(LockRank.AddressSpace, "address space");
    private readonly Invalidation _invalidation = new();

    private AddressSpace(PhysicalMemory memory, FrameAllocator frames, PageTable table)
    {
        _memory = memory;
        _frames = frames;
        _table = table;
    }

    /// <summary>Physical address of the top table: CR3.</summary>
    internal ulong Root => _table.Root.Address;

    /// <summary>Builds the tables. Null: out of memory.</summary>
    /// <param name="memory">RAM, reachable already for the frames that <paramref name="frames"/> gives out.</param>
    /// <param name="frames">For the tables.</param>
    /// <param name="format">The host's entries.</param>
    /// <param name="ram">What the direct map shows.</param>
    public static AddressSpace? TryBuild(PhysicalMemory memory, FrameAllocator frames, HostPageFormat format, ReadOnlySpan<MemoryRange> ram)
    {
        var space = new AddressSpace(memory, frames, new PageTable(memory, frames, format, FrameAllocator.HypervisorOwner));
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
    public void Activate() => Cpu.WriteCr3(Root);

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

        _lock.Acquire();
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

            // A translation that was not there is kept nowhere (Intel SDM vol. 3, 4.10.2.3).
            if (mapped)
            {
                Forget(DirectMap + at);
            }
        }

        _lock.Release();
        return DirectMap + address;
    }

    /// <summary>Makes device registers unreachable again, on all CPUs by the time it returns. RAM stays.</summary>
    /// <param name="address">Physical, in bytes; need not be aligned.</param>
    /// <param name="length">Bytes; up to 64 TiB - address.</param>
    public void UnmapPhysical(ulong address, ulong length)
    {
        if (address >= DirectMapSize || length > DirectMapSize - address)
        {
            throw new ArgumentOutOfRangeException(nameof(address));
        }

        _lock.Acquire();
        ulong end = address + length;
        for (ulong at = address & ~Page.OffsetMask; at < end; at += Page.Size)
        {
            if (!_memory.IsRam(at, Page.Size) && _table.TryQuery(DirectMap + at, out _, out _, out _))
            {
                if (!_table.Unmap(DirectMap + at, Page.Order4K))
                {
                    throw new InvalidOperationException("no memory for page tables of a device");
                }

                Forget(DirectMap + at);
            }
        }

        _lock.Release();
    }

    /// <summary>Maps a CPU's block, less its guard pages. False: out of memory.</summary>
    internal bool TryMapCpuBlock(int cpu, out ulong block)
    {
        block = CpuBlocksStart + ((ulong)cpu * CpuBlocks.BlockBytes);
        for (ulong offset = 0; offset < CpuBlocks.BlockBytes; offset += Page.Size)
        {
            bool isGuard = false;
            for (int i = 0; i < CpuBlocks.GuardCount; i++)
            {
                isGuard |= CpuBlocks.Guard(i) == offset;
            }

            if (!isGuard && (!_frames.TryAllocate(0, FrameAllocator.HypervisorOwner, FrameType.Unspecified, out Mfn mfn)
                || !_table.TryMap(block + offset, mfn, Page.Order4K, Rights.ReadWrite, Caching.WriteBack)))
            {
                return false;
            }
        }

        return true;
    }

    // Tells all CPUs, and waits until none uses the old translation any more. The lock makes the one request enough.
    private void Forget(ulong address)
    {
        _invalidation.Address = address;
        if (Boot.TryGetCurrent(out KernelServices? services))
        {
            services.Messages.Call(services.Cpus.Online, _invalidation);
        }
        else
        {
            _invalidation.Run();
        }
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

    private sealed class Invalidation : CpuWork
    {
        public ulong Address { get; set; }

        public override void Run() => Cpu.InvalidatePage(Address);
    }
}
