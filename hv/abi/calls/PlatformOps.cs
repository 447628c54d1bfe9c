using System;
using System.Buffers.Binary;
using Xenolith.Abi.Contract;
using Xenolith.Domains;
using Xenolith.Kernel;

namespace Xenolith.Abi.Calls;

/// <summary>platform_op (public/platform.h): the machine below, for the control domain.</summary>
internal static class PlatformOps
{
    private const ulong Second = 1_000_000_000;
    private const uint MostResources = 3;

    /// <summary>The argument, copied in once.</summary>
    internal struct Frame
    {
        public PlatformArgument Argument;

        /// <summary>Whether the argument goes back to the caller.</summary>
        public bool CopiesBack;
    }

    /// <summary>EFAULT, EACCES for another version of the interface, EPERM, in this order.</summary>
    public static bool TryOpen(ref HypercallCall call, out Frame frame, out long result)
    {
        frame = default;
        result = Open(ref call, ref frame);
        return result == 0;
    }

    /// <summary>Gives the argument back.</summary>
    public static long Close(ref HypercallCall call, ref Frame frame, long result) =>
        frame.CopiesBack && !call.TryWrite(call.A0, in frame.Argument) ? call.Fault() : result;

    /// <summary>XENPF_settime32.</summary>
    public static long SetTime32(ref HypercallCall call, ref Frame frame) =>
        SetTime(ref call, frame.Argument.Time32Seconds, frame.Argument.Time32Nanoseconds, frame.Argument.Time32System);

    /// <summary>XENPF_settime64.</summary>
    public static long SetTime64(ref HypercallCall call, ref Frame frame) => frame.Argument.TimeReserved != 0
        ? call.Fail(Errno.EINVAL, "a reserved word is not zero")
        : SetTime(ref call, frame.Argument.TimeSeconds, frame.Argument.TimeNanoseconds, frame.Argument.TimeSystem);

    /// <summary>The machine's memory types are set before any domain runs.</summary>
    public static long MemoryType(ref HypercallCall call, ref Frame frame) => call.Fail(Errno.EINVAL, "the machine's memory types are not a domain's to know or change");

    public static long LoadMicrocode(ref HypercallCall call, ref Frame frame)
    {
        if (frame.Argument.MicrocodeLength == 0)
            return call.Fail(Errno.ENOENT, "no microcode");
        return call.TryRead(frame.Argument.Microcode, out ulong _) ? call.Fail(Errno.EINVAL, "microcode is for the firmware to load") : call.Fault();
    }

    /// <summary>Quirks of interrupt routing, which domains have no part in.</summary>
    public static long Quirk(ref HypercallCall call, ref Frame frame) => frame.Argument.Quirk is 1 or 2 or 3 ? 0 : call.Fail(Errno.EINVAL, "no such quirk");

    public static long CpuVersion(ref HypercallCall call, ref Frame frame)
    {
        ref PlatformArgument argument = ref frame.Argument;
        frame.CopiesBack = true;
        argument.MaximumCpu = (uint)call.Services.CpuCount - 1;
        argument.CpuVendor = default;
        argument.CpuFamily = argument.CpuModel = argument.CpuStepping = 0;
        if (!IsCpu(in call, argument.Cpu) || call.Services.Cpuid is not { } cpuid)
            return 0;
        CpuidResult vendor = cpuid.Read(0, 0), version = cpuid.Read(1, 0);
        Span<byte> name = argument.CpuVendor;
        BinaryPrimitives.WriteUInt32LittleEndian(name, vendor.Ebx);
        BinaryPrimitives.WriteUInt32LittleEndian(name.Slice(4), vendor.Edx);
        BinaryPrimitives.WriteUInt32LittleEndian(name.Slice(8), vendor.Ecx);
        // SDM vol. 2, CPUID: family, model and stepping.
        uint family = (version.Eax >> 8) & 0xF, model = (version.Eax >> 4) & 0xF;
        argument.CpuFamily = family == 0xF ? family + ((version.Eax >> 20) & 0xFF) : family;
        argument.CpuModel = family is 6 or 0xF ? model | ((version.Eax >> 12) & 0xF0) : model;
        argument.CpuStepping = version.Eax & 0xF;
        return 0;
    }

    public static long CpuInformation(ref HypercallCall call, ref Frame frame)
    {
        ref PlatformArgument argument = ref frame.Argument;
        frame.CopiesBack = true;
        argument.MaximumCpu = (uint)call.Services.CpuCount - 1;
        bool isThere = IsCpu(in call, argument.Cpu);
        argument.CpuFlags = isThere ? SysctlConstants.CpuOnline : SysctlConstants.CpuInvalid;
        argument.CpuApicId = isThere ? call.Services.Cpus?.ApicIdOf((int)argument.Cpu) ?? 0 : 0;
        // ACPI numbers them as they are here.
        argument.CpuAcpiId = isThere ? argument.Cpu : 0;
        return 0;
    }

    public static long FirmwareInformation(ref HypercallCall call, ref Frame frame)
    {
        switch ((FirmwareKind)frame.Argument.FirmwareKind)
        {
            case FirmwareKind.Disk or FirmwareKind.DiskSignature or FirmwareKind.Display:
                return call.Fail(Errno.ESRCH, "nobody asked the firmware for that");
            case FirmwareKind.Efi:
                return call.Fail(Errno.ENOSYS, "EFI's services end at the start");
            case FirmwareKind.Keyboard when frame.Argument.FirmwareIndex == 0:
                frame.Argument.FirmwareKeyboardFlags = 0;
                frame.CopiesBack = true;
                return 0;
            case FirmwareKind.Keyboard:
                return call.Fail(Errno.ESRCH, "there is one keyboard");
            default:
                return call.Fail(Errno.EINVAL, "no such information");
        }
    }

