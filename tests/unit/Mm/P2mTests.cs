using System;
using System.Collections.Generic;
using System.Linq;
using FsCheck;
using FsCheck.Fluent;
using Xenolith.Hal;
using Xenolith.Hal.Svm;
using Xenolith.Kernel;
using Xenolith.Mm;
using Xenolith.Tests.Unit.Harness;
using Xunit;

namespace Xenolith.Tests.Unit.Mm;

public sealed class P2mTests
{
    private const ushort Owner = 5;

    private static P2m Create(TestMachine machine) => new(machine.Memory, machine.Frames, new PlainPageFormat(), Owner);

    [Fact]
    public void PopulatesInTheLargestPagesThatFit()
    {
        using var machine = new TestMachine(64);
        P2m p2m = Create(machine);
        Assert.True(p2m.TryPopulate(new Gfn(0x1FF), 0x401));
        Assert.Equal(0, p2m.Lookup(new Gfn(0x1FF)).Order);
        Assert.Equal(9, p2m.Lookup(new Gfn(0x200)).Order);
        Assert.Equal(9, p2m.Lookup(new Gfn(0x5FF)).Order);
        Assert.Equal(P2mType.None, p2m.Lookup(new Gfn(0x600)).Type);
        Assert.Equal(0x401UL, p2m.PopulatedFrames);
        Assert.Equal(new Gfn(0x5FF), p2m.MaximumGfn);
    }

    [Fact]
    public void PopulateLeavesNothingBehindWhenMemoryRunsOut()
    {
        using var machine = new TestMachine(16);
        P2m p2m = Create(machine);
        ulong free = machine.Frames.FreeFrames;
        Assert.False(p2m.TryPopulate(new Gfn(0), 0x10000));
        Assert.Equal(0UL, p2m.PopulatedFrames);
        Assert.Equal(P2mType.None, p2m.Lookup(new Gfn(0)).Type);
        p2m.Settle();
        p2m.Release();
        Assert.Equal(free + 3, machine.Frames.FreeFrames);
    }

    /// <summary>The end of a domain, in pieces: each is bounded, what the guest wrote is gone, and every frame is back.</summary>
    [Theory]
    [InlineData(512UL)]
    [InlineData(2048UL)]
    public void GoesInStepsThatScrub(ulong budget)
    {
        using var machine = new TestMachine(64);
        ulong before = machine.Frames.FreeFrames;
        P2m p2m = Create(machine);
        Assert.True(p2m.TryPopulate(new Gfn(0x1F0), 0x2000));
        Assert.True(p2m.TryPopulate(new Gfn(0xFEFF8), 8));
        Mfn small = p2m.Lookup(new Gfn(0x1F3)).Mfn;
        Mfn large = p2m.Lookup(new Gfn(0x1234)).Mfn;
        machine.Memory.Frame(small).Fill(0xAA);
        machine.Memory.Frame(large).Fill(0xBB);

        // Tables in far corners, as a hostile guest makes them.
        for (int i = 0; i < 20; i++)
        {
            Mfn moved = p2m.Lookup(new Gfn(0x1F4)).Mfn;
            Assert.True(p2m.TrySet(new Gfn((ulong)i << 27 | 0x3000), moved, 0, P2mType.RamReadOnly));
            Assert.True(p2m.TryRemove(new Gfn((ulong)i << 27 | 0x3000), 0));
        }

        p2m.Settle();
        int steps = 1;
        for (; !p2m.ReleaseStep(budget); steps++)
            Assert.True(steps < 100_000);

        Assert.True(steps > 3);
        Assert.Equal(0UL, p2m.PopulatedFrames);
        Assert.Equal(before, machine.Frames.FreeFrames);
        Assert.Equal(-1, machine.Memory.Frame(small).IndexOfAnyExcept((byte)0));
        Assert.Equal(-1, machine.Memory.Frame(large).IndexOfAnyExcept((byte)0));
        Assert.Equal(0UL, machine.Frames.CountOwnedBy(p2m.Owner));
    }

