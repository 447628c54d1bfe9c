using System;
using System.Linq;
using System.Threading;
using Xenolith.Abi.Contract;
using Xenolith.Domains;
using Xenolith.Hal;
using Xenolith.Kernel;
using Xenolith.Mm;
using Xenolith.Tests.Unit.Harness;
using Xunit;

namespace Xenolith.Tests.Unit.Mm;

/// <summary>A table of linear pages: what it finds, what it refuses, what a reset leaves, and that nothing in it is ever stale.</summary>
public sealed class HypercallTlbTests : IDisposable
{
    private const ulong Window = 0x40_0000_0000, Page = 0x1000;

    private readonly TestMachine _machine = new();
    private readonly Domain _domain;
    private readonly GuestTables _tables;

    public HypercallTlbTests()
    {
        _domain = _machine.CreateDomain(vcpus: 3);
        _tables = new GuestTables(_domain.Memory, 0x10_0000);
        foreach (Vcpu vcpu in _domain.Vcpus)
            TestMachine.EnterLongMode(vcpu, _tables.Root);
    }

    public void Dispose() => _machine.Dispose();

    private GuestAccess Access => _domain.Vcpus[0].Access;

    private HypercallTlbs Tlbs => _domain.HypercallTlbs;

    [Theory]
    [InlineData(0, 0)]
    [InlineData(0xFFF, 0xFFF)]
    [InlineData(0x2FFF, 0x2FFF)]
    public void An_address_leads_to_the_frame_that_its_entry_says(ulong offset, ulong expected)
    {
        Insert(Window, 0x200, 3);
        Assert.True(Access.CopyOut(Window + offset, [0x5A]));
        Assert.Equal(0x5A, Read(0x20_0000 + expected));
    }

    [Fact]
    public void The_pages_beside_an_entry_are_not_in_it()
    {
        Insert(Window, 0x200, 3);
        Assert.False(Access.CopyOut(Window - 1, [1]));
        Assert.False(Access.CopyOut(Window + 3 * Page, [1]));
        Assert.False(Access.CopyIn(Window + 3 * Page - 1, new byte[2]));
    }

    [Fact]
    public void An_access_goes_on_in_the_next_entry_and_then_in_the_page_tables()
    {
        Insert(Window, 0x200, 1);
        Insert(Window + Page, 0x220, 1);
        _tables.Map(Window + 2 * Page, 0x21_0000, GuestTables.Present | GuestTables.Writable);
        byte[] data = [.. Enumerable.Range(0, 0x1002).Select(i => (byte)(i * 7))];
        Assert.True(Access.CopyOut(Window + Page - 1, data));
        Assert.Equal(data[0], Read(0x20_0FFF));
        Assert.Equal(data[1], Read(0x22_0000));
        Assert.Equal(data[0x1001], Read(0x21_0000));
        byte[] back = new byte[data.Length];
        Assert.True(Access.CopyIn(Window + Page - 1, back));
        Assert.Equal(data, back);
    }

    [Fact]
    public void Strictly_what_no_entry_has_is_out_of_reach_whatever_the_page_tables_say()
    {
        _tables.Map(Window, 0x20_0000, GuestTables.Present | GuestTables.Writable);
        Assert.True(Access.CopyOut(Window, [1]));
        Assert.True(Tlbs.SetStrict(Access, true));
        Assert.False(Access.CopyOut(Window, [2]));
        Assert.False(Access.CopyIn(Window, new byte[1]));
        Assert.False(Access.TryResolve(Window, AccessKind.Write, out _));
        Assert.Equal(1, Read(0x20_0000));
        // What an instruction of the guest's does is no buffer of a call.
        Assert.True(Access.TryRead(Window, new byte[1], AccessKind.Read, out _));
        Assert.True(Tlbs.SetStrict(Access, false));
        Assert.True(Access.CopyOut(Window, [3]));
    }

