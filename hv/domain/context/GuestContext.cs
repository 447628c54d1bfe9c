using System;
using Xenolith.Abi.Contract;
using Xenolith.Hal;

namespace Xenolith.Domains;

/// <summary>
/// A vCPU's registers as XEN_DOMCTL_getvcpucontext and setvcpucontext have them. Xen fills in what it has for a guest with virtual hardware, and
/// takes its general and debug registers, x87 state and whether it is up; the rest comes and goes with an HVM context.
/// Both while the domain stands still.
/// </summary>
public static class GuestContext
{
    private const uint PrivilegeMask = 3;

    /// <summary>Assists that a guest with virtual hardware can have.</summary>
    private const ulong KnownAssists = 1UL << (int)VmAssistType.RunstateUpdateFlag;

    public static void Save(Vcpu vcpu, out VcpuGuestContext context)
    {
        vcpu.TakeHere();
        bool hasFloatingPoint = vcpu.Cpu.State.HasFloatingPoint;
        CpuRecord.Save(vcpu, vcpu.Domain.Services.Clock.Tsc, out HvmHwCpu record);
        vcpu.Cpu.LetGo();
        context = default;
        context.FloatingPoint = record.FloatingPoint;
        context.Flags = (ulong)((hasFloatingPoint ? GuestContextFlags.FloatingPointValid : 0) | (vcpu.IsOnline ? GuestContextFlags.Online : 0));
        (context.Rax, context.Rbx, context.Rcx, context.Rdx) = (record.Rax, record.Rbx, record.Rcx, record.Rdx);
        (context.Rbp, context.Rsi, context.Rdi, context.Rsp) = (record.Rbp, record.Rsi, record.Rdi, record.Rsp);
        (context.R8, context.R9, context.R10, context.R11) = (record.R8, record.R9, record.R10, record.R11);
        (context.R12, context.R13, context.R14, context.R15) = (record.R12, record.R13, record.R14, record.R15);
        (context.Rip, context.Rflags) = (record.Rip, record.Rflags);
        (context.Cs, context.Ss, context.Ds) = ((ushort)record.CsSelector, (ushort)record.SsSelector, (ushort)record.DsSelector);
        (context.Es, context.Fs, context.Gs) = ((ushort)record.EsSelector, (ushort)record.FsSelector, (ushort)record.GsSelector);
        (context.Cr0, context.Cr2, context.Cr3, context.Cr4) = (record.Cr0, record.Cr2, record.Cr3, record.Cr4);
        (context.Dr0, context.Dr1, context.Dr2, context.Dr3) = (record.Dr0, record.Dr1, record.Dr2, record.Dr3);
        (context.Dr6, context.Dr7) = (record.Dr6, record.Dr7);
        context.FsBase = record.FsBase;
        bool isKernel = (record.CsSelector & PrivilegeMask) == 0;
        (context.KernelGsBase, context.UserGsBase) = isKernel ? (record.GsBase, record.KernelGsBase) : (record.KernelGsBase, record.GsBase);
    }

    /// <summary>EINVAL: an assist that the domain can't have, of the first vCPU.</summary>
    public static Errno TryLoad(Vcpu vcpu, in VcpuGuestContext context)
    {
        if (vcpu.Id == 0 && (context.Assists & ~KnownAssists) != 0)
            return Errno.EINVAL;
        var flags = (GuestContextFlags)context.Flags;
        ulong tsc = vcpu.Domain.Services.Clock.Tsc;
        vcpu.TakeHere();
        vcpu.ForgetDevices();
        // Segments that nobody loaded are no state to run in.
        if (!vcpu.IsInitialised && !vcpu.IsOnline)
            CpuReset.LoadStartup(vcpu.Cpu, 0);
        CpuRecord.Save(vcpu, tsc, out HvmHwCpu record);
        record.Flags = (flags & GuestContextFlags.FloatingPointValid) != 0 ? HvmContextConstants.FloatingPointInitialised : 0;
        record.FloatingPoint = context.FloatingPoint;
        (record.Rax, record.Rbx, record.Rcx, record.Rdx) = (context.Rax, context.Rbx, context.Rcx, context.Rdx);
        (record.Rbp, record.Rsi, record.Rdi, record.Rsp) = (context.Rbp, context.Rsi, context.Rdi, context.Rsp);
        (record.R8, record.R9, record.R10, record.R11) = (context.R8, context.R9, context.R10, context.R11);
        (record.R12, record.R13, record.R14, record.R15) = (context.R12, context.R13, context.R14, context.R15);
        (record.Rip, record.Rflags) = (context.Rip, context.Rflags);
        (record.Dr0, record.Dr1, record.Dr2, record.Dr3) = (context.Dr0, context.Dr1, context.Dr2, context.Dr3);
        (record.Dr6, record.Dr7) = (context.Dr6, context.Dr7);
        CpuRecord.Load(vcpu, tsc, in record);
        vcpu.Cpu.LetGo();
        if ((flags & GuestContextFlags.Online) != 0)
            vcpu.Up();
        else
            vcpu.TakeOffline();
        return Errno.None;
    }
}