    /// <summary>Small pages in runs that end at what is referenced, of another type, another's, or elsewhere in the machine, and at a step's end.</summary>
    [Fact]
    public void SmallPagesGoInRunsAndOnlyTheDomainsOwn()
    {
        const ulong budget = 64, frames = 0x400;
        using var machine = new TestMachine(64);
        ulong before = machine.Frames.FreeFrames;
        P2m p2m = Create(machine);
        for (ulong gfn = 1; gfn < frames; gfn++)
        {
            Assert.True(p2m.TryPopulate(new Gfn(gfn), 1));
            machine.Memory.Frame(p2m.Lookup(new Gfn(gfn)).Mfn).Fill(0xAA);
        }

        Mfn pinned = p2m.Lookup(new Gfn(0x250)).Mfn, shared = default;
        p2m.Pin(pinned);
        Assert.True(machine.Frames.TryAllocate(0, FrameAllocator.HypervisorOwner, FrameType.Shared, out shared));
        machine.Memory.Frame(shared).Fill(0xBB);
        Assert.True(p2m.TryDepopulate(new Gfn(0x280)));
        Assert.True(p2m.TrySet(new Gfn(0x280), shared, 0, P2mType.Ram));
        Mfn moved = p2m.Lookup(new Gfn(0x290)).Mfn, first = p2m.Lookup(new Gfn(0x291)).Mfn;
        Assert.True(p2m.TrySet(new Gfn(0x291), moved, 0, P2mType.Ram));
        Assert.True(p2m.TrySet(new Gfn(0x290), first, 0, P2mType.Ram));

        // Where types are kept each page is looked at by itself.
        Mfn typed = p2m.Lookup(new Gfn(0x60)).Mfn;
        Assert.True(p2m.TrySet(new Gfn(0x60), typed, 0, P2mType.RamReadOnly));
        p2m.Settle();

        int steps = 1;
        for (; !p2m.ReleaseStep(budget); steps++)
            Assert.True(steps < 1000);
        Assert.True(steps >= (int)(frames / budget));
        Assert.Equal(0xAA, machine.Memory.Frame(pinned)[0]);
        Assert.Equal(0xBB, machine.Memory.Frame(shared)[0]);
        Assert.Equal(before - 2, machine.Frames.FreeFrames);
        Assert.Equal(-1, machine.Memory.Frame(moved).IndexOfAnyExcept((byte)0));
        Assert.Equal(-1, machine.Memory.Frame(first).IndexOfAnyExcept((byte)0));
        Assert.Equal(-1, machine.Memory.Frame(typed).IndexOfAnyExcept((byte)0));
        Assert.True(machine.Frames.Release(pinned));
        Assert.True(machine.Frames.Free(shared, 0));
        Assert.Equal(before, machine.Frames.FreeFrames);
    }

    [Fact]
    public void LargePagesAreMappedAtTheFirstLookAndHoldNothingOfTheirPast()
    {
        using var machine = new TestMachine(64);
        FillFreeMemory(machine);
        P2m p2m = Create(machine);
        Assert.True(p2m.TryPopulate(new Gfn(0x200), 0x600));
        Assert.Equal(0x600UL, p2m.PopulatedFrames);
        Assert.Equal(new Gfn(0x7FF), p2m.MaximumGfn);
        Assert.False(IsMapped(machine, p2m, new Gfn(0x3FF)));
        Assert.Equal(P2mType.None, p2m.Lookup(new Gfn(0x1FF)).Type);
        Assert.Equal(P2mType.None, p2m.Lookup(new Gfn(0x800)).Type);

        ulong generation = p2m.Generation, free = machine.Frames.FreeFrames;
        P2mEntry entry = p2m.Lookup(new Gfn(0x3FF));
        Assert.Equal((P2mType.Ram, Rights.All, Page.Order2M), (entry.Type, entry.Access, entry.Order));
        Assert.True(IsMapped(machine, p2m, new Gfn(0x200)));
        Assert.False(IsMapped(machine, p2m, new Gfn(0x400)));
        ReadOnlySpan<byte> cleared = machine.Memory.Bytes(p2m.Lookup(new Gfn(0x200)).Mfn.Address, 2 << 20);
        Assert.Equal(-1, cleared.IndexOfAnyExcept((byte)0));
        Assert.Equal((generation, free), (p2m.Generation, machine.Frames.FreeFrames));

        // A second look does not clear again.
        machine.Memory.Word64(entry.Mfn.Address) = 7;
        Assert.Equal(entry, p2m.Lookup(new Gfn(0x3FF)));
        Assert.Equal(7UL, machine.Memory.Word64(entry.Mfn.Address));
    }

