using System;

namespace Xenolith.Hal.Svm;

/// <summary>
/// Which MSRs a guest reaches without an exit: those that VMLOAD and VMSAVE switch. The PAT exits although the VMCB has a
/// field for the guest's: some emulators of SVM let a guest's WRMSR through to the host's register.
/// </summary>
internal static class SvmMsrs
{
    /// <summary>Size of the permission map in bytes: two frames (AMD APM vol. 2, 15.11).</summary>
    public const int PermissionMapSize = 0x2000;

    /// <summary>Reads an MSR that the VMCB holds. False: it holds none such.</summary>
    public static bool TryRead(ref VmcbLayout vmcb, uint msr, out ulong value)
    {
        switch (msr)
        {
            case Msr.Star: value = vmcb.Star; return true;
            case Msr.LStar: value = vmcb.LStar; return true;
            case Msr.CStar: value = vmcb.CStar; return true;
            case Msr.SyscallMask: value = vmcb.SyscallMask; return true;
            case Msr.KernelGsBase: value = vmcb.KernelGsBase; return true;
            case Msr.FsBase: value = vmcb.Fs.Base; return true;
            case Msr.GsBase: value = vmcb.Gs.Base; return true;
            case Msr.SysenterCs: value = vmcb.SysenterCs; return true;
            case Msr.SysenterEsp: value = vmcb.SysenterEsp; return true;
            case Msr.SysenterEip: value = vmcb.SysenterEip; return true;
            case Msr.Pat: value = vmcb.Pat; return true;
            default: value = 0; return false;
        }
    }

    /// <summary>Writes an MSR that the VMCB holds. False: it holds none such.</summary>
    public static bool TryWrite(ref VmcbLayout vmcb, uint msr, ulong value)
    {
        switch (msr)
        {
            case Msr.Star: vmcb.Star = value; return true;
            case Msr.LStar: vmcb.LStar = value; return true;
            case Msr.CStar: vmcb.CStar = value; return true;
            case Msr.SyscallMask: vmcb.SyscallMask = value; return true;
            case Msr.KernelGsBase: vmcb.KernelGsBase = value; return true;
            case Msr.FsBase: vmcb.Fs.Base = value; return true;
            case Msr.GsBase: vmcb.Gs.Base = value; return true;
            case Msr.SysenterCs: vmcb.SysenterCs = value; return true;
            case Msr.SysenterEsp: vmcb.SysenterEsp = value; return true;
            case Msr.SysenterEip: vmcb.SysenterEip = value; return true;
            case Msr.Pat: vmcb.Pat = value; return true;
            default: return false;
        }
    }

    private const int WatchedCount = 10;

    /// <summary>The MSRs that a guest writes without an exit.</summary>
    private static uint WatchedMsr(int index) => index switch
    {
        0 => Msr.Star,
        1 => Msr.LStar,
        2 => Msr.CStar,
        3 => Msr.SyscallMask,
        4 => Msr.KernelGsBase,
        5 => Msr.FsBase,
        6 => Msr.GsBase,
        7 => Msr.SysenterCs,
        8 => Msr.SysenterEsp,
        _ => Msr.SysenterEip,
    };

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
    public static void InterceptWrites(Span<byte> map, uint watched)
    {
        for (int i = 0; i < WatchedCount; i++)
        {
            if ((watched & (1u << i)) != 0)
                map[OffsetOf(WatchedMsr(i), out int shift)] |= (byte)(2 << shift);
        }
    }

    /// <summary>
    /// Fills an MSR permission map (AMD APM vol. 2, 15.11): two bits an MSR, reads in the lower; a set bit exits. MSRs from 0 are
    /// at offset 0, from 0xC0000000 at 0x800, from 0xC0010000 at 0x1000.
    /// </summary>
    public static void FillPermissionMap(Span<byte> map)
    {
        map.Slice(0, PermissionMapSize).Fill(0xFF);
        for (int i = 0; i < WatchedCount; i++)
            map[OffsetOf(WatchedMsr(i), out int shift)] &= (byte)~(3 << shift);
    }

    private static int OffsetOf(uint msr, out int shift)
    {
        int bit = (int)(msr & 0x1FFF) * 2;
        shift = bit & 7;
        return (msr >= 0xC000_0000 ? 0x800 : 0) + (bit >> 3);
    }
}
