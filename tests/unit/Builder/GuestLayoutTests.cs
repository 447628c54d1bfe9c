using System.Linq;
using Xenolith.Abi.Contract;
using Xenolith.Domains;
using Xunit;

namespace Xenolith.Tests.Unit.Builder;

public sealed class GuestLayoutTests
{
    private const ulong M = 1 << 20, G = 1 << 30;

    [Theory]
    [InlineData(64 * M, 64 * M, 4 * G)]
    [InlineData(0xF000_0000, 0xF000_0000, 4 * G)]
    [InlineData(0xF000_1000, 0xF000_0000, 4 * G + 0x1000)]
    [InlineData(8 * G, 0xF000_0000, 8 * G + 0x1000_0000)]
    public void SplitsRamAtTheDevicesHole(ulong memory, ulong low, ulong high)
    {
        GuestLayout layout = Plan(memory, 0);
        Assert.Equal(low, layout.LowRamEnd);
        Assert.Equal(high, layout.HighRamEnd);
    }

    [Theory]
    [InlineData(64 * M)]
    [InlineData(2 * G)]
    [InlineData(6 * G)]
    public void TheMemoryMapIsSortedAndHoldsAllOfRam(ulong memory)
    {
        HvmMemmapTableEntry[] map = Plan(memory, 0).ToMemoryMap();
        Assert.Equal(memory, map.Where(entry => entry.Type == (uint)MemmapType.Ram).Aggregate(0UL, (sum, entry) => sum + entry.Size));
        for (int i = 1; i < map.Length; i++)
        {
            Assert.True(map[i - 1].Address + map[i - 1].Size <= map[i].Address);
        }

        Assert.Contains(map, entry => entry is { Address: 0xFC00_0000, Type: (uint)MemmapType.Acpi });
        Assert.Contains(map, entry => entry is { Address: 0xFEFF_8000, Size: 0x8000, Type: (uint)MemmapType.Reserved });
    }

    [Theory]
    [InlineData(64 * M, 10 * M)]
    [InlineData(512 * M, 400 * M)]
    [InlineData(3 * G, 100 * M)]
    [InlineData(8 * G, 100 * M)]
    public void PlacesTheInitrdHighAndTheStartInfoWhereLinuxCanReadIt(ulong memory, ulong initrd)
    {
        GuestLayout layout = Plan(memory, initrd);
        Assert.True(layout.StartInfoAddress + 0x1000 <= G);
        Assert.Equal(0UL, layout.StartInfoAddress & 0xFFF);
        Assert.Equal(0UL, layout.InitrdAddress & 0xFFF);
        Assert.True(layout.InitrdAddress + initrd <= layout.StartInfoAddress);
        Assert.True(layout.InitrdAddress >= 0x103000);
    }

    [Fact]
    public void GoesAboveOneGibibyteWhenTheInitrdIsTooBigBelow()
    {
        GuestLayout layout = Plan(3 * G, 1100 * M);
        Assert.True(layout.InitrdAddress > layout.StartInfoAddress);
        Assert.True(layout.InitrdAddress + 1100 * M <= layout.LowRamEnd);
    }

    [Fact]
    public void GoesBelowAKernelThatSitsAtTheTop()
    {
        ElfImage kernel = Kernel(ElfFactory.Simple(62 * M, 0x1000, 2 * M - 0x1000));
        Assert.Null(GuestLayout.TryPlan(64 * M, kernel, 0x800, 3 * M, out GuestLayout? layout));
        Assert.True(layout!.StartInfoAddress < 62 * M);
        Assert.True(layout.InitrdAddress + 3 * M <= layout.StartInfoAddress);
    }