    [Fact]
    public void WhatWasNeverLookedAtCanBeTakenOutReplacedAndReleased()
    {
        using var machine = new TestMachine(64);
        ulong free = machine.Frames.FreeFrames;
        P2m p2m = Create(machine);
        Assert.True(p2m.TryPopulate(new Gfn(0), 0x800));
        Assert.True(p2m.TryDepopulate(new Gfn(0x2FF)));
        Assert.Equal(P2mType.None, p2m.Lookup(new Gfn(0x2FF)).Type);
        Assert.Equal(P2mType.Ram, p2m.Lookup(new Gfn(0x2FE)).Type);
        Assert.True(p2m.TrySet(new Gfn(0x5FF), new Mfn(0xFEE00), 0, P2mType.Mmio));
        Assert.Equal(P2mType.Ram, p2m.Lookup(new Gfn(0x5FE)).Type);

        // What is replaced is the caller's to free.
        Assert.True(machine.Frames.Free(new Mfn(p2m.Lookup(new Gfn(0x5FE)).Mfn.Value + 1), 0));
        Assert.Equal(0x7FFUL, p2m.PopulatedFrames);
        for (int i = 0; i < 10_000 && !p2m.ReleaseStep(512); i++)
        {
        }

        Assert.Equal(free, machine.Frames.FreeFrames);
    }

    [Fact]
    public void AGibibyteThatGoesTakesWithItWhatNobodyHasLookedAt()
    {
        using var machine = new TestMachine(64);
        ulong free = machine.Frames.FreeFrames;
        P2m p2m = Create(machine);
        Assert.True(p2m.TryPopulate(new Gfn(0x400), 0x600));
        Assert.True(p2m.TryRemove(new Gfn(0), Page.Order1G));
        Assert.Equal(0UL, p2m.PopulatedFrames);
        Assert.False(p2m.IsUncleared(new Gfn(0x400), out _));
        Assert.True(p2m.TryPopulate(new Gfn(0x400), 0x200));
        Assert.True(p2m.TrySet(new Gfn(0), new Mfn(0x40000), Page.Order1G, P2mType.Mmio));
        Assert.Equal(0UL, p2m.PopulatedFrames);
        p2m.Release();
        Assert.Equal(free, machine.Frames.FreeFrames);
    }

    [Fact]
    public void ATableInPlaceOfALargeLeafCountsAgainstTheLimit()
    {
        using var machine = new TestMachine(64);
        var p2m = new P2m(machine.Memory, machine.Frames, new NptFormat(has1GPages: false), Owner) { TableLimit = 2 };
        Assert.False(p2m.TrySet(new Gfn(0), new Mfn(0x40000), Page.Order1G, P2mType.Mmio));
        Assert.Equal(1UL, p2m.NestedTableFrames);
        p2m.TableLimit = 3;
        Assert.True(p2m.TrySet(new Gfn(0), new Mfn(0x40000), Page.Order1G, P2mType.Mmio));
        Assert.Equal(3UL, p2m.NestedTableFrames);
    }

    private static bool IsMapped(TestMachine machine, P2m p2m, Gfn gfn) =>
        NestedWalk.TryTranslate(machine.Memory, new PlainPageFormat(), p2m.Root, gfn.Address, out _);

