using System;
using System.Collections.Generic;
using Xenolith.Kernel;
using Xunit;

namespace Xenolith.Tests.Unit.Kernel;

public sealed class PageTableTests : IDisposable
{
    private const ulong Bytes = 16 << 20;
    private readonly HostPhysicalMemory _ram = new(Bytes);
    private readonly WriteHistory _memory;
    private readonly FrameAllocator _frames;
    private readonly HostPageFormat _format = new(hasNoExecute: true, hasGigabytePages: true);

    public PageTableTests()
    {
        _memory = new WriteHistory(_ram);
        _frames = FrameAllocator.TryCreate(_memory, [new MemoryRange(0, Bytes, MemoryKind.Ram)], [])!;
    }

    public void Dispose() => _ram.Dispose();

    [Fact]
    public void EveryStoreLeavesTheOldOrTheNewTranslation()
    {
        var random = new Random(99);
        var table = new PageTable(_memory, _frames, _format, 1);
        ulong[] bases = [0, 0x4000_0000, 0x7F_C000_0000, 0xFFFF_8000_0000_0000];
        var probes = new List<ulong>();
        int merges = 0;
        for (int step = 0; step < 400; step++)
        {
            int order = random.Next(3) * 9;
            ulong size = 1UL << (12 + order);
            ulong address = bases[random.Next(bases.Length)] + ((ulong)random.Next(4) << 30) + ((ulong)random.Next(3) << 21) + ((ulong)random.Next(3) << 12);
            address &= ~(size - 1);
            probes.Add(address);
            probes.Add(address + size - 1);
            probes.Add(address ^ 0x1000);
            var mfn = new Mfn((ulong)random.Next(1 << 20) << order);
            var before = new Dictionary<ulong, (Mfn, Rights)>();
            foreach (ulong probe in probes)
            {
                before[probe] = Walk(_memory.Settled, table.Root, probe);
            }

            // Now and then a table of leaves that belong together is made, and made one leaf.
            bool merge = order != 0 && random.Next(2) == 0;
            if (merge)
            {
                MapInParts(table, address, mfn, order);
                foreach (ulong probe in probes)
                    before[probe] = Walk(_memory.Settled, table.Root, probe);
            }

            _memory.Start();
            bool map = random.Next(3) != 0;
            if (merge)
            {
                merges++;
                Assert.True(table.TryMerge(address, order));
            }
            else
            {
                Assert.True(map
                    ? table.TryMap(address, mfn, order, (Rights)(1 | random.Next(8)), (Caching)random.Next(2))
                    : table.Unmap(address, order));
            }

            (ulong Address, ulong Old, ulong New)[] history = _memory.Finish();

            // Replays the stores: at no point may any address translate to anything but its first or last translation.
            var after = new Dictionary<ulong, (Mfn, Rights)>();
            foreach (ulong probe in probes)
            {
                after[probe] = Walk(_memory.Settled, table.Root, probe);
            }

            for (int i = history.Length - 1; i >= 0; i--)
            {
                _memory.Settled(history[i].Address) = history[i].Old;
            }

            for (int i = 0; i < history.Length; i++)
            {
                _memory.Settled(history[i].Address) = history[i].New;
                foreach (ulong probe in probes)
                {
                    (Mfn, Rights) now = Walk(_memory.Settled, table.Root, probe);
                    Assert.True(now == before[probe] || now == after[probe], $"step {step}: 0x{probe:x} went through {now}");
                }
            }

            // What is outside the range has not changed.
            foreach (ulong probe in probes)
            {
                if (merge || probe < address || probe - address >= size)
                {
                    Assert.Equal(before[probe], after[probe]);
                }
                else if (map)
                {
                    Assert.Equal(mfn.Value + ((probe - address) >> 12), after[probe].Item1.Value);
                }
                else
                {
                    Assert.Equal(Mfn.Invalid, after[probe].Item1);
                }
            }

            if (random.Next(8) == 0)
            {
                table.FreeRetired();
            }

            if (probes.Count > 120)
            {
                probes.RemoveRange(0, 60);
            }
        }

        Assert.True(merges > 50);
        ulong held = _frames.CountOwnedBy(1);
        Assert.Equal((ulong)table.TableFrames, held);
        table.Release();
        Assert.Equal(0UL, _frames.CountOwnedBy(1));
    }

