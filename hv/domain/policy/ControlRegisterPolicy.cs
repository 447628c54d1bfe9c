using Xenolith.Hal;

namespace Xenolith.Domains;

/// <summary>
/// Which values a guest may write to CR0, CR3, CR4 and EFER (SDM vol. 3, 2.5 and 4.1; AMD APM vol. 2, 3.1). A method that
/// returns false has changed nothing, and the instruction gets #GP(0).
/// </summary>
public sealed class ControlRegisterPolicy
{
    public const ulong Cr0Pe = 1 << 0, Cr0Et = 1 << 4, Cr0Wp = 1 << 16, Cr0Nw = 1 << 29, Cr0Cd = 1 << 30, Cr0Pg = 1UL << 31;
    public const ulong Cr4Pae = 1 << 5, Cr4Umip = 1 << 11, Cr4FsGsBase = 1 << 16, Cr4Pcide = 1 << 17, Cr4Smep = 1 << 20, Cr4Smap = 1 << 21;
    public const ulong EferSce = 1 << 0, EferLme = 1 << 8, EferLma = 1 << 10, EferNxe = 1 << 11;

    // PE, MP, EM, TS, ET, NE, WP, AM, NW, CD, PG. The reserved bits of the low half are ignored by MOV, as CPUs do.
    private const ulong Cr0Defined = 0xE005_003F;

    // VME, PVI, TSD, DE, PSE, PAE, MCE, PGE, PCE, OSFXSR, OSXMMEXCPT.
    private const ulong Cr4Always = 0x7FF;

    private readonly CpuidPolicy _cpuid;
    private ulong _cr4Valid;
    private ulong _eferValid;

    public ControlRegisterPolicy(CpuidPolicy cpuid)
    {
        _cpuid = cpuid;
        Refresh();
    }

    /// <summary>Looks at the domain's CPUID anew, which a toolstack has changed.</summary>
    internal void Refresh()
    {
        CpuidPolicy cpuid = _cpuid;
        _cr4Valid = Cr4Always
            | (cpuid.HasUmip ? Cr4Umip : 0)
            | (cpuid.HasFsGsBase ? Cr4FsGsBase : 0)
            | (cpuid.HasPcid ? Cr4Pcide : 0)
            | (cpuid.HasSmep ? Cr4Smep : 0)
            | (cpuid.HasSmap ? Cr4Smap : 0);
        // Intel has no SYSCALL bit in CPUID outside 64-bit mode, so long mode implies it.
        _eferValid = (cpuid.HasSyscall || cpuid.HasLongMode ? EferSce : 0)
            | (cpuid.HasLongMode ? EferLme | EferLma : 0)
            | (cpuid.HasNoExecute ? EferNxe : 0);
    }

    /// <summary>Bits of CR4 that the guest's CPUID allows.</summary>
    public ulong Cr4Valid => _cr4Valid;

    /// <summary>Whether a vCPU can be entered with these values (SDM vol. 3, 27.3.1.1).</summary>
    public bool MayStartWith(ulong cr0, ulong cr4, ulong efer)
    {
        bool paging = (cr0 & Cr0Pg) != 0;
        if ((cr0 & ~Cr0Defined) != 0 || (paging && (cr0 & Cr0Pe) == 0) || (cr0 & (Cr0Nw | Cr0Cd)) == Cr0Nw)
        {
            return false;
        }

        if ((cr4 & ~_cr4Valid) != 0 || (efer & ~_eferValid) != 0)
        {
            return false;
        }

        bool longMode = paging && (efer & EferLme) != 0;
        return longMode ? (cr4 & Cr4Pae) != 0 : (cr4 & Cr4Pcide) == 0 && (efer & EferLma) == 0;
    }

    public bool TryWriteCr0(VirtualCpu cpu, ulong value)
    {
        if (!AllowsCr0(cpu, ref value))
        {
            return false;
        }

        cpu.Cr0 = value;
        return true;
    }

    /// <summary>Whether the guest may write that to CR0 now.</summary>
    /// <param name="value">What is written, and what of it arrives.</param>
    public static bool AllowsCr0(VirtualCpu cpu, ref ulong value)
    {
        if (value >> 32 != 0)
        {
            return false;
        }

        value = value & Cr0Defined | Cr0Et;
        bool paging = (value & Cr0Pg) != 0;
        if ((paging && (value & Cr0Pe) == 0) || (value & (Cr0Nw | Cr0Cd)) == Cr0Nw)
        {
            return false;
        }

        bool wasPaging = (cpu.Cr0 & Cr0Pg) != 0;
        bool is64BitCode = cpu.GetSegment(SegmentName.Cs).Long;
        if (paging && !wasPaging && (cpu.Efer & EferLme) != 0 && ((cpu.Cr4 & Cr4Pae) == 0 || is64BitCode))
        {
            return false;
        }

        if (!paging && wasPaging && (((cpu.Efer & EferLma) != 0 && is64BitCode) || (cpu.Cr4 & Cr4Pcide) != 0))
        {
            return false;
        }

        return true;
    }

    public bool TryWriteCr3(VirtualCpu cpu, ulong value)
    {
        if (!AllowsCr3(cpu, ref value))
        {
            return false;
        }

        cpu.Cr3 = value;
        return true;
    }

    /// <summary>As <see cref="AllowsCr0"/>, for CR3.</summary>
    public bool AllowsCr3(VirtualCpu cpu, ref ulong value)
    {
        bool longMode = (cpu.Efer & EferLma) != 0;
        if (longMode && (cpu.Cr4 & Cr4Pcide) != 0)
        {
            // Bit 63 asks only that cached translations be kept.
            value &= ~(1UL << 63);
        }

        if (longMode && value >> _cpuid.PhysicalAddressBits != 0)
        {
            return false;
        }

        value = longMode ? value : (uint)value;
        return true;
    }

    public bool TryWriteCr4(VirtualCpu cpu, ulong value)
    {
        if (!AllowsCr4(cpu, value))
        {
            return false;
        }

        cpu.Cr4 = value;
        return true;
    }

    /// <summary>As <see cref="AllowsCr0"/>, for CR4, where all of the value arrives.</summary>
    public bool AllowsCr4(VirtualCpu cpu, ulong value)
    {
        if ((value & ~_cr4Valid) != 0)
        {
            return false;
        }

        bool longMode = (cpu.Efer & EferLma) != 0;
        if (longMode && (value & Cr4Pae) == 0)
        {
            return false;
        }

        bool setsPcid = (value & Cr4Pcide) != 0 && (cpu.Cr4 & Cr4Pcide) == 0;
        return !setsPcid || (longMode && (cpu.Cr3 & 0xFFF) == 0);
    }

    /// <summary>Writes EFER. LMA follows the CPU and is not the guest's to change; what it writes there is ignored, as Xen does.</summary>
    public bool TryWriteEfer(VirtualCpu cpu, ulong value)
    {
        if ((value & ~_eferValid) != 0)
        {
            return false;
        }

        ulong old = cpu.Efer;
        if (value == old)
        {
            return true;
        }

        if (((value ^ old) & EferLme) != 0 && (cpu.Cr0 & Cr0Pg) != 0)
        {
            return false;
        }

        ulong updated = value & ~EferLma | old & EferLma;
        if (updated != old)
        {
            cpu.Efer = updated;
        }

        return true;
    }
}
