using System;
using System.Linq;
using Xenolith.Abi.Contract;
using Xenolith.Domains;
using Xenolith.Kernel;
using Xenolith.Mm;
using Xenolith.Tests.Unit.Harness;
using Xunit;

namespace Xenolith.Tests.Unit.Mm;

public sealed class GuestMemoryTests
{
    [Fact]
    public void CopiesAcrossFramesThatAreNotNeighbours()
    {
        using var machine = new TestMachine();
        Domain domain = machine.CreateDomain();
        Assert.Equal(Errno.None, domain.Move(new Gfn(0x301), new Gfn(0x900)));
        Assert.Equal(Errno.None, domain.Move(new Gfn(0x303), new Gfn(0x301)));
        byte[] data = Enumerable.Range(0, 0x1800).Select(i => (byte)(i * 7)).ToArray();
        Assert.True(domain.Memory.TryWrite(0x30_0800, data));
        byte[] back = new byte[data.Length];
        Assert.True(domain.Memory.TryRead(0x30_0800, back));
        Assert.Equal(data, back);
        Assert.Equal(data[0x800], machine.Memory.Bytes(domain.P2m.Lookup(new Gfn(0x301)).Mfn.Address, 1)[0]);
    }

    [Fact]
    public void StopsAtTheEndOfMemory()
    {
        using var machine = new TestMachine();
        Domain domain = machine.CreateDomain(4);
        byte[] two = [1, 2];
        Assert.False(domain.Memory.TryWrite(0x3F_FFFF, two));
        Assert.False(domain.Memory.TryRead(0x40_0000, two));
        Assert.False(domain.Memory.TryRead(ulong.MaxValue, two));
        Assert.True(domain.Memory.TryRead(0x3F_FFFE, two));
        Assert.Equal(1, two[1]);
    }

    [Fact]
    public void WritesToReadOnlyMemoryAreDropped()
    {
        using var machine = new TestMachine();
        Domain domain = machine.CreateDomain();
        Mfn mfn = domain.P2m.Lookup(new Gfn(0x300)).Mfn;
        Assert.True(domain.P2m.TrySet(new Gfn(0x300), mfn, 0, P2mType.RamReadOnly));
        Assert.True(domain.Memory.TryWrite(0x30_0000, [1]));
        Assert.Equal(0, machine.Memory.Frame(mfn)[0]);
    }

    [Fact]
    public void DeviceMemoryIsOutOfReach()
    {
        using var machine = new TestMachine();
        Domain domain = machine.CreateDomain();
        Assert.True(domain.P2m.TrySet(new Gfn(0xFEE00), new Mfn(0xFEE00), 0, P2mType.Mmio));
        Assert.False(domain.Memory.TryRead(0xFEE0_0000, new byte[4]));
        Assert.False(domain.Memory.TryWrite(0xFEE0_0000, new byte[4]));
    }

    [Fact]
    public void ClearsAndCopiesFromTheHost()
    {
        using var machine = new TestMachine();
        Domain domain = machine.CreateDomain();
        Assert.True(machine.Frames.TryAllocate(1, FrameAllocator.HypervisorOwner, FrameType.Unspecified, out Mfn module));
        machine.Memory.Bytes(module.Address, 0x2000).Fill(0x5A);
        Assert.True(domain.Memory.TryCopyFromPhysical(0x30_0123, module.Address + 5, 0x1F00));
        byte[] back = new byte[0x1F02];
        Assert.True(domain.Memory.TryRead(0x30_0122, back));
        Assert.Equal(0, back[0]);
        Assert.Equal(0, back[^1]);
        Assert.True(back.AsSpan(1, 0x1F00).IndexOfAnyExcept((byte)0x5A) < 0);
        Assert.True(domain.Memory.TryClear(0x30_0200, 0x1000));
        Assert.True(domain.Memory.TryRead(0x30_0122, back));
        Assert.Equal(0x5A, back[0x200 - 0x122 - 1]);
        Assert.Equal(0, back[0x200 - 0x122]);
        Assert.Equal(0, back[0x11FF - 0x122]);
        Assert.Equal(0x5A, back[0x1200 - 0x122]);
    }
}
