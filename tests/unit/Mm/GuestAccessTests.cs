using System;
using System.Linq;
using System.Runtime.InteropServices;
using Xenolith.Abi.Contract;
using Xenolith.Domains;
using Xenolith.Kernel;
using Xenolith.Mm;
using Xenolith.Tests.Unit.Harness;
using Xunit;

namespace Xenolith.Tests.Unit.Mm;

public sealed class GuestAccessTests : IDisposable
{
    private readonly TestMachine _machine = new();
    private readonly Domain _domain;
    private readonly Vcpu _vcpu;
    private readonly GuestTables _tables;

    public GuestAccessTests()
    {
        _domain = _machine.CreateDomain();
        _vcpu = _domain.Vcpus[0];
        _tables = new GuestTables(_domain.Memory, 0x10_0000);
        _vcpu.Cpu.Cr3 = _tables.Root;
    }

    public void Dispose() => _machine.Dispose();

    [StructLayout(LayoutKind.Sequential)]
    private struct Pair
    {
        public ulong First;
        public uint Second;
        public uint Third;
    }

    [Fact]
    public void ACopyStraddlesPagesThatLieApart()
    {
        _tables.Map(0x4000_0000, 0x30_0000, GuestTables.Present | GuestTables.Writable);
        _tables.Map(0x4000_1000, 0x20_0000, GuestTables.Present | GuestTables.Writable);
        byte[] data = Enumerable.Range(1, 16).Select(i => (byte)i).ToArray();
        Assert.True(_vcpu.Access.CopyOut(0x4000_0FFB, data));
        byte[] back = new byte[16];
        Assert.True(_vcpu.Access.CopyIn(0x4000_0FFB, back));
        Assert.Equal(data, back);
        Assert.True(_domain.Memory.TryRead(0x20_0000, back.AsSpan(0, 11)));
        Assert.Equal(data.Skip(5), back.Take(11));
    }

    [Fact]
    public void AMissingSecondPageNamesItsOwnAddress()
    {
        _tables.Map(0x4000_0000, 0x30_0000, GuestTables.Present | GuestTables.Writable);
        Assert.False(_vcpu.Access.TryWrite(0x4000_0FFE, new byte[4], AccessKind.Write, out PageFault fault));
        Assert.Equal(new PageFault(0x4000_1000, PageFaultError.Write, 0), fault);
        Assert.Equal(2u, fault.ErrorCode);
    }

    [Fact]
    public void ACopyWrapsAtTheTopOfTheAddressSpace()
    {
        _tables.Map(0xFFFF_FFFF_FFFF_F000, 0x30_0000, GuestTables.Present | GuestTables.Writable);
        _tables.Map(0, 0x20_0000, GuestTables.Present | GuestTables.Writable);
        Assert.True(_vcpu.Access.CopyOut(0xFFFF_FFFF_FFFF_FFFE, [1, 2, 3, 4]));
        byte[] two = new byte[2];
        Assert.True(_domain.Memory.TryRead(0x20_0000, two));
        Assert.Equal<byte>([3, 4], two);
    }

    [Fact]
    public void ThirtyTwoBitCallersWrapAtFourGigabytes()
    {
        TestMachine.EnterFlat32(_vcpu);
        Assert.True(_vcpu.Access.CopyOut(0xABCD_0000_0030_0000, [1, 2, 3, 4]));
        byte[] four = new byte[4];
        Assert.True(_domain.Memory.TryRead(0x30_0000, four));
        Assert.Equal<byte>([1, 2, 3, 4], four);
        Assert.Equal(Errno.None, _domain.TryPopulate(new Gfn(0xFFFFF), 1));
        Assert.True(_vcpu.Access.CopyOut(0xFFFF_FFFE, [5, 6, 7, 8]));
        Assert.True(_domain.Memory.TryRead(0, four));
        Assert.Equal<byte>([7, 8, 0, 0], four);
    }

    [Fact]
    public void HandlesCopyStructures()
    {
        _tables.Map(0x4000_0000, 0x30_0000, GuestTables.Present | GuestTables.Writable);
        var handle = new GuestHandle<Pair>(0x4000_0100);
        Assert.True(handle.TryWrite(_vcpu.Access, new Pair { First = 1, Second = 2, Third = 3 }));
        Assert.True(handle.TryWriteElement(_vcpu.Access, 5, new Pair { First = 4, Second = 5, Third = 6 }));
        Assert.True(handle.TryRead(_vcpu.Access, out Pair first));
        Assert.True(handle.TryReadElement(_vcpu.Access, 5, out Pair sixth));
        Assert.Equal((1UL, 2u, 3u), (first.First, first.Second, first.Third));
        Assert.Equal((4UL, 5u, 6u), (sixth.First, sixth.Second, sixth.Third));
        byte[] raw = new byte[16];
        Assert.True(_domain.Memory.TryRead(0x30_0100 + 5 * 16, raw));
        Assert.Equal(4, raw[0]);
        Assert.True(new GuestHandle<byte>(0).IsNull);
        Assert.False(handle.TryRead(new GuestAccess(new ScriptedCpu { Cr0 = 0x8000_0011 }, _domain.Memory), out _));
    }

    [Theory]
    [InlineData(0x4000_0000UL, 0x1000_0000_0000_0000UL)]
    [InlineData(0x4000_0000UL, ulong.MaxValue)]
    [InlineData(0xFFFF_FFFF_FFFF_FFF0UL, 1UL)]
    [InlineData(0xFFFF_FFFF_FFFF_FFF1UL, 0UL)]
    public void ElementsPastTheEndAreRefused(ulong address, ulong index)
    {
        var handle = new GuestHandle<Pair>(address);
        Assert.False(handle.TryGetElement(index, out _));
        Assert.False(handle.TryReadElement(_vcpu.Access, index, out _));
        Assert.False(handle.TryWriteElement(_vcpu.Access, index, default));
    }

    [Fact]
    public void TheLastElementIsTaken()
    {
        Assert.True(new GuestHandle<Pair>(0xFFFF_FFFF_FFFF_FFE0).TryGetElement(1, out GuestHandle<Pair> last));
        Assert.Equal(0xFFFF_FFFF_FFFF_FFF0UL, last.Address);
    }
}
