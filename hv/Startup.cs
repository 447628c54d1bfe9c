using System;
using Xenolith.Abi;
using Xenolith.Abi.Contract;
using Xenolith.Abi.Tracing;
using Xenolith.Domains;
using Xenolith.Hal;
using Xenolith.Kernel;

namespace Xenolith;

/// <summary>From a kernel that is up to the end of the initial domain: check the options, switch virtualisation on, build, run.</summary>
public static class Startup
{
    /// <summary>Short beside a time slice, and seldom enough to cost nothing that is seen.</summary>
    private const ulong LongestRunMilliseconds = 2;

    /// <summary>
    /// Starts the machine and runs its initial domain. Returns when the domain has ended, or when something that was asked for
    /// can't be done; that is on the console then, with its mend.
    /// </summary>
    /// <param name="kernel">What the kernel below offers.</param>
    /// <param name="virtualisation">The machine's virtualisation, not yet switched on; null: it has none.</param>
    /// <param name="problem">Why it has none.</param>
    /// <param name="cpuid">The machine's CPUID.</param>
    /// <returns>Whether the machine is to be switched off (the domain asked for that) rather than restarted.</returns>
    public static bool Run(KernelServices kernel, Virtualisation? virtualisation, string? problem, HostCpuid cpuid)
    {
        Log log = kernel.Log;
        kernel.Options.Declare(HypervisorOptions.Create());
        if (!kernel.Options.Check(log))
        {
            log.Error("the command line has errors; nothing is started");
            return false;
        }

        if (virtualisation is null)
        {
            log.Error(problem ?? "this CPU has no virtualisation");
            return false;
        }

        virtualisation.ChecksEntries |= kernel.Options.GetBoolean("entry-checks", false);
        virtualisation.AllowsApicVirtualisation = kernel.Options.GetBoolean("apicv", true);
        virtualisation.AllowsViewFunctions = kernel.Options.GetBoolean("vmfunc", true);
        virtualisation.AllowsWriteLog = kernel.Options.ListBoolean("ept", "ad", true) && kernel.Options.ListBoolean("ept", "pml", true);
        if (virtualisation.Enable(kernel.Memory, kernel.Frames) is { } missing)
        {
            log.Error($"{virtualisation.Name} can't be used: {missing}");
            return false;
        }

        virtualisation.LongestRun = kernel.Clock.TscFrequency / 1000 * LongestRunMilliseconds;
        log.Info(virtualisation.KeepsApics ? $"{virtualisation.Name} is on, with APIC virtualisation" : $"{virtualisation.Name} is on");
        var machine = new Machine(kernel, virtualisation, cpuid, PhysicalCpus.Enable(kernel, virtualisation));
        if (CallPolicy.TryParse(TextOf(kernel.Options, "deny"), out CallPolicy? policy) is { } wrong)
        {
            log.Error($"deny: {wrong}; nothing is started");
            return false;
        }

        machine.Hypercalls.Policy = policy!;
        ulong[] shown = HypercallDispatcher.FrozenExposure();
        if (ExposureWords.TryApply(TextOf(kernel.Options, "dom0-expose"), "", shown, out ReadOnlySpan<char> call) is { } unknown)
        {
            log.Error($"dom0-expose: \"{call}\" is {unknown}");
            log.Error("nothing is started");
            return false;
        }

        if (CallTrace.TryParse(TextOf(kernel.Options, "trace"), out CallTrace? trace, out ReadOnlySpan<char> word) is { } mend)
        {
            log.Error($"trace: \"{word}\" is {mend}");
            log.Error("nothing is started");
            return false;
        }

        machine.Hypercalls.Trace = trace;
        kernel.Report = new ExitReport(virtualisation, kernel.Clock.TscFrequency / 1000);
        BuildError? error = DomainPlan.TryMake(kernel.Information, out DomainPlan? plan);
        error ??= machine.Keeper.TryPrepare(plan!);
        Domain? initial = null;
        error ??= InitialDomainBuilder.TryBuild(RequestFor(machine, plan!, shown), out initial);
        if (initial is null)
        {
            machine.Keeper.Discard();
            log.Error(error?.Message ?? "the initial domain could not be built");
            return false;
        }

        if (!machine.Keeper.TryMakeAll())
        {
            initial.Dispose();
            return false;
        }

        if (!kernel.Options.GetBoolean("dom0-walks", true))
        {
            initial.HypercallTlbs.RefuseWalks();
            log.Info($"the page tables of {initial.Name} are not read for its calls");
        }

        machine.Initial = initial;
        initial.Vcpus[0].Cpu.SingleSteps = virtualisation.HasSingleSteps && kernel.Options.GetNumber("step", 0) != 0;
        machine.Schedule(initial);
        kernel.ReleaseModule(kernel.Information.Modules[0]);
        if (plan!.InitialRamdisk is { } ramdisk)
        {
            kernel.ReleaseModule(ramdisk);
        }

        MemoryReport.Take(machine).Say(log);
        new PhysicalCpus(machine, initial).Start();
        return EndOf(initial);
    }

    private static InitialDomainRequest RequestFor(Machine machine, DomainPlan plan, ulong[] shown)
    {
        CommandLine options = machine.Kernel.Options;
        return new InitialDomainRequest
        {
            Services = machine.Services,
            Boot = machine.Kernel.Information,
            Ramdisk = plan.InitialRamdisk,
            Promised = machine.Keeper.Promised,
            Cpuid = machine.HostCpuid,
            Console = new GuestConsole(machine.Kernel.Log),
            DebugOutput = new GuestLines(machine.Kernel.Log, machine.Kernel.Clock, 0),
            DomainOption = TextOf(options, "dom0"),
            MemoryOption = TextOf(options, "dom0_mem"),
            ShownCalls = shown,
            VcpuCount = (int)Math.Min(options.GetNumber("dom0_max_vcpus", 1), int.MaxValue),
        };
    }

    private static string TextOf(CommandLine options, string name) =>
        options.TryGetText(name, out ReadOnlySpan<char> value) ? value.ToString() : "";

    /// <summary>
    /// What the end of the initial domain means for the machine, as on Xen: power off when it did, restart otherwise. The domain
    /// and the machine's power control say so, each in its line.
    /// </summary>
    private static bool EndOf(Domain domain) => domain.ShutdownReason == ShutdownReason.Poweroff;
}
