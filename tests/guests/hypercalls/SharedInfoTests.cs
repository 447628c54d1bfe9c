using Xenolith.Abi.Contract;

namespace Xenolith.Guests.Hypercalls;

/// <summary>
/// shared_info has the layout of the mode that the guest was in when it last asked for the hypercall page, or said how it is told of events
/// (Xen public header xen.h, both widths).
/// </summary>
internal static class SharedInfoTests
{
    private const ulong Pending = 2048;

    /// <summary>Ports that are allocated first, so that the next one's word is the second of 32 bits.</summary>
    private const uint Before = 40;

    private const uint NarrowPorts = 1024;

    public static void Run(TestRun tests)
    {
        tests.Start("shared_info after the hypercall page was asked for in 32-bit code");
        Xen.InstallHypercallPage(isNarrow: true);
        Check(tests, isNarrow: true);
        tests.Start("shared_info after the hypercall page was asked for in 64-bit code");
        Xen.InstallHypercallPage(isNarrow: false);
        Check(tests, isNarrow: false);
        tests.Start("shared_info after callback_irq was set in 32-bit code");
        SetCallback(tests, isNarrow: true);
        Check(tests, isNarrow: true);
        tests.Start("shared_info after callback_irq was set in 64-bit code");
        SetCallback(tests, isNarrow: false);
        Check(tests, isNarrow: false);
        Xen.InstallHypercallPage(NarrowCalls.IsOn);
    }

    private static void SetCallback(TestRun tests, bool isNarrow)
    {
        var argument = new HvmParam { Domain = DomainIds.Self, Index = (uint)HvmParameter.CallbackIrq };
        ulong address = Xen.AddressOf(ref argument);
        tests.Success(
            isNarrow ? NarrowCalls.CallAsIs((ulong)Hypercall.HvmOp, (ulong)HvmOp.SetParam, address) : Xen.WideCall((ulong)Hypercall.HvmOp, (ulong)HvmOp.SetParam, address),
            "callback_irq");
    }

    private static void Check(TestRun tests, bool isNarrow)
    {
        ulong page = SharedState.Address;
        ulong clock = page + (isNarrow ? 2304UL : 3072UL), mask = page + (isNarrow ? 2176UL : 2560UL), otherMask = page + (isNarrow ? 2560UL : 2176UL);
        tests.Equal(Memory.Read32(clock) & 1, 0, "version of the wall clock is even");
        tests.True(Memory.Read32(clock + 4) > 1_000_000_000, "seconds of the wall clock");
        tests.True(Memory.Read32(clock + 8) < 1_000_000_000, "nanoseconds of the wall clock");
        tests.Equal(Memory.Read32(page + (isNarrow ? 2340UL : 3084UL)), 0, "upper half of the seconds");

        uint last = 0, first = 0;
        for (uint i = 0; i < Before; i++)
        {
            last = Events.AllocateUnbound();
            first = i == 0 ? last : first;
        }

        uint port = Events.BindIpi();
        tests.Between(port, 32, 63, "a port of the second word of 32 bits");
        Send(tests, port);
        ulong selector = isNarrow ? Memory.Read32(SharedState.VcpuInfo + 4) : Memory.Read64(SharedState.VcpuInfo + 8);
        tests.Equal((long)selector, isNarrow ? 2 : 1, "selector");
        tests.True(SharedState.UpcallPending, "an upcall is pending");
        tests.Equal(Memory.Read8(page + Pending + (port / 8)), 1 << (int)(port % 8), "pending bits");

        Memory.Write8(otherMask + (port / 8), 0xFF);
        Send(tests, port);
        tests.True(SharedState.UpcallPending, "an upcall is pending with the bit set where the other width has the mask");
        Memory.Write8(otherMask + (port / 8), 0);
        Memory.Write8(mask + (port / 8), 0xFF);
        Send(tests, port);
        tests.True(!SharedState.UpcallPending, "no upcall while the port is masked");
        Memory.Write8(mask + (port / 8), 0);
        Forget(port);
        tests.Success(Events.Close(port), "close");
        Limit(tests, isNarrow, first, last);
    }

    /// <summary>Sends with nothing pending before.</summary>
    private static void Send(TestRun tests, uint port)
    {
        Forget(port);
        tests.Success(Events.Send(port), "send");
    }

    private static void Forget(uint port)
    {
        Memory.Write8(SharedState.Address + Pending + (port / 8), 0);
        Memory.Write8(SharedState.VcpuInfo, 0);
        Memory.Write32(SharedState.VcpuInfo + 4, 0);
        Memory.Write64(SharedState.VcpuInfo + 8, 0);
    }

    /// <summary>Ports up to the narrow limit, one more by the layout, and all of them closed.</summary>
    private static void Limit(TestRun tests, bool isNarrow, uint first, uint last)
    {
        while (last != NarrowPorts - 1)
        {
            uint next = Events.AllocateUnbound();
            if (next == uint.MaxValue)
            {
                break;
            }

            last = next;
        }

        tests.Equal(last, NarrowPorts - 1, "the last port of the narrow layout");
        var argument = new EvtchnAllocUnbound { Domain = DomainIds.Self, RemoteDomain = DomainIds.Self };
        long result = Xen.Call(Hypercall.EventChannelOp, (ulong)EventChannelOp.AllocUnbound, ref argument);
        tests.Equal(result, isNarrow ? -(long)Errno.ENOSPC : 0, "one port more");
        if (result == 0)
        {
            tests.Equal(argument.Port, NarrowPorts, "its number");
            tests.Success(Events.Close(argument.Port), "close of it");
        }

        for (uint port = first; port <= last; port++)
        {
            Events.Close(port);
        }
    }
}
