using System.Collections.Generic;
using System.Linq;
using Xenolith.Domains;
using Xenolith.Kernel;

namespace Xenolith.Tests.Unit.Machines;

/// <summary>vCPUs and CPUs: each vCPU is in one place, and those that may run are queued.</summary>
internal static class SchedulerAudit
{
    public static void Check(WholeMachine machine, Domain[] live)
    {
        var on = new Dictionary<Vcpu, int>();
        for (int cpu = 0; cpu < WholeMachine.Cpus; cpu++)
        {
            if (machine.On(cpu) != machine.Machine.Queues[cpu].Current)
                throw new AuditException($"CPU {cpu} has {Name(machine.On(cpu))}, and its scheduler {Name(machine.Machine.Queues[cpu].Current)}");
            if (machine.On(cpu) is not { } vcpu)
                continue;
            if (!on.TryAdd(vcpu, cpu))
                throw new AuditException($"{Name(vcpu)} is on CPU {on[vcpu]} and on CPU {cpu}");
            if (!live.Contains(vcpu.Domain))
                throw new AuditException($"CPU {cpu} has {Name(vcpu)}, whose domain is no more");
        }
        foreach (Domain domain in live)
        {
            ulong running = 0;
            foreach (Vcpu vcpu in domain.Vcpus)
            {
                bool isOn = on.TryGetValue(vcpu, out int cpu);
                running |= isOn ? 1UL << cpu : 0;
                Check(vcpu, isOn ? cpu : -1);
            }
            if (domain.RunningOn.Bits != running)
                throw new AuditException($"domain {domain.Id} is said to run on CPUs {domain.RunningOn.Bits:x}, and runs on {running:x}");
            int pollers = domain.Vcpus.Count(vcpu => vcpu.IsPolling);
            if (domain.PollerCount != pollers)
                throw new AuditException($"domain {domain.Id} counts {domain.PollerCount} vCPUs that poll, and has {pollers}");
        }
    }

    private static void Check(Vcpu vcpu, int cpu)
    {
        if (vcpu.IsOnCpu != (cpu >= 0) || vcpu.IsRunning != (cpu >= 0 && vcpu.IsRunnable))
            throw new AuditException($"{Name(vcpu)} is on CPU {cpu}: it says that it is on one: {vcpu.IsOnCpu}, that it runs: {vcpu.IsRunning}, that it may: {vcpu.IsRunnable}");
        if (vcpu.Schedule.Home is null || (vcpu.Schedule.Slot >= 0) != vcpu.IsRunnable)
            throw new AuditException($"{Name(vcpu)} may run: {vcpu.IsRunnable}, and is queued: {vcpu.Schedule.Slot >= 0}");
        if (cpu >= 0 && vcpu.Schedule.Home.Cpu != cpu)
            throw new AuditException($"{Name(vcpu)} is on CPU {cpu}, and belongs to CPU {vcpu.Schedule.Home.Cpu}");
        if (cpu < 0 && !vcpu.Affinity.And(new CpuSet((1UL << WholeMachine.Cpus) - 1)).IsEmpty && vcpu.IsRunnable && !vcpu.Affinity.Contains(vcpu.Schedule.Home.Cpu))
            throw new AuditException($"{Name(vcpu)} waits for CPU {vcpu.Schedule.Home.Cpu}, on which it may not run");
        if (vcpu.IsPolling && !vcpu.IsBlocked)
            throw new AuditException($"{Name(vcpu)} polls and does not wait");
        if (vcpu.IsBlocked && !vcpu.IsOnline)
            throw new AuditException($"{Name(vcpu)} waits and is down");
    }

    private static string Name(Vcpu? vcpu) => vcpu is null ? "nobody" : $"d{vcpu.Domain.Id}v{vcpu.Id}";
}
