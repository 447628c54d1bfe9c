using Xenolith.Domains;
using Xenolith.Kernel;

namespace Xenolith;

/// <summary>
/// A CPU's run loop inside a call that can be left: a bounds or overflow violation while it works for a guest ends that guest,
/// and the loop starts afresh.
/// </summary>
internal sealed class GuardedRun(RunLoop loop, Domain domain) : ContainedCall
{
    /// <summary>Everything is made. An exit path that allocates from here on is a bug and panics.</summary>
    public static void Begin(Machine machine)
    {
        machine.Kernel.Containment = new Blame(machine);
        machine.Kernel.Activity = new VcpuActivity(machine);
        Runtime.Startup.EndBoot();
    }

    protected override void Run() => loop.Run(domain);

    private sealed class Blame(Machine machine) : FaultContainment
    {
        public override bool TryContain(string fault, ulong rip)
        {
            int cpu = CurrentCpu.Number;
            if (cpu >= machine.Loops.Length || !machine.Loops[cpu].TryBlame(fault))
            {
                return false;
            }

            machine.Kernel.Log.Error($"contained: {fault}, found at {rip:x}");
            return true;
        }
    }
}
