using Xenolith.Abi.Contract;
using Xenolith.Domains;

namespace Xenolith.Abi.Calls;

/// <summary>domctl: what Xen keeps of a vCPU beside its registers, as much of it as a vCPU here has.</summary>
internal static class DomctlRegisterOps
{
    private const string NoVcpu = "no such vCPU";

    /// <summary>Bytes of the structure before the machine-check banks, and with their capabilities.</summary>
    private const uint SizeWithoutBanks = 32, SizeWithCapabilities = 40;

    /// <summary>Selectors differ from 0 in their privilege level only.</summary>
    private const ushort SelectorMask = 0xFFFC;

    /// <summary>Bytes of the two words before an XSAVE image: XCR0, and what it ever held. A vCPU without XSAVE has no more.</summary>
    private const ulong ExtendedHeaderSize = 16;

    public static long GetExtended(ref HypercallCall call, ref DomctlOps.Frame frame)
    {
        ref DomctlExtendedContext argument = ref frame.Argument.ExtendedContext;
        uint id = argument.Vcpu;
        if (FindOther(ref call, ref frame, id) is null)
            return call.Fail(Errno.ESRCH, NoVcpu);
        argument = new DomctlExtendedContext { Vcpu = id, Size = (uint)System.Runtime.CompilerServices.Unsafe.SizeOf<DomctlExtendedContext>() };
        frame.CopiesBack = true;
        return 0;
    }

    public static long SetExtended(ref HypercallCall call, ref DomctlOps.Frame frame)
    {
        ref readonly DomctlExtendedContext argument = ref frame.Argument.ExtendedContext;
        if (frame.Target == call.Domain || frame.Target!.FindVcpu(argument.Vcpu) is null)
            return call.Fail(Errno.ESRCH, "no such vCPU, or one of the caller's own domain");
        if (argument.Size < SizeWithoutBanks)
            return call.Fail(Errno.EINVAL, "less than the structure's first part");
        if (argument.SyscallAddress != 0 || argument.SysenterAddress != 0 || ((argument.SyscallSelector | argument.SysenterSelector) & SelectorMask) != 0)
            return call.Fail(Errno.EINVAL, "callbacks are for paravirtual domains");
        if (argument.Size >= SizeWithCapabilities && argument.MachineCheck.Capabilities != 0)
            return call.Fail(Errno.EINVAL, "machine-check banks, which a vCPU does not have");
        return 0;
    }

    public static long GetExtendedState(ref HypercallCall call, ref DomctlOps.Frame frame)
    {
        ref DomctlExtendedState argument = ref frame.Argument.ExtendedState;
        long refused = Find(ref call, ref frame, argument.Vcpu);
        if (refused != 0)
            return refused;
        bool isQuestion = (argument.Size == 0 && argument.FeatureMask == 0) || argument.Buffer == 0;
        if (!isQuestion && (argument.Size < ExtendedHeaderSize || argument.FeatureMask != 0))
            return call.Fail(Errno.EINVAL, "another size or other features than there are");
        // Both words are zero: CR4.OSXSAVE can't be set.
        if (!isQuestion && (!call.TryWrite(argument.Buffer, 0UL) || !call.Handle<ulong>(argument.Buffer).TryWriteElement(call.Access, 1, 0UL)))
            return call.Fault();
        (argument.FeatureMask, argument.Size) = (0, ExtendedHeaderSize);
        frame.CopiesBack = true;
        return 0;
    }

    public static long SetExtendedState(ref HypercallCall call, ref DomctlOps.Frame frame)
    {
        ref readonly DomctlExtendedState argument = ref frame.Argument.ExtendedState;
        long refused = Find(ref call, ref frame, argument.Vcpu);
        if (refused != 0)
            return refused;
        if (argument.Size != ExtendedHeaderSize)
            return call.Fail(Errno.EINVAL, "a state that the vCPU can't have");
        return call.TryRead(argument.Buffer, out ulong _) && call.Handle<ulong>(argument.Buffer).TryReadElement(call.Access, 1, out _) ? 0 : call.Fault();
    }

    /// <summary>Both ways: the others have them in their HVM context.</summary>
    public static long Msrs(ref HypercallCall call, ref DomctlOps.Frame frame)
    {
        long refused = Find(ref call, ref frame, frame.Argument.VcpuMsrs.Vcpu);
        return refused != 0 ? refused : call.Fail(Errno.EINVAL, "for paravirtual domains");
    }

    private static Vcpu? FindOther(ref HypercallCall call, ref DomctlOps.Frame frame, uint id) =>
        frame.Target!.FindVcpu(id) is { } vcpu && vcpu != call.Vcpu ? vcpu : null;

    private static long Find(ref HypercallCall call, ref DomctlOps.Frame frame, uint id)
    {
        if (frame.Target!.FindVcpu(id) is not { } vcpu)
            return call.Fail(Errno.ESRCH, NoVcpu);
        return vcpu == call.Vcpu ? call.Fail(Errno.EINVAL, "the caller itself") : 0;
    }
}
