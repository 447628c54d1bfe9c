using System;
using System.Threading;
using Xenolith.Abi.Contract;
using Xenolith.Domains;
using Xenolith.Kernel;
using Xenolith.Mm;
using Xenolith.Tests.Unit.Harness;
using Xunit;

namespace Xenolith.Tests.Unit.Abi;

/// <summary>Copies by grant references between up to four domains, and entries of version 2.</summary>
public sealed class GrantCopyCallTests : IDisposable
{
    private const uint Reference = 9;
    private const ulong Own = 0x150;
    private const ushort FromGrant = GrantCopyFlags.SourceIsGrant, ToGrant = GrantCopyFlags.DestinationIsGrant;
    private const ushort Reading = GrantEntryFlags.Reading, Busy = GrantEntryFlags.Reading | GrantEntryFlags.Writing;

    private readonly GrantPair _pair = new();

    public void Dispose() => _pair.Dispose();

    private GrantStatus Copy(Domain caller, ulong source, ushort sourceDomain, ulong target, ushort targetDomain, ushort flags, ushort length = 8, ushort sourceOffset = 0, ushort targetOffset = 0, int vcpu = 0) =>
        (GrantStatus)_pair.Call(caller, GrantTableOp.Copy, new GnttabCopy
        {
            SourceGmfn = source, SourceDomain = sourceDomain, SourceOffset = sourceOffset, DestinationGmfn = target, DestinationDomain = targetDomain,
            DestinationOffset = targetOffset, Length = length, Flags = flags, Status = 99,
        }, vcpu).Status;

    private GrantStatus CopyIn(uint reference, ushort length = 8, ushort offset = 0, ulong target = Own) =>
        Copy(_pair.User, reference, GrantPair.GranterId, target, DomainIds.Self, FromGrant, length, offset);

    private void SetVersion2(Domain domain) => Assert.Equal(Errno.None, domain.GrantTable.SetVersion(2));

    private static void GrantV2(Domain granter, uint reference, ushort flags, ushort to, uint extra, ulong frame)
    {
        GrantPair.EntryV2(granter, reference, 1) = frame;
        GrantPair.EntryV2(granter, reference, 0) = flags | (ulong)to << 16 | (ulong)extra << 32;
    }

    [Fact]
    public void ACopyFromAGrantAndToOne()
    {
        _pair.Grant(Reference);
        GrantPair.Write(_pair.Granter, (GrantPair.Frame << 12) + 16, 0x1234UL);
        Assert.Equal(GrantStatus.Okay, CopyIn(Reference, 8, 16));
        Assert.Equal(0x1234UL, GrantPair.Read<ulong>(_pair.User, Own << 12));
        Assert.Equal(GrantStatus.Okay, Copy(_pair.User, Own, DomainIds.Self, Reference, GrantPair.GranterId, ToGrant, 8, 0, 4088));
        Assert.Equal(0x1234UL, GrantPair.Read<ulong>(_pair.Granter, (GrantPair.Frame << 12) + 4088));
        Assert.Equal(((ushort)0, 0u), (GrantPair.Status(_pair.Granter, Reference), _pair.Machine.Frames.ReferencesTo(_pair.Granted)));
    }

    [Fact]
    public void ACopyBetweenGrantsOfTwoOthers()
    {
        Domain third = _pair.Machine.CreateDomain(2, 1, 1, isPrivileged: false);
        _pair.Grant(Reference);
        GrantPair.Grant(third, Reference, GrantPair.UserId, 0x160);
        GrantPair.Write(_pair.Granter, GrantPair.Frame << 12, 0x1234UL);
        Assert.Equal(GrantStatus.Okay, Copy(_pair.User, Reference, GrantPair.GranterId, Reference, 1, FromGrant | ToGrant));
        Assert.Equal(0x1234UL, GrantPair.Read<ulong>(third, 0x160UL << 12));
        Assert.Equal((0, 0), (GrantPair.Status(third, Reference), GrantPair.Status(_pair.Granter, Reference)));

        // What goes wrong with the second leaves nothing of the first.
        GrantPair.Grant(third, Reference, 77, 0x160);
        Assert.Equal(GrantStatus.GeneralError, Copy(_pair.User, Reference, GrantPair.GranterId, Reference, 1, FromGrant | ToGrant));
        Assert.Equal((0, 0u), (GrantPair.Status(_pair.Granter, Reference), _pair.Machine.Frames.ReferencesTo(_pair.Granted)));
    }

