using Xenolith.Abi.Contract;
using Xenolith.Domains;

namespace Xenolith.Abi.Calls;

/// <summary>sched_op (public/sched.h).</summary>
internal static class SchedOps
{
    private const uint MaximumPolledPorts = 128;

    public static long Yield(ref HypercallCall call)
    {
        call.Vcpu.Yield();
        return 0;
    }

    public static long Block(ref HypercallCall call)
    {
        call.Vcpu.Block();
        return 0;
    }

    public static long Shutdown(ref HypercallCall call)
    {
        if (!call.TryRead(call.A1, out SchedShutdown argument))
            return call.Fault();
        call.Domain.Shutdown((ShutdownReason)(argument.Reason & 0xFF));
        return 0;
    }

    /// <summary>Says why the domain is going to stop, before it does.</summary>
    public static long ShutdownCode(ref HypercallCall call)
    {
        if (!call.TryRead(call.A1, out SchedShutdown argument))
            return call.Fault();
        call.Domain.StatedReason = (ShutdownReason)(argument.Reason & 0xFF);
        return 0;
    }

    /// <summary>DOMID_SELF is not resolved here: Xen takes a plain id only.</summary>
    public static long RemoteShutdown(ref HypercallCall call)
    {
        if (!call.TryRead(call.A1, out SchedRemoteShutdown argument))
            return call.Fault();
        Domain? target = call.Vcpu.FindDomain(argument.Domain);
        if (target == null)
            return call.Fail(Errno.ESRCH, "no such domain");
        if (!call.Allows(Permission.DeviceModel, target))
            return call.Fail(Errno.EPERM, "only the control domain or its device model may stop a domain by its id");
        call.Vcpu.AlsoAcquire(target);
        target.Shutdown((ShutdownReason)(argument.Reason & 0xFF));
        return 0;
    }

    /// <summary>
    /// Waits for one of the ports, for an event, or for the time. Returns at once when an event waits already, and then without a look
    /// at the ports.
    /// </summary>
    public static long Poll(ref HypercallCall call)
    {
        if (!TryRead(ref call, out SchedPoll poll))
            return call.Fault();
        if (poll.PortCount > MaximumPolledPorts)
            return call.Fail(Errno.EINVAL, "more than 128 ports");
        if (call.Vcpu.HasInterrupt)
            return 0;
        EventChannels channels = call.Domain.EventChannels;
        uint port = 0;
        for (uint i = 0; i < poll.PortCount; i++)
        {
            if (!call.Handle<uint>(poll.Ports).TryReadElement(call.Access, i, out port))
                return call.Fault();
            if (channels.Poll(port, out bool isPending) != Errno.None)
                return call.Fail(Errno.EINVAL, "a port past the last");
            if (isPending)
                return 0;
        }
        // The time is signed: what lies before the start has passed.
        ulong timeout = poll.Timeout > long.MaxValue ? 1 : poll.Timeout;
        call.Vcpu.Poll(poll.PortCount == 1 ? port : 0, timeout);
        return 0;
    }

    /// <summary>Starts, restarts or gives back one of the domain's two watchdogs; the result names the one that was taken.</summary>
    public static long Watchdog(ref HypercallCall call)
    {
        if (!call.TryRead(call.A1, out SchedWatchdog argument))
            return call.Fault();
        Errno error = call.Domain.Watchdog.Set(argument.Id, argument.Timeout, out uint result);
        // 4.17 makes an unsigned int of it on the way: 2^32 - 28 to a 64-bit caller, -28 to one of 32 bits.
        if (error == Errno.ENOSPC)
            return unchecked((uint)-(int)error);
        return error == Errno.None ? result : call.Fail(error, "no such watchdog, or not in use");
    }

    /// <summary>The caller's vCPU runs on one physical CPU from now on; below 0: where it might before.</summary>
    public static long PinOverride(ref HypercallCall call)
    {
        if (!call.Domain.IsInitialDomain || !call.Allows(Permission.Privileged, null))
            return call.Fail(Errno.EPERM, "only the initial domain's vCPUs are pinned by it");
        if (!call.TryRead(call.A1, out SchedPinOverride argument))
            return call.Fault();
        Errno error = argument.Cpu < 0 ? call.Vcpu.Unpin() : call.Vcpu.Pin(argument.Cpu);
        return call.Result(error, "no such CPU, pinned already, or not pinned");
    }

    private static bool TryRead(ref HypercallCall call, out SchedPoll poll)
    {
        if (call.Is64Bit)
            return call.TryRead(call.A1, out poll);
        bool read = call.TryRead(call.A1, out SchedPoll32 narrow);
        poll = new SchedPoll { Ports = narrow.Ports, PortCount = narrow.PortCount, Timeout = narrow.Timeout };
        return read;
    }
}
