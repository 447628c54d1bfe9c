using System;
using System.Buffers.Binary;
using FsCheck;
using FsCheck.Fluent;
using Xenolith.Domains;
using Xenolith.Hal;
using Xenolith.Kernel;
using Xenolith.Mm;
using Xenolith.Tests.Unit.Harness;
using Xunit;
using static Xenolith.Tests.Unit.Harness.GuestTables;

namespace Xenolith.Tests.Unit.Mm;

public sealed class PageWalkTests : IDisposable
{
    private const ulong Linear = 0xFFFF_8880_0123_4000;
    private const ulong Physical = 0x20_0000;

    private readonly TestMachine _machine = new();
    private readonly Domain _domain;
    private readonly Vcpu _vcpu;
    private readonly GuestTables _tables;

    public PageWalkTests()
    {
        _domain = _machine.CreateDomain();
        _vcpu = _domain.Vcpus[0];
        _tables = new GuestTables(_domain.Memory, 0x10_0000);
        _vcpu.Cpu.Cr3 = _tables.Root;
    }

    public void Dispose() => _machine.Dispose();

    private PageFaultError Walk(ulong linear, AccessKind access, out ulong physical) =>
        _vcpu.Access.TryTranslate(linear, access, out physical, out PageFaultError error) ? PageFaultError.None : error;

    private PageFaultError Walk(AccessKind access) => Walk(Linear, access, out _);

    [Theory]
    [InlineData(1, 0x20_0123UL)]
    [InlineData(2, 0x20_0123UL + 0x3_4000)]
    [InlineData(3, 0x0123_4123UL)]
    public void TranslatesEachPageSize(int level, ulong expected)
    {
        _tables.Map(Linear, level == 3 ? 0 : Physical, Present | Writable, level);
        Assert.Equal(PageFaultError.None, Walk(Linear + 0x123, AccessKind.Read, out ulong physical));
        Assert.Equal(expected, physical);
    }

    [Fact]
    public void SetsAccessedEverywhereAndDirtyInTheLeafOfAWrite()
    {
        _tables.Map(Linear, Physical, Present | Writable);
        Assert.Equal(PageFaultError.None, Walk(AccessKind.Read));
        for (int level = 1; level <= 4; level++)
            Assert.Equal(Accessed, _tables.Read(_tables.SlotFor(Linear, level)) & (Accessed | Dirty));
        Assert.Equal(PageFaultError.None, Walk(AccessKind.Write));
        Assert.Equal(Accessed | Dirty, _tables.Read(_tables.SlotFor(Linear, 1)) & (Accessed | Dirty));
        Assert.Equal(Accessed, _tables.Read(_tables.SlotFor(Linear, 2)) & (Accessed | Dirty));
    }

    [Fact]
    public void AFailedWalkSetsNothing()
    {
        _tables.Map(Linear, Physical, Present);
        Assert.NotEqual(PageFaultError.None, Walk(AccessKind.Write));
        for (int level = 1; level <= 4; level++)
            Assert.Equal(0UL, _tables.Read(_tables.SlotFor(Linear, level)) & (Accessed | Dirty));
    }

