using System;
using System.Threading;
using Xenolith.Abi.Contract;
using Xenolith.Domains;
using Xenolith.Kernel;
using Xenolith.Mm;
using Xenolith.Tests.Unit.Harness;
using Xunit;

namespace Xenolith.Tests.Unit.Abi;

/// <summary>Mappings of grants between domains, and what becomes of them when either ends.</summary>
public sealed class GrantMapCallTests : IDisposable
{
    private const uint Reference = 9;
    private const ushort Reading = GrantEntryFlags.Reading, Busy = GrantEntryFlags.Reading | GrantEntryFlags.Writing;

    private readonly GrantPair _pair = new();

    public void Dispose() => _pair.Dispose();

    private P2mEntry Placed(ulong gfn = GrantPair.Place) => _pair.User.P2m.Lookup(new Gfn(gfn));

    private ulong Frames => _pair.Machine.Frames.FreeFrames;

    [Fact]
    public void AMappedFrameIsTheGrantersAndComesBack()
    {
        _pair.Grant(Reference);
        GnttabMapGrantRef mapped = _pair.Map(_pair.User, GrantPair.GranterId, Reference);
        Assert.Equal((0, 0u, _pair.Granted.Address), (mapped.Status, mapped.Handle, mapped.DeviceBusAddress));
        Assert.Equal((_pair.Granted, P2mType.Grant, Rights.ReadWrite), (Placed().Mfn, Placed().Type, Placed().Access));
        Assert.Equal((Busy, 1u), (GrantPair.Status(_pair.Granter, Reference), _pair.Machine.Frames.ReferencesTo(_pair.Granted)));
        GrantPair.Write(_pair.User, GrantPair.Place << 12, 0xF00DUL);
        Assert.Equal(0xF00DUL, GrantPair.Read<ulong>(_pair.Granter, GrantPair.Frame << 12));

        Assert.Equal(GrantStatus.Okay, _pair.Unmap(_pair.User, 0));
        Assert.Equal(P2mType.None, Placed().Type);
        Assert.Equal(((ushort)0, 0u), (GrantPair.Status(_pair.Granter, Reference), _pair.Machine.Frames.ReferencesTo(_pair.Granted)));
        Assert.Equal(GrantStatus.BadHandle, _pair.Unmap(_pair.User, 0));
    }

    [Fact]
    public void AReadOnlyMappingIsNotWritten()
    {
        _pair.Grant(Reference, GrantEntryFlags.PermitAccess | GrantEntryFlags.ReadOnly);
        Assert.Equal((short)GrantStatus.GeneralError, _pair.Map(_pair.User, GrantPair.GranterId, Reference).Status);
        _pair.Map(Reference, flags: GrantMapFlags.Host | GrantMapFlags.ReadOnly);
        Assert.Equal((Rights.Read, Reading), (Placed().Access, GrantPair.Status(_pair.Granter, Reference)));
    }

    [Theory]
    [InlineData(GrantMapFlags.Host)]
    [InlineData(GrantMapFlags.Host | GrantMapFlags.ReadOnly)]
    public void CallsTakeNoArgumentsInMappings(uint flags)
    {
        _pair.Grant(Reference);
        _pair.Map(Reference, flags: flags);
        Span<byte> bytes = stackalloc byte[8];
        Assert.False(_pair.User.Memory.TryRead(GrantPair.Place << 12, bytes));
        Assert.False(_pair.User.Memory.TryWrite(GrantPair.Place << 12, bytes));
    }

    [Fact]
    public void TheMarksFollowTheLastUseOfAKind()
    {
        _pair.Grant(Reference);
        uint read = _pair.Map(Reference, flags: GrantMapFlags.Host | GrantMapFlags.ReadOnly);
        Assert.Equal(Reading, GrantPair.Status(_pair.Granter, Reference));
        uint write = _pair.Map(Reference, GrantPair.Place + 1);
        Assert.Equal(Busy, GrantPair.Status(_pair.Granter, Reference));
        _pair.Unmap(_pair.User, write, GrantPair.Place + 1);
        Assert.Equal(Reading, GrantPair.Status(_pair.Granter, Reference));
        _pair.Unmap(_pair.User, read);
        Assert.Equal(0, GrantPair.Status(_pair.Granter, Reference));
    }

