using Xenolith.Abi.Contract;
using Xenolith.Mm;
using Xunit;

namespace Xenolith.Tests.Unit.Abi;

/// <summary>grant_table_op: the table itself.</summary>
public sealed class GrantTableCallTests
{
    private static long Grant<T>(CallFixture guest, GrantTableOp operation, ref T argument, ulong count = 1) where T : unmanaged
    {
        guest.Write(CallFixture.Argument, argument);
        long result = guest.Call(Hypercall.GrantTableOp, (ulong)operation, CallFixture.Argument, count);
        argument = guest.Read<T>(CallFixture.Argument);
        return result;
    }

    [Fact]
    public void Sizes()
    {
        using var guest = new CallFixture();
        var size = new GnttabQuerySize { Domain = DomainIds.Self, Status = 99 };
        Assert.Equal(0, Grant(guest, GrantTableOp.QuerySize, ref size));
        Assert.Equal((1u, 64u, (short)GrantStatus.Okay), (size.FrameCount, size.MaximumFrameCount, size.Status));
        size.Domain = 5;
        Assert.Equal(0, Grant(guest, GrantTableOp.QuerySize, ref size));
        Assert.Equal((short)GrantStatus.BadDomain, size.Status);
    }

    [Theory]
    [InlineData(0UL)]
    [InlineData(2UL)]
    [InlineData(0xFFFF_FFFFUL)]
    [InlineData(0x8000_0000UL)]
    public void Counts_other_than_one(ulong count)
    {
        using var guest = new CallFixture();
        var size = new GnttabQuerySize { Domain = DomainIds.Self };
        Assert.Equal(-(long)Errno.EINVAL, Grant(guest, GrantTableOp.QuerySize, ref size, count));
        var setup = new GnttabSetupTable { Domain = DomainIds.Self };
        Assert.Equal(-(long)Errno.EINVAL, Grant(guest, GrantTableOp.SetupTable, ref setup, count));
        var version = new GnttabSetVersion { Version = 1 };
        Assert.Equal(count > int.MaxValue ? -(long)Errno.EINVAL : 0, Grant(guest, GrantTableOp.SetVersion, ref version, count));
        Assert.Equal(-(long)Errno.ENOSYS, guest.Call(Hypercall.GrantTableOp, (ulong)GrantTableOp.CacheFlush, CallFixture.Argument, count));
    }

    [Fact]
    public void Versions()
    {
        using var guest = new CallFixture();
        var version = new GnttabSetVersion { Version = 3 };
        Assert.Equal(-(long)Errno.EINVAL, Grant(guest, GrantTableOp.SetVersion, ref version));
        Assert.Equal(1u, version.Version);
        version.Version = 2;
        Assert.Equal(0, Grant(guest, GrantTableOp.SetVersion, ref version));
        var current = new GnttabGetVersion { Domain = DomainIds.Self };
        Assert.Equal(0, Grant(guest, GrantTableOp.GetVersion, ref current));
        Assert.Equal(2u, current.Version);
        current.Domain = 5;
        Assert.Equal(-(long)Errno.ESRCH, Grant(guest, GrantTableOp.GetVersion, ref current));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Setup_tells_where_frames_are(bool is64Bit)
    {
        using var guest = new CallFixture(is64Bit: is64Bit);
        Assert.Equal(Errno.None, guest.Domain.GrantTable.FrameFor(1, out var frame));
        Assert.Equal(Errno.None, guest.Domain.Lend(frame!, new Gfn(0xF0001)));
        Assert.Equal((short)GrantStatus.Okay, Setup(guest, 3));
        Assert.Equal(3, guest.Domain.GrantTable.FrameCount);
        if (is64Bit)
            Assert.Equal([ulong.MaxValue, 0xF0001UL, ulong.MaxValue], guest.ReadArray<ulong>(CallFixture.List, 3));
        else
            Assert.Equal([uint.MaxValue, 0xF0001u, uint.MaxValue], guest.ReadArray<uint>(CallFixture.List, 3));
        Assert.Equal((short)GrantStatus.GeneralError, Setup(guest, 65));
        Assert.Equal((short)GrantStatus.GeneralError, Setup(guest, uint.MaxValue));
        Assert.Equal((short)GrantStatus.BadDomain, Setup(guest, 1, domain: 5));
        Assert.Equal((short)GrantStatus.BadVirtAddr, Setup(guest, 1, list: guest.Hole));
    }

    [Theory]
    [InlineData(GrantTableOp.QuerySize)]
    [InlineData(GrantTableOp.SetupTable)]
    [InlineData(GrantTableOp.SetVersion)]
    [InlineData(GrantTableOp.GetVersion)]
    public void A_bad_argument_faults(GrantTableOp operation)
    {
        using var guest = new CallFixture();
        Assert.Equal(-(long)Errno.EFAULT, guest.Call(Hypercall.GrantTableOp, (ulong)operation, CallFixture.Unmapped, 1));
    }

    [Fact]
    public void Another_domains_table_is_not_everybodys()
    {
        using var guest = new CallFixture(isPrivileged: false, id: 3);
        using var other = guest.Machine.CreateDomain(2, 1, 4);
        var size = new GnttabQuerySize { Domain = 4 };
        Assert.Equal(0, Grant(guest, GrantTableOp.QuerySize, ref size));
        Assert.Equal((short)GrantStatus.PermissionDenied, size.Status);
        Assert.Equal((short)GrantStatus.PermissionDenied, Setup(guest, 1, domain: 4));
        var version = new GnttabGetVersion { Domain = 4 };
        Assert.Equal(-(long)Errno.EPERM, Grant(guest, GrantTableOp.GetVersion, ref version));
    }

    private static short Setup(CallFixture guest, uint frames, ushort domain = DomainIds.Self, ulong list = CallFixture.List)
    {
        if (guest.Is64Bit)
        {
            var wide = new GnttabSetupTable { Domain = domain, FrameCount = frames, FrameList = list };
            Assert.Equal(0, Grant(guest, GrantTableOp.SetupTable, ref wide));
            return wide.Status;
        }
        var narrow = new GnttabSetupTable32 { Domain = domain, FrameCount = frames, FrameList = (uint)list };
        Assert.Equal(0, Grant(guest, GrantTableOp.SetupTable, ref narrow));
        return narrow.Status;
    }
}