    // Columns: flags of the leaf, CR0.WP, CR4 bits, RFLAGS.AC, access, expected error (-1: allowed).
    [Theory]
    [InlineData(Present | Writable, true, 0UL, false, AccessKind.Write, -1)]
    [InlineData(Present, true, 0UL, false, AccessKind.Read, -1)]
    [InlineData(Present, true, 0UL, false, AccessKind.Write, 3)]
    [InlineData(Present, false, 0UL, false, AccessKind.Write, -1)]
    [InlineData(Present | Writable, true, 0UL, false, AccessKind.Read | AccessKind.User, 5)]
    [InlineData(Present | User, false, 0UL, false, AccessKind.Write | AccessKind.User, 7)]
    [InlineData(Present | User, true, 0UL, false, AccessKind.Read | AccessKind.User, -1)]
    [InlineData(Present | NoExecute, true, 0UL, false, AccessKind.Fetch, 0x11)]
    [InlineData(Present | User | NoExecute, true, 0UL, false, AccessKind.Fetch | AccessKind.User, 0x15)]
    [InlineData(Present | NoExecute, true, 0UL, false, AccessKind.Read, -1)]
    [InlineData(Present | User, true, 1UL << 20, false, AccessKind.Fetch, 0x11)]
    [InlineData(Present | User, true, 1UL << 20, false, AccessKind.Fetch | AccessKind.User, -1)]
    [InlineData(Present | User, true, 1UL << 20, false, AccessKind.Read, -1)]
    [InlineData(Present | User | Writable, true, 1UL << 21, false, AccessKind.Read, 1)]
    [InlineData(Present | User | Writable, true, 1UL << 21, false, AccessKind.Write, 3)]
    [InlineData(Present | User | Writable, true, 1UL << 21, true, AccessKind.Write, -1)]
    [InlineData(Present | User | Writable, true, 1UL << 21, true, AccessKind.Read | AccessKind.Implicit, 1)]
    [InlineData(Present | User | Writable, true, 1UL << 21, false, AccessKind.Read | AccessKind.User, -1)]
    [InlineData(Present | User | Writable, true, 0UL, false, AccessKind.Read | AccessKind.User | AccessKind.Implicit, -1)]
    [InlineData(Writable, true, 0UL, false, AccessKind.Write | AccessKind.User, 6)]
    [InlineData(Writable, true, 0UL, false, AccessKind.Fetch, 0x10)]
    public void JudgesAccess(ulong flags, bool writeProtect, ulong cr4, bool alignmentCheck, AccessKind access, int expected)
    {
        _tables.Map(Linear, Physical, flags);
        _vcpu.Cpu.Cr0 = writeProtect ? 0x8001_0033 : 0x8000_0033;
        _vcpu.Cpu.Cr4 |= cr4;
        _vcpu.Cpu.Rflags |= alignmentCheck ? 1UL << 18 : 0;
        Assert.Equal(expected < 0 ? PageFaultError.None : (PageFaultError)expected, Walk(access));
    }

    [Fact]
    public void RightsAreWhatEveryLevelAllows()
    {
        _tables.Map(Linear, Physical, Present | Writable | User);
        ulong upper = _tables.SlotFor(Linear, 3);
        _tables.Write(upper, _tables.Read(upper) & ~Writable);
        Assert.Equal(PageFaultError.Present | PageFaultError.Write, Walk(AccessKind.Write));
        _tables.Write(upper, _tables.Read(upper) | Writable);
        ulong top = _tables.SlotFor(Linear, 4);
        _tables.Write(top, _tables.Read(top) & ~User);
        Assert.Equal(PageFaultError.Present | PageFaultError.User, Walk(AccessKind.Read | AccessKind.User));
    }

    [Fact]
    public void NoExecuteIsReservedWithoutNxe()
    {
        _tables.Map(Linear, Physical, Present | NoExecute);
        _vcpu.Cpu.Efer &= ~(1UL << 11);
        Assert.Equal(PageFaultError.Present | PageFaultError.ReservedBit, Walk(AccessKind.Read));
        Assert.Equal(PageFaultError.Present | PageFaultError.ReservedBit, Walk(AccessKind.Fetch));
    }

    [Fact]
    public void AddressBitsBeyondTheGuestsAreReserved()
    {
        _vcpu.Access.Features = new PagingFeatures(36, true);
        _tables.Map(Linear, Physical | 1UL << 36, Present);
        Assert.Equal(PageFaultError.Present | PageFaultError.ReservedBit, Walk(AccessKind.Read));
        _tables.Map(Linear, Physical | 1UL << 35, Present);
        Assert.Equal(PageFaultError.None, Walk(AccessKind.Read));
    }

