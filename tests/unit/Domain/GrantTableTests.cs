using System;
using Xenolith.Abi.Contract;
using Xenolith.Domains;
using Xenolith.Kernel;
using Xenolith.Mm;
using Xenolith.Tests.Unit.Harness;
using Xunit;

namespace Xenolith.Tests.Unit.Domains;

public sealed class GrantTableTests : IDisposable
{
    private readonly TestMachine _machine = new();
    private readonly Domain _domain;
    private readonly GrantTable _grants;

    public GrantTableTests()
    {
        _domain = _machine.CreateDomain();
        _grants = _domain.GrantTable;
    }

    public void Dispose() => _machine.Dispose();

    private Span<byte> Frame(int index) => _machine.Memory.Frame(_grants.Frame(index).Mfn);

    [Fact]
    public void StartsWithOneFrameOfVersionOne()
    {
        Assert.Equal((1, 1, 64, 0, 512), (_grants.Version, _grants.FrameCount, _grants.MaximumFrames, _grants.StatusFrameCount, _grants.EntryCount));
    }

    [Fact]
    public void GrowsToItsMaximum()
    {
        Assert.True(_grants.TryGrow(64));
        Assert.Equal(64, _grants.FrameCount);
        Assert.False(_grants.TryGrow(65));
        Assert.True(_grants.TryGrow(3));
        Assert.Equal(64, _grants.FrameCount);
    }

    [Fact]
    public void AFrameIsNamedByItsIndexAndMadeOnDemand()
    {
        Assert.Equal(Errno.None, _grants.FrameFor(9, out LentFrame? frame));
        Assert.Equal(10, _grants.FrameCount);
        Assert.Same(_grants.Frame(9), frame);
        Assert.Equal(Errno.EINVAL, _grants.FrameFor(64, out _));
        Assert.Equal(Errno.EINVAL, _grants.FrameFor(ulong.MaxValue, out _));
        Assert.Equal(Errno.EINVAL, _grants.FrameFor(MapIndices.GrantStatus, out _));
    }

    [Fact]
    public void StatusFramesComeWithVersionTwo()
    {
        Assert.Equal(Errno.None, _grants.SetVersion(2));
        Assert.Equal((2, 1, 256), (_grants.Version, _grants.StatusFrameCount, _grants.EntryCount));
        Assert.Equal(Errno.None, _grants.FrameFor(MapIndices.GrantStatus | 7, out LentFrame? frame));
        Assert.Equal((8, 64), (_grants.StatusFrameCount, _grants.FrameCount));
        Assert.NotNull(frame);
        Assert.Equal(Errno.EINVAL, _grants.FrameFor(MapIndices.GrantStatus | 8, out _));
        Assert.Equal(Errno.None, _domain.Lend(frame!, new Gfn(0x9_0000)));
        Assert.Equal(Errno.None, _grants.SetVersion(1));
        Assert.Equal(P2mType.None, _domain.P2m.Lookup(new Gfn(0x9_0000)).Type);
        Assert.Equal(Errno.EINVAL, _grants.FrameFor(MapIndices.GrantStatus, out _));
    }

    [Fact]
    public void OnlyReservedEntriesSurviveAChangeOfVersion()
    {
        Span<byte> table = Frame(0);
        BitConverter.TryWriteBytes(table.Slice(0), (ushort)GrantEntryFlags.PermitAccess);
        BitConverter.TryWriteBytes(table.Slice(2), (ushort)5);
        BitConverter.TryWriteBytes(table.Slice(4), 0x1234u);
        table[8 * 8] = 1;
        Assert.Equal(Errno.None, _grants.SetVersion(2));
        Assert.Equal(1, BitConverter.ToUInt16(table));
        Assert.Equal(5, BitConverter.ToUInt16(table.Slice(2)));
        Assert.Equal(0x1234UL, BitConverter.ToUInt64(table.Slice(8)));
        Assert.True(table.Slice(16).IndexOfAnyExcept((byte)0) < 0);
        BitConverter.TryWriteBytes(table.Slice(8), 1UL << 32);
        Assert.Equal(Errno.ERANGE, _grants.SetVersion(1));
        Assert.Equal(2, _grants.Version);
        BitConverter.TryWriteBytes(table.Slice(8), 0x77UL);
        Assert.Equal(Errno.None, _grants.SetVersion(1));
        Assert.Equal(0x77u, BitConverter.ToUInt32(table.Slice(4)));
    }

    [Theory]
    [InlineData(0u, Errno.EINVAL)]
    [InlineData(3u, Errno.EINVAL)]
    [InlineData(1u, Errno.None)]
    [InlineData(2u, Errno.None)]
    public void VersionsAreOneAndTwo(uint version, Errno expected) => Assert.Equal(expected, _grants.SetVersion(version));
}
