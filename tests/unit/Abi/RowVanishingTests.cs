using System;
using System.Collections.Generic;
using Xenolith.Abi.Contract;
using Xenolith.Domains;
using Xenolith.Kernel;
using Xenolith.Mm;
using Xenolith.Tests.Unit.Harness;
using Xunit;

namespace Xenolith.Tests.Unit.Abi;

/// <summary>
/// Each row's argument is unmapped by another vCPU while the call is under way, at each access that the call makes to it: the call ends, with a
/// result or an error that it may have, and what it holds goes with the domain.
/// </summary>
public sealed class RowVanishingTests
{
    private const ulong Window = 0x80_0000_0000, Ram = 0x240;

    /// <summary>No row looks at its argument more often.</summary>
    private const int MostAccesses = 64;

    // All but three look: an increase does nothing, and this guest was built without a memory map, its hypervisor without an id.
    public static TheoryData<string, bool> Paged => RowCall.Names(call => call.HasPointer && call.Reads && call.Is64Bit);

    [Theory]
    [MemberData(nameof(Paged))]
    public void An_argument_that_vanishes_ends_nothing_but_the_call(string name, bool is64Bit)
    {
        RowCall call = RowCall.Find(name, is64Bit);
        HashSet<long> errors = call.Errors;
        errors.Add(-(long)Errno.EFAULT);
        int access = 1;
        while (Vanishes(call, access, errors))
            Assert.True(++access < MostAccesses, $"{call} looks at its argument more than {MostAccesses} times");
        Assert.Equal(call.Row.Operation is not (MemoryOp.IncreaseReservation or MemoryOp.MemoryMap or VersionOp.BuildId), access > 1);
    }

    /// <summary>False: the call made fewer accesses.</summary>
    private static bool Vanishes(RowCall call, int access, HashSet<long> errors)
    {
        using var guest = new CallFixture();
        var tables = new GuestTables(guest.Domain.Memory, 0x4_0000);
        tables.MapIdentity(0x20_0000, 0x20_0000);
        tables.Map(Window, Ram << 12, GuestTables.Present | GuestTables.Writable);
        foreach (Vcpu vcpu in guest.Domain.Vcpus)
            TestMachine.EnterLongMode(vcpu, tables.Root);
        call.WriteStructure(guest, Ram << 12, DomainIds.Self);
        ulong slot = tables.SlotFor(Window, 1);
        guest.Machine.HostMemory.After(guest.Domain.P2m.Lookup(new Gfn(Ram)).Mfn.Address, access, () => guest.Write(slot, 0UL));

        long result = call.Call(guest, Window);
        bool hasVanished = !guest.Machine.HostMemory.IsWaiting;
        Assert.True(result >= 0 || errors.Contains(result), $"{call}, access {access}: {result}");
        Assert.False(guest.Domain.IsHeld);
        // The next call finds nothing there, whatever was remembered of the page.
        if (hasVanished && guest.Outcome == Xenolith.Abi.HypercallOutcome.Done && !guest.Domain.IsShutDown)
            Assert.Equal(-(long)Errno.EFAULT, guest.Call(Hypercall.XenVersion, (ulong)VersionOp.GetFeatures, Window));
        guest.Domain.Dispose();
        Assert.Equal(0UL, guest.Machine.Frames.CountOwnedBy(0));
        return hasVanished;
    }
}
