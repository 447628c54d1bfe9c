using System;
using System.Collections.Generic;
using Xenolith.Abi.Contract;
using Xenolith.Hal.Svm;
using Xenolith.Hal.Vmx;
using Xenolith.Kernel;
using Xenolith.Mm;
using Xenolith.Tests.Unit.Harness;
using Xenolith.Tests.Unit.Machines;
using Xunit;

namespace Xenolith.Tests.Unit.Mm;

/// <summary>The log of what is written to a domain's memory, in the page tables of both vendors.</summary>
public sealed class DirtyLogTests
{
    private const ushort Owner = 5;
    private const ulong Frames = 4096;

    private static PageTableFormat Format(bool isIntel) => isIntel ? new EptFormat(true, true) : new NptFormat(true);

    private static void Begin(P2m p2m, bool byCpus = false)
    {
        p2m.BeginLog(byCpus);
        for (ulong at = 0; !p2m.HoldBack(ref at, 7);)
        {
        }
    }

    private static void End(P2m p2m)
    {
        p2m.EndLog();
        for (ulong at = 0; !p2m.LetGo(ref at, 7);)
        {
        }
    }

    private static bool MayWrite(P2m p2m, Gfn gfn) =>
        Private.Table(p2m).TryQuery(gfn.Address, out _, out Rights rights, out _) && (rights & Rights.Write) != 0;

    /// <summary>Writes as a CPU does: by a leaf that allows it, which it notes and opens where it is told to, or after the exit.</summary>
    private static void GuestWrites(TestMachine machine, P2m p2m, Gfn gfn, ISet<ulong> written, Queue<ulong> noted)
    {
        p2m.Lookup(gfn);
        if (p2m.IsLoggedByCpus && Private.Table(p2m).TryLocate(gfn.Address, out _, out Rights rights, out TablePlace place) && (rights & Rights.Logged) != 0)
        {
            Assert.Equal(1, place.Level);
            Assert.Equal(p2m.Log.IsOn, p2m.IsHeldBack(gfn) || written.Contains(gfn.Value));
            const ulong dirty = 0x200;
            machine.Memory.Word64(place.Slot) |= dirty;
            Assert.False(p2m.IsHeldBack(gfn));
            noted.Enqueue(gfn.Value);
            written.Add(gfn.Value);
            return;
        }
        if (MayWrite(p2m, gfn))
        {
            Assert.True(!p2m.Log.IsGlobal || written.Contains(gfn.Value), $"frame {gfn.Value:x} may be written unseen");
            return;
        }
        Assert.True(p2m.TryOpen(gfn));
        Assert.True(MayWrite(p2m, gfn));
        if (p2m.Log.IsGlobal)
            written.Add(gfn.Value);
    }

    private static void Compare(P2m p2m, ISet<ulong> written, int seed)
    {
        for (ulong first = 0; first < Frames; first += 64)
        {
            ulong expected = 0;
            for (int i = 0; i < 64; i++)
                expected |= written.Contains(first + (ulong)i) ? 1UL << i : 0;
            Assert.True(expected == p2m.Log.Written(new Gfn(first)), $"seed {seed}: frames from {first:x}: {p2m.Log.Written(new Gfn(first)):x} instead of {expected:x}");
        }
    }