    [Fact]
    public void Where_page_tables_are_not_read_a_miss_is_out_of_reach_and_counted()
    {
        _tables.Map(Window, 0x20_0000, GuestTables.Present | GuestTables.Writable);
        Assert.True(Access.CopyOut(Window, [1]));
        Tlbs.RefuseWalks();
        Assert.False(Access.CopyOut(Window, [2]));
        Assert.Equal(1, Access.Buffers.RefusedWalks);
        Assert.False(Tlbs.SetStrict(Access, false));
        Insert(Window, 0x200, 1);
        Assert.True(Access.CopyOut(Window, [2]));
        Assert.Equal(1, Access.Buffers.RefusedWalks);
    }

    [Fact]
    public void What_is_only_read_is_not_written()
    {
        Insert(Window, 0x200, 1, HypercallTlbFlags.None);
        Assert.True(Access.CopyIn(Window, new byte[1]));
        Assert.False(Access.CopyOut(Window, [1]));
        // The page tables may allow it.
        _tables.Map(Window, 0x21_0000, GuestTables.Present | GuestTables.Writable);
        Assert.True(Access.CopyOut(Window, [0x77]));
        Assert.Equal(0x77, Read(0x21_0000));
        Tlbs.SetStrict(Access, true);
        Assert.False(Access.CopyOut(Window, [1]));
    }

    [Fact]
    public void Entries_do_not_overlap_unless_they_replace()
    {
        Insert(Window, 0x200, 4);
        foreach (ulong first in (ulong[])[Window - Page, Window, Window + Page, Window + 3 * Page])
            Assert.Equal(HypercallTlbResult.Overlaps, TryInsert(first, 0x300, 2, HypercallTlbFlags.Writable));
        Assert.Equal(1, Access.Buffers.Table.Count);
        Insert(Window + 8 * Page, 0x200, 1);
        Insert(Window + 3 * Page, 0x300, 6, HypercallTlbFlags.Writable | HypercallTlbFlags.Replace);
        Assert.Equal(1, Access.Buffers.Table.Count);
        Assert.False(Access.CopyIn(Window, new byte[1]));
        Assert.Equal(HypercallTlbFlags.Writable, Access.Buffers.Table[0].Flags);
    }

    [Fact]
    public void An_entry_takes_40_bytes() => Assert.Equal(40, System.Runtime.CompilerServices.Unsafe.SizeOf<HypercallTlbEntry>());

    [Fact]
    public void A_full_table_takes_no_more_but_what_replaces_an_entry()
    {
        for (ulong i = 0; i < HypercallTlb.Capacity; i++)
            Insert(Window + i * 2 * Page, 0x200, 1);
        Assert.Equal(HypercallTlbResult.Full, TryInsert(Window + Page, 0x300, 1, HypercallTlbFlags.Replace));
        Assert.Equal(HypercallTlbResult.Full, TryInsert(0, 0x300, 1, HypercallTlbFlags.Writable));
        Assert.Equal(HypercallTlb.Capacity, Access.Buffers.Table.Count);
        Insert(Window, 0x201, 1, HypercallTlbFlags.Replace);
        Assert.Equal(HypercallTlb.Capacity, Access.Buffers.Table.Count);
    }

