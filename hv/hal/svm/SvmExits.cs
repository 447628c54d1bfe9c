using System.Runtime.CompilerServices;
namespace Xenolith.Hal.Svm;

/// <summary>Decoding of the VMCB's exit information into the neutral form (AMD APM vol. 2, 15.7 to 15.13, appendix C).</summary>
public static class SvmExits
{
    internal const ulong EventValid = 1UL << 31;
    private const ulong EventHasErrorCode = 1UL << 11;

    /// <summary>EXITINTINFO as an event (15.7.2).</summary>
    public static PendingEvent Event(ulong information)
    {
        if ((information & EventValid) == 0)
            return PendingEvent.None;
        bool hasErrorCode = (information & EventHasErrorCode) != 0;
        return new PendingEvent(true, (EventKind)((information >> 8) & 7), (byte)information, hasErrorCode,
            hasErrorCode ? (uint)(information >> 32) : 0, 0);
    }

    /// <summary>An event in the format of EVENTINJ (15.20).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Information(PendingEvent pending) =>
        EventValid | (pending.HasErrorCode ? EventHasErrorCode | ((ulong)pending.ErrorCode << 32) : 0)
        | ((ulong)pending.Kind << 8) | pending.Vector;

    /// <summary>
    /// Decodes the exits of which nothing more has to be read, and nothing will be logged: nearly all. False: <see cref="Decode"/> knows it.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryDecodePlain(ref VmcbLayout vmcb, SvmCapabilities capabilities, ref Exit exit)
    {
        // One after the other, the most frequent first: a switch compares in the order of the numbers.
        var code = (SvmExitCode)vmcb.ExitCode;
        ExitReason neutral;
        if (code == SvmExitCode.Vmmcall)
        {
            neutral = ExitReason.Hypercall;
        }
        else if (code == SvmExitCode.Msr)
        {
            neutral = (vmcb.ExitInformation1 & 1) != 0 ? ExitReason.MsrWrite : ExitReason.MsrRead;
        }
        else if (code == SvmExitCode.Cpuid)
        {
            neutral = ExitReason.Cpuid;
        }
        else if (code == SvmExitCode.Hlt)
        {
            neutral = ExitReason.Halt;
        }
        else if (code == SvmExitCode.PortIo)
        {
            DecodeIo(ref vmcb, ref exit);
            return true;
        }
        else
        {
            return false;
        }

        exit.Reason = neutral;
        exit.InstructionLength = capabilities.HasNextRip ? LengthTo(vmcb.Rip, vmcb.NextRip) : (byte)0;
        return true;
    }

    /// <summary>Fills <paramref name="exit"/> from the VMCB after an exit whose code is not <see cref="SvmExitCode.Invalid"/>.</summary>
    public static void Decode(ref VmcbLayout vmcb, SvmCapabilities capabilities, ref Exit exit, in GuestRegisters registers)
    {
        exit.RawReason = vmcb.ExitCode;
        if (!TryDecodePlain(ref vmcb, capabilities, ref exit))
            DecodeRest(ref vmcb, capabilities, ref exit, in registers);
    }

    /// <summary>The same after <see cref="TryDecodePlain"/> has said false.</summary>
    public static void DecodeRest(ref VmcbLayout vmcb, SvmCapabilities capabilities, ref Exit exit, in GuestRegisters registers)
    {
        var code = (SvmExitCode)vmcb.ExitCode;
        exit.RawReason = vmcb.ExitCode;
        exit.RawInformation1 = vmcb.ExitInformation1;
        exit.RawInformation2 = vmcb.ExitInformation2;
        exit.InstructionLength = 0;
        switch (code)
        {
            case SvmExitCode.Interrupt:
                exit.Reason = ExitReason.Interrupt;
                return;
            case SvmExitCode.Nmi:
                exit.Reason = ExitReason.Nmi;
                return;
            // The end of the guest's NMI handler: like a window, a chance to deliver what waits.
            case SvmExitCode.VirtualInterrupt or SvmExitCode.Iret:
                exit.Reason = ExitReason.InterruptWindow;
                return;
            case SvmExitCode.Shutdown:
                exit.Reason = ExitReason.TripleFault;
                return;
            case SvmExitCode.NestedPageFault:
                DecodeNestedPageFault(ref vmcb, ref exit);
                return;
            case >= SvmExitCode.Exception0 and <= SvmExitCode.Exception31:
                DecodeException(ref vmcb, code, ref exit);
                return;
            default:
                exit.InstructionLength = capabilities.HasNextRip ? LengthTo(vmcb.Rip, vmcb.NextRip) : (byte)0;
                DecodeInstruction(ref vmcb, code, capabilities, ref exit, in registers);
                return;
        }
    }

