using Xenolith.Abi.Contract;

namespace Xenolith.Guests.EventDelivery;

/// <summary>The vCPU's own upcall vector, which comes through the local APIC and has to be ended there.</summary>
internal static class UpcallVectorTests
{
    private const byte Vector = 0xE1;

    public static void Run(TestRun tests, Upcall callback)
    {
        tests.Start("upcall by the vCPU's own vector");
        var upcall = new Upcall { EndsAtApic = true };
        Interrupts.SetHandler(Vector, upcall);
        var argument = new HvmEvtchnUpcallVector { Vcpu = 0, Vector = Vector };
        tests.Success(Xen.Call(Hypercall.HvmOp, (ulong)HvmOp.SetEvtchnUpcallVector, ref argument), "set_evtchn_upcall_vector");
        uint port = Events.BindIpi();
        int calls = callback.Calls;
        tests.Success(Events.Send(port), "send");
        Instructions.Pause();
        tests.Equal(upcall.Count(port), 1, "events by the new vector");
        tests.Equal(callback.Calls, calls, "calls by the old vector");
        tests.Success(Events.Send(port), "send again");
        Instructions.Pause();
        tests.Equal(upcall.Count(port), 2, "events");

        LocalApic.Write(LocalApic.TaskPriority, 0xF0);
        tests.Success(Events.Send(port), "send under a high task priority");
        Instructions.Pause();
        tests.Equal(upcall.Count(port), 2, "events under it");
        LocalApic.Write(LocalApic.TaskPriority, 0);
        Instructions.Pause();
        tests.Equal(upcall.Count(port), 3, "events after it");
        tests.Success(Events.Close(port), "close");
    }
}