    /// <summary>Whatever writes, changes and looks come in whatever order: the marks are those that a plain set has.</summary>
    [Theory]
    [InlineData(true, false)]
    [InlineData(true, true)]
    [InlineData(false, false)]
    public void What_is_written_is_marked_and_nothing_else(bool isIntel, bool byCpus)
    {
        ulong notedInAll = 0;
        using var machine = new TestMachine(64);
        ulong free = machine.Frames.FreeFrames;
        for (int seed = 1; seed <= 60; seed++)
        {
            var random = new Random(seed);
            var p2m = new P2m(machine.Memory, machine.Frames, Format(isIntel), Owner);
            var memory = new GuestMemory(p2m, machine.Memory);
            var written = new HashSet<ulong>();
            // What a vCPU that is in its guest has in its CPU's log.
            var noted = new Queue<ulong>();
            Assert.True(p2m.TryPopulate(new Gfn(0), Frames / 2));
            for (int step = 0; step < 300; step++)
            {
                var gfn = new Gfn((ulong)random.Next((int)Frames));
                bool isThere = p2m.IsUncleared(gfn, out _) || p2m.Lookup(gfn).Type == P2mType.Ram;
                int deed = random.Next(byCpus ? 13 : 12);
                // Looks and switches are made while no vCPU is in its guest.
                while (deed is > 7 and < 12 && noted.TryDequeue(out ulong next))
                    p2m.MarkNoted([next << Page.Shift]);
                switch (deed)
                {
                    case < 4 when isThere:
                        GuestWrites(machine, p2m, gfn, written, noted);
                        break;
                    case 4 when isThere:
                        Assert.True(memory.TryWrite(gfn.Address + 8, [1, 2, 3]));
                        if (p2m.Log.IsGlobal)
                            written.Add(gfn.Value);
                        break;
                    case 5 when isThere:
                        Assert.True(memory.TryRead(gfn.Address, new byte[16]));
                        break;
                    case 6 when isThere:
                        Assert.True(p2m.TryDepopulate(gfn));
                        break;
                    case 6 or 7 when !isThere:
                        Assert.True(p2m.TryPopulate(gfn, 1));
                        if (p2m.Log.IsGlobal)
                            written.Add(gfn.Value);
                        break;
                    case 8:
                        Compare(p2m, written, seed);
                        break;
                    case 9 when p2m.Log.IsGlobal:
                        Gfn word = new(gfn.Value & ~63UL);
                        p2m.ClearMarks(word, p2m.Log.Written(word));
                        written.RemoveWhere(frame => frame >> 6 == word.Value >> 6);
                        break;
                    case 10 when random.Next(8) == 0 && !p2m.Log.IsGlobal:
                        Begin(p2m, byCpus);
                        break;
                    case 12 when random.Next(3) == 0:
                        p2m.TryEndCpuLog(random.Next(1, 200));
                        break;
                    case 11 when random.Next(16) == 0 && p2m.Log.IsGlobal:
                        notedInAll += p2m.Log.Noted;
                        End(p2m);
                        Assert.False(p2m.IsLoggedByCpus);
                        written.Clear();
                        Assert.Equal(0, p2m.Log.FrameCount);
                        for (ulong i = 0; i < Frames; i++)
                            Assert.True(MayWrite(p2m, new Gfn(i)) || p2m.IsUncleared(new Gfn(i), out _) || p2m.Lookup(new Gfn(i)).Type == P2mType.None);
                        break;
                }
            }
            while (noted.TryDequeue(out ulong last))
                p2m.MarkNoted([last << Page.Shift]);
            Compare(p2m, written, seed);
            p2m.Settle();
            p2m.Release();
            Assert.Equal(free, machine.Frames.FreeFrames);
        }
        Assert.Equal(byCpus, notedInAll != 0);
    }

    /// <summary>A large page is split by the first write to it; the CPU looks after its other frames from then on.</summary>
    [Fact]
    public void Of_a_large_page_only_the_first_write_is_an_exit_where_cpus_log()
    {
        using var machine = new TestMachine(16);
        var p2m = new P2m(machine.Memory, machine.Frames, Format(true), Owner);
        Assert.True(p2m.TryPopulate(new Gfn(0), 1024));
        p2m.Lookup(new Gfn(3));
        p2m.Lookup(new Gfn(600));
        Begin(p2m, byCpus: true);
        Assert.True(p2m.IsLoggedByCpus);
        // As large pages they would be noted by the frame of the first write alone.
        Assert.False(MayWrite(p2m, new Gfn(3)) || MayWrite(p2m, new Gfn(600)));
        Assert.True(p2m.TryOpen(new Gfn(3)));
        for (ulong gfn = 0; gfn < 512; gfn++)
        {
            Assert.True(Private.Table(p2m).TryQuery(new Gfn(gfn).Address, out _, out Rights rights, out int level));
            Assert.Equal((1, gfn == 3 ? Rights.All : Rights.All | Rights.Logged), (level, rights));
        }
        Assert.False(MayWrite(p2m, new Gfn(600)));
        p2m.ClearMarks(new Gfn(0), ulong.MaxValue);
        Private.Table(p2m).TryQuery(new Gfn(3).Address, out _, out Rights again, out _);
        Assert.Equal(Rights.All | Rights.Logged, again);
        Assert.Equal(1UL, p2m.Log.Faults);
        p2m.Release();
    }

    /// <summary>Rights and views end the CPUs' part at once, and what is not marked is held back otherwise.</summary>
    [Theory]
    [InlineData("right")]
    [InlineData("default")]
    [InlineData("views")]
    public void What_does_not_go_with_it_ends_the_log_by_cpus_and_loses_nothing(string what)
    {
        using var machine = new TestMachine(16);
        PageTableFormat format = Format(true);
        var p2m = new P2m(machine.Memory, machine.Frames, format, Owner);
        Assert.True(p2m.TryPopulate(new Gfn(0), 64));
        Begin(p2m, byCpus: true);
        var written = new HashSet<ulong>();
        var noted = new Queue<ulong>();
        GuestWrites(machine, p2m, new Gfn(5), written, noted);
        GuestWrites(machine, p2m, new Gfn(7), written, noted);
        p2m.MarkNoted([noted.Dequeue() << Page.Shift]);
        ulong generation = p2m.Generation;
        switch (what)
        {
            case "right":
                Assert.True(p2m.TrySetAccess(new Gfn(20), 0, MemoryAccess.Read));
                break;
            case "default":
                p2m.DefaultAccess = MemoryAccess.ReadExecute;
                break;
            default:
                Assert.Equal(ViewResult.Done, new Altp2m(p2m, machine.Memory, machine.Frames, format).TryActivate());
                break;
        }
        Assert.False(p2m.IsLoggedByCpus);
        Assert.NotEqual(generation, p2m.Generation);
        for (ulong gfn = 0; gfn < 64; gfn++)
        {
            Private.Table(p2m).TryQuery(new Gfn(gfn).Address, out _, out Rights rights, out _);
            Assert.Equal(gfn == 5 ? Rights.All : gfn == 20 && what == "right" ? Rights.Read : Rights.ReadExecute, rights);
        }
        // A vCPU that was in its guest comes out, and writes again.
        p2m.MarkNoted([noted.Dequeue() << Page.Shift]);
        Assert.True(p2m.TryOpen(new Gfn(7)));
        Compare(p2m, written, 0);
    }