    /// <summary>Inserted in any order, the table finds what a plain list finds.</summary>
    [Fact]
    public void Finds_what_a_list_of_the_entries_finds()
    {
        var random = new Random(1);
        for (int round = 0; round < 200; round++)
        {
            var table = new HypercallTlb();
            for (int i = 0; i < 40; i++)
            {
                ulong first = (ulong)random.Next(60), root = random.Next(3) switch { 0 => HypercallTlb.AnyRoot, 1 => 0x1000UL, _ => 0x2000UL };
                var flags = (HypercallTlbFlags)(random.Next(2) * (int)HypercallTlbFlags.Writable | random.Next(2) * (int)HypercallTlbFlags.Replace);
                if (random.Next(4) == 0)
                    table.Remove(first, first + 3, random.Next(2) == 0 ? HypercallTlb.AnyRoot : root, false);
                else
                    table.TryInsert(new HypercallTlbEntry(first, first + (ulong)random.Next(5), new Gfn((ulong)random.Next(1000)), root, flags), out _);
            }
            HypercallTlbEntry[] entries = [.. Enumerable.Range(0, table.Count).Select(i => table[i])];
            Assert.DoesNotContain(entries, e => entries.Any(o => o != e && o.Overlaps(in e)));
            for (ulong page = 0; page < 70; page++)
            {
                foreach (ulong root in (ulong[])[0x1000, 0x2000, 0x3000])
                {
                    HypercallTlbEntry? expected = entries.Where(e => e.First <= page && page <= e.Last && (e.Root == root || e.Root == HypercallTlb.AnyRoot)).Cast<HypercallTlbEntry?>().SingleOrDefault();
                    Assert.Equal(expected is not null, table.TryFind(page, root, out Gfn gfn, out bool writable));
                    if (expected is { } entry)
                        Assert.Equal((entry.Gfn.Value + page - entry.First, (entry.Flags & HypercallTlbFlags.Writable) != 0), (gfn.Value, writable));
                }
            }
        }
    }

    [Theory]
    [InlineData(0x10_0000UL, 0x10_0FFFUL, true)] // PCID
    [InlineData(0x10_0000UL, 0x8000_0000_0010_0005UL, true)] // and the bit that keeps translations
    [InlineData(0x10_0000UL, 0x10_1000UL, false)]
    public void An_entry_of_an_address_space_holds_in_that_alone(ulong inserted, ulong used, bool found)
    {
        Vcpu vcpu = _domain.Vcpus[0];
        vcpu.Cpu.Cr3 = inserted;
        vcpu.Cpu.ReadPaging(out PagingState paging);
        var entry = new HypercallTlbEntry(Window >> 12, Window >> 12, new Gfn(0x200), HypercallTlb.RootOf(in paging), HypercallTlbFlags.OfAddressSpace);
        Assert.Equal(HypercallTlbResult.Done, Tlbs.Insert(Access, in entry, out _));
        Tlbs.SetStrict(Access, true);
        vcpu.Cpu.Cr3 = used;
        Assert.Equal(found, Access.CopyIn(Window, new byte[1]));
    }

    [Theory]
    [InlineData(false, 0x1234_5FFFUL, 0x1234_5000UL)] // 32-bit tables: bits 31 to 12
    [InlineData(true, 0x1234_5FFFUL, 0x1234_5FE0UL)] // PAE: bits 31 to 5
    public void The_root_of_32_bit_tables_is_what_the_processor_takes_of_CR3(bool pae, ulong cr3, ulong root)
    {
        var paging = new PagingState { Cr0 = 1UL << 31, Cr3 = cr3, Cr4 = pae ? 1UL << 5 : 0 };
        Assert.Equal(root, HypercallTlb.RootOf(in paging));
    }

    [Fact]
    public void Two_address_spaces_may_have_the_same_pages_and_one_for_all_may_not()
    {
        var first = new HypercallTlbEntry(5, 9, new Gfn(1), 0x1000, HypercallTlbFlags.OfAddressSpace);
        Assert.Equal(HypercallTlbResult.Done, Tlbs.Insert(Access, in first, out _));
        Assert.Equal(HypercallTlbResult.Done, Tlbs.Insert(Access, first with { Root = 0x2000 }, out _));
        Assert.Equal(HypercallTlbResult.Overlaps, Tlbs.Insert(Access, first with { Root = HypercallTlb.AnyRoot }, out _));
        Assert.Equal(1, Tlbs.Purge(Access, 0, ulong.MaxValue, 0x1000));
        Assert.Equal(1, Tlbs.Purge(Access, 0, ulong.MaxValue, HypercallTlb.AnyRoot));
    }