    [Fact]
    public void GigabytePagesNeedTheFeature()
    {
        _tables.Map(Linear, 0, Present, 3);
        Assert.Equal(PageFaultError.None, Walk(AccessKind.Read));
        _vcpu.Access.Features = new PagingFeatures(48, false);
        Assert.Equal(PageFaultError.Present | PageFaultError.ReservedBit, Walk(AccessKind.Read));
    }

    [Fact]
    public void MisalignedLargePagesAreReserved()
    {
        _tables.Map(Linear, Physical | 0x2000, Present, 2);
        Assert.Equal(PageFaultError.Present | PageFaultError.ReservedBit, Walk(AccessKind.Read));
        _tables.Map(Linear, Physical | 0x1000, Present, 2);
        Assert.Equal(PageFaultError.None, Walk(AccessKind.Read));
    }

    [Fact]
    public void ALargeBitInTheTopTableIsReserved()
    {
        _tables.Map(Linear, Physical, Present);
        ulong top = _tables.SlotFor(Linear, 4);
        _tables.Write(top, _tables.Read(top) | Large);
        Assert.Equal(PageFaultError.Present | PageFaultError.ReservedBit, Walk(AccessKind.Read));
    }

    [Theory]
    [InlineData(0x0000_8000_0000_0000UL)]
    [InlineData(0xFFFF_7FFF_FFFF_FFFFUL)]
    [InlineData(0xDEAD_0000_0000_0000UL)]
    public void NonCanonicalAddressesAreNoPageFaults(ulong linear)
    {
        Assert.Equal(PageFaultError.NotCanonical, Walk(linear, AccessKind.Write, out _));
        Assert.False(_vcpu.Access.CopyIn(linear, new byte[8]));
    }

    [Fact]
    public void TablesThatPointAtThemselvesEnd()
    {
        for (ulong i = 0; i < 512; i++)
            _tables.Write(_tables.Root + i * 8, _tables.Root | Present | Writable);
        Assert.Equal(PageFaultError.None, Walk(AccessKind.Read));
        Assert.Equal(PageFaultError.None, Walk(0, AccessKind.Write, out ulong physical));
        Assert.Equal(_tables.Root, physical);
    }

    [Fact]
    public void TablesOutsideMemoryAreNotFollowed()
    {
        _tables.Map(Linear, Physical, Present);
        _tables.Write(_tables.SlotFor(Linear, 2), 0x000F_FFFF_FFFF_F000 & ~0xF_0000_0000_0000UL | Present);
        Assert.Equal(PageFaultError.TableNotRam, Walk(AccessKind.Read));
        _vcpu.Cpu.Cr3 = 0xFFFF_FFFF_FFFF_F000;
        Assert.Equal(PageFaultError.TableNotRam, Walk(AccessKind.Read));
    }

    [Fact]
    public void ALeafOutsideMemoryTranslatesButCannotBeCopied()
    {
        _tables.Map(Linear, 0xFEE0_0000, Present | Writable);
        Assert.Equal(PageFaultError.None, Walk(Linear + 0x20, AccessKind.Read, out ulong physical));
        Assert.Equal(0xFEE0_0020UL, physical);
        Assert.False(_vcpu.Access.TryRead(Linear + 0x20, new byte[4], AccessKind.Read, out PageFault fault));
        Assert.Equal(new PageFault(Linear + 0x20, PageFaultError.NotRam, 0xFEE0_0020), fault);
    }

    [Fact]
    public void TablesInReadOnlyMemoryAreReadButNotMarked()
    {
        _tables.Map(Linear, Physical, Present);
        Gfn gfn = Gfn.Of(_tables.SlotFor(Linear, 1));
        P2mEntry entry = _domain.P2m.Lookup(gfn);
        Assert.True(_domain.P2m.TrySet(gfn, entry.Mfn, 0, P2mType.RamReadOnly));
        Assert.Equal(PageFaultError.None, Walk(AccessKind.Read));
        Assert.Equal(0UL, _tables.Read(_tables.SlotFor(Linear, 1)) & Accessed);
        Assert.Equal(Accessed, _tables.Read(_tables.SlotFor(Linear, 2)) & Accessed);
    }

