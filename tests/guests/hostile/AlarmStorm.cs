using Xenolith.Abi.Contract;

namespace Xenolith.Guests.Attacks;

/// <summary>Alarms that are due before they are set, and an APIC timer with the shortest period there is.</summary>
internal static class AlarmStorm
{
    private const int Alarms = 2_000;
    private const byte TimerVector = 0x51;

    public static void Run(TestRun tests)
    {
        for (int i = 0; i < Alarms; i++)
        {
            var alarm = new VcpuSetSingleshotTimer { Deadline = (ulong)(i % 3) };
            tests.Success(Xen.Call(Hypercall.VcpuOp, (ulong)VcpuOp.SetSingleshotTimer, 0, Xen.AddressOf(ref alarm)), "an alarm in the past");
            Xen.Call(Hypercall.SetTimerOp, i % 2 == 0 ? 1UL : ulong.MaxValue);
        }

        Xen.Call(Hypercall.SetTimerOp, 0);
        const byte spurious = 0xFF;
        var handler = new TickHandler();
        Interrupts.SetHandler(TimerVector, handler);
        LocalApic.Enable(spurious);
        LocalApic.Write(LocalApic.TaskPriority, 0);
        LocalApic.Write(LocalApic.DivideConfiguration, LocalApic.DivideByOne);
        LocalApic.Write(LocalApic.TimerVector, LocalApic.Periodic | TimerVector);
        LocalApic.Write(LocalApic.InitialCount, 1);
        Instructions.EnableInterrupts();
        ulong start = Instructions.ReadTsc();
        const ulong ticks = 20_000_000;
        while (Instructions.ReadTsc() - start < ticks)
        {
            Xen.Call(Hypercall.SchedOp, (ulong)SchedOp.Yield);
        }

        Instructions.DisableInterrupts();
        LocalApic.Write(LocalApic.InitialCount, 0);
        LocalApic.Write(LocalApic.TimerVector, LocalApic.Masked);
    }

    private sealed class TickHandler : InterruptHandler
    {
        public override void Handle(ref InterruptFrame frame) => LocalApic.End();
    }
}