    [Fact]
    public void SplittingKeepsRightsAndCaching()
    {
        var table = new PageTable(_memory, _frames, _format, 1);
        Assert.True(table.TryMap(0x4000_0000, new Mfn(1 << 18), Page.Order1G, Rights.Read, Caching.Uncached));
        Assert.True(table.TryMap(0x4000_3000, new Mfn(77), Page.Order4K, Rights.All, Caching.WriteBack));
        Assert.True(table.TryQuery(0x4000_3FFF, out Mfn mfn, out Rights rights, out int level));
        Assert.Equal((new Mfn(77), Rights.All, 1), (mfn, rights, level));
        Assert.True(table.TryQuery(0x4000_4000, out mfn, out rights, out level));
        Assert.Equal((new Mfn((1 << 18) + 4), Rights.Read, 1), (mfn, rights, level));
        Assert.Equal(Caching.Uncached, _format.CachingOf(EntryFor(table, 0x4000_4000), 1));
        Assert.True(table.TryQuery(0x4020_0000, out mfn, out rights, out level));
        Assert.Equal((new Mfn((1 << 18) + 512), Rights.Read, 2), (mfn, rights, level));
        Assert.Equal(Caching.Uncached, _format.CachingOf(EntryFor(table, 0x4020_0000), 2));
    }

    [Fact]
    public void AFormatWithoutGigabyteLeavesGetsATableOfSmallerOnesAtOnce()
    {
        var table = new PageTable(_memory, _frames, new HostPageFormat(true, hasGigabytePages: false), 1);
        Assert.True(table.TryMap(0, new Mfn(0), Page.Order1G, Rights.ReadWrite, Caching.WriteBack));
        Assert.True(table.TryQuery(0x3FFF_F000, out Mfn mfn, out _, out int level));
        Assert.Equal((new Mfn(0x3FFFF), 2), (mfn, level));
    }

    [Fact]
    public void WithoutMemoryNothingChanges()
    {
        var table = new PageTable(_memory, _frames, _format, 1);
        Assert.True(table.TryMap(0, new Mfn(0), Page.Order1G, Rights.ReadWrite, Caching.WriteBack));
        while (_frames.TryAllocate(0, 2, FrameType.Guest, out _))
        {
        }

        Assert.False(table.TryMap(0x1000, new Mfn(9), Page.Order4K, Rights.Read, Caching.WriteBack));
        Assert.False(table.Unmap(0x1000, Page.Order4K));
        Assert.False(table.TryMap(1UL << 40, new Mfn(9), Page.Order4K, Rights.Read, Caching.WriteBack));
        Assert.True(table.TryQuery(0x1000, out Mfn mfn, out Rights rights, out int level));
        Assert.Equal((new Mfn(1), Rights.ReadWrite, 3), (mfn, rights, level));
        var rootless = new PageTable(_memory, _frames, _format, 1);
        Assert.Equal(Mfn.Invalid, rootless.Root);
        Assert.False(rootless.TryMap(0, new Mfn(9), Page.Order4K, Rights.Read, Caching.WriteBack));
        Assert.False(rootless.TryQuery(0, out _, out _, out _));
    }

    [Fact]
    public void ATableOfOneLargePagesPartsBecomesThatPage()
    {
        var table = new PageTable(_memory, _frames, _format, 1);
        Assert.True(table.TryMap(0x4000_0000, new Mfn(1 << 18), Page.Order1G, Rights.ReadExecute, Caching.Uncached));
        Assert.True(table.TryMap(0x4000_3000, new Mfn(77), Page.Order4K, Rights.ReadExecute, Caching.Uncached));
        Assert.False(table.TryMerge(0x4000_0000, Page.Order2M));
        Assert.True(table.TryMap(0x4000_3000, new Mfn((1 << 18) + 3), Page.Order4K, Rights.ReadExecute, Caching.Uncached));
        Assert.False(table.TryMerge(0x4000_0000, Page.Order1G));
        ulong used = _frames.CountOwnedBy(1);
        Assert.True(table.TryMerge(0x4000_0000, Page.Order2M));
        Assert.True(table.TryMerge(0x4000_0000, Page.Order1G));
        Assert.False(table.TryMerge(0x4000_0000, Page.Order1G));

        // Both tables wait until nobody has them cached.
        Assert.True(table.HasRetired);
        Assert.Equal(used, _frames.CountOwnedBy(1));
        table.FreeRetired();
        Assert.Equal(used - 2, _frames.CountOwnedBy(1));
        Assert.True(table.TryQuery(0x7FFF_F000, out Mfn mfn, out Rights rights, out int level));
        Assert.Equal((new Mfn((2 << 18) - 1), Rights.ReadExecute, 3), (mfn, rights, level));
        Assert.Equal(Caching.Uncached, _format.CachingOf(EntryFor(table, 0x4000_0000), 3));
    }

