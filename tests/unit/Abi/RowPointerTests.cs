using System;
using System.Collections.Generic;
using Xenolith.Abi.Contract;
using Xenolith.Abi.Contract.Table;
using Xenolith.Domains;
using Xenolith.Kernel;
using Xenolith.Mm;
using Xenolith.Tests.Unit.Harness;
using Xunit;

namespace Xenolith.Tests.Unit.Abi;

/// <summary>Each row's pointer in each bad place: -EFAULT, an error that the row lists before it, or nothing done where that is counted; and nothing is held.</summary>
public sealed class RowPointerTests
{
    public static TheoryData<string, bool> Reading => RowCall.Names(call => call.HasPointer && call.Reads);

    public static TheoryData<string, bool> Writing => RowCall.Names(call => call.HasPointer && call.Direction == Direction.Out);

    public static TheoryData<string, bool> WithPointer => RowCall.Names(call => call.HasPointer && !call.Is64Bit);

    [Theory]
    [MemberData(nameof(Reading))]
    public void What_can_not_be_read_is_refused_and_nothing_is_held(string name, bool is64Bit)
    {
        RowCall call = RowCall.Find(name, is64Bit);
        using var guest = new BadPlaces(is64Bit);
        HashSet<long> allowed = call.UpTo(Errno.EFAULT);
        Holdings before = guest.Holdings();
        foreach ((string place, ulong address) in guest.Unreadable)
        {
            long result = call.Call(guest.Call, address);
            Assert.True(allowed.Contains(result) || (result == 0 && call.CountsExtents), $"{call}, {place}: {result}");
            Assert.Equal(before, guest.Holdings());
        }
    }

    [Theory]
    [MemberData(nameof(Writing))]
    public void What_can_not_be_written_is_refused(string name, bool is64Bit)
    {
        RowCall call = RowCall.Find(name, is64Bit);
        using var guest = new BadPlaces(is64Bit);
        HashSet<long> allowed = call.UpTo(Errno.EFAULT);
        Holdings before = guest.Holdings();
        foreach ((string place, ulong address) in (List<(string, ulong)>)[.. guest.Unreadable, .. guest.Unwritable])
        {
            long result = call.Call(guest.Call, address);
            Assert.True(allowed.Contains(result), $"{call}, {place}: {result}");
            Assert.Equal(before, guest.Holdings());
        }

        // As on Xen: writes to it are dropped, and that is no error.
        Assert.Equal(call.Call(guest.Call, CallFixture.Argument), call.Call(guest.Call, guest.Discarding));
        Assert.Equal(-1, guest.Call.Machine.Memory.Frame(guest.Call.Domain.P2m.Lookup(new Gfn(BadPlaces.ReadOnly)).Mfn).IndexOfAnyExcept((byte)0));
    }

    /// <summary>A 32-bit caller's registers have upper halves from before; they are nothing.</summary>
    [Theory]
    [MemberData(nameof(WithPointer))]
    public void Upper_halves_of_a_narrow_callers_registers_do_not_count(string name, bool is64Bit)
    {
        RowCall call = RowCall.Find(name, is64Bit);
        long plain = Answer(call, 0), dirty = Answer(call, 0xDEAD_BEEF_0000_0000);
        Assert.Equal(plain, dirty);
    }

    private static long Answer(RowCall call, ulong highHalves)
    {
        using var guest = new CallFixture(is64Bit: false);
        call.WriteStructure(guest, CallFixture.Argument, DomainIds.Self);
        return call.Call(guest, CallFixture.Argument, highHalves);
    }

    /// <summary>A guest with pages of every kind that a pointer should not lead to.</summary>
    private sealed class BadPlaces : IDisposable
    {
        /// <summary>A guest frame that drops what is written.</summary>
        public const ulong ReadOnly = 0x8000;

        private const ulong Window = 0x80_0000_0000, Ram = 0x240, Hole = 0x5000, Mmio = 0x6000, Grant = 0x7000, ReadOnlyGrant = 0x7001;

        public BadPlaces(bool is64Bit)
        {
            Call = new CallFixture(is64Bit: is64Bit);
            P2m p2m = Call.Domain.P2m;
            p2m.TrySet(new Gfn(Mmio), new Mfn(0xFEE00), 0, P2mType.Mmio);
            p2m.TrySet(new Gfn(Grant), Frame(), 0, P2mType.Grant);
            p2m.TrySet(new Gfn(ReadOnlyGrant), Frame(), 0, P2mType.GrantReadOnly);
            p2m.TrySet(new Gfn(ReadOnly), Frame(), 0, P2mType.RamReadOnly);
            if (is64Bit)
            {
                Layout();
                return;
            }
            p2m.TryDepopulate(new Gfn(0));
            Unreadable =
            [
                ("null", 0), ("across the end of the address space", 0xFFFF_FFFD), ("across the end of RAM", 0x3F_FFFF), ("past RAM", 0xF000_0000),
                ("a device", Mmio << 12), ("a grant mapping", Grant << 12), ("a read-only grant mapping", ReadOnlyGrant << 12),
            ];
            Discarding = ReadOnly << 12;
        }

        public CallFixture Call { get; }

        public List<(string, ulong)> Unreadable { get; private set; } = [];

        public List<(string, ulong)> Unwritable { get; private set; } = [];

        /// <summary>Where <see cref="ReadOnly"/> is in the address space.</summary>
        public ulong Discarding { get; private set; }

        public Holdings Holdings() => Abi.Holdings.Of(Call.Machine, Call.Domain);

        public void Dispose() => Call.Dispose();

        private void Layout()
        {
            // The lowest 2 MiB hold the tables themselves and are not mapped.
            var tables = new GuestTables(Call.Domain.Memory, 0x4_0000);
            tables.MapIdentity(0x20_0000, 0x20_0000);
            ulong[] pages = [Ram, 0, Hole, Mmio, Grant, ReadOnlyGrant, ReadOnly];
            for (int i = 0; i < pages.Length; i++)
            {
                if (pages[i] != 0)
                    tables.Map(Window + ((ulong)i << 12), pages[i] << 12, GuestTables.Present | GuestTables.Writable);
            }
            tables.Map(Window + 0x10_0000, Ram << 12, GuestTables.Present);
            foreach (Vcpu vcpu in Call.Domain.Vcpus)
                TestMachine.EnterLongMode(vcpu, tables.Root);
            Unreadable =
            [
                ("null", 0), ("across the end of the address space", ulong.MaxValue - 2), ("across the end of a mapping", Window + 0xFFF),
                ("unmapped", CallFixture.Unmapped), ("not canonical", CallFixture.NotCanonical), ("into what is not canonical", CallFixture.NotCanonical - 1),
                ("no memory", Window + 0x2000), ("a device", Window + 0x3000), ("a grant mapping", Window + 0x4000),
                ("a read-only grant mapping", Window + 0x5000),
            ];
            Unwritable = [("a page that the guest has read-only", Window + 0x10_0000)];
            Discarding = Window + 0x6000;
        }

        private Mfn Frame() => Call.Machine.Frames.TryAllocate(0, FrameAllocator.HypervisorOwner, FrameType.Shared, out Mfn mfn)
            ? mfn : throw new InvalidOperationException("no frame");
    }
}
