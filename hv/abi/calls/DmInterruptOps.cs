using Xenolith.Abi.Contract;
using Xenolith.Domains;
using Xenolith.Hal;

namespace Xenolith.Abi.Calls;

/// <summary>dm_op: events, interrupts, and the end of a domain.</summary>
internal static class DmInterruptOps
{
    private const uint NoErrorCode = uint.MaxValue;

    private const byte LastDevice = 31, LastLine = 3, LastIrq = 15;

    public static long CountVcpus(ref HypercallCall call, ref DmOps.Frame frame)
    {
        frame.Argument.VcpuCount.Count = (uint)frame.Target.Vcpus.Length;
        frame.CopiesBack = true;
        return 0;
    }

    /// <summary>As Xen, which keeps the low eight bits of the reason.</summary>
    public static long Shutdown(ref HypercallCall call, ref DmOps.Frame frame)
    {
        frame.Target.Shutdown((ShutdownReason)(frame.Argument.RemoteShutdown.Reason & 0xFF));
        return 0;
    }

    /// <summary>What the event is shows when the vCPU runs next: here nothing but the gaps is looked at, as on Xen.</summary>
    public static long InjectEvent(ref HypercallCall call, ref DmOps.Frame frame)
    {
        ref readonly DmOpInjectEvent argument = ref frame.Argument.InjectEvent;
        if (argument.Pad0 != 0 || argument.Pad1 != 0)
            return call.Fail(Errno.EINVAL, "something stands in the gaps");
        if (frame.Target.FindVcpu(argument.Vcpu) is not { } vcpu)
            return call.Fail(Errno.EINVAL, "no such vCPU");
        bool hasErrorCode = argument.ErrorCode != NoErrorCode;
        var pending = new PendingEvent(true, (EventKind)argument.Type, argument.Vector, hasErrorCode, hasErrorCode ? argument.ErrorCode : 0, argument.InstructionLength);
        return vcpu.TryOrder(new OrderedEvent(pending, argument.Cr2)) ? 0 : call.Fail(Errno.EBUSY, "another event waits for the vCPU");
    }

    /// <summary>A message-signalled interrupt; one with vector 0 names an interrupt by number, which a PVH domain binds to no port.</summary>
    public static long InjectMessage(ref HypercallCall call, ref DmOps.Frame frame)
    {
        ref readonly DmOpInjectMsi argument = ref frame.Argument.InjectMsi;
        if (argument.Pad != 0)
            return call.Fail(Errno.EINVAL, "something stands in the gap");
        if ((argument.Data & 0xFF) == 0)
        {
            int number = unchecked((int)(uint)((argument.Address >> 32) & 0xFFFF_FF00 | InterruptMessage.DestinationOf(argument.Address)));
            if (number <= 0)
                return call.Fail(Errno.ERANGE, "a message without vector that names no interrupt");
            return number < Limits.Pirqs ? 0 : call.Fail(Errno.EINVAL, "no such interrupt");
        }
        return call.Result(InterruptMessage.Deliver(frame.Target, argument.Address, argument.Data), "no vCPU takes it, or not by that way of delivery");
    }

    /// <summary>The domain has no interrupt controller that the line could lead to.</summary>
    public static long SetPciLevel(ref HypercallCall call, ref DmOps.Frame frame)
    {
        ref readonly DmOpPciLevel argument = ref frame.Argument.PciLevel;
        return argument.Segment == 0 && argument.Bus == 0 && argument.Device <= LastDevice && argument.Line <= LastLine && argument.Level <= 1
            ? 0 : call.Fail(Errno.EINVAL, "no such line or level");
    }

    public static long SetIsaLevel(ref HypercallCall call, ref DmOps.Frame frame) =>
        frame.Argument.IsaLevel.Irq <= LastIrq && frame.Argument.IsaLevel.Level <= 1 ? 0 : call.Fail(Errno.EINVAL, "no such line or level");

    public static long SetLinkRoute(ref HypercallCall call, ref DmOps.Frame frame) =>
        frame.Argument.LinkRoute.Link <= LastLine && frame.Argument.LinkRoute.Irq <= LastIrq ? 0 : call.Fail(Errno.EINVAL, "no such link or line");
}
