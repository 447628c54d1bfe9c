using System;
using System.Linq;
using Xenolith.Abi.Contract;
using Xenolith.Domains;
using Xenolith.Kernel;
using Xenolith.Mm;
using Xunit;

namespace Xenolith.Tests.Unit.Abi;

/// <summary>Frames of another domain that are not its memory (XENMEM_acquire_resource).</summary>
public sealed class ResourceCallTests : IDisposable
{
    private const ulong Place = 0x9_0000;
    private const ushort GrantTable = (ushort)ResourceType.GrantTable;

    private ControlFixture _control = new();

    public void Dispose() => _control.Dispose();

    private MemAcquireResource Wanted(Domain domain, uint frames = 1, ulong first = 0, uint id = 0) =>
        new() { Domain = domain.Id, Type = GrantTable, Id = id, FrameCount = frames, Frame = first, FrameList = CallFixture.List };

    private long Acquire(ref MemAcquireResource resource, ulong progress = 0) =>
        _control.Guest.Call(Hypercall.MemoryOp, (ulong)MemoryOp.AcquireResource | (progress << 6), ref resource);

    private long Acquire(MemAcquireResource resource, params ulong[] gfns)
    {
        _control.Guest.WriteArray(CallFixture.List, (ReadOnlySpan<ulong>)gfns);
        return Acquire(ref resource);
    }

    private static ulong[] Places(int count) => [.. Enumerable.Range(0, count).Select(i => Place + (ulong)i)];

    private P2mEntry Placed(ulong gfn = Place) => _control.Guest.Domain.P2m.Lookup(new Gfn(gfn));

    private uint References(Mfn mfn) => _control.Machine.Frames.ReferencesTo(mfn);

    [Theory]
    [InlineData(GrantTable, 0u, 64u)]
    [InlineData(GrantTable, 1u, 8u)]
    [InlineData((ushort)ResourceType.IoreqServer, 7u, 2u)]
    [InlineData((ushort)3, 0u, unchecked((uint)-95))]
    public void WithoutAListTheSizeIsTold(ushort type, uint id, uint size)
    {
        var resource = new MemAcquireResource { Domain = _control.Make().Id, Type = type, Id = id, Frame = 999 };
        Assert.Equal(0, Acquire(ref resource));
        Assert.Equal(size, resource.FrameCount);
    }

    [Fact]
    public void A32BitCallerMayAskForMoreFramesThanCanBeCounted()
    {
        using var control = new ControlFixture(is64Bit: false);
        Domain other = control.Make();
        var resource = new MemAcquireResource32 { Domain = other.Id, Type = GrantTable, FrameCount = 1u << 26, FrameList = (uint)CallFixture.List };
        for (ulong i = 0; i < 96; i++)
            control.Guest.Write(CallFixture.List + (i * 4), (uint)(Place + i));
        Assert.Equal(-(long)Errno.EINVAL, control.Guest.Call(Hypercall.MemoryOp, (ulong)MemoryOp.AcquireResource, ref resource));
        Assert.Equal(P2mType.Foreign, control.Guest.Domain.P2m.Lookup(new Gfn(Place + 63)).Type);
        Assert.Equal(P2mType.None, control.Guest.Domain.P2m.Lookup(new Gfn(Place + 64)).Type);
    }