    /// <summary>What an exit was that comes out as <see cref="ExitReason.Unexpected"/>; no intercept asks for any of these.</summary>
    public static string NameOf(SvmExitCode code) => code switch
    {
        SvmExitCode.TaskSwitch => "a task switch by hardware, which is not emulated",
        SvmExitCode.Smi => "a system-management interrupt",
        SvmExitCode.Init => "an INIT signal",
        SvmExitCode.Rdtsc or SvmExitCode.Rdtscp => "a read of the time-stamp counter that nobody asked for",
        SvmExitCode.Invlpg => "an INVLPG that nobody asked for",
        >= SvmExitCode.Exception0 and <= SvmExitCode.Exception31 => "an exception that nobody asked for",
        _ => "an exit that nobody asked for",
    };

    private static void DecodeInstruction(ref VmcbLayout vmcb, SvmExitCode code, SvmCapabilities capabilities, ref Exit exit, in GuestRegisters registers)
    {
        switch (code)
        {
            // 15.12.2: the #DB of INT1 is no #DB to the intercept of exceptions.
            case SvmExitCode.Icebp:
                exit.Reason = ExitReason.DebugTrapInstruction;
                return;
            case SvmExitCode.Pause:
                exit.Reason = ExitReason.PauseLoop;
                return;
            case SvmExitCode.Xsetbv:
                exit.Reason = ExitReason.Xsetbv;
                return;
            case SvmExitCode.Invd or SvmExitCode.Wbinvd:
                exit.Reason = ExitReason.CacheInvalidate;
                return;
            case SvmExitCode.Rdpmc or SvmExitCode.Rsm or SvmExitCode.Invlpga or SvmExitCode.Vmrun or SvmExitCode.Vmload
                or SvmExitCode.Vmsave or SvmExitCode.Stgi or SvmExitCode.Clgi or SvmExitCode.Skinit or SvmExitCode.Monitor
                or SvmExitCode.Mwait or SvmExitCode.MwaitArmed or SvmExitCode.Rdpru:
                exit.Reason = ExitReason.UnavailableInstruction;
                return;
            case SvmExitCode.SoftwareInterrupt:
                exit.Reason = ExitReason.SoftwareInterrupt;
                return;
            case >= SvmExitCode.IdtrRead and <= SvmExitCode.TrWrite:
                exit.Reason = ExitReason.DescriptorTable;
                exit.TableInstruction = TableInstruction(code);
                return;
            case SvmExitCode.Cr0SelectiveWrite:
                exit.Reason = ExitReason.ControlRegister;
                exit.ControlRegister = 0;
                exit.IsControlRegisterWrite = true;
                exit.GeneralRegister = Exit.UnknownGeneralRegister;
                RestoreLongModeActive(ref vmcb);
                return;
            case <= SvmExitCode.Cr15Write:
                if (code == SvmExitCode.Cr0Write)
                    RestoreLongModeActive(ref vmcb);
                DecodeControlRegister(ref vmcb, code, capabilities, ref exit, in registers);
                return;
            default:
                exit.Reason = ExitReason.Unexpected;
                return;
        }
    }

    /// <summary>
    /// LMA is LME while paging is on (APM vol. 2, 14.6.1). Bochs 2.7 carries a change of CR0.PG out on LMA before it sees that the write exits,
    /// and saves CR0 as it was beside it.
    /// </summary>
    private static void RestoreLongModeActive(ref VmcbLayout vmcb)
    {
        bool active = (vmcb.Efer & EferBits.LongModeEnable) != 0 && (vmcb.Cr0 & Cr0Bits.Paging) != 0;
        vmcb.Efer = active ? vmcb.Efer | EferBits.LongModeActive : vmcb.Efer & ~EferBits.LongModeActive;
    }

