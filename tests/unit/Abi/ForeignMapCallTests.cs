using System;
using Xenolith.Abi.Contract;
using Xenolith.Domains;
using Xenolith.Kernel;
using Xenolith.Mm;
using Xenolith.Tests.Unit.Harness;
using Xunit;

namespace Xenolith.Tests.Unit.Abi;

/// <summary>Frames of other domains, mapped by one that controls them (XENMAPSPACE_gmfn_foreign).</summary>
public sealed class ForeignMapCallTests : IDisposable
{
    private const ulong Place = GrantPair.Place;

    private readonly GrantPair _pair = new();
    private readonly Domain _control;

    public ForeignMapCallTests() => _control = _pair.Machine.CreateDomain(2, 1, 0);

    public void Dispose() => _pair.Dispose();

    private P2mEntry Placed(ulong gfn = Place) => _control.P2m.Lookup(new Gfn(gfn));

    private Errno Map(Domain caller, ushort foreign, ulong index, ulong gfn, ushort target = DomainIds.Self)
    {
        const ulong list = GrantPair.Argument + 0x100;
        GrantPair.Write(caller, list, index);
        GrantPair.Write(caller, list + 8, gfn);
        GrantPair.Write(caller, GrantPair.Argument, new AddToPhysmapBatch
        {
            Domain = target, Space = (ushort)MapSpace.GmfnForeign, Size = 1, ForeignDomain = foreign, Indices = list, Gpfns = list + 8, Errors = list + 16,
        });
        long result = _pair.Call(caller, Hypercall.MemoryOp, (ulong)MemoryOp.AddToPhysmapBatch, GrantPair.Argument);
        return (Errno)(-(result != 0 ? (int)result : GrantPair.Read<int>(caller, list + 16)));
    }

    private long Remove(Domain caller, ulong gfn)
    {
        GrantPair.Write(caller, GrantPair.Argument, new RemoveFromPhysmap { Domain = DomainIds.Self, Gpfn = gfn });
        return _pair.Call(caller, Hypercall.MemoryOp, (ulong)MemoryOp.RemoveFromPhysmap, GrantPair.Argument);
    }

    [Fact]
    public void AForeignFrameIsMappedAndGivenBack()
    {
        Mfn mfn = _pair.Granted;
        Assert.Equal(Errno.None, Map(_control, GrantPair.GranterId, GrantPair.Frame, Place));
        Assert.Equal((mfn, P2mType.Foreign, Rights.ReadWrite, 1u), (Placed().Mfn, Placed().Type, Placed().Access, _pair.Machine.Frames.ReferencesTo(mfn)));
        Assert.Equal(0, Remove(_control, Place));
        Assert.Equal((P2mType.None, 0u), (Placed().Type, _pair.Machine.Frames.ReferencesTo(mfn)));
        Assert.Equal(-(long)Errno.ENOENT, Remove(_control, Place));
    }

    [Theory]
    [InlineData((ushort)77, GrantPair.Frame, Place, Errno.ESRCH)]
    [InlineData(DomainIds.Self, GrantPair.Frame, Place, Errno.ESRCH)]
    [InlineData(DomainIds.Io, GrantPair.Frame, Place, Errno.ESRCH)]
    [InlineData((ushort)0, GrantPair.Frame, Place, Errno.EPERM)]
    [InlineData(GrantPair.GranterId, 0x200UL, Place, Errno.EINVAL)]
    [InlineData(GrantPair.GranterId, ulong.MaxValue, Place, Errno.EINVAL)]
    [InlineData(GrantPair.GranterId, GrantPair.Frame, 1UL << 36, Errno.ENOENT)]
    public void Errors(ushort foreign, ulong index, ulong gfn, Errno expected)
    {
        Assert.Equal(expected, Map(_control, foreign, index, gfn));
        Assert.Equal(0u, _pair.Machine.Frames.ReferencesTo(_pair.Granted));
    }

    [Fact]
    public void OnlyOneThatControlsTheDomainMaps()
    {
        Assert.Equal(Errno.EPERM, Map(_pair.User, GrantPair.GranterId, GrantPair.Frame, Place));
        // The permission is the target's.
        Assert.Equal(Errno.EPERM, Map(_control, GrantPair.GranterId, GrantPair.Frame, Place, GrantPair.UserId));
        Assert.Equal(Errno.EINVAL, Map(_control, GrantPair.UserId, GrantPair.Frame, Place, GrantPair.UserId));
        Assert.Equal(0u, _pair.Machine.Frames.ReferencesTo(_pair.Granted));
    }

    [Fact]
    public void WhatIsMappedFromElsewhereIsNotMappedOn()
    {
        _pair.Grant(9);
        _pair.Map(9);
        Assert.Equal(Errno.EINVAL, Map(_control, GrantPair.UserId, GrantPair.Place, Place));
        Assert.Equal(Errno.None, Map(_control, GrantPair.GranterId, GrantPair.Frame, Place));
        Assert.Equal(Errno.EINVAL, Map(_control, GrantPair.GranterId, GrantPair.Frame, Place));
        GrantPair.Grant(_control, 8, GrantPair.UserId, Place);
        Assert.Equal((short)GrantStatus.BadPage, _pair.Map(_pair.User, 0, 8, GrantPair.Place + 1).Status);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void AForeignFrameOutlivesItsOwner(bool ownerFirst)
    {
        Mfn mfn = _pair.Granted;
        GrantPair.Write(_pair.Granter, GrantPair.Frame << 12, 0x1234UL);
        Assert.Equal(Errno.None, Map(_control, GrantPair.GranterId, GrantPair.Frame, Place));
        if (!ownerFirst)
        {
            _control.Dispose();
            Assert.Equal(0u, _pair.Machine.Frames.ReferencesTo(mfn));
            return;
        }
        _pair.EndGranter();
        Assert.Equal(0x1234UL, GrantPair.Read<ulong>(_control, Place << 12));
        ulong free = _pair.Machine.Frames.FreeFrames;
        Assert.Equal(0, Remove(_control, Place));
        Assert.Equal((free + 1, FrameAllocator.NoOwner), (_pair.Machine.Frames.FreeFrames, _pair.Machine.Frames.OwnerOf(mfn)));
    }
}
