using System.Runtime;
using System.Runtime.CompilerServices;
using Xenolith.Kernel;

namespace Xenolith.Hal;

/// <summary>The host's CPU, through the kernel and HostInstructions.stub.cs.</summary>
public static class HostInstructions
{
    public static CpuidResult Cpuid(uint leaf, uint subleaf = 0) => Cpu.Cpuid(leaf, subleaf);

    /// <summary>RDMSR of a register that the CPU has; a panic when it has not.</summary>
    public static ulong ReadMsr(uint index) => Cpu.ReadMsr(index);

    public static void WriteMsr(uint index, ulong value) => Cpu.WriteMsr(index, value);

    public static ulong ReadCr0() => Cpu.ReadCr0();

    public static void WriteCr0(ulong value) => Cpu.WriteCr0(value);

    public static ulong ReadCr2() => Cpu.ReadCr2();

    public static ulong ReadCr3() => Cpu.ReadCr3();

    public static ulong ReadCr4() => Cpu.ReadCr4();

    public static void WriteCr4(ulong value) => Cpu.WriteCr4(value);

    [RuntimeImport("*", "hal_write_cr2")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    public static extern void WriteCr2(ulong value);

    [RuntimeImport("*", "hal_read_dr6")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    public static extern ulong ReadDr6();

    [RuntimeImport("*", "hal_write_dr6")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    public static extern void WriteDr6(ulong value);

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

    /// <summary>Debug registers and x87 state of the CPU into memory.</summary>
    [RuntimeImport("*", "hal_save_processor_state")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    public static extern void SaveProcessorState(ref ProcessorState state);

    [RuntimeImport("*", "hal_load_debug_registers")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    public static extern void LoadDebugRegisters(ref ProcessorState state);

    /// <summary>The x87 state that <see cref="SaveProcessorState"/> has saved.</summary>
    [RuntimeImport("*", "hal_load_floating_point")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    public static extern void LoadFloatingPoint(ref ProcessorState state);

    /// <summary>The x87 state of FNINIT, with zeros in the registers.</summary>
    [RuntimeImport("*", "hal_reset_floating_point")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    public static extern void ResetFloatingPoint();

    /// <summary>Where in the area the image begins: at the first multiple of 16.</summary>
    public static unsafe int FloatingPointOffset(ref byte area) => (int)((16 - ((nuint)Unsafe.AsPointer(ref area) & 15)) & 15);

    /// <summary>Runs the host's handler for a machine check that an exit has reported instead of raising it.</summary>
    [RuntimeImport("*", "hal_raise_machine_check")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    public static extern void RaiseMachineCheck();

    /// <summary>Runs the host's NMI handler for an NMI that an exit has already taken from the CPU.</summary>
    [RuntimeImport("*", "hal_raise_nmi")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    public static extern void RaiseNmi();
}