    private static void FillFreeMemory(TestMachine machine)
    {
        var taken = new List<Mfn>();
        while (machine.Frames.TryAllocate(Page.Order2M, Owner, FrameType.Guest, out Mfn mfn))
        {
            machine.Memory.Bytes(mfn.Address, 2 << 20).Fill(0xA5);
            taken.Add(mfn);
        }

        foreach (Mfn mfn in taken)
        {
            machine.Frames.Free(mfn, Page.Order2M);
        }
    }

    [Fact]
    public void ReleaseReturnsEveryFrame()
    {
        using var machine = new TestMachine(64);
        ulong free = machine.Frames.FreeFrames;
        P2m p2m = Create(machine);
        Assert.True(p2m.TryPopulate(new Gfn(0), 0x1234));
        Assert.True(p2m.TryPopulate(new Gfn(0xFEFF8), 8));
        Assert.True(p2m.TryDepopulate(new Gfn(0x345)));
        Assert.True(p2m.TrySet(new Gfn(0xFEE00), new Mfn(0xFEE00), 0, P2mType.Mmio));
        p2m.Release();
        Assert.Equal(free, machine.Frames.FreeFrames);
        Assert.Equal(0UL, machine.Frames.CountOwnedBy(Owner));
    }

    [Fact]
    public void TypesAreKeptPerFrameInsideALargeRange()
    {
        using var machine = new TestMachine(64);
        P2m p2m = Create(machine);
        Assert.True(p2m.TryPopulate(new Gfn(0x200), 0x200));
        P2mEntry before = p2m.Lookup(new Gfn(0x234));
        Assert.True(p2m.TrySet(new Gfn(0x234), before.Mfn, 0, P2mType.RamReadOnly));
        Assert.Equal(P2mType.RamReadOnly, p2m.Lookup(new Gfn(0x234)).Type);
        Assert.Equal(before.Mfn, p2m.Lookup(new Gfn(0x234)).Mfn);
        Assert.Equal(P2mType.Ram, p2m.Lookup(new Gfn(0x233)).Type);
        Assert.Equal(P2mType.Ram, p2m.Lookup(new Gfn(0x235)).Type);
        Assert.True(p2m.TrySet(new Gfn(0x234), before.Mfn, 0, P2mType.Ram));
        Assert.Equal(P2mType.Ram, p2m.Lookup(new Gfn(0x234)).Type);
        Assert.True(p2m.TrySet(new Gfn(0x40000), new Mfn(0x40000), 18, P2mType.Mmio));
        Assert.Equal(new P2mEntry(new Mfn(0x4ABCD), P2mType.Mmio, 18), p2m.Lookup(new Gfn(0x4ABCD)));
        Assert.True(p2m.TryRemove(new Gfn(0x4ABCD), 0));
        Assert.Equal(P2mEntry.Absent, p2m.Lookup(new Gfn(0x4ABCD)));
        Assert.Equal(new P2mEntry(new Mfn(0x4ABCE), P2mType.Mmio, 0), p2m.Lookup(new Gfn(0x4ABCE)));
        Assert.Equal(P2mType.Mmio, p2m.Lookup(new Gfn(0x40000)).Type);
    }

    [Fact]
    public void APinnedFrameOutlivesItsMapping()
    {
        using var machine = new TestMachine(64);
        P2m p2m = Create(machine);
        Assert.True(p2m.TryPopulate(new Gfn(0), 0x400));
        Mfn mfn = p2m.Lookup(new Gfn(0x10)).Mfn;
        p2m.Pin(mfn);
        p2m.Pin(mfn);
        ulong free = machine.Frames.FreeFrames;
        Assert.True(p2m.TryDepopulate(new Gfn(0x10)));
        Assert.Equal(P2mType.None, p2m.Lookup(new Gfn(0x10)).Type);
        Assert.Equal(Owner, machine.Frames.OwnerOf(mfn));
        p2m.Unpin(mfn);
        Assert.Equal(Owner, machine.Frames.OwnerOf(mfn));
        Assert.Equal(0x400UL, p2m.PopulatedFrames);
        p2m.Unpin(mfn);
        Assert.Equal(FrameAllocator.NoOwner, machine.Frames.OwnerOf(mfn));
        Assert.Equal(0x3FFUL, p2m.PopulatedFrames);
        Assert.True(machine.Frames.FreeFrames <= free + 1);
    }

