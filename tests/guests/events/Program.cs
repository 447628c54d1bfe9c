using System.Runtime;
using Xenolith.Abi.Contract;

namespace Xenolith.Guests.EventDelivery;

/// <summary>Delivery: event channels by callback vector and by the local APIC, waiting for them, and the local APIC itself.</summary>
internal static class Program
{
    [RuntimeExport("guest_main")]
    private static void Main()
    {
        var tests = new TestRun("events");
        tests.Start("set up");
        tests.Success(SharedState.Map(), "shared_info");
        var upcall = new Upcall();
        Interrupts.SetHandler(Events.Vector, upcall);
        tests.Success(Events.UseCallbackVector(), "callback vector");
        Instructions.EnableInterrupts();

        ChannelTests.Run(tests, upcall);
        WaitTests.Run(tests, upcall);
        ApicTests.Run(tests);
        ApicTimerTests.Run(tests);
        X2ApicTests.Run(tests);
        FifoTests.Start(tests, upcall);
        tests.Suffix = ", fifo";
        ChannelTests.Run(tests, upcall);
        WaitTests.Run(tests, upcall);
        tests.Suffix = "";
        FifoTests.Run(tests, upcall);
        FifoTests.End(tests, upcall);
        ChannelTests.NonMaskable(tests);
        tests.Finish();
    }
}
