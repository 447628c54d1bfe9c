using System.Runtime.CompilerServices;
using Xenolith.Kernel;

namespace Xenolith.Hal.Vmx;

/// <summary>Decoding of the VMCS's exit information into the neutral form (Intel SDM vol. 3, 28.2).</summary>
public static class VmxExits
{
    /// <summary>Bit 31 of the exit reason: the entry failed while loading guest state.</summary>
    public const uint EntryFailure = 1u << 31;

    internal const uint InformationValid = 1u << 31;
    private const uint InformationHasErrorCode = 1u << 11;

    /// <summary>Interruption information in the format of 25.9.2 and 25.9.3, as an event; the error code and instruction length follow by hand.</summary>
    public static PendingEvent Event(uint information, uint errorCode, byte instructionLength)
    {
        if ((information & InformationValid) == 0)
            return PendingEvent.None;
        var kind = (EventKind)((information >> 8) & 7);
        bool hasErrorCode = (information & InformationHasErrorCode) != 0;
        return new PendingEvent(true, kind, (byte)information, hasErrorCode, hasErrorCode ? errorCode : 0,
            kind >= EventKind.SoftwareInterrupt ? instructionLength : (byte)0);
    }

    /// <summary>An event in the format of the VM-entry interruption-information field (25.8.3).</summary>
    public static uint Information(PendingEvent pending) =>
        InformationValid | (pending.HasErrorCode ? InformationHasErrorCode : 0) | ((uint)pending.Kind << 8) | pending.Vector;

    /// <summary>
    /// Decodes the exits of which nothing more has to be read, and nothing will be logged: nearly all. False: <see cref="Decode"/> knows it.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryDecodePlain(Vmcs vmcs, VmxExitReason reason, ref Exit exit)
    {
        ExitReason neutral;
        switch (reason)
        {
            case VmxExitReason.Vmcall: neutral = ExitReason.Hypercall; break;
            case VmxExitReason.Cpuid: neutral = ExitReason.Cpuid; break;
            case VmxExitReason.Hlt: neutral = ExitReason.Halt; break;
            case VmxExitReason.Rdmsr: neutral = ExitReason.MsrRead; break;
            case VmxExitReason.Wrmsr: neutral = ExitReason.MsrWrite; break;
            default: return false;
        }
        exit.Reason = neutral;
        exit.InstructionLength = vmcs.ExitInstructionLength;
        return true;
    }

    /// <summary>Fills <paramref name="exit"/> from the VMCS after an exit that did not fail the entry.</summary>
    public static void Decode(Vmcs vmcs, VmxExitReason reason, ref Exit exit, in GuestRegisters registers)
    {
        exit.RawReason = (uint)reason;
        if (TryDecodePlain(vmcs, reason, ref exit))
            return;
        exit.RawInformation1 = 0;
        exit.RawInformation2 = 0;
        exit.InstructionLength = 0;
        switch (reason)
        {
            case VmxExitReason.ExternalInterrupt or VmxExitReason.PreemptionTimer:
                exit.Reason = ExitReason.Interrupt;
                return;
            case VmxExitReason.ExceptionOrNmi:
                DecodeException(vmcs, ref exit);
                return;
            case VmxExitReason.TripleFault:
                exit.Reason = ExitReason.TripleFault;
                return;
            case VmxExitReason.InterruptWindow or VmxExitReason.NmiWindow:
                exit.Reason = ExitReason.InterruptWindow;
                return;
            case VmxExitReason.MonitorTrapFlag:
                exit.Reason = ExitReason.SingleStep;
                return;
            case VmxExitReason.EptViolation:
                DecodeEptViolation(vmcs, ref exit);
                return;
            case VmxExitReason.EptMisconfiguration:
                DecodeEptMisconfiguration(vmcs, ref exit);
                return;
            case VmxExitReason.PageModificationLogFull:
                exit.Reason = ExitReason.WriteLogFull;
                exit.RawInformation1 = vmcs.Read(VmcsField.ExitQualification);
                return;
            default:
                exit.InstructionLength = vmcs.ExitInstructionLength;
                DecodeInstruction(vmcs, reason, ref exit, in registers);
                return;
        }
    }

    /// <summary>What an exit was that comes out as <see cref="ExitReason.Unexpected"/>: a task switch always exits, the others nobody asks for.</summary>
    public static string NameOf(VmxExitReason reason) => reason switch
    {
        VmxExitReason.TaskSwitch => "a task switch by hardware, which is not emulated",
        VmxExitReason.InitSignal => "an INIT signal",
        VmxExitReason.StartupIpi => "a start-up interrupt",
        VmxExitReason.Invlpg or VmxExitReason.Invpcid => "an invalidation of translations that nobody asked for",
        VmxExitReason.Rdtsc or VmxExitReason.Rdtscp => "a read of the time-stamp counter that nobody asked for",
        VmxExitReason.DebugRegisterAccess => "an access to a debug register that nobody asked for",
        VmxExitReason.Pause => "a PAUSE that nobody asked for",
        VmxExitReason.Rdrand or VmxExitReason.Rdseed => "a read of random numbers that nobody asked for",
        VmxExitReason.ExceptionOrNmi => "an exception that nobody asked for",
        VmxExitReason.TprBelowThreshold or VmxExitReason.VirtualizedEoi => "a change of interrupt priority that nobody asked for",
        _ => "an exit that nobody asked for",
    };

