using System;
using System.Linq;
using Xenolith.Abi.Contract;
using Xenolith.Domains;
using Xenolith.Kernel;
using Xenolith.Mm;
using Xunit;

namespace Xenolith.Tests.Unit.Abi;

/// <summary>
/// Each call that does its work in passes, with a pass after every element: the guest has the same result, lists and memory as from one
/// pass, and the call was issued again as often as there was something left.
/// </summary>
public sealed class PreemptionTests
{
    private const int Count = 7;

    public static TheoryData<string, bool> Calls
    {
        get
        {
            var data = new TheoryData<string, bool>();
            foreach (string name in (string[])
                ["decrease", "populate", "batch", "range", "console", "multicall", "nested", "map", "unmap", "copy", "swap", "reset"])
            {
                data.Add(name, true);
                data.Add(name, false);
            }
            return data;
        }
    }

    [Theory]
    [MemberData(nameof(Calls))]
    public void Every_point_where_a_call_may_stop_is_met(string name, bool is64Bit)
    {
        using var whole = new CallFixture(is64Bit: is64Bit, budget: 1000);
        using var cut = new CallFixture(is64Bit: is64Bit, budget: 1);
        (long expected, int none) = Make(whole, name);
        (long actual, int restarts) = Make(cut, name);
        Assert.Equal(0, none);
        Assert.Equal(expected, actual);
        Assert.Equal(name switch { "reset" => 63 - 1, "console" => (700 + 127) / 128 - 1, _ => Count - 1 }, restarts);
        // Lists, statuses, results of a multicall.
        Assert.Equal(whole.ReadArray<byte>(CallFixture.Argument, 0x3_0000), cut.ReadArray<byte>(CallFixture.Argument, 0x3_0000));
        Assert.Equal(Mappings(whole), Mappings(cut));
        Assert.Equal(whole.Domain.TotalPages, cut.Domain.TotalPages);
    }

    private static bool[] Mappings(CallFixture guest) =>
        [.. Enumerable.Range(0, 0x60).Select(i => guest.Domain.P2m.Lookup(new Gfn(CallFixture.SpareGfn + (ulong)i)).IsRam)];

    private static (long Result, int Restarts) Make(CallFixture guest, string name)
    {
        switch (name)
        {
            case "decrease":
                return Reserve(guest, MemoryOp.DecreaseReservation);
            case "populate":
                Reserve(guest, MemoryOp.DecreaseReservation);
                return Reserve(guest, MemoryOp.PopulatePhysmap);
            case "batch":
                return Batch(guest);
            case "range":
                return Range(guest);
            case "console":
                return (guest.Call(Hypercall.ConsoleIo, (ulong)ConsoleIoOp.Write, 700, CallFixture.List), guest.Restarts);
            case "multicall":
                for (uint i = 0; i < Count; i++)
                    Entry(guest, i, Hypercall.XenVersion, (ulong)VersionOp.Version, 0);
                return (guest.Call(Hypercall.Multicall, CallFixture.List, Count), guest.Restarts);
            case "nested":
                Reservation(guest);
                Entry(guest, 0, Hypercall.MemoryOp, (ulong)MemoryOp.DecreaseReservation, CallFixture.Argument);
                long done = guest.Call(Hypercall.Multicall, CallFixture.List + 0x1000, 1);
                Assert.Equal((uint)Count, guest.Read<uint>(CallFixture.List + 0x1000 + (guest.Is64Bit ? 8u : 4u)));
                // Progress is left in the entry's arguments, as on Xen.
                Entry(guest, 0, Hypercall.MemoryOp, 0, 0);
                return (done, guest.Restarts);
            case "reset":
                guest.Domain.EventChannels.BindIpi(0, out _);
                guest.Domain.EventChannels.AllocateUnbound(0, out _);
                guest.Write(CallFixture.Argument, new EvtchnReset { Domain = DomainIds.Self });
                long reset = guest.Call(Hypercall.EventChannelOp, (ulong)EventChannelOp.Reset, CallFixture.Argument);
                Assert.Equal(Errno.EINVAL, guest.Domain.EventChannels.Close(1));
                return (reset, guest.Restarts);
            case "map":
                guest.WriteArray(CallFixture.List, [.. Enumerable.Range(0, Count).Select(i => new GnttabMapGrantRef { Reference = (uint)i, Domain = (ushort)(70 + i) })]);
                return Grant(guest, GrantTableOp.MapGrantRef);
            case "unmap":
                guest.WriteArray(CallFixture.List, [.. Enumerable.Range(0, Count).Select(i => new GnttabUnmapGrantRef { Handle = 90 + (uint)i })]);
                return Grant(guest, GrantTableOp.UnmapGrantRef);
            case "copy":
                return Grant(guest, GrantTableOp.Copy);
            default:
                guest.WriteArray(CallFixture.List, [.. Enumerable.Range(0, Count).Select(i => new GnttabSwapGrantRef { ReferenceA = (uint)i, ReferenceB = 100_000 })]);
                return Grant(guest, GrantTableOp.SwapGrantRef);
        }
    }