    [Fact]
    public void A_purge_takes_entries_that_have_a_page_of_the_range()
    {
        for (ulong i = 0; i < 4; i++)
            Insert(Window + i * 4 * Page, 0x200, 4);
        ulong first = Window >> 12;
        Assert.Equal(2, Tlbs.Purge(Access, first + 3, first + 4, HypercallTlb.AnyRoot));
        Assert.Equal(0, Tlbs.Purge(Access, first, first + 7, HypercallTlb.AnyRoot));
        Assert.Equal(2, Tlbs.Purge(Access, 0, ulong.MaxValue, HypercallTlb.AnyRoot));
    }

    [Fact]
    public void A_vCPU_in_another_s_table_sees_what_that_one_sees()
    {
        GuestAccess second = _domain.Vcpus[1].Access;
        Insert(Window, 0x200, 1);
        Tlbs.SetStrict(second, true);
        Assert.False(second.CopyIn(Window, new byte[1]));
        Assert.Equal(HypercallTlbResult.Done, Tlbs.Share(second, Access));
        Assert.True(second.CopyIn(Window, new byte[1]));
        Assert.Equal(HypercallTlbResult.Done, Tlbs.Insert(second, new HypercallTlbEntry(1, 1, new Gfn(0x201), HypercallTlb.AnyRoot, 0), out _));
        Assert.Equal(2, Access.Buffers.Table.Count);
        Assert.Equal(HypercallTlbResult.Done, Tlbs.Share(second, second));
        Assert.False(second.CopyIn(Window, new byte[1]));
    }

    [Fact]
    public void Sharing_makes_no_chains_and_no_circles()
    {
        GuestAccess second = _domain.Vcpus[1].Access, third = _domain.Vcpus[2].Access;
        Assert.Equal(HypercallTlbResult.Done, Tlbs.Share(second, Access));
        Assert.Equal(HypercallTlbResult.Done, Tlbs.Share(second, Access));
        Assert.Equal(HypercallTlbResult.InUse, Tlbs.Share(Access, second));
        Assert.Equal(HypercallTlbResult.InUse, Tlbs.Share(Access, third));
        Assert.Equal(HypercallTlbResult.InUse, Tlbs.Share(third, second));
        Assert.Equal(HypercallTlbResult.Done, Tlbs.Share(Access, Access));
        Assert.Equal(HypercallTlbResult.Done, Tlbs.Share(second, second));
        Assert.Equal(HypercallTlbResult.Done, Tlbs.Share(Access, third));
    }

    /// <summary>Who shared its table is reset, or goes down for ever: the table stays, with what was pinned.</summary>
    [Fact]
    public void A_reset_leaves_pinned_entries_to_those_who_share_them()
    {
        GuestAccess second = _domain.Vcpus[1].Access;
        Insert(Window, 0x200, 1);
        Insert(Window + Page, 0x201, 1, HypercallTlbFlags.Writable | HypercallTlbFlags.Pinned);
        Tlbs.Share(second, Access);
        Tlbs.SetStrict(second, true);
        Tlbs.Reset(Access);
        Assert.False(second.CopyIn(Window, new byte[1]));
        Assert.True(second.CopyIn(Window + Page, new byte[1]));
        // And who shared another's is back in its own, by page tables.
        _tables.Map(Window, 0x20_0000, GuestTables.Present);
        Tlbs.Reset(second);
        Assert.True(second.CopyIn(Window, new byte[1]));
        Assert.False(second.CopyIn(Window + Page, new byte[1]));
        Assert.Equal(HypercallTlbResult.Done, Tlbs.Share(Access, second));
        Tlbs.Clear();
        Assert.Equal(0, Access.Buffers.Table.Count);
        Assert.Equal(HypercallTlbResult.Done, Tlbs.Share(Access, second));
    }

