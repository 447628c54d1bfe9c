using System;
using System.Linq;
using Xenolith.Abi.Contract;
using Xenolith.Hal;
using Xenolith.Hal.Svm;
using Xenolith.Hal.Vmx;
using Xenolith.Kernel;
using Xenolith.Mm;
using Xenolith.Tests.Unit.Harness;
using Xunit;

namespace Xenolith.Tests.Unit.Mm;

/// <summary>Access rights on the host p2m, in the tables of both vendors.</summary>
public sealed class AccessRightTests
{
    private const ushort Owner = 5;

    public enum Vendor { Ept, EptWithoutExecuteOnly, Npt }

    public static TheoryData<Vendor> Vendors => new(Enum.GetValues<Vendor>());

    internal static PageTableFormat FormatOf(Vendor vendor) => vendor switch
    {
        Vendor.Ept => new EptFormat(hasExecuteOnly: true, has1GPages: true),
        Vendor.EptWithoutExecuteOnly => new EptFormat(hasExecuteOnly: false, has1GPages: true),
        _ => new NptFormat(has1GPages: true),
    };

    /// <summary>The whole matrix: n, r, w, rw, x, rx, wx, rwx, rx2rw, n2rwx.</summary>
    [Theory]
    [InlineData(Vendor.Ept, "= = e = = = e = = =")]
    [InlineData(Vendor.EptWithoutExecuteOnly, "= = e = - = - = = =")]
    [InlineData(Vendor.Npt, "= = e = - = - = = =")]
    public void The_matrix_is_this(Vendor vendor, string cells)
    {
        var matrix = new AccessMatrix(FormatOf(vendor));
        string found = string.Join(' ', Enumerable.Range(0, 10).Select(at => matrix.FitOf((MemoryAccess)at) switch { AccessFit.Exact => "=", AccessFit.Emulated => "e", _ => "-" }));
        Assert.Equal(cells, found);
        for (int at = 0; at < 10; at++)
            Assert.Equal(matrix.FitOf((MemoryAccess)at) == AccessFit.Refused, matrix.ReasonAgainst((MemoryAccess)at) is not null);
    }

    /// <summary>docs/memory.md says what the code does.</summary>
    [Fact]
    public void The_matrix_in_the_documentation_is_the_codes()
    {
        string[] lines = System.IO.File.ReadAllLines(System.IO.Path.Combine(Architecture.SourceTree.Root, "docs", "memory.md"));
        int header = Array.FindIndex(lines, line => line.StartsWith("| right | EPT ", StringComparison.Ordinal));
        string[] names = ["n", "r", "w", "rw", "x", "rx", "wx", "rwx", "rx2rw", "n2rwx"];
        Vendor[] columns = [Vendor.Ept, Vendor.EptWithoutExecuteOnly, Vendor.Npt];
        for (int at = 0; at < names.Length; at++)
        {
            string[] fits = [.. columns.Select(vendor => new AccessMatrix(FormatOf(vendor)).FitOf((MemoryAccess)at) switch
            {
                AccessFit.Exact => "exact",
                AccessFit.Emulated => "emulated",
                _ => "refused",
            })];
            Assert.Equal($"| {names[at]} | {string.Join(" | ", fits)} |", lines[header + 2 + at]);
        }
    }