    /// <summary>Whatever bytes the tables hold, a walk ends, and leads nowhere outside what the guest's tables can name.</summary>
    [Fact]
    public void RandomTablesNeverThrow()
    {
        Gen<ulong> entry = Gen.Frequency(
            (4, from frame in Gen.Choose(0x100, 0x107) from flags in Gen.Choose(0, 0xFFF) select ((ulong)frame << 12) | (uint)flags | 1),
            (1, ArbMap.Default.GeneratorFor<ulong>()));
        Gen<(ulong[] Entries, ulong Linear, byte Access, ulong Controls)> input =
            from entries in Gen.ArrayOf(entry, 64)
            from linear in ArbMap.Default.GeneratorFor<ulong>()
            from access in ArbMap.Default.GeneratorFor<byte>()
            from controls in ArbMap.Default.GeneratorFor<ulong>()
            select (entries, linear, access, controls);
        Prop.ForAll(input.ToArbitrary(), sample =>
        {
            for (int i = 0; i < 8 * 512; i++)
                _tables.Write(_tables.Root + (ulong)i * 8, sample.Entries[(i * 31 + i / 512) % sample.Entries.Length]);
            _vcpu.Cpu.Cr4 = sample.Controls & 0x30_0030;
            _vcpu.Cpu.Efer = 0x100 | (sample.Controls & 0x400) << 0 | (sample.Controls & 0x800);
            _vcpu.Cpu.Cr3 = _tables.Root | (sample.Controls & 0x7FE0);
            var access = (AccessKind)(sample.Access & 15);
            ulong linear = (ulong)((long)(sample.Linear << 16) >> 16);
            if (_vcpu.Access.TryTranslate(linear, access, out ulong physical, out PageFaultError error))
                Assert.Equal(PageFaultError.None, error);
            _vcpu.Access.TryRead(linear, new byte[100], access, out _);
            Assert.True(physical >> 52 == 0);
        }).QuickCheckThrowOnFailure();
    }

    [Fact]
    public void WalksThirtyTwoBitTables()
    {
        TestMachine.EnterFlat32(_vcpu);
        VirtualCpu cpu = _vcpu.Cpu;
        cpu.Cr0 = 0x8001_0011;
        cpu.Cr4 = 0x10;
        cpu.Cr3 = 0x18_0000;
        Write32(0x18_0000 + (0xC010_0000u >> 22) * 4, 0x18_1000 | 0x7);
        Write32(0x18_1000 + (0xC010_0000u >> 12 & 0x3FF) * 4, (uint)Physical | 3);
        Write32(0x18_0000 + (0x8000_0000u >> 22) * 4, 0x0000_0000 | 0x83);
        Assert.Equal(PageFaultError.None, Walk(0xC010_0456, AccessKind.Write, out ulong physical));
        Assert.Equal(Physical + 0x456, physical);
        Assert.Equal((uint)Physical | 0x63, Read32(0x18_1000 + (0xC010_0000u >> 12 & 0x3FF) * 4));
        Assert.Equal(PageFaultError.None, Walk(0x8012_3456, AccessKind.Read, out physical));
        Assert.Equal(0x12_3456UL, physical);
        // The upper half of a 64-bit register is not part of the address.
        Assert.Equal(PageFaultError.None, Walk(0x1_8012_3456, AccessKind.Read, out physical));
        Assert.Equal(0x12_3456UL, physical);
        Assert.Equal(PageFaultError.Write, Walk(0x1000, AccessKind.Write, out _));
        // No NX, no SMEP: a fetch is not told apart.
        Assert.Equal(PageFaultError.None, Walk(0x1000, AccessKind.Fetch, out _));
        // PSE-36 puts address bits 32 to 39 into bits 13 to 20; bit 21 is reserved.
        Write32(0x18_0000 + (0x8000_0000u >> 22) * 4, 0x83 | 0x2000);
        Assert.Equal(PageFaultError.None, Walk(0x8000_0000, AccessKind.Read, out physical));
        Assert.Equal(1UL << 32, physical);
        Write32(0x18_0000 + (0x8000_0000u >> 22) * 4, 0x83 | 0x20_0000);
        Assert.Equal(PageFaultError.Present | PageFaultError.ReservedBit, Walk(0x8000_0000, AccessKind.Read, out _));
        // Without PSE bit 7 means nothing.
        cpu.Cr4 = 0;
        Write32(0x18_0000 + (0x8000_0000u >> 22) * 4, 0x18_1000 | 0x83);
        Write32(0x18_1000, (uint)Physical | 1);
        Assert.Equal(PageFaultError.None, Walk(0x8000_0000, AccessKind.Read, out physical));
        Assert.Equal(Physical, physical);
    }