    [Theory]
    [InlineData(GrantEntryFlags.PermitAccess | GrantEntryFlags.ReadOnly, FromGrant, GrantStatus.Okay)]
    [InlineData(GrantEntryFlags.PermitAccess | GrantEntryFlags.ReadOnly, ToGrant, GrantStatus.GeneralError)]
    [InlineData(GrantEntryFlags.AcceptTransfer, FromGrant, GrantStatus.GeneralError)]
    [InlineData(GrantEntryFlags.Transitive, FromGrant, GrantStatus.GeneralError)]
    [InlineData(0, FromGrant, GrantStatus.GeneralError)]
    public void WhatAnEntryHasToSay(int entry, int direction, GrantStatus expected)
    {
        _pair.Grant(Reference, (ushort)entry);
        Assert.Equal(expected, direction == FromGrant ? CopyIn(Reference) : Copy(_pair.User, Own, DomainIds.Self, Reference, GrantPair.GranterId, ToGrant));
        Assert.Equal((0, 0u), (GrantPair.Status(_pair.Granter, Reference), _pair.Machine.Frames.ReferencesTo(_pair.Granted)));
    }

    [Fact]
    public void ACopyOfWhatIsMappedUsesWhatIsMapped()
    {
        _pair.Grant(Reference);
        uint handle = _pair.Map(Reference, flags: GrantMapFlags.Host | GrantMapFlags.ReadOnly);
        Mfn mapped = _pair.Granted;
        GrantPair.Grant(_pair.Granter, Reference, GrantPair.UserId, 0x170, GrantEntryFlags.PermitAccess | Reading);
        GrantPair.Write(_pair.User, Own << 12, 0x77UL);
        Assert.Equal(GrantStatus.Okay, Copy(_pair.User, Own, DomainIds.Self, Reference, GrantPair.GranterId, ToGrant));
        Assert.Equal(0x77UL, _pair.Machine.Memory.Word64(mapped.Address));
        Assert.Equal(Reading, GrantPair.Status(_pair.Granter, Reference));
        Assert.Equal(GrantStatus.Okay, _pair.Unmap(_pair.User, handle));
    }

    [Fact]
    public void AMappingMayBeCopiedButNotWrittenWhereItIsReadOnly()
    {
        _pair.Grant(Reference);
        GrantPair.Write(_pair.Granter, GrantPair.Frame << 12, 0x1234UL);
        _pair.Map(Reference, flags: GrantMapFlags.Host | GrantMapFlags.ReadOnly);
        Assert.Equal(GrantStatus.Okay, Copy(_pair.User, GrantPair.Place, DomainIds.Self, Own, DomainIds.Self, 0));
        Assert.Equal(0x1234UL, GrantPair.Read<ulong>(_pair.User, Own << 12));
        Assert.Equal(GrantStatus.BadPage, Copy(_pair.User, Own, DomainIds.Self, GrantPair.Place, DomainIds.Self, 0));
    }

    [Fact]
    public void APartOfAPageIsCopiedAndNotMapped()
    {
        SetVersion2(_pair.Granter);
        GrantV2(_pair.Granter, Reference, GrantEntryFlags.PermitAccess | GrantEntryFlags.SubPage, GrantPair.UserId, 64 | 128u << 16, GrantPair.Frame);
        Assert.Equal((short)GrantStatus.GeneralError, _pair.Map(_pair.User, GrantPair.GranterId, Reference).Status);
        Assert.Equal(GrantStatus.Okay, CopyIn(Reference, 128, 64));
        Assert.Equal(GrantStatus.Okay, CopyIn(Reference, 0, 192));
        Assert.Equal(GrantStatus.GeneralError, CopyIn(Reference, 129, 64));
        Assert.Equal(GrantStatus.GeneralError, CopyIn(Reference, 1, 63));
        Assert.Equal(GrantStatus.BadCopyArg, CopyIn(Reference, 4096, 1));
        Assert.Equal(0, GrantPair.Status(_pair.Granter, Reference));
    }

    [Theory]
    [InlineData(0xFFFF_FFFFu, 4096, 0, GrantStatus.GeneralError)]
    [InlineData(0xFFFF_0000u, 4096, 0, GrantStatus.Okay)]
    [InlineData(0x0000_0000u, 0, 0, GrantStatus.Okay)]
    [InlineData(0x0000_0000u, 1, 0, GrantStatus.GeneralError)]
    public void PartsThatNoPageHas(uint part, int length, int offset, GrantStatus expected)
    {
        SetVersion2(_pair.Granter);
        GrantV2(_pair.Granter, Reference, GrantEntryFlags.PermitAccess | GrantEntryFlags.SubPage, GrantPair.UserId, part, GrantPair.Frame);
        Assert.Equal(expected, CopyIn(Reference, (ushort)length, (ushort)offset));
    }