    /// <summary>What keeps 512 leaves from being one.</summary>
    [Theory]
    [InlineData(0, 0x40_0001UL, Rights.ReadWrite, Caching.WriteBack)]
    [InlineData(0, 0x40_0000UL, Rights.Read, Caching.WriteBack)]
    [InlineData(0, 0x40_0000UL, Rights.ReadWrite, Caching.Uncached)]
    [InlineData(511, 0x40_0000UL, Rights.ReadWrite, Caching.WriteBack)]
    [InlineData(511, 0x40_01FFUL, Rights.Read, Caching.WriteBack)]
    [InlineData(300, 0x40_012CUL, Rights.None, Caching.WriteBack)]
    public void OneLeafThatDiffersKeepsTheTable(int index, ulong mfn, Rights rights, Caching caching)
    {
        var table = new PageTable(_memory, _frames, _format, 1);
        MapInParts(table, 0x20_0000, new Mfn(0x40_0000), Page.Order2M);
        Assert.True(table.TryMap(0x20_0000 + ((ulong)index << Page.Shift), new Mfn(mfn), Page.Order4K, rights, caching));
        Assert.False(table.TryMerge(0x20_0000, Page.Order2M));
        Assert.False(table.HasRetired);
    }

    [Fact]
    public void OnlyAlignedFramesAndSizesOfTheFormatAreMerged()
    {
        var table = new PageTable(_memory, _frames, _format, 1);
        MapInParts(table, 0, new Mfn(0x40_0100), Page.Order2M);
        Assert.False(table.TryMerge(0, Page.Order2M));
        Assert.False(table.TryMerge(0x4000_0000, Page.Order2M));
        Assert.False(table.TryMerge(0x80_0000_0000, Page.Order1G));
        Assert.Throws<ArgumentOutOfRangeException>(() => table.TryMerge(0, Page.Order4K));
        Assert.Throws<ArgumentOutOfRangeException>(() => table.TryMerge(0x1000, Page.Order2M));
        var small = new PageTable(_memory, _frames, new HostPageFormat(true, hasGigabytePages: false), 1);
        Assert.True(small.TryMap(0, new Mfn(0), Page.Order1G, Rights.Read, Caching.WriteBack));
        Assert.False(small.TryMerge(0, Page.Order1G));
    }

    /// <summary>What the CPU has noted in a leaf does not make it another; the large one begins anew.</summary>
    [Fact]
    public void AccessedAndDirtyDoNotCountWhenLeavesAreMerged()
    {
        var table = new PageTable(_memory, _frames, new Xenolith.Hal.Vmx.EptFormat(hasExecuteOnly: true, has1GPages: true), 1);
        MapInParts(table, 0, new Mfn(0x40_0000), Page.Order2M, Rights.ReadWrite | Rights.Logged);
        const ulong dirty = 0x200;
        table.TryLocate(0x7000, out _, out _, out TablePlace place);
        _memory.Word64(place.Slot) |= dirty;
        Assert.True(table.TryMerge(0, Page.Order2M));
        Assert.Equal(dirty, EntryFor(table, 0) & dirty);
    }

    [Fact]
    public void LeavesOfATableGetRightsTogether()
    {
        var table = new PageTable(_memory, _frames, _format, 1);
        MapInParts(table, 0, new Mfn(0x40_0000), Page.Order2M);
        Assert.True(table.Unmap(0x5000, Page.Order4K));
        Assert.True(table.TryMap(0x20_0000, new Mfn(7), Page.Order4K, Rights.ReadWrite, Caching.WriteBack));
        table.TryLocate(0x7000, out _, out _, out TablePlace place);
        table.SetRights(place, Rights.Read, Caching.WriteBack);
        for (ulong i = 0; i < 512; i++)
        {
            Assert.Equal(i != 5, table.TryQuery(i << Page.Shift, out Mfn mfn, out Rights rights, out _));
            if (i != 5)
                Assert.Equal((new Mfn(0x40_0000 + i), Rights.Read), (mfn, rights));
        }
        Assert.True(table.TryQuery(0x20_0000, out _, out Rights beside, out _));
        Assert.Equal(Rights.ReadWrite, beside);
    }

    [Fact]
    public void ATableThatMapsNothingIsGivenBack()
    {
        var table = new PageTable(_memory, _frames, _format, 1);
        Assert.True(table.TryMap(0x20_0000, new Mfn(5), Page.Order4K, Rights.Read, Caching.WriteBack));
        Assert.False(table.TryMerge(0x20_0000, Page.Order2M));
        Assert.True(table.Unmap(0x20_0000, Page.Order4K));
        Assert.True(table.TryMerge(0x20_0000, Page.Order2M));
        Assert.True(table.TryMerge(0, Page.Order1G));
        table.FreeRetired();
        Assert.Equal(2, table.TableFrames);
    }