    [Fact]
    public void ErrorsComeInTheirOrder()
    {
        Domain other = _control.Make();
        Assert.Equal(-(long)Errno.EFAULT, _control.Guest.Call(Hypercall.MemoryOp, (ulong)MemoryOp.AcquireResource, CallFixture.NotCanonical));
        MemAcquireResource wrong = Wanted(other) with { Pad = 1, Domain = 77 };
        Assert.Equal(-(long)Errno.EINVAL, Acquire(wrong, Place));
        Assert.Equal(-(long)Errno.ESRCH, Acquire(wrong with { Pad = 0, Id = 9 }, Place));
        Assert.Equal(-(long)Errno.ESRCH, Acquire(wrong with { Pad = 0, Domain = DomainIds.Self }, Place));
        Assert.Equal(-(long)Errno.EPERM, Acquire(wrong with { Pad = 0, Domain = 0, Id = 9 }, Place));
        Assert.Equal(-(long)Errno.EINVAL, Acquire(Wanted(other, id: 2), Place));
        Assert.Equal(-(long)Errno.EINVAL, Acquire(Wanted(other) with { Type = (ushort)ResourceType.VmtraceBuffer }, Place));
        Assert.Equal(-(long)Errno.EINVAL, Acquire(Wanted(other) with { Type = 3, FrameList = 0 }, Place));
        Assert.Equal(-(long)Errno.EOPNOTSUPP, Acquire(Wanted(other) with { Type = 3 }, Place));
        Assert.Equal(-(long)Errno.ENOENT, Acquire(Wanted(other) with { Type = (ushort)ResourceType.IoreqServer }, Place));
        Assert.Equal(-(long)Errno.EINVAL, Acquire(Wanted(other, frames: 0), Place));
        Assert.Equal(-(long)Errno.EINVAL, Acquire(Wanted(other, frames: 1u << 26), Place));
        Assert.Equal(-(long)Errno.EINVAL, Acquire(Wanted(other, id: 1), Place));
        Assert.Equal(-(long)Errno.EINVAL, Acquire(Wanted(other, frames: 2, first: 63), Place, Place + 1));
        Assert.Equal(-(long)Errno.EINVAL, Acquire(Wanted(other, first: ulong.MaxValue), Place));
        Assert.Equal(1, other.GrantTable.FrameCount);
        Assert.Equal(-(long)Errno.EFAULT, Acquire(Wanted(other, first: 1) with { FrameList = CallFixture.NotCanonical }, Place));
        Assert.Equal(2, other.GrantTable.FrameCount);
        Assert.Equal(-(long)Errno.ENOENT, Acquire(Wanted(other), 1UL << 36));
        Assert.Equal(-(long)Errno.EIO, Acquire(Wanted(other, frames: 2), Place, 1UL << 36));
        MemAcquireResource continued = Wanted(other);
        Assert.Equal(-(long)Errno.EINVAL, Acquire(ref continued, progress: 1));
        continued = Wanted(other, frames: 0) with { FrameList = 0 };
        Assert.Equal(-(long)Errno.EINVAL, Acquire(ref continued, progress: 1));
    }

    [Fact]
    public void AFrameIsSharedAndHeld()
    {
        Domain other = _control.Make();
        Assert.Equal(0, Acquire(Wanted(other), Place));
        Mfn frame = other.GrantTable.Frame(0).Mfn;
        Assert.Equal((frame, P2mType.Foreign, Rights.ReadWrite, 1u), (Placed().Mfn, Placed().Type, Placed().Access, References(frame)));
        // The same once more takes nothing.
        Assert.Equal(0, Acquire(Wanted(other), Place));
        Assert.Equal(1u, References(frame));
        // Another frame at its place: it stays.
        Assert.Equal(-(long)Errno.EINVAL, Acquire(Wanted(other, first: 1), Place));
        Assert.Equal((frame, 0u), (Placed().Mfn, References(other.GrantTable.Frame(1).Mfn)));

        var remove = new RemoveFromPhysmap { Domain = DomainIds.Self, Gpfn = Place };
        Assert.Equal(0, _control.Guest.Call(Hypercall.MemoryOp, (ulong)MemoryOp.RemoveFromPhysmap, ref remove));
        Assert.Equal((P2mType.None, 0u), (Placed().Type, References(frame)));
    }

    [Fact]
    public void StatusFramesAreThoseOfVersion2()
    {
        Domain other = _control.Make();
        Assert.Equal(Errno.None, other.GrantTable.SetVersion(2));
        Assert.Equal(0, Acquire(Wanted(other, frames: 2, first: 6, id: 1), Places(2)));
        Assert.Equal((other.GrantTable.StatusFrame(6).Mfn, 8), (Placed().Mfn, other.GrantTable.StatusFrameCount));
        Assert.Equal(-(long)Errno.EINVAL, Acquire(Wanted(other, frames: 2, first: 7, id: 1), Places(2)));
    }

