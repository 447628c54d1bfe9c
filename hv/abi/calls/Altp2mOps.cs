using Xenolith.Abi.Contract;
using Xenolith.Domains;
using Xenolith.Mm;

namespace Xenolith.Abi.Calls;

/// <summary>
/// HVMOP_altp2m (public/hvm/hvm_op.h): what is the same for every subop. A domain has views of its memory when a toolstack gave it a mode; the mode says who
/// makes which subop: the domain itself, or others that may control it.
/// </summary>
internal static class Altp2mOps
{
    /// <summary>The argument, copied in once, and whom it is about; its lock is held.</summary>
    internal struct Frame
    {
        public HvmAltp2mOp Argument;

        public Domain Target;

        /// <summary>Whether the argument goes back to the caller after success.</summary>
        public bool CopiesBack;

        public readonly Altp2mOp Operation => (Altp2mOp)Argument.Command;
    }

    /// <summary>The subop of an operation as the table numbers it: in the upper half. Null: it is none of these.</summary>
    public static Altp2mOp? SubopOf(ulong number, uint operation) =>
        number == (ulong)Hypercall.HvmOp && (operation & 0xFFFF) == (uint)HvmOp.Altp2m && operation >> 16 is not 0 and uint subop ? (Altp2mOp)subop : null;

    /// <summary>The bit of a subop in its groups of exposure; past 63: it has none.</summary>
    public static int ExposureBit(Altp2mOp operation) => (uint)operation switch
    {
        >= FirstOwn and < FirstOwn + 32 => (int)(32 + ((uint)operation - FirstOwn)),
        < 32 => (int)operation,
        _ => 64,
    };

    /// <summary>The first number of the subops that are ours.</summary>
    public const uint FirstOwn = 0x4D00;

    /// <summary>
    /// EOPNOTSUPP without the boot option, EFAULT, EINVAL for gaps and version, EOPNOTSUPP for an unknown subop, ESRCH, EOPNOTSUPP while views are off,
    /// EINVAL without a mode, EPERM by the mode, in this order.
    /// </summary>
    public static bool TryOpen(ref HypercallCall call, out Frame frame, out long result)
    {
        frame = default;
        result = Open(ref call, ref frame);
        return result == 0;
    }

    /// <summary>Gives the argument back.</summary>
    public static long Close(ref HypercallCall call, ref Frame frame, long result)
    {
        if (result != 0 || !frame.CopiesBack || call.TryWrite(call.A1, in frame.Argument))
            return result;
        call.ClearRestart();
        return call.Fault();
    }

    private static long Open(ref HypercallCall call, ref Frame frame)
    {
        if (!call.Services.HasAltp2m)
            return call.Fail(Errno.EOPNOTSUPP, "the hypervisor was started without altp2m");
        if (!call.TryRead(call.A1, out frame.Argument))
            return call.Fault();
        ref HvmAltp2mOp argument = ref frame.Argument;
        if (argument.Pad1 != 0 || argument.Pad2 != 0 || argument.Version != InterfaceVersions.Altp2m)
            return call.Fail(Errno.EINVAL, "something in a gap, or another version of the interface");
        Domain? target = argument.Domain == DomainIds.Self ? call.Domain : call.Vcpu.FindDomain(argument.Domain);
        if (!Shows(in call, target, frame.Operation))
            return call.Fail(Errno.EOPNOTSUPP, "no such subop, or none that is shown");
        call.Operation |= argument.Command << 16;
        if (target is null)
            return call.Fail(Errno.ESRCH, "no such domain");
        call.Vcpu.AlsoAcquire(target);
        frame.Target = target;
        if (frame.Operation is not (Altp2mOp.GetDomainState or Altp2mOp.SetDomainState) && target.Altp2m is null)
            return call.Fail(Errno.EOPNOTSUPP, "the domain's views are off");
        Altp2mMode mode = target.Altp2mMode;
        if (mode == Altp2mMode.Disabled)
            return call.Fail(Errno.EINVAL, "the domain has no altp2m mode");
        return call.Allows(PermissionIn(mode, frame.Operation), target) ? 0 : call.Fail(Errno.EPERM, "not by the domain's altp2m mode, or forbidden by a rule");
    }

    /// <summary>
    /// Whether there is the subop for the caller. What is shown is the target's: one word for itself, one for others. Of an id that nobody has, that of a
    /// domain by default.
    /// </summary>
    private static bool Shows(in HypercallCall call, Domain? target, Altp2mOp operation)
    {
        int bit = ExposureBit(operation);
        ExposureGroup group = target == call.Domain ? ExposureGroup.Altp2mInside : ExposureGroup.Altp2mOutside;
        return target is null ? bit < 64 && (Dispatch.DefaultExposure(group) & 1UL << bit) != 0 : target.Exposure.Shows(group, (ulong)bit);
    }

    /// <summary>Whom a mode lets make a subop.</summary>
    private static Permission PermissionIn(Altp2mMode mode, Altp2mOp operation) =>
        mode == Altp2mMode.Mixed || (mode == Altp2mMode.Limited && operation == Altp2mOp.VcpuEnableNotify) ? Permission.Target : Permission.DeviceModel;

    public static long NoSuchView(ref HypercallCall call) => call.Fail(Errno.EINVAL, "no such view");

    public static long NoMemory(ref HypercallCall call) => call.Fail(Errno.ESRCH, "the domain has no memory at a frame");

    /// <summary>What goes into RAX for the end of a change.</summary>
    /// <param name="access">The rights that were asked for, if any were.</param>
    public static long Result(ref HypercallCall call, ViewResult result, Domain? domain = null, MemoryAccess access = MemoryAccess.Default) => result switch
    {
        ViewResult.Done => 0,
        ViewResult.NoSuchView => NoSuchView(ref call),
        ViewResult.Absent => NoMemory(ref call),
        ViewResult.NoMemory => call.Fail(Errno.ENOMEM, "the machine has no frame for a table"),
        ViewResult.Full => call.Fail(Errno.ENOSPC, "the domain's views have as many tables as they may"),
        ViewResult.InUse => call.Fail(Errno.EBUSY, "a vCPU is in the view"),
        _ => call.Fail(Errno.EOPNOTSUPP, (access == MemoryAccess.Default ? null : domain?.P2m.Matrix.ReasonAgainst(access)) ?? "rights that the processor's tables can't say"),
    };

    public static Errno ErrorOf(ViewResult result) => result switch
    {
        ViewResult.Done => Errno.None,
        ViewResult.NoSuchView => Errno.EINVAL,
        ViewResult.Absent => Errno.ESRCH,
        ViewResult.NoMemory => Errno.ENOMEM,
        ViewResult.Full => Errno.ENOSPC,
        ViewResult.InUse => Errno.EBUSY,
        _ => Errno.EOPNOTSUPP,
    };
}
