using System.Runtime;
using Xenolith.Abi.Contract;

namespace Xenolith.Guests.Upcalls;

/// <summary>
/// Events by the vCPU's own upcall vector, which comes through the local APIC and has to be ended there. A guest of its
/// own: the vector stays once it is set, and a callback vector would be served before it.
/// </summary>
internal static class Program
{
    private const byte Vector = 0xE1, Spurious = 0xFF;

    [RuntimeExport("guest_main")]
    private static void Main()
    {
        var tests = new TestRun("upcall");
        tests.Start("set up");
        tests.Success(SharedState.Map(), "shared_info");
        LocalApic.Enable(Spurious);
        var upcall = new Upcall { EndsAtApic = true };
        var callback = new Upcall();
        Interrupts.SetHandler(Vector, upcall);
        Interrupts.SetHandler(Events.Vector, callback);
        Instructions.EnableInterrupts();

        Delivery(tests, upcall);
        InterruptLine(tests, upcall);
        BothVectors(tests, upcall, callback);
        tests.Finish();
    }

    private static long SetUpcallVector(byte vector)
    {
        var argument = new HvmEvtchnUpcallVector { Vcpu = 0, Vector = vector };
        return Xen.Call(Hypercall.HvmOp, (ulong)HvmOp.SetEvtchnUpcallVector, ref argument);
    }

    private static void Delivery(TestRun tests, Upcall upcall)
    {
        tests.Start("upcall by the vCPU's own vector");
        tests.Success(SetUpcallVector(Vector), "set_evtchn_upcall_vector");
        uint port = Events.BindIpi();
        int before = upcall.Count(port);
        tests.Success(Events.Send(port), "send");
        Instructions.Pause();
        tests.Equal(upcall.Count(port), before + 1, "events");
        tests.Success(Events.Send(port), "send again");
        Instructions.Pause();
        tests.Equal(upcall.Count(port), before + 2, "events");
        tests.True(!LocalApic.Bit(LocalApic.InService, Vector), "not in service after its end");

        tests.Start("upcall held back by the task priority");
        LocalApic.Write(LocalApic.TaskPriority, 0xF0);
        tests.Success(Events.Send(port), "send");
        Instructions.Pause();
        tests.Equal(upcall.Count(port), before + 2, "events under a high task priority");
        tests.True(LocalApic.Bit(LocalApic.Request, Vector), "requested");
        LocalApic.Write(LocalApic.TaskPriority, 0);
        Instructions.Pause();
        tests.Equal(upcall.Count(port), before + 3, "events after it");
        tests.Success(Events.Close(port), "close");
    }

    /// <summary>A PVH guest has no interrupt controller behind the local APIC, so other ways of callback change nothing.</summary>
    private static void InterruptLine(TestRun tests, Upcall upcall)
    {
        tests.Start("callback by an interrupt line changes nothing");
        const ulong line = 1;
        var parameter = new HvmParam { Domain = DomainIds.Self, Index = (uint)HvmParameter.CallbackIrq, Value = line };
        tests.Success(Xen.Call(Hypercall.HvmOp, (ulong)HvmOp.SetParam, ref parameter), "set_param");
        uint port = Events.BindIpi();
        int before = upcall.Count(port);
        tests.Success(Events.Send(port), "send");
        Instructions.Pause();
        tests.Equal(upcall.Count(port), before + 1, "events");
        tests.Success(Events.Close(port), "close");
    }

    private static void BothVectors(TestRun tests, Upcall upcall, Upcall callback)
    {
        tests.Start("callback vector beside the vCPU's own");
        tests.Success(Events.UseCallbackVector(), "callback vector");
        uint port = Events.BindIpi();
        int own = upcall.Count(port);
        int calls = callback.Calls;
        tests.Success(Events.Send(port), "send");
        Instructions.Pause();
        tests.Equal(callback.Calls, calls + 1, "upcalls by the callback vector, which is served first");
        tests.Equal(upcall.Count(port), own, "events left for the other");
        tests.Success(Events.Close(port), "close");
    }
}