    private static void DecodeInstruction(Vmcs vmcs, VmxExitReason reason, ref Exit exit, in GuestRegisters registers)
    {
        switch (reason)
        {
            case VmxExitReason.IoInstruction:
                DecodeIo(vmcs, ref exit);
                return;
            case VmxExitReason.ControlRegisterAccess:
                DecodeControlRegister(vmcs, ref exit, in registers);
                return;
            case VmxExitReason.Xsetbv:
                exit.Reason = ExitReason.Xsetbv;
                return;
            case VmxExitReason.ApicAccess:
                DecodeApicAccess(vmcs, ref exit);
                return;
            case VmxExitReason.ApicWrite:
                exit.Reason = ExitReason.ApicWrite;
                exit.GuestPhysical = vmcs.Read(VmcsField.ExitQualification) & Page.OffsetMask;
                return;
            // Without views the guest's CPU has no VMFUNC, and it is #UD there.
            case VmxExitReason.Vmfunc:
                exit.Reason = ExitReason.ViewFunction;
                return;
            case VmxExitReason.GdtrOrIdtrAccess or VmxExitReason.LdtrOrTrAccess:
                DecodeDescriptorTable(vmcs, reason, ref exit);
                return;
            case VmxExitReason.Invd or VmxExitReason.Wbinvd:
                exit.Reason = ExitReason.CacheInvalidate;
                return;
            case VmxExitReason.Getsec or VmxExitReason.Rdpmc or VmxExitReason.Rsm or VmxExitReason.Mwait or VmxExitReason.Monitor
                or VmxExitReason.Vmclear or VmxExitReason.Vmlaunch or VmxExitReason.Vmptrld or VmxExitReason.Vmptrst
                or VmxExitReason.Vmread or VmxExitReason.Vmresume or VmxExitReason.Vmwrite or VmxExitReason.Vmxoff
                or VmxExitReason.Vmxon or VmxExitReason.Invept or VmxExitReason.Invvpid
                or VmxExitReason.Encls or VmxExitReason.Xsaves or VmxExitReason.Xrstors:
                exit.Reason = ExitReason.UnavailableInstruction;
                return;
            default:
                exit.Reason = ExitReason.Unexpected;
                exit.RawInformation1 = vmcs.Read(VmcsField.ExitQualification);
                return;
        }
    }

    private static void DecodeException(Vmcs vmcs, ref Exit exit)
    {
        uint information = vmcs.Read32(VmcsField.ExitInterruptionInformation);
        exit.RawInformation1 = information;
        exit.Vector = (byte)information;
        exit.HasErrorCode = (information & InformationHasErrorCode) != 0;
        exit.ErrorCode = exit.HasErrorCode ? vmcs.Read32(VmcsField.ExitInterruptionErrorCode) : 0;
        var kind = (EventKind)((information >> 8) & 7);
        exit.Reason = kind == EventKind.Nmi ? ExitReason.Nmi : ExitReason.Exception;
        if (kind >= EventKind.SoftwareInterrupt)
            exit.InstructionLength = vmcs.ExitInstructionLength;
        // For page faults and debug exceptions the qualification is the CR2 or DR6 that the guest has not got yet.
        if (exit.Vector is ExceptionVector.PageFault or ExceptionVector.Debug)
            exit.RawInformation2 = vmcs.Read(VmcsField.ExitQualification);
    }

    /// <summary>28.2.1, table 28-7.</summary>
    private static void DecodeEptViolation(Vmcs vmcs, ref Exit exit)
    {
        ulong qualification = vmcs.Read(VmcsField.ExitQualification);
        exit.Reason = ExitReason.NestedPageFault;
        exit.DuringDelivery = (vmcs.IdtVectoringInformation & InformationValid) != 0;
        exit.RawInformation1 = qualification;
        exit.GuestPhysical = vmcs.Read(VmcsField.GuestPhysicalAddress);
        exit.IsWrite = (qualification & 2) != 0;
        exit.IsFetch = (qualification & 4) != 0;
        exit.HasGuestLinear = (qualification & (1 << 7)) != 0;
        exit.DuringWalk = exit.HasGuestLinear && (qualification & (1 << 8)) == 0;
        exit.GuestLinear = exit.HasGuestLinear ? vmcs.Read(VmcsField.GuestLinearAddress) : 0;
    }