    /// <summary>Otherwise the next domain of that id would be charged with what the last one left.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void WhatWasLeftBeforeTheEndIsNobodysAfterIt(bool inSteps)
    {
        using var machine = new TestMachine(64);
        P2m p2m = Create(machine);
        Assert.True(p2m.TryPopulate(new Gfn(0x10), 3));
        Mfn early = p2m.Lookup(new Gfn(0x10)).Mfn, late = p2m.Lookup(new Gfn(0x11)).Mfn, again = p2m.Lookup(new Gfn(0x12)).Mfn;
        foreach (Mfn mfn in (Mfn[])[early, late, again])
            p2m.Pin(mfn);
        Assert.True(p2m.TryDepopulate(new Gfn(0x10)));
        Assert.True(p2m.TryDepopulate(new Gfn(0x12)));
        p2m.Unpin(again);
        Assert.Equal((Owner, FrameAllocator.NoOwner), (machine.Frames.OwnerOf(early), machine.Frames.OwnerOf(again)));
        if (inSteps)
        {
            while (!p2m.ReleaseStep(512))
            {
            }
        }
        else
        {
            p2m.Release();
        }

        Assert.Equal(FrameAllocator.EndedOwner, machine.Frames.OwnerOf(early));
        Assert.Equal(FrameAllocator.EndedOwner, machine.Frames.OwnerOf(late));
        P2m next = Create(machine);
        Assert.True(next.TryPopulate(new Gfn(0), 1));
        next.Unpin(early);
        Assert.Equal(1UL, next.PopulatedFrames);
    }

    /// <summary>Other CPUs' use of a p2m, as a test says it is.</summary>
    private sealed class CountedUsers : TranslationUsers
    {
        public bool Are { get; set; } = true;

        public int Expelled { get; private set; }

        public override bool AreElsewhere => Are;

        public override void Expel() => Expelled++;
    }

    [Fact]
    public void WhatWasLetGoOfBeforeTheEndComesBackWithIt()
    {
        using var machine = new TestMachine(64);
        ulong before = machine.Frames.FreeFrames;
        P2m p2m = Create(machine);
        var users = new CountedUsers();
        p2m.Users = users;
        Assert.True(p2m.TryPopulate(new Gfn(0x10), 0x100));
        Mfn shared = p2m.Lookup(new Gfn(0x10)).Mfn;
        p2m.Pin(shared);
        for (ulong gfn = 0x10; gfn < 0x90; gfn++)
            Assert.True(p2m.TryDepopulate(new Gfn(gfn)));

        // Nobody settles: the domain's call faulted.
        users.Are = false;
        while (!p2m.ReleaseStep(512))
        {
        }

        Assert.Equal(FrameAllocator.EndedOwner, machine.Frames.OwnerOf(shared));
        Assert.True(machine.Frames.Release(shared));
        Assert.Equal(before, machine.Frames.FreeFrames);
    }

    [Fact]
    public void FramesThatOthersReferToAreLetGoOfTogether()
    {
        using var machine = new TestMachine(64);
        P2m p2m = Create(machine);
        var users = new CountedUsers();
        p2m.Users = users;
        Assert.True(p2m.TryPopulate(new Gfn(0x10), 600));
        var frames = new Mfn[600];
        for (int i = 0; i < frames.Length; i++)
        {
            frames[i] = p2m.Lookup(new Gfn(0x10 + (ulong)i)).Mfn;
            if (i % 2 == 0)
                p2m.Pin(frames[i]);
            Assert.True(p2m.TryDepopulate(new Gfn(0x10 + (ulong)i)));
        }

        Assert.Equal((1, 300UL), (users.Expelled, p2m.PopulatedFrames));

        // A last reference frees nothing that a CPU may still reach.
        p2m.Unpin(frames[^2]);
        Assert.Equal((Owner, 300UL), (machine.Frames.OwnerOf(frames[^2]), p2m.PopulatedFrames));
        p2m.Unpin(frames[0]);
        Assert.Equal((FrameAllocator.NoOwner, 299UL), (machine.Frames.OwnerOf(frames[0]), p2m.PopulatedFrames));
        p2m.Settle();
        Assert.Equal((2, 298UL), (users.Expelled, p2m.PopulatedFrames));
        Assert.Equal(FrameAllocator.NoOwner, machine.Frames.OwnerOf(frames[^2]));
        Assert.Equal(FrameAllocator.NoOwner, machine.Frames.OwnerOf(frames[^1]));
        for (int i = 2; i < frames.Length - 2; i += 2)
            p2m.Unpin(frames[i]);
        Assert.Equal(0UL, p2m.PopulatedFrames);
    }