    /// <summary>A frame that the guest gives up, or has something else in its place: no entry leads to what was there.</summary>
    [Fact]
    public void What_goes_away_beneath_an_entry_is_not_reached_and_what_comes_is()
    {
        Insert(Window, 0x200, 1);
        Assert.True(Access.CopyOut(Window, [0x5A]));
        Mfn old = _domain.P2m.Lookup(new Gfn(0x200)).Mfn;
        Assert.True(_domain.P2m.TryDepopulate(new Gfn(0x200)));
        Assert.False(Access.CopyOut(Window, [0x66]));
        Assert.False(Access.CopyIn(Window, new byte[1]));
        Assert.Equal(Errno.None, _domain.TryPopulate(new Gfn(0x200), 1));
        Assert.NotEqual(Mfn.Invalid, old);
        Assert.True(Access.CopyOut(Window, [0x77]));
        Assert.Equal(0x77, Read(0x20_0000));
        Mfn other = _domain.P2m.Lookup(new Gfn(0x201)).Mfn;
        Assert.True(_domain.P2m.TrySet(new Gfn(0x200), other, 0, P2mType.Ram));
        Assert.True(Access.CopyOut(Window, [0x11]));
        Assert.Equal(0x11, Read(0x20_1000));
    }

    [Theory]
    [InlineData(P2mType.Mmio, false, false)]
    [InlineData(P2mType.Grant, false, false)]
    [InlineData(P2mType.Foreign, true, true)]
    [InlineData(P2mType.RamReadOnly, true, false)]
    public void Frames_of_other_kinds_are_what_they_are_by_page_tables(P2mType type, bool isReadable, bool arrives)
    {
        Assert.True(_machine.Frames.TryAllocate(0, FrameAllocator.HypervisorOwner, FrameType.Shared, out Mfn mfn));
        _machine.Memory.Clear(mfn.Address, 4096);
        Assert.True(_domain.P2m.TrySet(new Gfn(0x5000), mfn, 0, type));
        Insert(Window, 0x5000, 1);
        Assert.Equal(isReadable, Access.CopyIn(Window, new byte[1]));
        Assert.Equal(isReadable, Access.CopyOut(Window, [0x5A]));
        Assert.Equal(arrives ? 0x5A : 0, _machine.HostMemory.Frame(mfn)[0]);
        _domain.P2m.TryRemove(new Gfn(0x5000), 0);
    }

    /// <summary>Somebody changes the table all the time: who looks sees one state or the other, whole.</summary>
    [Fact]
    public void A_look_during_a_change_sees_what_was_or_what_is()
    {
        var table = new HypercallTlb();
        bool ends = false;
        var writer = new Thread(() =>
        {
            for (ulong i = 0; !Volatile.Read(ref ends); i++)
            {
                // Page n always leads to frame n + 100 or n + 200.
                table.TryInsert(new HypercallTlbEntry(10, 20, new Gfn(i % 2 == 0 ? 110u : 210u), HypercallTlb.AnyRoot, HypercallTlbFlags.Replace), out _);
                table.TryInsert(new HypercallTlbEntry(0, i % 9, new Gfn(i % 2 == 0 ? 100u : 200u), HypercallTlb.AnyRoot, HypercallTlbFlags.Replace), out _);
            }
        });
        writer.Start();
        for (int i = 0; i < 200_000; i++)
        {
            if (table.TryFind(15, 0, out Gfn gfn, out _))
                Assert.True(gfn.Value is 115 or 215, gfn.ToString());
        }
        Volatile.Write(ref ends, true);
        writer.Join();
        Assert.True(table.TryFind(15, 0, out _, out _));
    }

    private void Insert(ulong linear, ulong gfn, ulong pages, HypercallTlbFlags flags = HypercallTlbFlags.Writable) =>
        Assert.Equal(HypercallTlbResult.Done, TryInsert(linear, gfn, pages, flags));

    private HypercallTlbResult TryInsert(ulong linear, ulong gfn, ulong pages, HypercallTlbFlags flags)
    {
        var entry = new HypercallTlbEntry(linear >> 12, (linear >> 12) + pages - 1, new Gfn(gfn), HypercallTlb.AnyRoot, flags);
        return Tlbs.Insert(Access, in entry, out _);
    }

    private byte Read(ulong physical)
    {
        byte[] one = new byte[1];
        Assert.True(_domain.Memory.TryRead(physical, one));
        return one[0];
    }
}