    [Fact]
    public void WalksPaeTables()
    {
        TestMachine.EnterFlat32(_vcpu);
        VirtualCpu cpu = _vcpu.Cpu;
        cpu.Cr0 = 0x8001_0011;
        cpu.Cr4 = 0x20;
        cpu.Efer = 0x800;
        cpu.Cr3 = 0x18_0020;
        _tables.Write(0x18_0020 + 3 * 8, 0x18_1000 | 1);
        _tables.Write(0x18_1000, 0x18_2000 | 7);
        _tables.Write(0x18_1008, Physical | 0x83 | NoExecute);
        _tables.Write(0x18_2000 + 8, Physical | 3);
        Assert.Equal(PageFaultError.None, Walk(0xC000_1234, AccessKind.Write, out ulong physical));
        Assert.Equal(Physical + 0x234, physical);
        Assert.Equal(0x18_1000UL | 1, _tables.Read(0x18_0020 + 3 * 8));
        Assert.Equal(0x18_2000UL | 0x27, _tables.Read(0x18_1000));
        Assert.Equal(PageFaultError.None, Walk(0xC030_0000, AccessKind.Read, out physical));
        Assert.Equal(Physical + 0x10_0000, physical);
        Assert.Equal(PageFaultError.Present | PageFaultError.Fetch, Walk(0xC030_0000, AccessKind.Fetch, out _));
        // A PDPTE has no room for rights: bit 1 is reserved; so are bits 52 to 62 of a leaf.
        _tables.Write(0x18_0020 + 3 * 8, 0x18_1000 | 3);
        Assert.Equal(PageFaultError.Present | PageFaultError.ReservedBit, Walk(0xC000_1234, AccessKind.Read, out _));
        // QEMU's CPU sets the accessed flag that a PDPTE has not got.
        _tables.Write(0x18_0020 + 3 * 8, 0x18_1000 | 0x21);
        Assert.Equal(PageFaultError.None, Walk(0xC000_1234, AccessKind.Write, out physical));
        Assert.Equal(Physical + 0x234, physical);
        _tables.Write(0x18_0020 + 3 * 8, 0x18_1000 | 1);
        _tables.Write(0x18_2000 + 8, Physical | 3 | 1UL << 52);
        Assert.Equal(PageFaultError.Present | PageFaultError.ReservedBit, Walk(0xC000_1234, AccessKind.Read, out _));
    }

    [Fact]
    public void WithoutPagingLinearIsPhysical()
    {
        TestMachine.EnterFlat32(_vcpu);
        Assert.Equal(PageFaultError.None, Walk(0xFFFF_FFFF_0012_3456, AccessKind.Write | AccessKind.User, out ulong physical));
        Assert.Equal(0x12_3456UL, physical);
    }

    private void Write32(ulong physical, uint value)
    {
        Span<byte> bytes = stackalloc byte[4];
        BinaryPrimitives.WriteUInt32LittleEndian(bytes, value);
        Assert.True(_domain.Memory.TryWrite(physical, bytes));
    }

    private uint Read32(ulong physical)
    {
        Span<byte> bytes = stackalloc byte[4];
        Assert.True(_domain.Memory.TryRead(physical, bytes));
        return BinaryPrimitives.ReadUInt32LittleEndian(bytes);
    }
}
