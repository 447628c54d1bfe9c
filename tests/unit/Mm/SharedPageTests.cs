using System;
using Xenolith.Domains;
using Xenolith.Kernel;
using Xenolith.Mm;
using Xenolith.Tests.Unit.Harness;
using Xunit;

namespace Xenolith.Tests.Unit.Mm;

public sealed class SharedPageTests
{
    [Fact]
    public void BitsAreSetAndClearedInPlace()
    {
        using var machine = new TestMachine();
        Domain domain = machine.CreateDomain();
        var page = new SharedPage(domain.P2m, machine.Memory);
        Assert.True(page.TryAttach(new Gfn(0x300)));
        Assert.False(page.TestAndSetBit(0x100, 77));
        Assert.True(page.TestAndSetBit(0x100, 77));
        Assert.True(page.TestBit(0x100, 77));
        Assert.Equal(1UL << 13, page.Read64(0x108));
        Assert.True(page.TestAndClearBit(0x100, 77));
        Assert.False(page.TestAndClearBit(0x100, 77));
        Assert.Equal(0UL, page.Read64(0x108));
    }

    [Fact]
    public void TheFrameStaysWhileAttached()
    {
        using var machine = new TestMachine();
        Domain domain = machine.CreateDomain();
        var page = new SharedPage(domain.P2m, machine.Memory);
        Assert.True(page.TryAttach(new Gfn(0x300)));
        Mfn mfn = page.Mfn;
        Assert.True(domain.P2m.TryDepopulate(new Gfn(0x300)));
        page.Write32(0, 5);
        Assert.Equal(domain.Id, machine.Frames.OwnerOf(mfn));
        page.Detach();
        Assert.Equal(FrameAllocator.NoOwner, machine.Frames.OwnerOf(mfn));
        Assert.False(page.IsAttached);
        page.Detach();
    }

    [Fact]
    public void OnlyWritableMemoryIsAttached()
    {
        using var machine = new TestMachine();
        Domain domain = machine.CreateDomain();
        var page = new SharedPage(domain.P2m, machine.Memory);
        Assert.False(page.TryAttach(new Gfn(0x40000)));
        Assert.True(domain.P2m.TrySet(new Gfn(0xFEE00), new Mfn(0xFEE00), 0, P2mType.Mmio));
        Assert.False(page.TryAttach(new Gfn(0xFEE00)));
        Mfn mfn = domain.P2m.Lookup(new Gfn(0x300)).Mfn;
        Assert.True(domain.P2m.TrySet(new Gfn(0x300), mfn, 0, P2mType.RamReadOnly));
        Assert.False(page.TryAttach(new Gfn(0x300)));
    }

    [Fact]
    public void AccessOutsideTheFrameIsABug()
    {
        using var machine = new TestMachine();
        Domain domain = machine.CreateDomain();
        var page = new SharedPage(domain.P2m, machine.Memory);
        Assert.Throws<ArgumentOutOfRangeException>(() => page.Read8(0));
        Assert.True(page.TryAttach(new Gfn(0x300)));
        Assert.Throws<ArgumentOutOfRangeException>(() => page.Read32(4096));
        Assert.Throws<ArgumentOutOfRangeException>(() => page.Read32(-4));
        Assert.Throws<ArgumentOutOfRangeException>(() => page.Write(4090, new byte[8]));
    }
}
