using System;
using Xenolith.Kernel;

namespace Xenolith.Hal.Vmx;

/// <summary>
/// Which MSRs a guest reaches without an exit, and those that the HAL switches itself. FS and GS base, SYSENTER, PAT,
/// EFER and DEBUGCTL are switched by the VMCS; the five of SYSCALL and SWAPGS are loaded when the vCPU on the CPU changes,
/// because the host uses neither instruction.
/// </summary>
internal static class VmxMsrs
{
    public const int SwitchedCount = 5;

    /// <summary>Number in the switch list, or -1.</summary>
    public static int SwitchedIndex(uint msr) => msr switch
    {
        Msr.Star => 0,
        Msr.LStar => 1,
        Msr.CStar => 2,
        Msr.SyscallMask => 3,
        Msr.KernelGsBase => 4,
        _ => -1,
    };

    public static uint SwitchedMsr(int index) => index switch
    {
        0 => Msr.Star,
        1 => Msr.LStar,
        2 => Msr.CStar,
        3 => Msr.SyscallMask,
        _ => Msr.KernelGsBase,
    };

    /// <summary>The VMCS field behind an MSR; false when no field holds it.</summary>
    public static bool TryField(uint msr, out VmcsField field)
    {
        field = msr switch
        {
            Msr.FsBase => VmcsField.GuestFsBase,
            Msr.GsBase => VmcsField.GuestGsBase,
            Msr.SysenterCs => VmcsField.GuestSysenterCs,
            Msr.SysenterEsp => VmcsField.GuestSysenterEsp,
            Msr.SysenterEip => VmcsField.GuestSysenterEip,
            Msr.Pat => VmcsField.GuestPat,
            Msr.DebugControl => VmcsField.GuestDebugControl,
            _ => VmcsField.VirtualProcessorId,
        };
        return field != VmcsField.VirtualProcessorId;
    }

    /// <summary>MSRs that some bitmap lets a guest write without an exit: the switched ones first.</summary>
    private static uint WatchedMsr(int index) => index < SwitchedCount ? SwitchedMsr(index) : (index - SwitchedCount) switch
    {
        0 => Msr.FsBase,
        1 => Msr.GsBase,
        2 => Msr.SysenterCs,
        3 => Msr.SysenterEsp,
        4 => Msr.SysenterEip,
        5 => Msr.Pat,
        6 => TaskPriority,
        7 => EndOfInterrupt,
        _ => SelfInterrupt,
    };

    private const int WatchedCount = SwitchedCount + 9;
    private const uint TaskPriority = 0x808, EndOfInterrupt = 0x80B, SelfInterrupt = 0x83F;

    /// <summary>Number among the MSRs whose writes do not exit in any case, or -1.</summary>
    public static int WatchedIndex(uint msr)
    {
        for (int i = 0; i < WatchedCount; i++)
        {
            if (WatchedMsr(i) == msr)
                return i;
        }
        return -1;
    }

    /// <summary>Makes writes of MSRs exit.</summary>
    /// <param name="watched">A bit each of <see cref="WatchedIndex"/>.</param>
    public static void InterceptWrites(Span<byte> bitmap, uint watched)
    {
        Span<byte> writes = bitmap.Slice(0x800);
        for (int i = 0; i < WatchedCount; i++)
        {
            if ((watched & (1u << i)) == 0)
                continue;
            uint msr = WatchedMsr(i);
            int bit = (int)(msr & 0x1FFF);
            writes[(msr >= 0xC000_0000 ? 0x400 : 0) + (bit >> 3)] |= (byte)(1 << (bit & 7));
        }
    }

    /// <summary>
    /// Fills an MSR bitmap (Intel SDM vol. 3, 25.6.9): everything exits but what is switched. A clear bit lets the access pass;
    /// reads of low and high MSRs are in the first two kilobytes, writes in the last two.
    /// </summary>
    public static void FillBitmap(Span<byte> bitmap)
    {
        bitmap.Slice(0, Page.Size).Fill(0xFF);
        Pass(bitmap, Msr.FsBase);
        Pass(bitmap, Msr.GsBase);
        Pass(bitmap, Msr.SysenterCs);
        Pass(bitmap, Msr.SysenterEsp);
        Pass(bitmap, Msr.SysenterEip);
        Pass(bitmap, Msr.Pat);
        for (int i = 0; i < SwitchedCount; i++)
            Pass(bitmap, SwitchedMsr(i));
    }

    /// <summary>
    /// The same for a vCPU whose APIC the CPU keeps as MSRs. Those that it does not virtualise (30.5) must exit: the access would reach
    /// the host's own. Reads of the virtual ones are of 8 bytes in the page (ICR: its upper half is not kept there), and the
    /// counter and the processor priority come from nobody's page.
    /// </summary>
    public static void FillX2ApicBitmap(Span<byte> bitmap)
    {
        FillBitmap(bitmap);
        const uint id = 0x802, version = 0x803, logicalDestination = 0x80D, spurious = 0x80F,
            errorStatus = 0x828, firstLocalVector = 0x832, initialCount = 0x838, divide = 0x83E;
        PassRead(bitmap, id);
        PassRead(bitmap, version);
        PassRead(bitmap, logicalDestination);
        for (uint msr = spurious; msr <= errorStatus; msr++)
            PassRead(bitmap, msr);
        for (uint msr = firstLocalVector; msr <= initialCount; msr++)
            PassRead(bitmap, msr);
        PassRead(bitmap, divide);
        Pass(bitmap, TaskPriority);
        PassWrite(bitmap, EndOfInterrupt);
        PassWrite(bitmap, SelfInterrupt);
    }

    private static void Pass(Span<byte> bitmap, uint msr)
    {
        PassRead(bitmap, msr);
        PassWrite(bitmap, msr);
    }

    private static void PassRead(Span<byte> bitmap, uint msr)
    {
        int bit = (int)(msr & 0x1FFF);
        bitmap[(msr >= 0xC000_0000 ? 0x400 : 0) + (bit >> 3)] &= (byte)~(1 << (bit & 7));
    }

    private static void PassWrite(Span<byte> bitmap, uint msr) => PassRead(bitmap.Slice(0x800), msr);
}