    private static DescriptorTableInstruction TableInstruction(SvmExitCode code) => code switch
    {
        SvmExitCode.IdtrRead => DescriptorTableInstruction.Sidt,
        SvmExitCode.GdtrRead => DescriptorTableInstruction.Sgdt,
        SvmExitCode.LdtrRead => DescriptorTableInstruction.Sldt,
        SvmExitCode.TrRead => DescriptorTableInstruction.Str,
        SvmExitCode.IdtrWrite => DescriptorTableInstruction.Lidt,
        SvmExitCode.GdtrWrite => DescriptorTableInstruction.Lgdt,
        SvmExitCode.LdtrWrite => DescriptorTableInstruction.Lldt,
        _ => DescriptorTableInstruction.Ltr,
    };

    private static void DecodeException(ref VmcbLayout vmcb, SvmExitCode code, ref Exit exit)
    {
        exit.Reason = ExitReason.Exception;
        exit.Vector = (byte)(code - SvmExitCode.Exception0);
        exit.HasErrorCode = exit.Vector is 8 or 10 or 11 or 12 or 13 or 14 or 17 or 21;
        exit.ErrorCode = exit.HasErrorCode ? (uint)vmcb.ExitInformation1 : 0;
    }

    /// <summary>15.25.6: EXITINFO1 is a page-fault error code with bits 32 (final address) and 33 (walk), EXITINFO2 the guest-physical address.</summary>
    private static void DecodeNestedPageFault(ref VmcbLayout vmcb, ref Exit exit)
    {
        exit.Reason = ExitReason.NestedPageFault;
        exit.DuringDelivery = (vmcb.ExitInterruptInformation & EventValid) != 0;
        exit.GuestPhysical = vmcb.ExitInformation2;
        exit.IsWrite = (vmcb.ExitInformation1 & (1 << 1)) != 0;
        exit.IsFetch = (vmcb.ExitInformation1 & (1 << 4)) != 0;
        exit.DuringWalk = (vmcb.ExitInformation1 & (1UL << 33)) != 0;
        exit.HasGuestLinear = false;
        exit.GuestLinear = 0;
    }

    /// <summary>15.10.2: EXITINFO1 describes the access, EXITINFO2 is the RIP of the next instruction, on every CPU.</summary>
    private static void DecodeIo(ref VmcbLayout vmcb, ref Exit exit)
    {
        ulong information = vmcb.ExitInformation1;
        exit.Reason = ExitReason.PortIo;
        exit.InstructionLength = LengthTo(vmcb.Rip, vmcb.ExitInformation2);
        exit.IsIn = (information & 1) != 0;
        exit.IsString = (information & (1 << 2)) != 0;
        exit.IsRepeated = (information & (1 << 3)) != 0;
        exit.Size = (byte)((information >> 4) & 7);
        exit.Port = (ushort)(information >> 16);
    }

    /// <summary>15.8.1: with decode assists, bit 63 of EXITINFO1 marks a MOV and bits 0-3 its general register.</summary>
    private static void DecodeControlRegister(ref VmcbLayout vmcb, SvmExitCode code, SvmCapabilities capabilities, ref Exit exit, in GuestRegisters registers)
    {
        const ulong isMove = 1UL << 63;
        exit.Reason = ExitReason.ControlRegister;
        exit.ControlRegister = (byte)((ulong)code & 15);
        exit.IsControlRegisterWrite = code >= SvmExitCode.Cr0Write;
        bool known = capabilities.HasDecodeAssists && (vmcb.ExitInformation1 & isMove) != 0;
        exit.GeneralRegister = known ? (byte)(vmcb.ExitInformation1 & 15) : Exit.UnknownGeneralRegister;
        if (known && exit.IsControlRegisterWrite)
        {
            ulong value = registers[exit.GeneralRegister];
            const ulong longCode = 0x200;
            bool is64 = (vmcb.Efer & EferBits.LongModeActive) != 0 && (vmcb.Cs.Attributes & longCode) != 0;
            exit.ControlRegisterValue = is64 ? value : (uint)value;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static byte LengthTo(ulong from, ulong to)
    {
        ulong length = unchecked(to - from);
        return unchecked(length - 1) < 15 ? (byte)length : (byte)0;
    }
}
