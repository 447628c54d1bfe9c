namespace Xenolith.Abi;

/// <summary>What the run loop does after a hypercall.</summary>
public enum HypercallOutcome
{
    /// <summary>RAX holds the result: move RIP on and run the vCPU again, if it still may run.</summary>
    Done,

    /// <summary>The call has made progress and is not done: leave RIP, so that the guest issues it again; the registers say from where.</summary>
    Restart,

    /// <summary>
    /// RAX holds the result and RIP moves on, but the vCPU waits, is down, or its domain has stopped: pick another one. Why is the
    /// vCPU's state (<see cref="Domains.Vcpu.IsBlocked"/>, <see cref="Domains.Vcpu.IsOnline"/>, <see cref="Domains.Domain.IsShutDown"/>).
    /// </summary>
    Blocked,
}