    /// <summary>No leaf allows more than type and right do, and an exact one no less.</summary>
    [Theory]
    [MemberData(nameof(Vendors))]
    public void A_leaf_allows_what_type_and_right_do(Vendor vendor)
    {
        using var machine = new TestMachine(16);
        PageTableFormat format = FormatOf(vendor);
        var p2m = new P2m(machine.Memory, machine.Frames, format, Owner);
        foreach (P2mType type in Enum.GetValues<P2mType>().Where(type => type != P2mType.None))
        {
            for (var access = MemoryAccess.None; access < MemoryAccess.Default; access++)
            {
                if (p2m.Matrix.FitOf(access) == AccessFit.Refused)
                {
                    Assert.Throws<ArgumentOutOfRangeException>(() => p2m.TrySetAccess(new Gfn(0x345), 0, access));
                    continue;
                }
                Assert.True(p2m.TrySet(new Gfn(0x345), new Mfn(0x777), 0, type));
                Assert.True(p2m.TrySetAccess(new Gfn(0x345), 0, access));
                Rights wanted = type.Rights & AccessMatrix.RightsOf(access);
                Rights allowed = UsedByCpu(machine.Memory, format, p2m.Root, 0x345, out Mfn mfn);
                Assert.Equal(Rights.None, allowed & ~wanted);
                Assert.True(allowed == wanted || !format.CanExpress(wanted), $"{type} {access}: {allowed} of {wanted}");
                Assert.Equal(new Mfn(0x777), mfn);

                // Whatever the guest may do, the hypervisor finds the frame and what its mapping allows.
                Assert.Equal(new P2mEntry(new Mfn(0x777), type, 0), p2m.Lookup(new Gfn(0x345)));
                Assert.Equal(access, p2m.AccessOf(new Gfn(0x345)));
            }
        }
    }

    [Fact]
    public void A_large_leaf_is_split_where_the_right_ends_and_nowhere_else()
    {
        using var machine = new TestMachine(64);
        var p2m = new P2m(machine.Memory, machine.Frames, FormatOf(Vendor.Npt), Owner);
        Assert.True(p2m.TryPopulate(new Gfn(0), 0x800));
        p2m.Lookup(new Gfn(0x200));
        Assert.True(p2m.TrySetAccess(new Gfn(0x200), 9, MemoryAccess.Read));
        Assert.Equal((9, MemoryAccess.Read), (p2m.Lookup(new Gfn(0x3FF)).Order, p2m.AccessOf(new Gfn(0x3FF))));
        Assert.True(p2m.TrySetAccess(new Gfn(0x234), 0, MemoryAccess.None));
        Assert.Equal((0, MemoryAccess.None), (p2m.Lookup(new Gfn(0x234)).Order, p2m.AccessOf(new Gfn(0x234))));
        Assert.Equal((0, MemoryAccess.Read), (p2m.Lookup(new Gfn(0x235)).Order, p2m.AccessOf(new Gfn(0x235))));
        Assert.Equal((9, MemoryAccess.All), (p2m.Lookup(new Gfn(0x400)).Order, p2m.AccessOf(new Gfn(0x400))));

        // A range of pieces and holes at once.
        Assert.True(p2m.TryRemove(new Gfn(0x236), 0));
        Assert.True(p2m.TrySetAccess(new Gfn(0), 18, MemoryAccess.ReadExecute));
        foreach (ulong gfn in new ulong[] { 0, 0x1FF, 0x234, 0x235, 0x237, 0x400, 0x7FF })
            Assert.Equal(MemoryAccess.ReadExecute, p2m.AccessOf(new Gfn(gfn)));
        Assert.Equal(P2mType.None, p2m.Lookup(new Gfn(0x236)).Type);
        Assert.Equal(MemoryAccess.All, p2m.AccessOf(new Gfn(0x800)));
    }