    [Fact]
    public void AnEntryLeadsToAnotherDomains()
    {
        Domain third = _pair.Machine.CreateDomain(2, 1, 1, isPrivileged: false);
        SetVersion2(_pair.Granter);
        GrantPair.Grant(third, 20, GrantPair.GranterId, 0x160);
        GrantPair.Write(third, 0x160UL << 12, 0x1234UL);
        GrantV2(_pair.Granter, Reference, GrantEntryFlags.Transitive, GrantPair.UserId, 1, 20);
        Assert.Equal(GrantStatus.Okay, CopyIn(Reference));
        Assert.Equal(0x1234UL, GrantPair.Read<ulong>(_pair.User, Own << 12));
        Mfn mfn = third.P2m.Lookup(new Gfn(0x160)).Mfn;
        Assert.Equal((0, 0, 0u), (GrantPair.Status(_pair.Granter, Reference), GrantPair.Status(third, 20), _pair.Machine.Frames.ReferencesTo(mfn)));
        Assert.Equal((short)GrantStatus.GeneralError, _pair.Map(_pair.User, GrantPair.GranterId, Reference).Status);

        // Not to the user, but to the one in between.
        GrantPair.Grant(third, 20, GrantPair.UserId, 0x160);
        Assert.Equal(GrantStatus.GeneralError, CopyIn(Reference));
        Assert.Equal((0, 0), (GrantPair.Status(_pair.Granter, Reference), GrantPair.Status(third, 20)));
    }

    [Theory]
    [InlineData(GrantPair.GranterId, 20u)]
    [InlineData((ushort)77, 20u)]
    [InlineData(GrantPair.UserId, 20u)]
    [InlineData(GrantPair.UserId, uint.MaxValue)]
    [InlineData(DomainIds.Self, 20u)]
    public void WhereAnEntryMayNotLead(ushort domain, uint through)
    {
        SetVersion2(_pair.Granter);
        SetVersion2(_pair.User);
        // One step, not two.
        GrantV2(_pair.User, 20, GrantEntryFlags.Transitive, GrantPair.GranterId, GrantPair.GranterId, Reference);
        GrantV2(_pair.Granter, Reference, GrantEntryFlags.Transitive, GrantPair.UserId, domain, through);
        GrantStatus expected = domain == GrantPair.UserId && through == uint.MaxValue ? GrantStatus.BadGntref : GrantStatus.GeneralError;
        Assert.Equal(expected, CopyIn(Reference));
        Assert.Equal((0, 0), (GrantPair.Status(_pair.Granter, Reference), GrantPair.Status(_pair.User, 20)));
    }

    [Fact]
    public void AnEntryLeadsBackToTheUser()
    {
        SetVersion2(_pair.Granter);
        GrantPair.Grant(_pair.User, 20, GrantPair.GranterId, 0x160);
        GrantPair.Write(_pair.User, 0x160UL << 12, 0x1234UL);
        GrantV2(_pair.Granter, Reference, GrantEntryFlags.Transitive, GrantPair.UserId, GrantPair.UserId, 20);
        Assert.Equal(GrantStatus.Okay, CopyIn(Reference));
        Assert.Equal(0x1234UL, GrantPair.Read<ulong>(_pair.User, Own << 12));
    }

    [Fact]
    public void AnEntryThatIsRewrittenAsLeadingElsewhereWhileItIsMappedHoldsNobodyUp()
    {
        SetVersion2(_pair.Granter);
        GrantPair.Grant(_pair.User, 20, GrantPair.GranterId, 0x160);
        GrantV2(_pair.Granter, Reference, GrantEntryFlags.PermitAccess, GrantPair.UserId, 0, GrantPair.Frame);
        GnttabMapGrantRef mapped = _pair.Map(_pair.User, GrantPair.GranterId, Reference, flags: GrantMapFlags.Host | GrantMapFlags.ReadOnly);
        Assert.Equal((short)GrantStatus.Okay, mapped.Status);
        GrantV2(_pair.Granter, Reference, GrantEntryFlags.Transitive, GrantPair.UserId, GrantPair.UserId, 20);
        Mfn inner = _pair.User.P2m.Lookup(new Gfn(0x160)).Mfn;
        Assert.Equal(GrantStatus.GeneralError, CopyIn(Reference));
        Assert.Equal((GrantEntryFlags.Reading, 0), (GrantPair.Status(_pair.Granter, Reference), GrantPair.Status(_pair.User, 20)));
        Assert.Equal((1u, 0u), (_pair.Machine.Frames.ReferencesTo(_pair.Granted), _pair.Machine.Frames.ReferencesTo(inner)));
        Assert.Equal(GrantStatus.Okay, _pair.Unmap(_pair.User, mapped.Handle));
        Assert.Equal(0, GrantPair.Status(_pair.Granter, Reference));
    }

