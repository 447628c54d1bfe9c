using Xenolith.Kernel;

namespace Xenolith;

/// <summary>On the host nothing interrupts; an idle CPU moves virtual time to the next deadline.</summary>
internal static class CpuGate
{
    /// <summary>Whether the run loop has to look at timers and input after every exit, since no interrupt tells of them.</summary>
    public static bool IsPolled => true;

    public static void TakeInterrupts(Machine machine)
    {
    }

    /// <summary>Advances the clock to the next timer. With none set nothing would ever happen again: that ends the run.</summary>
    public static void Idle(Machine machine)
    {
        ulong next = machine.Timers.NextDeadline;
        if (next == ulong.MaxValue)
        {
            machine.Initial?.Crash("every vCPU waits and no timer is set");
            return;
        }

        ((VirtualClock)machine.Kernel.Clock).Set(next);
    }
}