    [Fact]
    public void NamesWhatDoesNotFit()
    {
        Expect(BuildErrorKind.MemoryTooSmall, 1 * M, ElfFactory.Simple(), 0);
        Expect(BuildErrorKind.SegmentOutsideMemory, 64 * M, ElfFactory.Simple(64 * M), 0);
        Expect(BuildErrorKind.SegmentOutsideMemory, 64 * M, ElfFactory.Simple(1 * M, 0x1000, 100 * M), 0);
        Expect(BuildErrorKind.SegmentOutsideMemory, 8 * G, ElfFactory.Simple(0xFC00_0000), 0);
        Expect(BuildErrorKind.InitrdDoesNotFit, 64 * M, ElfFactory.Simple(), 63 * M);
        Expect(BuildErrorKind.InitrdDoesNotFit, 64 * M, ElfFactory.Simple(), ulong.MaxValue / 2);
        Expect(BuildErrorKind.MemoryTooSmall, 2 * M, ElfFactory.Simple(1 * M, 0x1000, 1 * M - 0x1000), 0);
    }

    /// <summary>A kernel linked at 1 GiB goes into 64 MiB if its note lets it.</summary>
    [Theory]
    [InlineData(new uint[0], 2 * M)]                                        // the defaults
    [InlineData(new uint[] { 0x1000 }, 1 * M)]
    [InlineData(new uint[] { 0x200000, 0x1000000 }, 16 * M)]
    [InlineData(new uint[] { 0x400000, 0x1100000, 0x3FFFFFFF }, 20 * M)]
    [InlineData(new uint[] { 0x1000, 0x1000000, 0x1002FFF }, 16 * M)]       // exactly so much
    public void MovesAKernelThatPermitsIt(uint[] note, ulong expected)
    {
        ElfImage kernel = Kernel(ElfFactory.Simple(1 * G, relocation: note));
        Assert.Null(GuestLayout.TryPlan(64 * M, kernel, 0x800, 1 * M, out GuestLayout? layout));
        Assert.Equal((expected, expected + 0x3000, expected), (kernel.Start, kernel.End, (ulong)kernel.Entry));
        Assert.True(layout!.StartInfoAddress >= kernel.End || layout.StartInfoAddress + 0x800 <= kernel.Start);
    }

    [Theory]
    [InlineData(new uint[] { 0x1000, 0x1000000, 0x1002FFE })]               // a byte too few
    [InlineData(new uint[] { 0x1000, 0x4000000 })]                          // where there is no memory
    [InlineData(new uint[] { 0x8000000 })]
    [InlineData(new uint[] { 0x3000 })]                                     // no power of two: no note
    [InlineData(new uint[] { 0x1000, 2, 1 })]
    public void LeavesAKernelThatPermitsNoPlace(uint[] note)
    {
        ElfImage kernel = Kernel(ElfFactory.Simple(1 * G, relocation: note));
        Assert.Equal(BuildErrorKind.SegmentOutsideMemory, GuestLayout.TryPlan(64 * M, kernel, 0x800, 0, out _)!.Kind);
        Assert.Equal(1 * G, kernel.Start);
    }

    [Fact]
    public void LeavesAKernelThatFits()
    {
        ElfImage kernel = Kernel(ElfFactory.Simple(32 * M, relocation: []));
        Assert.Null(GuestLayout.TryPlan(64 * M, kernel, 0x800, 0, out _));
        Assert.Equal(32 * M, kernel.Start);
    }

    private static void Expect(BuildErrorKind kind, ulong memory, ElfFactory factory, ulong initrd)
    {
        BuildError? error = GuestLayout.TryPlan(memory, Kernel(factory), 0x800, initrd, out GuestLayout? layout);
        Assert.Null(layout);
        Assert.Equal(kind, error!.Kind);
    }

    private static GuestLayout Plan(ulong memory, ulong initrd)
    {
        Assert.Null(GuestLayout.TryPlan(memory, Kernel(ElfFactory.Simple()), 0x800, initrd, out GuestLayout? layout));
        return layout!;
    }

    private static ElfImage Kernel(ElfFactory factory)
    {
        Assert.Null(ElfImage.TryParse(factory.Build(), out ElfImage? image));
        return image!;
    }
}