    /// <summary>A misconfiguration says the address alone. It is a bug in a table of ours; the raw reason (49) tells it from a violation.</summary>
    private static void DecodeEptMisconfiguration(Vmcs vmcs, ref Exit exit)
    {
        exit.Reason = ExitReason.NestedPageFault;
        exit.DuringDelivery = (vmcs.IdtVectoringInformation & InformationValid) != 0;
        exit.GuestPhysical = vmcs.Read(VmcsField.GuestPhysicalAddress);
        exit.IsWrite = false;
        exit.IsFetch = false;
        exit.HasGuestLinear = false;
        exit.DuringWalk = false;
        exit.GuestLinear = 0;
    }

    /// <summary>28.2.1, table 28-6: what made the access is in bits 12-15.</summary>
    private static void DecodeApicAccess(Vmcs vmcs, ref Exit exit)
    {
        const ulong linearWrite = 1, linearFetch = 2, linearDelivery = 3, physicalDelivery = 10, physical = 15;
        ulong qualification = vmcs.Read(VmcsField.ExitQualification);
        ulong access = (qualification >> 12) & 15;
        exit.Reason = ExitReason.ApicAccess;
        exit.RawInformation1 = qualification;
        exit.DuringDelivery = access is linearDelivery or physicalDelivery || (vmcs.IdtVectoringInformation & InformationValid) != 0;
        exit.GuestPhysical = qualification & Page.OffsetMask;
        exit.IsWrite = access == linearWrite;
        exit.IsFetch = access == linearFetch;
        exit.DuringWalk = access is physicalDelivery or physical;
        exit.HasGuestLinear = false;
        exit.GuestLinear = 0;
    }

    /// <summary>28.2.5, tables 28-10 and 28-11: bits 28 and 29 tell the four instructions of each reason apart.</summary>
    private static void DecodeDescriptorTable(Vmcs vmcs, VmxExitReason reason, ref Exit exit)
    {
        uint identity = (vmcs.Read32(VmcsField.ExitInstructionInformation) >> 28) & 3;
        exit.Reason = ExitReason.DescriptorTable;
        exit.TableInstruction = identity switch
        {
            0 => reason == VmxExitReason.GdtrOrIdtrAccess ? DescriptorTableInstruction.Sgdt : DescriptorTableInstruction.Sldt,
            1 => reason == VmxExitReason.GdtrOrIdtrAccess ? DescriptorTableInstruction.Sidt : DescriptorTableInstruction.Str,
            2 => reason == VmxExitReason.GdtrOrIdtrAccess ? DescriptorTableInstruction.Lgdt : DescriptorTableInstruction.Lldt,
            _ => reason == VmxExitReason.GdtrOrIdtrAccess ? DescriptorTableInstruction.Lidt : DescriptorTableInstruction.Ltr,
        };
    }

    /// <summary>28.2.1, table 28-5.</summary>
    private static void DecodeIo(Vmcs vmcs, ref Exit exit)
    {
        ulong qualification = vmcs.Read(VmcsField.ExitQualification);
        exit.Reason = ExitReason.PortIo;
        exit.RawInformation1 = qualification;
        exit.Size = (byte)((qualification & 7) + 1);
        exit.IsIn = (qualification & (1 << 3)) != 0;
        exit.IsString = (qualification & (1 << 4)) != 0;
        exit.IsRepeated = (qualification & (1 << 5)) != 0;
        exit.Port = (ushort)(qualification >> 16);
    }

    /// <summary>28.2.1, table 28-3.</summary>
    private static void DecodeControlRegister(Vmcs vmcs, ref Exit exit, in GuestRegisters registers)
    {
        const int moveTo = 0, moveFrom = 1, clts = 2;
        ulong qualification = vmcs.Read(VmcsField.ExitQualification);
        int accessType = (int)(qualification >> 4) & 3;
        exit.Reason = ExitReason.ControlRegister;
        exit.RawInformation1 = qualification;
        exit.ControlRegister = (byte)(qualification & 15);
        exit.IsControlRegisterWrite = accessType != moveFrom;
        exit.GeneralRegister = (byte)((qualification >> 8) & 15);
        switch (accessType)
        {
            case moveTo:
                ulong value = registers[exit.GeneralRegister];
                exit.ControlRegisterValue = IsLong(vmcs) ? value : (uint)value;
                return;
            case moveFrom:
                return;
            case clts:
                exit.GeneralRegister = Exit.NoGeneralRegister;
                exit.ControlRegisterValue = VmxControlRegisters.ReadCr0(vmcs) & ~Cr0Bits.TaskSwitched;
                return;
            default:
                // LMSW sets the low four bits and can't clear PE.
                exit.GeneralRegister = Exit.NoGeneralRegister;
                ulong old = VmxControlRegisters.ReadCr0(vmcs);
                ulong source = (qualification >> 16) & 15;
                exit.ControlRegisterValue = (old & ~14UL) | source;
                return;
        }
    }

    private static bool IsLong(Vmcs vmcs)
    {
        const uint longBit = 1 << 13;
        return (vmcs.Read(VmcsField.EntryControls) & (ulong)EntryControls.Ia32eModeGuest) != 0
            && (vmcs.GuestCsAccessRights & longBit) != 0;
    }
}