    /// <summary>The guest goes on; what asks for the log is told that it is not whole.</summary>
    [Fact]
    public void Without_a_frame_for_the_bits_the_log_says_so()
    {
        using var machine = new TestMachine(16);
        var p2m = new P2m(machine.Memory, machine.Frames, Format(true), Owner);
        Assert.True(p2m.TryPopulate(new Gfn(0), 1024));
        Assert.Equal(9, p2m.Lookup(new Gfn(3)).Order);
        Begin(p2m);
        p2m.TableLimit = (int)p2m.NestedTableFrames;
        Assert.True(p2m.TryOpen(new Gfn(3)));
        Assert.True(MayWrite(p2m, new Gfn(3)));
        Assert.True(p2m.Log.HasLost);
        End(p2m);
        Assert.False(p2m.Log.HasLost);
    }

    [Fact]
    public void Without_a_frame_for_a_table_a_large_page_counts_as_written_whole()
    {
        using var machine = new TestMachine(16);
        var p2m = new P2m(machine.Memory, machine.Frames, Format(false), Owner);
        Assert.True(p2m.TryPopulate(new Gfn(0), 1024));
        p2m.Lookup(new Gfn(3));
        Begin(p2m);
        p2m.TableLimit = (int)p2m.NestedTableFrames + 4;
        Assert.True(p2m.TryOpen(new Gfn(3)));
        Assert.False(p2m.Log.HasLost);
        Assert.Equal(9, p2m.Lookup(new Gfn(3)).Order);
        for (ulong word = 0; word < 1024; word += 64)
            Assert.Equal(word < 512 ? ulong.MaxValue : 0, p2m.Log.Written(new Gfn(word)));
        p2m.ClearMarks(new Gfn(64), ulong.MaxValue);
        Assert.False(MayWrite(p2m, new Gfn(3)));
    }

    /// <summary>A page that the hypervisor writes unasked is marked when it holds something else than at the last look, wherever it is by then.</summary>
    [Fact]
    public void A_shared_page_is_marked_when_it_has_changed()
    {
        using var machine = new TestMachine(16);
        var p2m = new P2m(machine.Memory, machine.Frames, Format(true), Owner);
        Assert.True(p2m.TryPopulate(new Gfn(0), 64));
        var page = new SharedPage(p2m, machine.Memory);
        Assert.True(page.TryAttach(new Gfn(9)));
        Begin(p2m);
        p2m.MarkShared();
        Assert.Equal(0UL, p2m.Log.Written(new Gfn(0)));
        page.Write32(100, 7);
        p2m.MarkShared();
        Assert.Equal(1UL << 9, p2m.Log.Written(new Gfn(0)));
        p2m.ClearMarks(new Gfn(0), ulong.MaxValue);
        p2m.MarkShared();
        Assert.Equal(0UL, p2m.Log.Written(new Gfn(0)));
        page.TestAndSetBit(0, 5);
        page.Detach();
        Assert.Equal(1UL << 9, p2m.Log.Written(new Gfn(0)));
        p2m.Release();
    }

    [Fact]
    public void A_range_is_looked_after_apart_from_all_memory()
    {
        using var machine = new TestMachine(16);
        var p2m = new P2m(machine.Memory, machine.Frames, Format(false), Owner);
        Assert.True(p2m.TryPopulate(new Gfn(0), 64));
        Begin(p2m);
        p2m.TrackRange(new Gfn(8), 8);
        for (ulong i = 8; i < 16; i++)
            p2m.ClearTracked(new Gfn(i));
        p2m.TryOpen(new Gfn(9));
        p2m.TryOpen(new Gfn(20));
        Assert.True(p2m.Log.WasTrackedWritten(new Gfn(9)));
        Assert.False(p2m.Log.WasTrackedWritten(new Gfn(20)));
        p2m.ClearMarks(new Gfn(0), ulong.MaxValue);
        Assert.True(p2m.Log.WasTrackedWritten(new Gfn(9)));
        Assert.False(MayWrite(p2m, new Gfn(9)));
        p2m.TryOpen(new Gfn(9));
        p2m.ClearTracked(new Gfn(9));
        Assert.False(MayWrite(p2m, new Gfn(9)));
        Assert.Equal(1UL << 9, p2m.Log.Written(new Gfn(0)));
        End(p2m);
        Assert.False(MayWrite(p2m, new Gfn(9)));
        Assert.True(MayWrite(p2m, new Gfn(20)));
        p2m.TryOpen(new Gfn(9));
        Assert.True(p2m.Log.WasTrackedWritten(new Gfn(9)));
        p2m.Release();
    }
}