    [Fact]
    public void GenerationRisesWhenATranslationGoesAwayButNotWhenOneAppears()
    {
        using var machine = new TestMachine(64);
        P2m p2m = Create(machine);
        ulong start = p2m.Generation;
        Assert.True(p2m.TryPopulate(new Gfn(1), 1));
        Assert.Equal(start, p2m.Generation);
        Assert.True(p2m.TryDepopulate(new Gfn(1)));
        Assert.NotEqual(start, p2m.Generation);
    }

    [Fact]
    public void AddressesBeyondFourLevelsAreRefused()
    {
        using var machine = new TestMachine(64);
        P2m p2m = Create(machine);
        Assert.False(p2m.TrySet(new Gfn(1UL << 36), new Mfn(1), 0, P2mType.Ram));
        Assert.Equal(P2mEntry.Absent, p2m.Lookup(new Gfn(1UL << 36)));
        Assert.Equal(P2mEntry.Absent, p2m.Lookup(Gfn.Invalid));
        Assert.True(p2m.TrySet(new Gfn((1UL << 36) - 1), new Mfn(1), 0, P2mType.Mmio));
        Assert.Equal(new Mfn(1), p2m.Lookup(new Gfn((1UL << 36) - 1)).Mfn);
    }

    /// <summary>Random operations against a dictionary: every gfn translates as the model says, before and after.</summary>
    [Fact]
    public void AgreesWithAModel()
    {
        Gen<(int Operation, int Gfn, int Order)> step =
            from operation in Gen.Choose(0, 4)
            from gfn in Gen.Choose(0, 0xFFF)
            from large in Gen.Choose(0, 7)
            select (operation, gfn, large == 0 ? 9 : 0);
        Prop.ForAll(Gen.ArrayOf(step).ToArbitrary(), Run).QuickCheckThrowOnFailure();

        static void Run((int Operation, int Gfn, int Order)[] steps)
        {
            using var machine = new TestMachine(16);
            P2m p2m = Create(machine);
            var model = new Dictionary<ulong, (ulong Mfn, P2mType Type)>();
            foreach ((int operation, int at, int order) in steps)
            {
                ulong size = 1UL << order;
                ulong gfn = (ulong)at & ~(size - 1);
                P2mType type = operation switch { 0 => P2mType.Ram, 1 => P2mType.Mmio, 2 => P2mType.RamReadOnly, _ => P2mType.None };
                if (type == P2mType.None)
                {
                    Assert.True(p2m.TryRemove(new Gfn(gfn), order));
                    for (ulong i = 0; i < size; i++)
                        model.Remove(gfn + i);
                }
                else
                {
                    Assert.True(p2m.TrySet(new Gfn(gfn), new Mfn(0x4_0000 + gfn), order, type));
                    for (ulong i = 0; i < size; i++)
                        model[gfn + i] = (0x4_0000 + gfn + i, type);
                }
            }
            for (ulong gfn = 0; gfn < 0x1000; gfn++)
            {
                P2mEntry entry = p2m.Lookup(new Gfn(gfn));
                (ulong mfn, P2mType type) = model.GetValueOrDefault(gfn, (ulong.MaxValue, P2mType.None));
                Assert.Equal(new Mfn(mfn), entry.Mfn);
                Assert.Equal(type, entry.Type);
            }
        }
    }
}
