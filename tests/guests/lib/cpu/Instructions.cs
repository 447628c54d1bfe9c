using System.Runtime;
using System.Runtime.CompilerServices;

namespace Xenolith.Guests;

/// <summary>Instructions that C# cannot say; the bodies are in Instructions.stub.cs.</summary>
public static unsafe class Instructions
{
    // unsafe: the stubs take addresses of blocks and tables that the processor reads.

    [RuntimeImport("*", "guest_sti")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    public static extern void EnableInterrupts();

    [RuntimeImport("*", "guest_cli")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    public static extern void DisableInterrupts();

    [RuntimeImport("*", "guest_pause")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    public static extern void Pause();

    /// <summary>STI; HLT: returns after the next interrupt, with interrupts on.</summary>
    [RuntimeImport("*", "guest_sti_hlt")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    public static extern void EnableInterruptsAndHalt();

    /// <summary>HLT as interrupts stand.</summary>
    [RuntimeImport("*", "guest_hlt")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    public static extern void Halt();

    [RuntimeImport("*", "guest_rdtsc")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    public static extern ulong ReadTsc();

    [RuntimeImport("*", "guest_rdmsr")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    public static extern ulong ReadMsr(uint index);

    [RuntimeImport("*", "guest_wrmsr")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    public static extern void WriteMsr(uint index, ulong value);

    [RuntimeImport("*", "guest_in8")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    public static extern uint In8(ushort port);

    [RuntimeImport("*", "guest_in32")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    public static extern uint In32(ushort port);

    [RuntimeImport("*", "guest_out8")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    public static extern void Out8(ushort port, byte value);

    [RuntimeImport("*", "guest_read_cr2")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    public static extern ulong ReadCr2();

    [RuntimeImport("*", "guest_read_cr3")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    public static extern ulong ReadCr3();

    [RuntimeImport("*", "guest_write_cr3")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    public static extern void WriteCr3(ulong value);

    [RuntimeImport("*", "guest_read_cr4")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    public static extern ulong ReadCr4();

    [RuntimeImport("*", "guest_write_cr4")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    public static extern void WriteCr4(ulong value);

    /// <summary>VMFUNC.</summary>
    /// <param name="leaf">0: to another view.</param>
    /// <param name="index">Which.</param>
    [RuntimeImport("*", "guest_vmfunc")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    public static extern void ViewFunction(uint leaf, uint index);

    [RuntimeImport("*", "guest_invlpg")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    public static extern void InvalidatePage(ulong address);

    [RuntimeImport("*", "guest_lidt")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    public static extern void LoadInterruptTable(void* pointer);

    [RuntimeImport("*", "guest_ltr")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    public static extern void LoadTaskRegister(ushort selector);

    [RuntimeImport("*", "guest_ud2")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    public static extern void UndefinedInstruction();

    [RuntimeImport("*", "guest_read_flags")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    public static extern ulong ReadFlags();

    [RuntimeImport("*", "guest_triple_fault")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    public static extern void TripleFault();

    [RuntimeImport("*", "guest_cpuid")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    private static extern void Cpuid(uint leaf, uint subleaf, uint* registers);

    /// <summary>One CPUID leaf.</summary>
    public static CpuidResult Cpuid(uint leaf, uint subleaf = 0)
    {
        CpuidResult result;
        Cpuid(leaf, subleaf, (uint*)&result);
        return result;
    }
}

/// <summary>What CPUID returned.</summary>
public struct CpuidResult
{
    public uint Eax, Ebx, Ecx, Edx;
}