    [Fact]
    public void VersionsChangeOnlyWhenNoEntryIsInUse()
    {
        _pair.Grant(Reference);
        uint handle = _pair.Map(Reference);
        Assert.Equal(Errno.EBUSY, _pair.Granter.GrantTable.SetVersion(2));
        Assert.Equal(Errno.None, _pair.Granter.GrantTable.SetVersion(1));
        _pair.Unmap(_pair.User, handle);
        _pair.Grant(3);
        handle = _pair.Map(3);
        SetVersion2(_pair.Granter);
        Assert.Equal((Busy, (ulong)GrantEntryFlags.PermitAccess), (GrantPair.Status(_pair.Granter, 3), GrantPair.EntryV2(_pair.Granter, 3, 0) & 0xFFFF));
        Assert.Equal(Errno.None, _pair.Granter.GrantTable.SetVersion(1));
        Assert.Equal(Busy, GrantPair.Status(_pair.Granter, 3));
        Assert.Equal(GrantStatus.Okay, _pair.Unmap(_pair.User, handle));
        Assert.Equal(0, GrantPair.Status(_pair.Granter, 3));
    }

    [Fact]
    public void SwappingTakesTheStatusAlong()
    {
        SetVersion2(_pair.Granter);
        GrantV2(_pair.Granter, Reference, GrantEntryFlags.PermitAccess, GrantPair.UserId, 0, GrantPair.Frame);
        uint handle = _pair.Map(Reference);
        Assert.Equal(GrantStatus.Eagain, _pair.Granter.GrantTable.Swap(Reference, 10));
        Assert.Equal(GrantStatus.Eagain, _pair.Granter.GrantTable.Swap(10, Reference));
        Assert.Equal(GrantStatus.Okay, _pair.Granter.GrantTable.Swap(Reference, Reference));
        _pair.Unmap(_pair.User, handle);
        _pair.Machine.Memory.Frame(_pair.Granter.GrantTable.StatusFrame(0).Mfn)[(int)Reference * 2] = 0x5A;
        Assert.Equal(GrantStatus.Okay, _pair.Granter.GrantTable.Swap(Reference, 10));
        Assert.Equal((0, 0x5A), (GrantPair.Status(_pair.Granter, Reference), GrantPair.Status(_pair.Granter, 10)));
        Assert.Equal(GrantPair.Frame, GrantPair.EntryV2(_pair.Granter, 10, 1));
    }

    [Fact]
    public void TwoDomainsCopyThroughEachOtherAtOnce()
    {
        const int rounds = 1500;
        SetVersion2(_pair.Granter);
        SetVersion2(_pair.User);
        GrantV2(_pair.Granter, 20, GrantEntryFlags.PermitAccess, GrantPair.UserId, 0, GrantPair.Frame);
        GrantV2(_pair.User, 20, GrantEntryFlags.PermitAccess, GrantPair.GranterId, 0, 0x160);
        GrantV2(_pair.Granter, Reference, GrantEntryFlags.Transitive, GrantPair.UserId, GrantPair.UserId, 20);
        GrantV2(_pair.User, Reference, GrantEntryFlags.Transitive, GrantPair.GranterId, GrantPair.GranterId, 20);
        Exception? failure = null;
        void Run(int cpu, Domain caller, ushort other)
        {
            CurrentCpu.Number = cpu;
            try
            {
                for (int i = 0; i < rounds; i++)
                {
                    GrantStatus status = Copy(caller, Reference, other, 20, other, FromGrant | ToGrant);
                    if (status != GrantStatus.Okay)
                        throw new InvalidOperationException($"round {i}: {status}");
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
        foreach (Domain domain in (Domain[])[_pair.Granter, _pair.User])
            Assert.Equal((0, 0), (GrantPair.Status(domain, 20), GrantPair.Status(domain, Reference)));
        Assert.Equal(0u, _pair.Machine.Frames.ReferencesTo(_pair.Granted));
    }
}