    private static (long, int) Grant(CallFixture guest, GrantTableOp operation) =>
        (guest.Call(Hypercall.GrantTableOp, (ulong)operation, CallFixture.List, Count), guest.Restarts);

    private static (long, int) Reserve(CallFixture guest, MemoryOp operation)
    {
        Reservation(guest);
        return (guest.Call(Hypercall.MemoryOp, (ulong)operation, CallFixture.Argument), guest.Restarts);
    }

    private static void Reservation(CallFixture guest)
    {
        Longs(guest, CallFixture.List, i => CallFixture.SpareGfn + i);
        if (guest.Is64Bit)
            guest.Write(CallFixture.Argument, new MemoryReservation { ExtentStart = CallFixture.List, ExtentCount = Count, Domain = DomainIds.Self });
        else
            guest.Write(CallFixture.Argument, new MemoryReservation32 { ExtentStart = (uint)CallFixture.List, ExtentCount = Count, Domain = DomainIds.Self });
    }

    private static (long, int) Batch(CallFixture guest)
    {
        Longs(guest, CallFixture.List, i => CallFixture.SpareGfn + i);
        Longs(guest, CallFixture.List + 0x1000, i => CallFixture.SpareGfn + 0x20 + i);
        if (guest.Is64Bit)
        {
            guest.Write(CallFixture.Argument, new AddToPhysmapBatch
            {
                Domain = DomainIds.Self, Space = (ushort)MapSpace.Gmfn, Size = Count, Indices = CallFixture.List, Gpfns = CallFixture.List + 0x1000,
                Errors = CallFixture.Results,
            });
        }
        else
        {
            guest.Write(CallFixture.Argument, new AddToPhysmapBatch32
            {
                Domain = DomainIds.Self, Space = (ushort)MapSpace.Gmfn, Size = Count, Indices = (uint)CallFixture.List,
                Gpfns = (uint)CallFixture.List + 0x1000, Errors = (uint)CallFixture.Results,
            });
        }
        return (guest.Call(Hypercall.MemoryOp, (ulong)MemoryOp.AddToPhysmapBatch, CallFixture.Argument), guest.Restarts);
    }

    private static (long, int) Range(CallFixture guest)
    {
        if (guest.Is64Bit)
        {
            guest.Write(CallFixture.Argument, new AddToPhysmap
            {
                Domain = DomainIds.Self, Size = Count, Space = (uint)MapSpace.GmfnRange, Index = CallFixture.SpareGfn, Gpfn = CallFixture.SpareGfn + 0x20,
            });
        }
        else
        {
            guest.Write(CallFixture.Argument, new AddToPhysmap32
            {
                Domain = DomainIds.Self, Size = Count, Space = (uint)MapSpace.GmfnRange, Index = (uint)CallFixture.SpareGfn,
                Gpfn = (uint)CallFixture.SpareGfn + 0x20,
            });
        }
        return (guest.Call(Hypercall.MemoryOp, (ulong)MemoryOp.AddToPhysmap, CallFixture.Argument), guest.Restarts);
    }

    private static void Longs(CallFixture guest, ulong list, Func<ulong, ulong> value)
    {
        for (ulong i = 0; i < Count; i++)
        {
            if (guest.Is64Bit)
                guest.Write(list + i * 8, value(i));
            else
                guest.Write(list + i * 4, (uint)value(i));
        }
    }

    private static void Entry(CallFixture guest, uint index, Hypercall number, ulong first, ulong second)
    {
        // The list of a nested call lies at the front.
        ulong list = number == Hypercall.MemoryOp ? CallFixture.List + 0x1000 : CallFixture.List;
        if (guest.Is64Bit)
        {
            var entry = new MulticallEntry { Operation = (ulong)number };
            entry.Arguments[0] = first;
            entry.Arguments[1] = second;
            guest.Write(list + index * 64, entry);
        }
        else
        {
            var entry = new MulticallEntry32 { Operation = (uint)number };
            entry.Arguments[0] = (uint)first;
            entry.Arguments[1] = (uint)second;
            guest.Write(list + index * 32, entry);
        }
    }
}
