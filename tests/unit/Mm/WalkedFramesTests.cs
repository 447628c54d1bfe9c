using System;
using System.Collections.Generic;
using Xenolith.Kernel;
using Xenolith.Mm;
using Xenolith.Tests.Unit.Harness;
using Xunit;
using static Xenolith.Tests.Unit.Harness.GuestTables;

namespace Xenolith.Tests.Unit.Mm;

/// <summary>Which changes of the p2m make kept walks stale, with a second CPU at the worst moment.</summary>
public sealed class WalkedFramesTests
{
    private const ulong Linear = 0x4000_1000, Root = 0x10_0000, Leaf = 0x180, Unwalked = 0x190;

    /// <summary>
    /// A walk on one CPU and two changes of the frame that it goes through on another, each in the steps that other CPUs can see, in every
    /// order: a walk that is kept and counts in the end has seen what is there in the end.
    /// </summary>
    [Fact]
    public void NoOrderOfAWalkAndChangesLeavesAStaleWalk()
    {
        const int walkerSteps = 4, changerSteps = 6;
        int orders = 0, counting = 0;
        for (int order = 0; order < 1 << (walkerSteps + changerSteps); order++)
        {
            if (int.PopCount(order) != walkerSteps)
                continue;
            var walked = new WalkedFrames();
            var gfn = new Gfn(Leaf);
            ulong p2m = 0;
            int there = 0, seen = -1, walker = 0, changer = 0;
            WalkStart start = default;
            bool isKept = false;
            for (int i = 0; i < walkerSteps + changerSteps; i++)
            {
                if ((order >> i & 1) != 0)
                {
                    switch (walker++)
                    {
                        case 0: start = new WalkStart(walked.Generation, p2m); break;
                        case 1: seen = there; break;
                        case 2: walked.Add(gfn); break;
                        default: isKept = start.P2m == p2m; break;
                    }
                }
                else
                {
                    switch (changer++ % 3)
                    {
                        case 0: there++; break;
                        case 1: p2m++; break;
                        default: walked.Forget(gfn, 0); break;
                    }
                }
            }
            bool counts = isKept && start.Walked == walked.Generation;
            Assert.True(!counts || seen == there, $"order {order:b}: frame {seen} is kept, and {there} is there");
            orders++;
            counting += counts ? 1 : 0;
        }
        Assert.Equal(210, orders);
        Assert.True(counting > 0);
    }

    /// <summary>A change at each access that a walk makes to memory, of each frame that it goes through; then the kept walk against a new one.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void AChangeInTheMidstOfAWalkIsSeenAfterIt(bool givesAnother)
    {
        foreach (int victim in new[] { 0, 1, 2, 3, 4 })
        {
            bool wasReached = true;
            for (int moment = 1; wasReached; moment++)
            {
                using var guest = new WalkingGuest();
                Gfn frame = guest.WalkedFrames[victim];
                guest.Memory.At(moment, () => guest.Replace(frame, givesAnother));
                guest.Read();
                wasReached = guest.Memory.WasReached;
                guest.Memory.At(0, null);
                if (!wasReached)
                    guest.Replace(frame, givesAnother);
                Assert.Equal(guest.ReadAnew(), guest.Read());
                Assert.True(moment > 20 || wasReached, "a walk touches memory more often");
            }
        }
    }

    [Fact]
    public void OnlyChangesOfWalkedFramesMakeWalksStale()
    {
        using var guest = new WalkingGuest();
        guest.Read();
        Assert.Equal(0, guest.AccessesOfARead());
        guest.Replace(new Gfn(Unwalked), givesAnother: true);
        Assert.Equal(0, guest.AccessesOfARead());
        Assert.True(guest.P2m.TryPopulate(new Gfn(0x300), 1));
        Assert.Equal(0, guest.AccessesOfARead());
        guest.Replace(new Gfn(Leaf), givesAnother: true);
        Assert.NotEqual(0, guest.AccessesOfARead());
        Assert.Equal(0, guest.AccessesOfARead());
        P2mEntry leaf = guest.P2m.Lookup(new Gfn(Leaf));
        Assert.True(guest.P2m.TrySet(new Gfn(Leaf), leaf.Mfn, 0, P2mType.RamReadOnly));
        Assert.NotEqual(0, guest.AccessesOfARead());
        Assert.True(guest.P2m.TryRemove(new Gfn(0x200), Page.Order2M));
        Assert.NotEqual(0, guest.AccessesOfARead());
    }