    [Theory]
    [InlineData(0u)]
    [InlineData(1u)]
    public void MoreThanTheWholeTableIsRefused(uint id)
    {
        Assert.Equal(0, _control.Create(ControlFixture.Pvh() with { MaximumGrantFrames = 4 }, out ushort other));
        Domain domain = _control.Machine.Services.Domains.Find(other)!;
        Assert.Equal(Errno.None, domain.GrantTable.SetVersion(2));
        Assert.Equal(-(long)Errno.EINVAL, Acquire(Wanted(domain, frames: 8, id: id), Places(8)));
    }

    [Fact]
    public void ManyAreMappedInPasses()
    {
        _control.Dispose();
        _control = new ControlFixture(budget: 32);
        Domain other = _control.Make();
        Assert.Equal(0, Acquire(Wanted(other, frames: 64), Places(64)));
        Assert.Equal(1, _control.Guest.Restarts);
        for (int i = 0; i < 64; i++)
            Assert.Equal(other.GrantTable.Frame(i).Mfn, Placed(Place + (ulong)i).Mfn);

        // The first of a pass has its own errno; the frames before it are mapped.
        ulong[] places = [.. Places(40).Select(gfn => gfn + 0x100)];
        places[32] = 1UL << 36;
        Assert.Equal(-(long)Errno.ENOENT, Acquire(Wanted(other, frames: 40), places));
        Assert.Equal((P2mType.Foreign, P2mType.None), (Placed(places[31]).Type, Placed(places[33]).Type));
    }

    [Fact]
    public void WhatIsMappedOutlivesItsDomain()
    {
        // The caller's own tables grow to the place first.
        Domain other = _control.Make();
        Assert.Equal(0, Acquire(Wanted(other), Place + 1));
        Assert.Equal(0, _control.Call(DomctlOp.Destroydomain, other.Id));
        ulong free = _control.Machine.Frames.FreeFrames;
        other = _control.Make();
        Assert.Equal(0, Acquire(Wanted(other), Place));
        Mfn frame = Placed().Mfn;
        Assert.Equal(0, _control.Call(DomctlOp.Destroydomain, other.Id));
        Assert.Equal((frame, 1u), (Placed().Mfn, References(frame)));
        var remove = new RemoveFromPhysmap { Domain = DomainIds.Self, Gpfn = Place };
        Assert.Equal(0, _control.Guest.Call(Hypercall.MemoryOp, (ulong)MemoryOp.RemoveFromPhysmap, ref remove));
        Assert.Equal(FrameAllocator.NoOwner, _control.Machine.Frames.OwnerOf(frame));
        Assert.Equal(free, _control.Machine.Frames.FreeFrames);
    }

    [Fact]
    public void OnlyTheInitialDomainMaps()
    {
        using var other = new ControlFixture(id: 4);
        var resource = new MemAcquireResource();
        Assert.Equal(-(long)Errno.EOPNOTSUPP, other.Guest.Call(Hypercall.MemoryOp, (ulong)MemoryOp.AcquireResource, ref resource));
        Assert.Equal(-(long)Errno.EOPNOTSUPP, other.Guest.Call(Hypercall.MemoryOp, (ulong)MemoryOp.AcquireResource, CallFixture.NotCanonical));
    }

    [Fact]
    public void ACallerOf32BitsGivesItsOwnLayout()
    {
        _control.Dispose();
        _control = new ControlFixture(is64Bit: false);
        Domain other = _control.Make();
        _control.Guest.WriteArray(CallFixture.List, 0x9_0000u, 0x9_0001u);
        var resource = new MemAcquireResource32 { Domain = other.Id, Type = GrantTable, FrameCount = 2, FrameList = (uint)CallFixture.List };
        Assert.Equal(0, _control.Guest.Call(Hypercall.MemoryOp, (ulong)MemoryOp.AcquireResource, ref resource));
        Assert.Equal(other.GrantTable.Frame(1).Mfn, Placed(Place + 1).Mfn);
        resource.FrameList = resource.FrameCount = 0;
        Assert.Equal(0, _control.Guest.Call(Hypercall.MemoryOp, (ulong)MemoryOp.AcquireResource, ref resource));
        Assert.Equal(64u, resource.FrameCount);
    }
}