    [Fact]
    public void New_mappings_get_the_default_right_and_a_change_of_type_keeps_its_own()
    {
        using var machine = new TestMachine(64);
        PageTableFormat format = FormatOf(Vendor.Ept);
        var p2m = new P2m(machine.Memory, machine.Frames, format, Owner);
        Assert.False(p2m.ChecksAccess);
        Assert.True(p2m.TryPopulate(new Gfn(0), 1));
        p2m.DefaultAccess = MemoryAccess.ReadWrite;
        Assert.True(p2m.ChecksAccess);
        Assert.True(p2m.TryPopulate(new Gfn(1), 1));
        Assert.True(p2m.TryPopulate(new Gfn(0x200), 0x200));
        Assert.Equal(MemoryAccess.All, p2m.AccessOf(new Gfn(0)));
        Assert.Equal(MemoryAccess.ReadWrite, p2m.AccessOf(new Gfn(1)));
        Assert.Equal(MemoryAccess.ReadWrite, p2m.AccessOf(new Gfn(0x280)));
        Assert.True(p2m.IsUncleared(new Gfn(0x280), out _));
        p2m.Lookup(new Gfn(0x280));
        Assert.Equal(Rights.ReadWrite, UsedByCpu(machine.Memory, format, p2m.Root, 0x280, out _));

        Mfn mfn = p2m.Lookup(new Gfn(0)).Mfn;
        Assert.True(p2m.TrySetAccess(new Gfn(0), 0, MemoryAccess.Read));
        Assert.True(p2m.TrySet(new Gfn(0), mfn, 0, P2mType.RamReadOnly));
        Assert.Equal(MemoryAccess.Read, p2m.AccessOf(new Gfn(0)));
        Assert.True(p2m.TrySetAccess(new Gfn(0), 0, MemoryAccess.Default));
        Assert.Equal(MemoryAccess.ReadWrite, p2m.AccessOf(new Gfn(0)));
        Assert.True(p2m.TrySet(new Gfn(0), p2m.Lookup(new Gfn(1)).Mfn, 0, P2mType.Ram));
        Assert.Equal(MemoryAccess.ReadWrite, p2m.AccessOf(new Gfn(0)));
    }

    [Fact]
    public void A_right_that_finds_no_table_changes_nothing()
    {
        using var machine = new TestMachine(64);
        var p2m = new P2m(machine.Memory, machine.Frames, FormatOf(Vendor.Ept), Owner);
        Assert.True(p2m.TryPopulate(new Gfn(0), 0x200));
        P2mEntry before = p2m.Lookup(new Gfn(5));
        ulong generation = p2m.Generation;
        p2m.TableLimit = (int)p2m.NestedTableFrames;
        Assert.False(p2m.TrySetAccess(new Gfn(5), 0, MemoryAccess.Read));
        Assert.Equal((before, MemoryAccess.All, generation), (p2m.Lookup(new Gfn(5)), p2m.AccessOf(new Gfn(5)), p2m.Generation));
        p2m.TableLimit = int.MaxValue;
        Assert.True(p2m.TrySetAccess(new Gfn(5), 0, MemoryAccess.Read));
        Assert.NotEqual(generation, p2m.Generation);
    }

    [Fact]
    public void Every_frame_comes_back_from_a_restricted_domain()
    {
        using var machine = new TestMachine(64);
        ulong free = machine.Frames.FreeFrames;
        var p2m = new P2m(machine.Memory, machine.Frames, FormatOf(Vendor.Npt), Owner) { DefaultAccess = MemoryAccess.None };
        Assert.True(p2m.TryPopulate(new Gfn(0), 0x1234));
        for (ulong gfn = 0; gfn < 0x1234; gfn += 0x111)
            Assert.True(p2m.TrySetAccess(new Gfn(gfn), 0, MemoryAccess.Write));
        while (!p2m.ReleaseStep(512))
        {
        }
        Assert.Equal(free, machine.Frames.FreeFrames);
    }

    /// <summary>What the CPU lets the guest do there, by the entry's own bits.</summary>
    internal static Rights UsedByCpu(PhysicalMemory memory, PageTableFormat format, Mfn root, ulong gfn, out Mfn mfn)
    {
        ulong table = root.Address;
        for (int level = 4; ; level--)
        {
            ulong entry = memory.Word64(table + ((gfn >> (9 * (level - 1))) & 511) * 8);
            mfn = format.IsPresent(entry) ? PageTableFormat.FrameOf(entry) : Mfn.Invalid;
            if (!format.IsPresent(entry))
                return Rights.None;
            if (!PageTableFormat.IsLeaf(entry, level))
            {
                table = mfn.Address;
                continue;
            }
            mfn = new Mfn(mfn.Value + (gfn & ((1UL << (9 * (level - 1))) - 1)));
            if (format is EptFormat)
                return (Rights)(entry & 7);
            const ulong present = 1, writable = 2, noExecute = 1UL << 63;
            return (entry & present) == 0 ? Rights.None
                : Rights.Read | ((entry & writable) != 0 ? Rights.Write : 0) | ((entry & noExecute) == 0 ? Rights.Execute : 0);
        }
    }
}
