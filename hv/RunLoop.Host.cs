using Xenolith.Domains;

namespace Xenolith;

/// <summary>On the host a harness takes the run loops of several CPUs step by step, all on one thread.</summary>
public sealed partial class RunLoop
{
    /// <summary>
    /// What the CPU does from one entry into a guest to the next: takes the exit of the guest that it is in, if it is in one, and goes on to
    /// where it would enter one. The entry itself, and with it the exit, is the next step's.
    /// </summary>
    /// <returns>The vCPU whose guest the CPU is in; null: it is idle.</returns>
    internal Vcpu? Step()
    {
        Vcpu? next = null;
        if (_current.Value is { } inside)
        {
            inside.Cpu.Run();
            HandleExit(inside);
            if (TryPrepareEntry(inside, out next))
            {
                return inside;
            }

            End(inside, next);
        }

        DeliverInput();
        RunDueTimers();
        while ((next ??= _scheduler.Choose()) is { } vcpu)
        {
            Begin(vcpu);
            if (TryPrepareEntry(vcpu, out next))
            {
                return vcpu;
            }

            End(vcpu, next);
        }

        return null;
    }
}
