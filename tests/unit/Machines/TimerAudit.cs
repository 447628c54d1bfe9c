using System.Collections.Generic;
using Xenolith.Domains;

namespace Xenolith.Tests.Unit.Machines;

/// <summary>Timers that are set are of domains and vCPUs that there are, and in the order of their deadlines.</summary>
internal static class TimerAudit
{
    public static void Check(WholeMachine machine, Domain[] live)
    {
        var known = new HashSet<Timer>();
        foreach (Domain domain in live)
        {
            known.UnionWith(Private.Timers(domain.Watchdog));
            known.UnionWith([domain.Suspension, domain.LostRemapNotice]);
            if (domain.Shares is { } shares)
                known.Add(shares[0].Cap.Refill);
            foreach (Vcpu vcpu in domain.Vcpus)
                known.UnionWith([Private.SingleShot(vcpu), Private.Periodic(vcpu), Private.PollTimeout(vcpu), Private.TimerOf(vcpu.Apic)]);
        }
        foreach (TimerQueue queue in Private.Queues(machine.Machine.Timers))
        {
            for (int slot = 0; slot < queue.Count; slot++)
            {
                Timer timer = Private.Heap(queue)[slot].Value!;
                if (timer.Slot != slot || timer.Queue != queue)
                    throw new AuditException($"a timer ({timer.GetType().Name}) lies at {slot} and says {timer.Slot}");
                if (slot != 0 && Private.Heap(queue)[(slot - 1) / 2].Value!.Deadline > timer.Deadline)
                    throw new AuditException("timers are out of order");
                if (IsOfDomain(timer) && !known.Contains(timer))
                    throw new AuditException($"a timer ({timer.GetType().Name}) of a domain that is no more is set");
            }
        }
    }

    private static bool IsOfDomain(Timer timer) => timer is VcpuTimer or ApicTimer or WatchdogTimer or Suspension or LostRemapNotice || timer.GetType().DeclaringType == typeof(DomainCap);
}