    public static TheoryData<string, ushort, uint, uint, ulong, GrantStatus> Errors => new()
    {
        { "no kind of mapping", GrantPair.GranterId, Reference, 0, GrantPair.Place, GrantStatus.BadGntref },
        { "no kind comes before the domain", 77, Reference, GrantMapFlags.ReadOnly, GrantPair.Place, GrantStatus.BadGntref },
        { "for a device", GrantPair.GranterId, Reference, GrantMapFlags.Host | GrantMapFlags.Device, GrantPair.Place, GrantStatus.GeneralError },
        { "for an application", 77, Reference, GrantMapFlags.Host | GrantMapFlags.Application, GrantPair.Place, GrantStatus.GeneralError },
        { "in a page-table entry", GrantPair.GranterId, 1u << 30, GrantMapFlags.Host | GrantMapFlags.ContainsPte, GrantPair.Place, GrantStatus.GeneralError },
        { "nobody", 77, Reference, GrantMapFlags.Host, GrantPair.Place, GrantStatus.BadDomain },
        { "oneself by name", DomainIds.Self, Reference, GrantMapFlags.Host, GrantPair.Place, GrantStatus.BadDomain },
        { "the hypervisor", DomainIds.Xen, Reference, GrantMapFlags.Host, GrantPair.Place, GrantStatus.BadDomain },
        { "the last entry", GrantPair.GranterId, 511, GrantMapFlags.Host, GrantPair.Place, GrantStatus.GeneralError },
        { "past the last entry", GrantPair.GranterId, 512, GrantMapFlags.Host, GrantPair.Place, GrantStatus.BadGntref },
        { "far past it", GrantPair.GranterId, uint.MaxValue, GrantMapFlags.Host, GrantPair.Place, GrantStatus.BadGntref },
        { "an unknown flag", GrantPair.GranterId, Reference, GrantMapFlags.Host | 0x100, GrantPair.Place, GrantStatus.GeneralError },
        { "past 48 bits", GrantPair.GranterId, Reference, GrantMapFlags.Host, 1UL << 36, GrantStatus.GeneralError },
        { "the end of all addresses", GrantPair.GranterId, Reference, GrantMapFlags.Host, ulong.MaxValue >> 12, GrantStatus.GeneralError },
    };

    [Theory]
    [MemberData(nameof(Errors))]
    public void MappingHasItsErrorsInOrder(string what, ushort granter, uint reference, uint flags, ulong gfn, GrantStatus expected)
    {
        _pair.Grant(Reference);
        Assert.True(expected == (GrantStatus)_pair.Map(_pair.User, granter, reference, gfn, flags).Status, what);
        Assert.Equal((0u, (ushort)0), (_pair.Machine.Frames.ReferencesTo(_pair.Granted), GrantPair.Status(_pair.Granter, Reference)));
        Assert.Equal(0, _pair.Map(_pair.User, GrantPair.GranterId, Reference).Status);
    }

