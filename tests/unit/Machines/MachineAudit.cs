using System;
using System.Collections.Generic;
using System.Linq;
using Xenolith.Domains;
using Xenolith.Kernel;

namespace Xenolith.Tests.Unit.Machines;

/// <summary>Something in a machine does not fit together.</summary>
internal sealed class AuditException(string problem) : Exception(problem);

/// <summary>Looks at all of a machine between two steps: frames and references, grants, event channels, vCPUs, timers.</summary>
internal sealed class MachineAudit(WholeMachine machine)
{
    private readonly FrameAudit _frames = new(machine.Services.Frames);
    private readonly EventAudit _events = new();
    private readonly GrantAudit _grants = new();
    private int _logRead;

    public void Check()
    {
        if (CurrentCpu.LocksHeld != 0)
            throw new AuditException($"{CurrentCpu.LocksHeld} locks are held between two steps");
        Domain[] live = [.. machine.Domains];
        Domain[] ending = [.. machine.Ending];
        _frames.Begin();
        foreach (Mfn mfn in machine.Hogged)
            _frames.Owns(mfn, FrameAllocator.HypervisorOwner, FrameType.Unspecified);
        foreach (Domain domain in live)
        {
            _events.Check(domain);
            DomainFrames.State(_frames, domain);
        }
        // Of these only memory and mappings are left.
        foreach (Domain domain in ending)
            DomainFrames.State(_frames, domain);
        foreach (Domain domain in live)
        {
            _grants.Check(domain, [.. live, .. ending]);
            GrantAudit.CheckHandles(domain);
        }
        _frames.Compare();
        CheckClaims(live);
        CheckVirqHandlers();
        SchedulerAudit.Check(machine, live);
        TimerAudit.Check(machine, live);
        CheckLog();
    }

    /// <summary>All domains have ended.</summary>
    public void CheckEmpty()
    {
        _frames.Begin();
        _frames.Compare();
        if (machine.Services.Frames.FreeFrames != machine.FreeAtStart)
            throw new AuditException($"{machine.FreeAtStart - machine.Services.Frames.FreeFrames} frames are missing after the last domain");
        if (machine.Services.Claims.Outstanding != 0)
            throw new AuditException("frames are claimed for nobody");
        TimerAudit.Check(machine, []);
    }

    private void CheckClaims(Domain[] live)
    {
        ulong claimed = 0;
        foreach (Domain domain in live)
            claimed += domain.ClaimedPages;
        if (claimed != machine.Services.Claims.Outstanding)
            throw new AuditException($"{machine.Services.Claims.Outstanding} frames are claimed, and domains have claims to {claimed}");
    }

    private void CheckVirqHandlers()
    {
        foreach (ushort id in Private.Handlers(machine.Services.Virqs))
        {
            if (id != 0 && machine.Services.Domains.Find(id) is null)
                throw new AuditException($"domain {id}, which is no more, is to get a VIRQ of the machine");
        }
    }

    private void CheckLog()
    {
        string text = machine.Console.Text;
        int at = text.IndexOf("no reason given", _logRead, StringComparison.Ordinal);
        if (at >= 0)
            throw new AuditException($"an error without a reason: {text[(text.LastIndexOf('\n', at) + 1)..at]}");
        _logRead = text.Length;
    }
}
