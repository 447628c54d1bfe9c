using System;
using System.Runtime;
using System.Runtime.CompilerServices;

namespace Xenolith.Kernel;

/// <summary>Instructions that C# can't say (Intel SDM vol. 2; AMD APM vol. 3). The stubs are in Cpu.stub.cs.</summary>
public static unsafe class Cpu
{
    [RuntimeImport("*", "kernel_in8")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    public static extern byte In8(ushort port);

    [RuntimeImport("*", "kernel_in16")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    public static extern ushort In16(ushort port);

    [RuntimeImport("*", "kernel_in32")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    public static extern uint In32(ushort port);

    [RuntimeImport("*", "kernel_out8")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    public static extern void Out8(ushort port, byte value);

    [RuntimeImport("*", "kernel_out16")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    public static extern void Out16(ushort port, ushort value);

    [RuntimeImport("*", "kernel_out32")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    public static extern void Out32(ushort port, uint value);

    [RuntimeImport("*", "kernel_read_cr0")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    public static extern ulong ReadCr0();

    [RuntimeImport("*", "kernel_write_cr0")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    public static extern void WriteCr0(ulong value);

    [RuntimeImport("*", "kernel_read_cr2")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    public static extern ulong ReadCr2();

    [RuntimeImport("*", "kernel_read_cr3")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    public static extern ulong ReadCr3();

    [RuntimeImport("*", "kernel_write_cr3")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    public static extern void WriteCr3(ulong value);

    [RuntimeImport("*", "kernel_read_cr4")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    public static extern ulong ReadCr4();

    [RuntimeImport("*", "kernel_write_cr4")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    public static extern void WriteCr4(ulong value);

    /// <summary>The time-stamp counter, read after everything before has completed.</summary>
    [RuntimeImport("*", "kernel_read_tsc")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    public static extern ulong ReadTsc();

    /// <summary>CPUID.</summary>
    public static CpuidResult Cpuid(uint leaf, uint subleaf = 0)
    {
        // unsafe: the stub fills the four words in place.
        CpuidResult result = default;
        Cpuid(leaf, subleaf, &result);
        return result;
    }

    /// <summary>RDMSR; false: the CPU raised #GP.</summary>
    public static bool TryReadMsr(uint number, out ulong value)
    {
        // unsafe: the stub fills the word in place.
        ulong read = 0;
        bool done = TryReadMsr(number, &read) != 0;
        value = read;
        return done;
    }

    /// <summary>WRMSR; false: the CPU raised #GP.</summary>
    public static bool TryWriteMsr(uint number, ulong value) => TryWriteMsrCore(number, value) != 0;

    /// <summary>RDMSR of a register that this CPU has; a panic when it has not.</summary>
    public static ulong ReadMsr(uint number) =>
        TryReadMsr(number, out ulong value) ? value : throw new InvalidOperationException("RDMSR raised #GP");

    /// <summary>WRMSR to a register that this CPU has, with a value that it takes; a panic otherwise.</summary>
    public static void WriteMsr(uint number, ulong value)
    {
        if (!TryWriteMsr(number, value))
        {
            throw new InvalidOperationException("WRMSR raised #GP");
        }
    }

    /// <summary>INVLPG.</summary>
    [RuntimeImport("*", "kernel_invalidate_page")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    public static extern void InvalidatePage(ulong address);

    /// <summary>Takes the host interrupts that are pending: STI, NOP, CLI.</summary>
    [RuntimeImport("*", "kernel_open_interrupts")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    public static extern void OpenInterrupts();

    /// <summary>Waits for a host interrupt and takes it: STI, HLT, CLI.</summary>
    [RuntimeImport("*", "kernel_idle")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    public static extern void Idle();

    /// <summary>PAUSE.</summary>
    [RuntimeImport("*", "kernel_pause")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    public static extern void Pause();

    /// <summary>Stops this CPU for good, interrupts off.</summary>
    [RuntimeImport("*", "kernel_halt")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    [System.Diagnostics.CodeAnalysis.DoesNotReturn]
    public static extern void Halt();

    [RuntimeImport("*", "kernel_triple_fault")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    internal static extern void TripleFault();

    [RuntimeImport("*", "kernel_load_gdt")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    internal static extern void LoadGdt(void* pointer);

    [RuntimeImport("*", "kernel_load_idt")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    internal static extern void LoadIdt(void* pointer);

    [RuntimeImport("*", "kernel_load_task_register")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    internal static extern void LoadTaskRegister(ushort selector);

    [RuntimeImport("*", "kernel_where")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    internal static extern void Where(StackPosition* position);

    [RuntimeImport("*", "kernel_cpuid")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    private static extern void Cpuid(uint leaf, uint subleaf, CpuidResult* result);

    [RuntimeImport("*", "kernel_try_read_msr")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    private static extern int TryReadMsr(uint number, ulong* value);

    [RuntimeImport("*", "kernel_try_write_msr")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    private static extern int TryWriteMsrCore(uint number, ulong value);
}

/// <summary>Where execution stands, for a backtrace.</summary>
internal struct StackPosition
{
    public ulong Rsp;
    public ulong Rbp;
    public ulong Rip;
}