    [Theory]
    [InlineData((ushort)0, GrantPair.UserId, GrantPair.Frame, GrantStatus.GeneralError)]
    [InlineData(GrantEntryFlags.AcceptTransfer, GrantPair.UserId, GrantPair.Frame, GrantStatus.GeneralError)]
    [InlineData(GrantEntryFlags.PermitAccess | GrantEntryFlags.SubPage, GrantPair.UserId, GrantPair.Frame, GrantStatus.GeneralError)]
    [InlineData(GrantEntryFlags.PermitAccess, GrantPair.GranterId, GrantPair.Frame, GrantStatus.GeneralError)]
    [InlineData(GrantEntryFlags.PermitAccess, GrantPair.UserId, 0xFFFF_FFFFUL, GrantStatus.BadPage)]
    [InlineData(GrantEntryFlags.PermitAccess, GrantPair.UserId, 0x200UL, GrantStatus.BadPage)]
    [InlineData(GrantEntryFlags.PermitAccess, GrantPair.UserId, 0x1FFUL, GrantStatus.Okay)]
    public void WhatAnEntryHasToSay(int flags, ushort domain, ulong gfn, GrantStatus expected)
    {
        GrantPair.Grant(_pair.Granter, Reference, domain, gfn, (ushort)flags);
        Assert.Equal(expected, (GrantStatus)_pair.Map(_pair.User, GrantPair.GranterId, Reference).Status);
        Assert.Equal(expected == GrantStatus.Okay ? Busy : 0, GrantPair.Status(_pair.Granter, Reference));
    }

    [Fact]
    public void AFailedMappingIsNoHandleAndKeepsThoseOfOthers()
    {
        _pair.Grant(Reference);
        _pair.Map(_pair.User, GrantPair.GranterId, 100);
        Assert.Equal(1u, _pair.Map(Reference));
        Assert.Equal(GrantStatus.BadHandle, _pair.Unmap(_pair.User, 0));
        Assert.Equal(GrantStatus.BadHandle, _pair.Unmap(_pair.User, 2));
        Assert.Equal(GrantStatus.BadHandle, _pair.Unmap(_pair.User, 256));
        Assert.Equal(GrantStatus.BadHandle, _pair.Unmap(_pair.User, uint.MaxValue));
        Assert.Equal(GrantStatus.Okay, _pair.Unmap(_pair.User, 1));
    }

    [Fact]
    public void UnmappingHasItsErrors()
    {
        _pair.Grant(Reference);
        _pair.Grant(10);
        uint handle = _pair.Map(Reference);
        Assert.Equal(GrantStatus.GeneralError, _pair.Unmap(_pair.User, handle, GrantPair.Place + 1));
        Assert.Equal(GrantStatus.GeneralError, _pair.Unmap(_pair.User, handle, 0x10));
        Assert.Equal(GrantStatus.GeneralError, _pair.Unmap(_pair.User, handle, ulong.MaxValue >> 12));
        Assert.Equal(GrantStatus.Okay, _pair.Unmap(_pair.User, handle, 0));
        Assert.Equal(P2mType.Grant, Placed().Type);
        Assert.Equal(GrantStatus.BadHandle, _pair.Unmap(_pair.Granter, handle));
        Assert.Equal(GrantStatus.Okay, _pair.Unmap(_pair.User, handle, busAddress: 0x1000));
        Assert.Equal(P2mType.None, Placed().Type);
    }

    [Fact]
    public void WhereSomethingIsMappedAlready()
    {
        _pair.Grant(Reference);
        ulong had = _pair.User.TotalPages;
        uint overRam = _pair.Map(Reference, 0x140);
        Assert.Equal((had - 1, _pair.Granted), (_pair.User.TotalPages, Placed(0x140).Mfn));
        Assert.Equal((short)GrantStatus.GeneralError, _pair.Map(_pair.User, GrantPair.GranterId, Reference, 0x140).Status);
        Assert.Equal(1u, _pair.Machine.Frames.ReferencesTo(_pair.Granted));
        Assert.Equal(GrantStatus.Okay, _pair.Unmap(_pair.User, overRam, 0x140));
        Assert.Equal(P2mType.None, Placed(0x140).Type);
    }

    [Fact]
    public void OneMapsItsOwnGrantByItsNumber()
    {
        GrantPair.Grant(_pair.User, Reference, GrantPair.UserId, 0x150);
        GnttabMapGrantRef mapped = _pair.Map(_pair.User, GrantPair.UserId, Reference);
        Assert.Equal((0, Placed(0x150).Mfn), (mapped.Status, Placed().Mfn));
        Assert.Equal(GrantStatus.Okay, _pair.Unmap(_pair.User, mapped.Handle));
        Assert.Equal(0, GrantPair.Status(_pair.User, Reference));
    }