    // Small leaves, mapped one by one, that could be one large one.
    private static void MapInParts(PageTable table, ulong address, Mfn mfn, int order, Rights rights = Rights.ReadWrite)
    {
        int part = order - Page.Order2M;
        for (ulong i = 0; i < 512; i++)
            Assert.True(table.TryMap(address + (i << (Page.Shift + part)), new Mfn(mfn.Value + (i << part)), part, rights, Caching.WriteBack));
    }

    [Fact]
    public void UnlinkedTablesStayUnchangedUntilTheyAreFreed()
    {
        var table = new PageTable(_memory, _frames, _format, 1);
        Assert.True(table.TryMap(0x20_0000, new Mfn(5), Page.Order4K, Rights.Read, Caching.WriteBack));
        ulong used = _frames.CountOwnedBy(1);
        Assert.True(table.TryMap(0x20_0000, new Mfn(512), Page.Order2M, Rights.Read, Caching.WriteBack));
        Assert.True(table.HasRetired);
        Assert.Equal(used, _frames.CountOwnedBy(1));
        table.FreeRetired();
        Assert.False(table.HasRetired);
        Assert.Equal(used - 1, _frames.CountOwnedBy(1));
    }

    [Fact]
    public void WrongAddressesAreRefused()
    {
        var table = new PageTable(_memory, _frames, _format, 1);
        Assert.Throws<ArgumentOutOfRangeException>(() => table.TryMap(0x1000, new Mfn(512), Page.Order2M, Rights.Read, Caching.WriteBack));
        Assert.Throws<ArgumentOutOfRangeException>(() => table.TryMap(0, new Mfn(5), Page.Order2M, Rights.Read, Caching.WriteBack));
        Assert.Throws<ArgumentOutOfRangeException>(() => table.TryMap(1UL << 50, new Mfn(5), Page.Order4K, Rights.Read, Caching.WriteBack));
        Assert.Throws<ArgumentOutOfRangeException>(() => table.TryMap(0, new Mfn(0), 3, Rights.Read, Caching.WriteBack));
    }

    // A walker of its own, so that the table's code does not judge itself.
    private static (Mfn Mfn, Rights Rights) Walk(WordAt word, Mfn root, ulong address)
    {
        ulong table = root.Address;
        for (int level = 4; ; level--)
        {
            int shift = 12 + (9 * (level - 1));
            ulong entry = word(table + ((address >> shift & 511) * 8));
            if ((entry & 1) == 0)
            {
                return (Mfn.Invalid, Rights.None);
            }

            ulong frame = (entry & 0x000F_FFFF_FFFF_F000) >> 12;
            if (level == 1 || (entry & 0x80) != 0)
            {
                Rights rights = Rights.Read | ((entry & 2) != 0 ? Rights.Write : 0) | (entry >> 63 == 0 ? Rights.Execute : 0);
                return (new Mfn(frame + (address >> 12 & ((1UL << (shift - 12)) - 1))), rights);
            }

            table = frame << 12;
        }
    }

    private delegate ref ulong WordAt(ulong address);

    /// <summary>Sees every store: a word handed out by reference is compared with what it held when the next one is asked for.</summary>
    private sealed class WriteHistory(HostPhysicalMemory ram) : PhysicalMemory
    {
        private readonly List<(ulong Address, ulong Old, ulong New)> _history = [];
        private ulong _lastAddress;
        private ulong _lastValue;

        public override ulong Limit => ram.Limit;

        public ref ulong Settled(ulong address) => ref ram.Word64(address);

        public void Start()
        {
            _history.Clear();
            _lastValue = ram.Word64(_lastAddress);
        }

        public (ulong, ulong, ulong)[] Finish()
        {
            Settle();
            return [.. _history];
        }

        public override bool IsRam(ulong address, ulong length) => ram.IsRam(address, length);

        public override Span<byte> Bytes(ulong address, int length)
        {
            Settle();
            return ram.Bytes(address, length);
        }

        public override ref ulong Word64(ulong address)
        {
            Settle();
            _lastAddress = address;
            _lastValue = ram.Word64(address);
            return ref ram.Word64(address);
        }

        public override ref uint Word32(ulong address) => ref ram.Word32(address);

        private void Settle()
        {
            ulong now = ram.Word64(_lastAddress);
            if (now != _lastValue)
            {
                _history.Add((_lastAddress, _lastValue, now));
                _lastValue = now;
            }
        }
    }

    private ulong EntryFor(PageTable table, ulong address)
    {
        table.TryLocate(address, out _, out _, out TablePlace place);
        return _memory.Word64(place.Slot);
    }
}
