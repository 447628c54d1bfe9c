using System;
using Xenolith.Kernel;

namespace Xenolith.Drivers;

/// <summary>Starts the other processors that the MADT lists, one after the other (Intel SDM vol. 3, 9.4.4; AMD APM vol. 2, 16.5).</summary>
internal static class ProcessorStart
{
    // SDM vol. 3, 9.4.4.1: INIT, 10 ms, start-up, 200 µs, start-up.
    private const ulong AfterInit = 10_000_000;
    private const ulong AfterStartUp = 200_000;

    // A CPU is up in microseconds; an emulator on a busy host may take long to run it at all.
    private const ulong Patience = 2_000_000_000;

    // No holder of a lock takes a thousandth of this.
    private const ulong LockPatience = 10_000_000_000;

    // A destination of an xAPIC has eight bits, and all ones means everybody.
    private const uint HighestXApicId = 254;

    /// <summary>Starts them, as many as <c>maxcpus=</c> allows. One that does not answer is named and left out.</summary>
    public static void StartOthers(KernelServices services, AddressSpace space, MachineDescription machine, LocalApic apic, TscClock clock)
    {
        services.Cpus.Add(0, apic.Id);
        clock.StartWatching();
        LockChecks.Enabled |= services.Options.GetBoolean("lock-checks", false);
        LockChecks.SetPatience(services.Clock, LockPatience);
        if (machine.SurplusProcessors != 0)
        {
            services.Log.Warning($"{machine.SurplusProcessors} processors are left out: {CurrentCpu.MaximumCpus} are supported");
        }

        int most = Most(services.Options);
        if (most == 1 || machine.Processors.Length < 2)
        {
            return;
        }

        services.Messages = new CpuMessages(new LocalApicInterrupts(apic, services.Cpus));
        Interrupts.Current.Register(LocalApic.MessageVector, new MessageInterrupt(apic, services.Messages));
        SecondaryCpus? others = SecondaryCpus.TryCreate(services, space, new Preparation(apic, clock));
        if (others is null)
        {
            services.Log.Warning("one CPU is used: no page below 640 KiB is free for the others to start in");
            return;
        }

        foreach (uint apicId in machine.Processors)
        {
            if (apicId == apic.Id || services.Cpus.Count >= most)
            {
                continue;
            }

            if (!apic.IsX2 && apicId > HighestXApicId)
            {
                services.Log.Warning($"the CPU with local APIC {apicId} is left out: this machine's APICs reach {HighestXApicId}");
                continue;
            }

            if (!others.TryReady(services.Cpus.Count, apicId))
            {
                services.Log.Warning($"the CPU with local APIC {apicId} is left out: there is no memory for its stacks");
                return;
            }

            Start(services, others, apic, apicId);
        }

        services.Log.Info($"{services.Cpus.Count} CPUs are up");
    }

    private static int Most(CommandLine options)
    {
        ulong most = options.GetBoolean("nosmp", false) ? 1 : options.GetNumber("maxcpus", 0);
        return most == 0 ? CurrentCpu.MaximumCpus : (int)Math.Min(most, CurrentCpu.MaximumCpus);
    }

    private static void Start(KernelServices services, SecondaryCpus others, LocalApic apic, uint apicId)
    {
        Clock clock = services.Clock;
        int cpu = services.Cpus.Count;
        ulong before = clock.Tsc;
        apic.SendInit(apicId);
        WaitFor(others, clock, AfterInit);
        apic.SendStartUp(apicId, others.StartPage);
        if (!WaitFor(others, clock, AfterStartUp))
        {
            apic.SendStartUp(apicId, others.StartPage);
        }

        if (!WaitFor(others, clock, Patience))
        {
            // Should it come to life later, it must not find the next one's stack.
            apic.SendInit(apicId);
            others.Forget(cpu);
            services.Log.Warning($"CPU {cpu} (local APIC {apicId}) does not answer and is left out");
            return;
        }

        others.Keep();
        if (others.TscAtStart < before || others.TscAtStart > clock.Tsc)
        {
            services.Log.Warning($"CPU {cpu}: its time-stamp counter says {others.TscAtStart} between {before} and {clock.Tsc}: time will jump between CPUs");
        }

        services.Log.Debug($"CPU {cpu} is up (local APIC {apicId})");
    }

    // True: it has come up in the meantime.
    private static bool WaitFor(SecondaryCpus others, Clock clock, ulong nanoseconds)
    {
        ulong start = clock.Nanoseconds;
        while (!others.IsUp && clock.Nanoseconds - start < nanoseconds)
        {
            Cpu.Pause();
        }

        return others.IsUp;
    }

    private sealed class Preparation(LocalApic apic, TscClock clock) : CpuWork
    {
        public override void Run()
        {
            if (!apic.TryEnableHere())
            {
                Panic.Now("a CPU's local APIC can't be switched to the mode of the boot CPU's");
            }

            clock.StartWatching();
        }
    }
}
