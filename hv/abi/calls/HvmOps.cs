using Xenolith.Abi.Contract;
using Xenolith.Domains;
using Xenolith.Mm;

namespace Xenolith.Abi.Calls;

/// <summary>hvm_op, but for the parameters (public/hvm/hvm_op.h). The structures are the same for both widths.</summary>
internal static class HvmOps
{
    private const uint FirstUsableVector = 16;
    private const uint TraceEventMask = 0xFFF;
    private const uint TraceBytes = 28;

    public static long FlushTlbs(ref HypercallCall call)
    {
        if (call.A1 != 0)
            return call.Fail(Errno.EINVAL, "the argument must be null");
        foreach (Vcpu vcpu in call.Domain.Vcpus)
            vcpu.Cpu.InvalidateNested();
        return 0;
    }

    /// <summary>A hint for shadow page tables, of which there are none.</summary>
    public static long PageTableDying(ref HypercallCall call)
    {
        if (!call.TryRead(call.A1, out HvmPagetableDying argument))
            return call.Fault();
        return call.Services.Domains.Resolve(argument.Domain, call.Domain) == null
            ? call.Fail(Errno.ESRCH, "no such domain") : call.Fail(Errno.EINVAL, "the domain has no shadow page tables");
    }

    public static long GetTime(ref HypercallCall call) =>
        call.TryWrite(call.A1, new HvmGetTime { Now = call.Services.Clock.Nanoseconds }) ? 0 : call.Fault();

    public static long Trace(ref HypercallCall call)
    {
        if (!call.TryRead(call.A1, out HvmXentrace argument))
            return call.Fault();
        return argument.ExtraBytes > TraceBytes || (argument.Event & ~TraceEventMask) != 0
            ? call.Fail(Errno.EINVAL, "more than 28 bytes, or an event past 12 bits") : 0;
    }

    public static long GetMemoryType(ref HypercallCall call)
    {
        if (!call.TryRead(call.A1, out HvmGetMemType argument))
            return call.Fault();
        Errno error = call.TryResolve(argument.Domain, out Domain domain);
        if (error != Errno.None)
            return -(long)error;
        argument.MemoryType = (ushort)(domain.P2m.Lookup(new Gfn(argument.Pfn)).Type switch
        {
            P2mType.RamReadOnly or P2mType.GrantReadOnly => HvmMemoryType.RamRo,
            P2mType.RamForwarded => HvmMemoryType.IoreqServer,
            P2mType.Ram or P2mType.Grant => HvmMemoryType.RamRw,
            _ => HvmMemoryType.MmioDm,
        });
        return call.TryWrite(call.A1, in argument) ? 0 : call.Fault();
    }

    public static long SetUpcallVector(ref HypercallCall call)
    {
        if (!call.TryRead(call.A1, out HvmEvtchnUpcallVector argument))
            return call.Fault();
        if (argument.Vector < FirstUsableVector)
            return call.Fail(Errno.EINVAL, "vectors 0 to 15 are the CPU's own");
        if (argument.Vcpu >= (uint)call.Domain.Vcpus.Length)
            return call.Fail(Errno.ENOENT, "no such vCPU");
        call.Domain.Vcpus[(int)argument.Vcpu].SetUpcallVector(argument.Vector);
        return 0;
    }

    /// <summary>Tells who listens to the domain, and asked for it; if nobody did that is no error.</summary>
    public static long GuestRequest(ref HypercallCall call)
    {
        if (call.A1 != 0)
            return call.Fail(Errno.EINVAL, "the argument must be null");
        Monitor monitor = call.Domain.Monitor;
        if (monitor.Asks(MonitorEvent.GuestRequest))
        {
            var request = new VmEventRequest { Reason = VmEventReason.GuestRequest };
            monitor.TryReport(call.Vcpu, ref request, monitor.Settings.RequestSync);
        }
        return 0;
    }
}
