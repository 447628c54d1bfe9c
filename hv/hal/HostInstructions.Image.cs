using System.Runtime;
using System.Runtime.CompilerServices;

namespace Xenolith.Hal;

/// <summary>The host's CPU, through HostInstructions.stub.cs.</summary>
public static class HostInstructions
{
    [RuntimeImport("*", "hal_cpuid")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    private static extern void CpuidInto(uint leaf, uint subleaf, ref CpuidResult result);

    public static CpuidResult Cpuid(uint leaf, uint subleaf = 0)
    {
        CpuidResult result = default;
        CpuidInto(leaf, subleaf, ref result);
        return result;
    }

    /// <summary>RDMSR. An MSR that the CPU does not have is a fault of the host: ask CPUID first.</summary>
    [RuntimeImport("*", "hal_rdmsr")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    public static extern ulong ReadMsr(uint index);

    [RuntimeImport("*", "hal_wrmsr")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    public static extern void WriteMsr(uint index, ulong value);

    [RuntimeImport("*", "hal_read_cr0")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    public static extern ulong ReadCr0();

    [RuntimeImport("*", "hal_write_cr0")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    public static extern void WriteCr0(ulong value);

    [RuntimeImport("*", "hal_read_cr2")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    public static extern ulong ReadCr2();

    [RuntimeImport("*", "hal_write_cr2")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    public static extern void WriteCr2(ulong value);

    [RuntimeImport("*", "hal_read_cr3")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    public static extern ulong ReadCr3();

    [RuntimeImport("*", "hal_read_cr4")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    public static extern ulong ReadCr4();

    [RuntimeImport("*", "hal_write_cr4")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    public static extern void WriteCr4(ulong value);

    [RuntimeImport("*", "hal_sgdt")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    public static extern void ReadGdtr(ref DescriptorTableImage table);

    [RuntimeImport("*", "hal_sidt")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    public static extern void ReadIdtr(ref DescriptorTableImage table);

    [RuntimeImport("*", "hal_read_selectors")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    public static extern void ReadSelectors(ref SelectorImage selectors);

    /// <summary>The base of a 64-bit TSS descriptor (SDM vol. 3, 8.2.3) in a GDT at a linear address of the host.</summary>
    public static unsafe ulong ReadTaskBase(ushort selector, ulong gdtBase)
    {
        // Unsafe: the GDT is the kernel's, and the CPU gives its address as a number.
        ulong* descriptor = (ulong*)(gdtBase + (selector & 0xFFF8UL));
        ulong low = descriptor[0];
        return ((low >> 16) & 0xFF_FFFF) | ((low >> 32) & 0xFF00_0000) | (descriptor[1] << 32);
    }

    /// <summary>Runs the host's handler for a machine check that an exit has reported instead of raising it.</summary>
    [RuntimeImport("*", "hal_raise_machine_check")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    public static extern void RaiseMachineCheck();

    /// <summary>Runs the host's NMI handler for an NMI that an exit has already taken from the CPU.</summary>
    [RuntimeImport("*", "hal_raise_nmi")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    public static extern void RaiseNmi();
}