    /// <summary>The machine sleeps for nobody: domains have no registers of the platform's power management.</summary>
    public static long Sleep(ref HypercallCall call, ref Frame frame) => frame.Argument.SleepFlags switch
    {
        SysctlConstants.SleepExtended => call.Fail(Errno.EPERM, "the machine has no reduced-hardware sleep"),
        _ => call.Fail(Errno.EINVAL, "no such sleep state"),
    };

    public static long SetPowerInformation(ref HypercallCall call, ref Frame frame) => frame.Argument.PowerKind <= SysctlConstants.PowerThrottling
        ? call.Fail(Errno.ENOSYS, "no driver uses it") : call.Fail(Errno.EINVAL, "no such information, or not for this machine");

    public static long CpuOnline(ref HypercallCall call, ref Frame frame) => IsCpu(in call, frame.Argument.Cpu) ? 0 : call.Fail(Errno.EINVAL, "no such CPU");

    public static long CpuOffline(ref HypercallCall call, ref Frame frame) => IsCpu(in call, frame.Argument.Cpu)
        ? call.Fail(Errno.EOPNOTSUPP, "a CPU in use stays so") : call.Fail(Errno.EINVAL, "no such CPU");

    public static long HotAdd(ref HypercallCall call, ref Frame frame) => call.Fail(Errno.EINVAL, "what the machine has is known from its start");

    /// <summary>No CPU is parked.</summary>
    public static long ParkCpus(ref HypercallCall call, ref Frame frame)
    {
        switch (frame.Argument.ParkingKind)
        {
            case SysctlConstants.ParkingGet:
                frame.Argument.ParkedCpus = 0;
                frame.CopiesBack = true;
                return 0;
            case SysctlConstants.ParkingSet:
                return frame.Argument.ParkedCpus == 0 ? 0 : call.Fail(Errno.EOPNOTSUPP, "a CPU in use stays so");
            default:
                return call.Fail(Errno.EINVAL, "neither get nor set");
        }
    }

    /// <summary>Registers of a CPU, of which none but the time is shown; the result is how many accesses were carried out.</summary>
    public static long AccessResources(ref HypercallCall call, ref Frame frame)
    {
        ref PlatformArgument argument = ref frame.Argument;
        if (argument.ResourceCount == 0)
            return 0;
        if (argument.ResourceCount > MostResources)
            return call.Fail(Errno.EINVAL, "more accesses than may be made at once");
        for (uint i = 0; i < argument.ResourceCount; i++)
        {
            if (!call.Handle<PlatformResource>(argument.ResourceEntries).TryReadElement(call.Access, i, out PlatformResource entry))
                return call.Fault();
            Errno error = Access(in call, ref entry, isFirst: i == 0);
            if (error == Errno.None)
            {
                if (!call.Handle<PlatformResource>(argument.ResourceEntries).TryWriteElement(call.Access, i, in entry))
                    return call.Fault();
                continue;
            }
            entry.Command = -(int)error;
            return call.Handle<PlatformResource>(argument.ResourceEntries).TryWriteElement(call.Access, i, in entry) ? i : call.Fault();
        }
        return IsCpu(in call, argument.ResourceCpu) ? argument.ResourceCount : 0;
    }

    /// <summary>The hypervisor's symbols, which stay with its build: the table is empty, and its end is where it begins.</summary>
    public static long Symbol(ref HypercallCall call, ref Frame frame)
    {
        if (frame.Argument.Symbol != 0)
            return call.Fail(Errno.ERANGE, "no such symbol");
        frame.Argument.SymbolNameLength = 0;
        frame.CopiesBack = true;
        return 0;
    }

    private static long Open(ref HypercallCall call, ref Frame frame)
    {
        if (!call.TryRead(call.A0, out frame.Argument))
            return call.Fault();
        // Before the policy is asked, whose rules name operations.
        call.Operation = frame.Argument.Command;
        if (frame.Argument.InterfaceVersion != InterfaceVersions.Platform)
            return call.Fail(Errno.EACCES, "another version of the interface");
        return call.Allows(Dispatch.PlatformOpPermission(call.Operation), null) ? 0 : call.Fail(Errno.EPERM, "the machine is the control domain's");
    }

    private static bool IsCpu(in HypercallCall call, uint cpu) => cpu < (uint)call.Services.CpuCount;

    private static Errno Access(in HypercallCall call, ref PlatformResource entry, bool isFirst)
    {
        if (entry.Command is not ((int)SysctlConstants.ResourceRead or (int)SysctlConstants.ResourceWrite))
            return Errno.EOPNOTSUPP;
        if (entry.Reserved != 0)
            return Errno.EINVAL;
        if (entry.Command != (int)SysctlConstants.ResourceRead || entry.Index != MsrIndex.Tsc || !isFirst)
            return Errno.EPERM;
        entry.Value = call.Services.Clock.Nanoseconds;
        return Errno.None;
    }

    /// <summary>Moves the wall clock, and tells every domain.</summary>
    private static long SetTime(ref HypercallCall call, ulong seconds, uint nanoseconds, ulong systemTime)
    {
        DomainServices services = call.Services;
        services.WallClock = unchecked(seconds * Second + nanoseconds - systemTime);
        call.Domain.PublishWallClock();
        for (int i = 0; i < DomainTable.Capacity; i++)
        {
            call.Vcpu.SettleForLook();
            if (services.Domains.At(i) is not { } other || other == call.Domain)
                continue;
            call.Vcpu.AlsoAcquire(other);
            if (services.Domains.At(i) == other)
                other.PublishWallClock();
        }
        return 0;
    }
}
