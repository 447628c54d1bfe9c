using Xenolith.Domains;
using Xenolith.Hal;
using Xenolith.Kernel;

namespace Xenolith;

/// <summary>Every physical CPU's way into its run loop.</summary>
internal sealed class PhysicalCpus : CpuWork
{
    private readonly Machine _machine;
    private readonly GuardedRun[] _guarded;

    /// <param name="initial">The domain whose end is the machine's.</param>
    public PhysicalCpus(Machine machine, Domain initial)
    {
        _machine = machine;
        _guarded = new GuardedRun[machine.Loops.Length];
        for (int i = 0; i < _guarded.Length; i++)
        {
            _guarded[i] = new GuardedRun(machine.Loops[i], initial);
        }
    }

    /// <summary>Switches virtualisation on for the CPUs after the first, where it is on.</summary>
    /// <returns>How many CPUs have it, from number 0 on; the log names one that has not.</returns>
    public static int Enable(KernelServices kernel, Virtualisation virtualisation)
    {
        CpuSet others = kernel.Cpus.Online.Without(0);
        if (others.IsEmpty)
        {
            return 1;
        }

        if (!virtualisation.TryPrepareOthers(others, kernel.Memory, kernel.Frames))
        {
            kernel.Log.Warning("there is no memory for the virtualisation of further CPUs; one is used");
            return 1;
        }

        var work = new SwitchOn(virtualisation);
        kernel.Messages.Call(others, work);
        int count = 1;
        for (; others.Contains(count); count++)
        {
            if (work.ProblemOf(count) is { } problem)
            {
                kernel.Log.Warning($"CPU {count} and those after it are not used: {problem}");
                break;
            }
        }

        return count;
    }

    /// <summary>Runs the domains on all CPUs until the initial one has ended. Everything is made.</summary>
    public void Start()
    {
        GuardedRun.Begin(_machine);
        _machine.Kernel.Cpus.StartOthers(this, _machine.Kernel.Messages);
        Run();
        _machine.Kernel.Messages.Kick(_machine.Kernel.Cpus.Online);
    }

    public override void Run()
    {
        int cpu = CurrentCpu.Number;
        while (cpu < _guarded.Length && !_guarded[cpu].TryRun())
        {
            _machine.Kernel.Log.Error("the fault was contained: it ended the domain it worked for, and nothing else");
        }
    }

    private sealed class SwitchOn(Virtualisation virtualisation) : CpuWork
    {
        private readonly string?[] _problems = new string?[CurrentCpu.MaximumCpus];

        public string? ProblemOf(int cpu) => _problems[cpu];

        public override void Run() => _problems[CurrentCpu.Number] = virtualisation.EnableHere();
    }
}