    [Fact]
    public void WhatIsMappedIsNotGrantedOn()
    {
        Domain third = _pair.Machine.CreateDomain(2, 1, 7, isPrivileged: false);
        _pair.Grant(Reference);
        uint handle = _pair.Map(Reference);
        GrantPair.Grant(_pair.User, 8, 7, GrantPair.Place);
        Assert.Equal((short)GrantStatus.GeneralError, _pair.Map(third, GrantPair.UserId, 8).Status);
        Assert.Equal((1u, (ushort)0), (_pair.Machine.Frames.ReferencesTo(_pair.Granted), GrantPair.Status(_pair.User, 8)));
        _pair.Unmap(_pair.User, handle);
    }

    [Fact]
    public void AnotherUserOfAnEntryInUseIsRefused()
    {
        Domain third = _pair.Machine.CreateDomain(2, 1, 7, isPrivileged: false);
        _pair.Grant(Reference);
        _pair.Map(Reference);
        GrantPair.Grant(_pair.Granter, Reference, 7, GrantPair.Frame);
        Assert.Equal((short)GrantStatus.GeneralError, _pair.Map(third, GrantPair.GranterId, Reference).Status);
        Assert.Equal(0, _pair.Map(_pair.User, GrantPair.GranterId, Reference, GrantPair.Place + 1).Status);
    }

    [Fact]
    public void AnEntryHas128UsesOfAKind()
    {
        _pair.Grant(Reference);
        for (uint i = 0; i < ActiveGrant.MostUses; i++)
            _pair.Map(Reference, GrantPair.Place + i, GrantMapFlags.Host | GrantMapFlags.ReadOnly);
        Assert.Equal((short)GrantStatus.GeneralError, _pair.Map(_pair.User, GrantPair.GranterId, Reference, GrantPair.Place + 500).Status);
        Assert.Equal((uint)ActiveGrant.MostUses, _pair.Machine.Frames.ReferencesTo(_pair.Granted));
    }

    [Fact]
    public void HandlesEndWithTheFramesForThem()
    {
        using var pair = new GrantPair(maximumMappingFrames: 1);
        for (uint i = 8; i < 508; i++)
            pair.Grant(i);
        uint mapped = 0;
        while (pair.Map(pair.User, GrantPair.GranterId, 8 + mapped, GrantPair.Place + mapped) is { Status: 0 })
            mapped++;
        // One is always kept back.
        Assert.Equal(255u, mapped);
        Assert.Equal((short)GrantStatus.NoDeviceSpace, pair.Map(pair.User, GrantPair.GranterId, 300, GrantPair.Place + 300).Status);
        Assert.Equal(GrantStatus.Okay, pair.Unmap(pair.User, 17, GrantPair.Place + 17));
        Assert.Equal(255u, pair.Map(300, GrantPair.Place + 300));
        Assert.Equal((short)GrantStatus.NoDeviceSpace, pair.Map(pair.User, GrantPair.GranterId, 301, GrantPair.Place + 301).Status);
        Assert.Equal(GrantStatus.Okay, pair.Unmap(pair.User, 18, GrantPair.Place + 18));
        Assert.Equal(17u, pair.Map(301, GrantPair.Place + 301));
    }

