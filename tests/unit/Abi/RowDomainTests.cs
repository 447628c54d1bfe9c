using System;
using System.Collections.Generic;
using System.Linq;
using Xenolith.Abi.Contract;
using Xenolith.Domains;
using Xenolith.Hal;
using Xenolith.Tests.Unit.Harness;
using Xunit;

namespace Xenolith.Tests.Unit.Abi;

/// <summary>Each row whose structure names a domain, with ids that name nobody, or somebody who is not the caller's; and each row from user mode.</summary>
public sealed class RowDomainTests
{
    private const ushort Own = 3, Other = 7, Unknown = 0x1234;

    private static readonly ushort[] s_nobody =
        [Unknown, DomainIds.Io, DomainIds.Xen, DomainIds.CopyOnWrite, DomainIds.Invalid, 0x7FF5, DomainIds.Idle, 0x8000, ushort.MaxValue];

    // createdomain makes one of that id, and getdomaininfo answers for the next one.
    private static readonly DomctlOp[] s_takingAnyId = [DomctlOp.Createdomain, DomctlOp.Getdomaininfo];

    public static TheoryData<string, bool> NamingOne => RowCall.Names(call => call.NamesADomain && call.HasPointer && !(call.Row.Operation is DomctlOp operation && s_takingAnyId.Contains(operation)));

    public static TheoryData<string, bool> Naming => RowCall.Names(call => call.NamesADomain && call.HasPointer);

    public static TheoryData<string, bool> NamingByRight => RowCall.Names(call => call.NamesADomain && call.HasPointer && call.Row.Permission != Permission.Anyone);

    public static TheoryData<string, bool> Any => RowCall.Names(_ => true);

    /// <summary>ESRCH, an error that the row lists before it, the element's own status, or nothing done; and nothing held.</summary>
    [Theory]
    [MemberData(nameof(NamingOne))]
    public void Ids_of_nobody_are_refused(string name, bool is64Bit)
    {
        RowCall call = RowCall.Find(name, is64Bit);
        HashSet<long> allowed = call.UpTo(Errno.ESRCH);
        foreach (bool isPrivileged in (bool[])[true, false])
        {
            using var guest = new CallFixture(is64Bit: is64Bit, isPrivileged: isPrivileged, id: isPrivileged ? (ushort)0 : Own);
            Holdings before = Holdings.Of(guest.Machine, guest.Domain);
            foreach (ushort id in s_nobody)
                Refused(call, guest, id, allowed, before, guest.Domain);
        }
    }

    /// <summary>EPERM, an error that the row lists before it, the element's own status, or nothing done; and nothing held for either.</summary>
    [Theory]
    [MemberData(nameof(NamingByRight))]
    public void Another_domain_is_refused_to_one_without_privilege(string name, bool is64Bit)
    {
        RowCall call = RowCall.Find(name, is64Bit);
        using var guest = new CallFixture(is64Bit: is64Bit, isPrivileged: false, id: Own);
        Domain other = guest.Machine.CreateDomain(2, 1, Other, isPrivileged: false);
        Refused(call, guest, Other, call.UpTo(Errno.EPERM), Holdings.Of(guest.Machine, guest.Domain, other), guest.Domain, other);
    }

    /// <summary>A domain that is being taken apart: whatever is answered, it is given nothing more.</summary>
    [Theory]
    [MemberData(nameof(Naming))]
    public void A_dying_domain_is_given_nothing(string name, bool is64Bit)
    {
        RowCall call = RowCall.Find(name, is64Bit);
        using var guest = new CallFixture(is64Bit: is64Bit);
        Domain other = guest.Machine.CreateDomain(2, 1, Other, isPrivileged: false);
        other.BeginDying();
        ulong free = guest.Machine.Frames.FreeFrames;
        string before = Holdings.Of(guest.Machine, other).PerDomain;
        call.WriteStructure(guest, CallFixture.Argument, Other);
        long result = call.Call(guest, CallFixture.Argument);
        Assert.True(result >= 0 || call.Errors.Contains(result), $"{call}: {result}");
        Assert.True(guest.Machine.Frames.FreeFrames >= free, $"{call} took frames");
        if (result < 0)
            Assert.Equal(before, Holdings.Of(guest.Machine, other).PerDomain);
    }

    /// <summary>Every number and operation there is, known or not.</summary>
    [Theory]
    [MemberData(nameof(Any))]
    public void User_mode_is_refused_before_anything_is_looked_at(string name, bool is64Bit)
    {
        RowCall call = RowCall.Find(name, is64Bit);
        using var guest = new CallFixture(is64Bit: is64Bit);
        VirtualCpu cpu = guest.Vcpu.Cpu;
        cpu.SetSegment(SegmentName.Ss, cpu.GetSegment(SegmentName.Ss) with { Attributes = 0xCF3 });
        call.WriteStructure(guest, CallFixture.Argument, DomainIds.Self);
        Holdings before = Holdings.Of(guest.Machine, guest.Domain);
        byte[] argument = guest.ReadArray<byte>(CallFixture.Argument, call.StructureSize);
        Assert.Equal(-(long)Errno.EPERM, call.Call(guest, CallFixture.Argument));
        Assert.Equal(before, Holdings.Of(guest.Machine, guest.Domain));
        Assert.Equal(argument, guest.ReadArray<byte>(CallFixture.Argument, call.StructureSize));
    }

    private static void Refused(RowCall call, CallFixture guest, ushort id, HashSet<long> allowed, Holdings before, params Domain[] domains)
    {
        call.WriteStructure(guest, CallFixture.Argument, id);
        if (call.StatusOffset is { } at)
            guest.Write(CallFixture.Argument + (ulong)at, (short)0x77);
        long result = call.Call(guest, CallFixture.Argument);
        bool isRefused = result == 0 && call.StatusOffset is { } status
            ? guest.Read<short>(CallFixture.Argument + (ulong)status) is < 0 and var answer && Enum.IsDefined((GrantStatus)answer)
            : allowed.Contains(result) || (result == 0 && call.CountsExtents);
        Assert.True(isRefused, $"{call}, domain {id:x}: {result}, allowed {string.Join(' ', allowed.Select(error => (Errno)(-error)))}");
        Assert.Equal(before, Holdings.Of(guest.Machine, domains));
    }
}