    /// <summary>Tables that are given up, and then another's, after the walk has read them, as may happen where it waits for memory to be cleared.</summary>
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    public void AWalkMarksNothingInAFrameThatTheGuestHasGivenUp(int victim)
    {
        using var guest = new WalkingGuest();
        Gfn table = guest.WalkedFrames[victim];
        Mfn given = guest.P2m.Lookup(table).Mfn;
        byte[] content = guest.Memory.Frame(given).ToArray();
        guest.Memory.AtWord(guest.LastEntry, () =>
        {
            guest.Replace(table, givesAnother: false);
            content.CopyTo(guest.Memory.Frame(given));
        });
        Assert.False(guest.Read().Done);
        Assert.True(guest.Memory.WasReached);
        Assert.Equal(content, guest.Memory.Frame(given).ToArray());
    }

    private sealed class WalkingGuest : IDisposable
    {
        private readonly HostPhysicalMemory _host = new(16 << 20);
        private readonly ScriptedCpu _cpu = new() { Cr0 = 0x8001_0033, Cr4 = 0x20, Efer = 0xD00, Cr3 = Root, Rflags = 2 };
        private readonly GuestMemory _memory;
        private readonly GuestAccess _access;

        public WalkingGuest()
        {
            MemoryRange[] map = [new MemoryRange(0, _host.Limit, MemoryKind.Ram)];
            FrameAllocator frames = FrameAllocator.TryCreate(_host, map, []) ?? throw new InvalidOperationException();
            Memory = new InterposedMemory(_host);
            P2m = new P2m(Memory, frames, new PlainPageFormat(), 3);
            Assert.True(P2m.TryPopulate(new Gfn(0), 0x200));
            _memory = new GuestMemory(P2m, Memory);
            var tables = new GuestTables(_memory, Root);
            tables.Map(Linear, Leaf << 12, Present | Writable);
            Assert.True(_memory.TryWrite(Leaf << 12, [0x11]));
            _cpu.SetSegment(Xenolith.Hal.SegmentName.Cs, new Xenolith.Hal.Segment(0x10, 0xA9B, uint.MaxValue, 0));
            _access = new GuestAccess(_cpu, _memory);
            WalkedFrames = [new Gfn(Root >> 12), .. Tables(tables), new Gfn(Leaf)];
            LastEntry = P2m.Lookup(WalkedFrames[3]).Mfn.Address + (tables.SlotFor(Linear, 1) & Page.OffsetMask);
        }

        public P2m P2m { get; }

        public InterposedMemory Memory { get; }

        public IReadOnlyList<Gfn> WalkedFrames { get; }

        /// <summary>Where the leaf's entry is in the host.</summary>
        public ulong LastEntry { get; }

        public (bool Done, byte Value) Read() => Read(_access);

        public (bool Done, byte Value) ReadAnew() => Read(new GuestAccess(_cpu, _memory));

        public int AccessesOfARead()
        {
            int before = Memory.Accesses;
            Read();
            return Memory.Accesses - before;
        }

        public void Replace(Gfn gfn, bool givesAnother)
        {
            Assert.True(P2m.TryDepopulate(gfn));
            if (givesAnother)
            {
                // Not the frame that was just freed.
                Assert.True(P2m.TryPopulate(new Gfn(0x1000), 1));
                Assert.True(P2m.TryPopulate(gfn, 1));
            }
        }

        public void Dispose() => _host.Dispose();

        private static (bool Done, byte Value) Read(GuestAccess access)
        {
            byte[] value = new byte[1];
            return (access.CopyIn(Linear, value), value[0]);
        }

        private static IEnumerable<Gfn> Tables(GuestTables tables)
        {
            for (int level = 3; level > 0; level--)
                yield return Gfn.Of(tables.SlotFor(Linear, level));
        }
    }

    /// <summary>Memory that does something at a chosen access.</summary>
    private sealed class InterposedMemory(PhysicalMemory inner) : PhysicalMemory
    {
        private int _countdown;
        private ulong? _word;
        private Action? _action;

        public int Accesses { get; private set; }

        public bool WasReached { get; private set; }

        public override ulong Limit => inner.Limit;

        /// <param name="access">1: the next one; 0: never.</param>
        public void At(int access, Action? action) => (_countdown, _action, WasReached) = (access, action, false);

        /// <param name="address">The first access of that word.</param>
        public void AtWord(ulong address, Action action) => (_word, _action, WasReached) = (address, action, false);

        public override bool IsRam(ulong address, ulong length) => inner.IsRam(address, length);

        public override Span<byte> Bytes(ulong address, int length)
        {
            Count();
            return inner.Bytes(address, length);
        }

        public override ref ulong Word64(ulong address)
        {
            Count();
            if (_word == address)
            {
                _word = null;
                WasReached = true;
                _action!();
            }
            return ref inner.Word64(address);
        }

        public override ref uint Word32(ulong address)
        {
            Count();
            return ref inner.Word32(address);
        }

        private void Count()
        {
            Accesses++;
            if (_countdown == 0 || --_countdown != 0)
                return;
            WasReached = true;
            _action!();
        }
    }
}