    [Fact]
    public void AFrameOutlivesItsOwnersMemory()
    {
        _pair.Grant(Reference);
        Mfn mfn = _pair.Granted;
        uint handle = _pair.Map(Reference);
        GrantPair.Write(_pair.User, GrantPair.Place << 12, 0xF00DUL);
        ulong had = _pair.Granter.TotalPages;
        Assert.True(_pair.Granter.P2m.TryDepopulate(new Gfn(GrantPair.Frame)));
        // It still counts, or domains could have more than they may by granting.
        Assert.Equal(had, _pair.Granter.TotalPages);
        Assert.Equal(0xF00DUL, GrantPair.Read<ulong>(_pair.User, GrantPair.Place << 12));
        ulong free = Frames;
        Assert.Equal(GrantStatus.Okay, _pair.Unmap(_pair.User, handle));
        Assert.Equal((had - 1, free + 1), (_pair.Granter.TotalPages, Frames));
        Assert.Equal(FrameAllocator.NoOwner, _pair.Machine.Frames.OwnerOf(mfn));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void AFrameOutlivesItsOwner(bool letGoBefore)
    {
        _pair.Grant(Reference);
        Mfn mfn = _pair.Granted;
        uint handle = _pair.Map(Reference);
        GrantPair.Write(_pair.User, GrantPair.Place << 12, 0xF00DUL);
        if (letGoBefore)
            _pair.Granter.P2m.TryDepopulate(new Gfn(GrantPair.Frame));
        _pair.EndGranter();
        Assert.Equal((FrameAllocator.EndedOwner, 0xF00DUL), (_pair.Machine.Frames.OwnerOf(mfn), GrantPair.Read<ulong>(_pair.User, GrantPair.Place << 12)));

        // Another domain with the same id has nothing to do with it.
        Domain next = _pair.Machine.CreateDomain(2, 1, GrantPair.GranterId, isPrivileged: false);
        (ulong had, ulong free) = (next.TotalPages, Frames);
        Assert.Equal(GrantStatus.Okay, _pair.Unmap(_pair.User, handle));
        Assert.Equal((had, free + 1), (next.TotalPages, Frames));
        Assert.Equal(GrantStatus.BadHandle, _pair.Unmap(_pair.User, handle));
    }

    [Fact]
    public void AnEndingUserLetsGoOfAllItMapped()
    {
        const uint end = 800;
        Assert.True(_pair.Granter.GrantTable.TryGrow(2));
        for (uint i = 8; i < end; i++)
        {
            _pair.Grant(i);
            _pair.Map(i, GrantPair.Place + i);
        }
        Mfn mfn = _pair.Granted;
        Assert.Equal(end - 8, _pair.Machine.Frames.ReferencesTo(mfn));
        _pair.User.Leave();
        int steps = 1;
        while (!_pair.User.ReleaseStep(512))
            steps++;
        Assert.True(steps > 1);
        Assert.Equal(0u, _pair.Machine.Frames.ReferencesTo(mfn));
        for (uint i = 8; i < end; i++)
            Assert.Equal(0, GrantPair.Status(_pair.Granter, i));
    }

    [Fact]
    public void EverythingComesBackWhenBothEnd()
    {
        ulong free = 0;
        for (int round = 0; round < 2; round++)
        {
            using var pair = new GrantPair();
            GrantPair.Grant(pair.User, 8, GrantPair.GranterId, 0x150);
            pair.Grant(Reference);
            pair.Map(Reference);
            pair.Map(pair.Granter, GrantPair.UserId, 8);
            if (round == 0)
            {
                pair.Granter.Dispose();
                pair.User.Dispose();
                free = pair.Machine.Frames.FreeFrames;
            }
            else
            {
                pair.User.Dispose();
                pair.Granter.Dispose();
                Assert.Equal(free, pair.Machine.Frames.FreeFrames);
                Assert.Equal(0UL, pair.Machine.Frames.CountOwnedBy(FrameAllocator.EndedOwner) + pair.Machine.Frames.CountOwnedBy(GrantPair.UserId) + pair.Machine.Frames.CountOwnedBy(GrantPair.GranterId));
            }
        }
    }

    [Fact]
    public void ATableOutlivesItsDomainWhereItIsMapped()
    {
        Mfn table = _pair.Granter.GrantTable.Frame(0).Mfn;
        Assert.Equal(Errno.None, _pair.Granter.Lend(_pair.Granter.GrantTable.Frame(0), new Gfn(0x8_0000)));
        GrantPair.Grant(_pair.Granter, Reference, GrantPair.UserId, 0x8_0000);
        uint handle = _pair.Map(Reference);
        Assert.Equal(table, Placed().Mfn);
        _pair.EndGranter();
        ulong free = Frames;
        Assert.Equal(GrantStatus.Okay, _pair.Unmap(_pair.User, handle));
        Assert.Equal(free + 1, Frames);
    }

    [Fact]
    public void ABatchIsGivenBackWhole()
    {
        const uint count = 130;
        for (uint i = 0; i < count; i++)
        {
            _pair.Grant(8 + i);
            GrantPair.Write(_pair.User, GrantPair.Argument + i * 24, new GnttabUnmapGrantRef { Handle = _pair.Map(8 + i, GrantPair.Place + i), HostAddress = GrantPair.Place + i << 12, Status = 99 });
        }
        // The calls of the loop used the same place.
        GrantPair.Write(_pair.User, GrantPair.Argument, new GnttabUnmapGrantRef { Handle = 0, HostAddress = GrantPair.Place << 12, Status = 99 });
        GrantPair.Write(_pair.User, GrantPair.Argument + 24, new GnttabUnmapGrantRef { Handle = 1, HostAddress = GrantPair.Place + 1 << 12, Status = 99 });
        Assert.Equal(0, _pair.Call(_pair.User, Hypercall.GrantTableOp, (ulong)GrantTableOp.UnmapGrantRef, GrantPair.Argument, count));
        Assert.Equal(0u, _pair.Machine.Frames.ReferencesTo(_pair.Granted));
        for (uint i = 0; i < count; i++)
            Assert.Equal(0, GrantPair.Read<GnttabUnmapGrantRef>(_pair.User, GrantPair.Argument + i * 24).Status);
    }

    [Fact]
    public void AFaultInABatchKeepsWhatWasDone()
    {
        _pair.Grant(Reference);
        uint handle = _pair.Map(Reference);
        ulong end = (2UL << 20) - 24;
        GrantPair.Write(_pair.User, end, new GnttabUnmapGrantRef { Handle = handle, HostAddress = GrantPair.Place << 12 });
        Assert.Equal(-(long)Errno.EFAULT, _pair.Call(_pair.User, Hypercall.GrantTableOp, (ulong)GrantTableOp.UnmapGrantRef, end, 2));
        Assert.Equal((0u, (ushort)0), (_pair.Machine.Frames.ReferencesTo(_pair.Granted), GrantPair.Status(_pair.Granter, Reference)));
    }

    [Fact]
    public void RemovingAMappedPageLeavesTheHandleAndTheFrame()
    {
        _pair.Grant(Reference);
        uint handle = _pair.Map(Reference);
        GrantPair.Write(_pair.User, GrantPair.Argument, new RemoveFromPhysmap { Domain = DomainIds.Self, Gpfn = GrantPair.Place });
        Assert.Equal(0, _pair.Call(_pair.User, Hypercall.MemoryOp, (ulong)MemoryOp.RemoveFromPhysmap, GrantPair.Argument));
        Assert.Equal((P2mType.None, 1u), (Placed().Type, _pair.Machine.Frames.ReferencesTo(_pair.Granted)));
        Assert.Equal(GrantStatus.GeneralError, _pair.Unmap(_pair.User, handle));
    }

    [Fact]
    public void AMappedPageIsNoMemoryToGiveAway()
    {
        _pair.Grant(Reference);
        _pair.Map(Reference);
        Assert.False(_pair.User.P2m.TryDepopulate(new Gfn(GrantPair.Place)));
        Assert.Equal(Errno.EINVAL, _pair.User.Move(new Gfn(GrantPair.Place), new Gfn(GrantPair.Place + 1)));
        Assert.Equal(Errno.EINVAL, _pair.User.Lend(_pair.User.SharedInfo.Frame, new Gfn(GrantPair.Place)));
        Assert.Equal(_pair.Granted, Placed().Mfn);
    }

    [Fact]
    public void TwoDomainsMapFromEachOtherAtOnce()
    {
        const int rounds = 3000;
        _pair.Grant(Reference);
        GrantPair.Grant(_pair.User, Reference, GrantPair.GranterId, 0x150);
        var failure = default(Exception);
        void Run(int cpu, Domain caller, ushort other)
        {
            CurrentCpu.Number = cpu;
            try
            {
                for (int i = 0; i < rounds; i++)
                {
                    GnttabMapGrantRef mapped = _pair.Map(caller, other, Reference);
                    if (mapped.Status != 0 || _pair.Unmap(caller, mapped.Handle) != GrantStatus.Okay)
                        throw new InvalidOperationException($"round {i}: {mapped.Status}");
                }
            }
            catch (Exception caught)
            {
                failure = caught;
            }
        }
        var thread = new Thread(() => Run(1, _pair.Granter, GrantPair.UserId));
        thread.Start();
        Run(0, _pair.User, GrantPair.GranterId);
        thread.Join();
        Assert.Null(failure);
        Assert.Equal((0u, 0u), (_pair.Machine.Frames.ReferencesTo(_pair.Granted), _pair.Machine.Frames.ReferencesTo(_pair.User.P2m.Lookup(new Gfn(0x150)).Mfn)));
    }

    [Fact]
    public void TwoVcpusRaceForOneHandle()
    {
        const int rounds = 2000;
        _pair.Grant(Reference);
        int unmapped = 0;
        using var barrier = new Barrier(2);
        uint handle = 0;
        void Run(int cpu)
        {
            CurrentCpu.Number = cpu;
            for (int i = 0; i < rounds; i++)
            {
                if (cpu == 0)
                    handle = _pair.Map(Reference);
                barrier.SignalAndWait();
                if (_pair.Unmap(_pair.User, handle, vcpu: cpu) == GrantStatus.Okay)
                    Interlocked.Increment(ref unmapped);
                barrier.SignalAndWait();
            }
        }
        var thread = new Thread(() => Run(1));
        thread.Start();
        Run(0);
        thread.Join();
        Assert.Equal(rounds, unmapped);
        Assert.Equal(0u, _pair.Machine.Frames.ReferencesTo(_pair.Granted));
    }

    [Fact]
    public void AnEntryThatChangesAllTheTimeIsEitherGrantedOrNot()
    {
        _pair.Grant(Reference);
        using var stop = new CancellationTokenSource();
        var thread = new Thread(() =>
        {
            // The guest's way to take a grant back: only while nobody uses it.
            ref ulong entry = ref GrantPair.Entry(_pair.Granter, Reference);
            while (!stop.IsCancellationRequested)
            {
                ulong seen = Volatile.Read(ref entry);
                if ((seen & (Busy | 1)) == 1 && Interlocked.CompareExchange(ref entry, seen & ~1UL, seen) == seen)
                    Interlocked.Or(ref entry, 1UL);
            }
        });
        thread.Start();
        for (int i = 0; i < 3000; i++)
        {
            GnttabMapGrantRef mapped = _pair.Map(_pair.User, GrantPair.GranterId, Reference);
            if (mapped.Status != 0)
                continue;
            Assert.Equal(GrantStatus.Okay, _pair.Unmap(_pair.User, mapped.Handle));
        }
        stop.Cancel();
        thread.Join();
        Assert.Equal((0u, (ushort)0), (_pair.Machine.Frames.ReferencesTo(_pair.Granted), GrantPair.Status(_pair.Granter, Reference)));
        Assert.Equal(0, _pair.Map(_pair.User, GrantPair.GranterId, Reference).Status);
    }
}
