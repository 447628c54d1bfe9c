using Xenolith.Abi.Contract;
using Xenolith.Domains;

namespace Xenolith.Abi.Calls;

/// <summary>HVMOP_set_param and HVMOP_get_param: who may see and change which parameter (public/hvm/params.h).</summary>
internal static class HvmParameterOps
{
    /// <summary>The smallest task-state segment of 32 bits, in bytes.</summary>
    private const ulong MinimumTss = 104;

    /// <summary>One with an interrupt redirection and a full I/O bitmap: what more would mean nothing.</summary>
    private const ulong MaximumTss = MinimumTss + 0x100 / 8 + 0x10000 / 8;

    /// <summary>The size that the older of the two TSS parameters implies.</summary>
    private const ulong DefaultTss = 128;

    /// <summary>Pages that can be set aside for requests to device models.</summary>
    private const ulong MaximumServerPages = 64;

    public static long Set(ref HypercallCall call)
    {
        long refused = Resolve(ref call, out HvmParam argument, out Domain domain);
        if (refused != 0)
            return refused;
        var parameter = (HvmParameter)argument.Index;
        Errno error = AccessOf(parameter) switch
        {
            Access.Unknown => Errno.EINVAL,
            Access.ReadWrite => Errno.None,
            _ => domain == call.Domain ? Errno.EPERM : Errno.None,
        };
        if (error != Errno.None)
            return call.Fail(error, "no such parameter, or one that the toolstack sets");
        if (IsWrittenOnce(parameter) && domain.Parameters[argument.Index] is not 0 and ulong before && before != argument.Value)
            return call.Fail(Errno.EEXIST, "the parameter is set already");
        return Store(ref call, domain, parameter, argument.Value);
    }

    public static long Get(ref HypercallCall call)
    {
        long refused = Resolve(ref call, out HvmParam argument, out Domain domain);
        if (refused != 0)
            return refused;
        var parameter = (HvmParameter)argument.Index;
        Errno error = AccessOf(parameter) switch
        {
            Access.Unknown => Errno.EINVAL,
            Access.Toolstack => domain == call.Domain ? Errno.EPERM : Errno.None,
            _ => Errno.None,
        };
        if (error != Errno.None)
            return call.Fail(error, "no such parameter, or one that is the toolstack's to know");
        argument.Value = parameter == HvmParameter.Vm86Tss
            ? HypercallCall.Low(domain.Parameters[(int)HvmParameter.Vm86TssSized]) : domain.Parameters[(int)parameter];
        return call.TryWrite(call.A1, in argument) ? 0 : call.Fault();
    }

    private static long Resolve(ref HypercallCall call, out HvmParam argument, out Domain domain)
    {
        domain = call.Domain;
        if (!call.TryRead(call.A1, out argument))
            return call.Fault();
        if (argument.Index >= HvmParameters.Count)
            return call.Fail(Errno.EINVAL, "no such parameter");
        return -(long)call.TryResolve(argument.Domain, out domain);
    }

    private static long Store(ref HypercallCall call, Domain domain, HvmParameter parameter, ulong value)
    {
        switch (parameter)
        {
            case HvmParameter.CallbackIrq:
                domain.SetCallback(value);
                domain.LatchSharedInfoWidth(call.Vcpu);
                return 0;
            case HvmParameter.AcpiIoportsLocation:
                return call.Fail(Errno.ENODEV, "the domain has no power-management timer");
            case HvmParameter.X87FipWidth when value is not (0 or 4 or 8):
                return call.Fail(Errno.EINVAL, "the width is 0, 4 or 8");
            case HvmParameter.Vm86Tss:
                return StoreTss(ref call, domain, value | DefaultTss << 32, fits: value <= uint.MaxValue);
            case HvmParameter.Vm86TssSized:
                return StoreTss(ref call, domain, value, fits: true);
            case HvmParameter.TripleFaultReason when value > (ulong)ShutdownReason.SoftReset:
                return call.Fail(Errno.EINVAL, "no such shutdown reason");
            case HvmParameter.NrIoreqServerPages when value is 0 or > MaximumServerPages:
                return call.Fail(Errno.EINVAL, "no pages, or more than 64");
            case HvmParameter.TimerMode when value > (ulong)TimerMode.OneMissedTickPending:
            case HvmParameter.AcpiSState when value is not (0 or 3):
            case HvmParameter.Altp2m when value > (ulong)Altp2mMode.Limited:
            case HvmParameter.McaCap when value > 1:
                return call.Fail(Errno.EINVAL, "no such value");
            default:
                domain.Parameters[(int)parameter] = value;
                return 0;
        }
    }

    /// <summary>
    /// The task-state segment for virtual-8086 mode, which no guest needs on a CPU with unrestricted guests. Address in the low, size
    /// in the high half. A segment that is too small ends the domain, as on Xen.
    /// </summary>
    private static long StoreTss(ref HypercallCall call, Domain domain, ulong value, bool fits)
    {
        ulong size = value >> 32;
        if (!fits || size < MinimumTss)
        {
            if (domain == call.Domain)
                domain.Crash("its task-state segment for virtual-8086 mode is too small or lies past 4 GiB");
            return call.Fail(Errno.EINVAL, "a task-state segment that is too small or lies past 4 GiB");
        }
        if (size > MaximumTss)
            value = HypercallCall.Low(value) | MaximumTss << 32;
        domain.Parameters[(int)HvmParameter.Vm86TssSized] = value;
        return 0;
    }

    private static bool IsWrittenOnce(HvmParameter parameter) =>
        parameter is HvmParameter.Viridian or HvmParameter.Altp2m or HvmParameter.IoreqPfn or HvmParameter.BufioreqPfn or HvmParameter.IoreqServerPfn or HvmParameter.NrIoreqServerPages;

    /// <summary>What a domain may do with its own parameters; measured on 4.17.7.</summary>
    private enum Access
    {
        /// <summary>A number that is retired, or that libxl replaced.</summary>
        Unknown,
        Toolstack,
        Read,
        ReadWrite,
    }

    private static Access AccessOf(HvmParameter parameter)
    {
        switch (parameter)
        {
            case HvmParameter.CallbackIrq or HvmParameter.StoreEvtchn or HvmParameter.Vm86Tss or HvmParameter.ConsoleEvtchn:
            case HvmParameter.AcpiIoportsLocation or HvmParameter.VmGenerationIdAddr or HvmParameter.X87FipWidth or HvmParameter.Vm86TssSized:
                return Access.ReadWrite;
            case HvmParameter.StorePfn or HvmParameter.ConsolePfn or HvmParameter.Altp2m:
                return Access.Read;
            case HvmParameter.PaeEnabled or HvmParameter.DmDomain or HvmParameter.Nestedhvm or HvmParameter.BufioreqEvtchn:
            case HvmParameter.MemoryEventCr0 or HvmParameter.MemoryEventCr3 or HvmParameter.MemoryEventCr4 or HvmParameter.MemoryEventInt3:
            case HvmParameter.MemoryEventSingleStep or HvmParameter.MemoryEventMsr:
                return Access.Unknown;
            default:
                return Access.Toolstack;
        }
    }
}
