using System;
using System.Collections.Generic;
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

    private static void Begin(P2m p2m)
    {
        p2m.BeginLog();
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

    /// <summary>Writes as a CPU does: by a leaf that allows it, or after the exit.</summary>
    private static void GuestWrites(P2m p2m, Gfn gfn, ISet<ulong> written)
    {
        p2m.Lookup(gfn);
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
    [InlineData(true)]
    [InlineData(false)]
    public void What_is_written_is_marked_and_nothing_else(bool isIntel)
    {
        using var machine = new TestMachine(64);
        ulong free = machine.Frames.FreeFrames;
        for (int seed = 1; seed <= 60; seed++)
        {
            var random = new Random(seed);
            var p2m = new P2m(machine.Memory, machine.Frames, Format(isIntel), Owner);
            var memory = new GuestMemory(p2m, machine.Memory);
            var written = new HashSet<ulong>();
            Assert.True(p2m.TryPopulate(new Gfn(0), Frames / 2));
            for (int step = 0; step < 300; step++)
            {
                var gfn = new Gfn((ulong)random.Next((int)Frames));
                bool isThere = p2m.IsUncleared(gfn, out _) || p2m.Lookup(gfn).Type == P2mType.Ram;
                switch (random.Next(12))
                {
                    case < 4 when isThere:
                        GuestWrites(p2m, gfn, written);
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
                        Begin(p2m);
                        break;
                    case 11 when random.Next(16) == 0 && p2m.Log.IsGlobal:
                        End(p2m);
                        written.Clear();
                        Assert.Equal(0, p2m.Log.FrameCount);
                        for (ulong i = 0; i < Frames; i++)
                            Assert.True(MayWrite(p2m, new Gfn(i)) || p2m.IsUncleared(new Gfn(i), out _) || p2m.Lookup(new Gfn(i)).Type == P2mType.None);
                        break;
                }
            }
            Compare(p2m, written, seed);
            p2m.Settle();
            p2m.Release();
            Assert.Equal(free, machine.Frames.FreeFrames);
        }
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
