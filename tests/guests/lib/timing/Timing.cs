using System.Runtime;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Xenolith.Guests;

/// <summary>What the registers hold before the instruction, and RAX after it; the stubs know the offsets.</summary>
[StructLayout(LayoutKind.Sequential)]
public struct TimedRegisters
{
    public ulong Rax, Rdx, Rcx, Rdi, Rsi, R8, R10, Result;
}

/// <summary>The instruction that is timed.</summary>
public enum TimedInstruction
{
    /// <summary>None: what a measurement itself takes.</summary>
    Nothing,

    /// <summary>VMCALL or VMMCALL, as the processor has it.</summary>
    Hypercall,

    /// <summary>CPUID.</summary>
    Cpuid,

    /// <summary>RDMSR.</summary>
    ReadMsr,

    /// <summary>WRMSR.</summary>
    WriteMsr,

    /// <summary>IN AL, DX.</summary>
    In,

    /// <summary>OUT DX, AL.</summary>
    Out,

    /// <summary>A load of 32 bits from [RDI].</summary>
    Read,

    /// <summary>A store of EAX to [RDI].</summary>
    Write,

    /// <summary>MOV CR0, RAX.</summary>
    WriteCr0,

    /// <summary>INT with the callback's vector.</summary>
    Interrupt,

    /// <summary>DEC RCX; JNE until RCX is 0.</summary>
    Loop,

    /// <summary>VMFUNC, leaf in EAX, index in ECX.</summary>
    ViewFunction,
}

/// <summary>The stubs of Timing.stub.cs. Each returns the ticks between two readings of the TSC around its instruction.</summary>
public static unsafe class Timing
{
    // unsafe: the stubs take the registers by address.

    [RuntimeImport("*", "bench_nothing")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    private static extern uint Nothing(TimedRegisters* registers);

    [RuntimeImport("*", "bench_vmcall")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    private static extern uint Vmcall(TimedRegisters* registers);

    [RuntimeImport("*", "bench_vmmcall")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    private static extern uint Vmmcall(TimedRegisters* registers);

    [RuntimeImport("*", "bench_cpuid")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    private static extern uint Cpuid(TimedRegisters* registers);

    [RuntimeImport("*", "bench_rdmsr")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    private static extern uint ReadMsr(TimedRegisters* registers);

    [RuntimeImport("*", "bench_wrmsr")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    private static extern uint WriteMsr(TimedRegisters* registers);

    [RuntimeImport("*", "bench_in")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    private static extern uint In(TimedRegisters* registers);

    [RuntimeImport("*", "bench_out")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    private static extern uint Out(TimedRegisters* registers);

    [RuntimeImport("*", "bench_read")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    private static extern uint Read(TimedRegisters* registers);

    [RuntimeImport("*", "bench_write")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    private static extern uint Write(TimedRegisters* registers);

    [RuntimeImport("*", "bench_write_cr0")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    private static extern uint WriteCr0(TimedRegisters* registers);

    [RuntimeImport("*", "bench_interrupt")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    private static extern uint Interrupt(TimedRegisters* registers);

    [RuntimeImport("*", "bench_loop")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    private static extern uint Loop(TimedRegisters* registers);

    [RuntimeImport("*", "bench_vmfunc")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    private static extern uint ViewFunction(TimedRegisters* registers);

    [RuntimeImport("*", "bench_read_cr0")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    public static extern ulong ReadCr0();

    /// <summary>An instruction without effect at which Bochs's debugger stops when it was told so.</summary>
    [RuntimeImport("*", "bench_marker")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    public static extern void Mark();

    /// <summary>Runs the instruction once; ticks with the measurement's own in them.</summary>
    public static uint Measure(TimedInstruction instruction, ref TimedRegisters registers)
    {
        var address = (TimedRegisters*)Unsafe.AsPointer(ref registers);
        return instruction switch
        {
            TimedInstruction.Hypercall => Xen.UsesVmcall ? Vmcall(address) : Vmmcall(address),
            TimedInstruction.Cpuid => Cpuid(address),
            TimedInstruction.ReadMsr => ReadMsr(address),
            TimedInstruction.WriteMsr => WriteMsr(address),
            TimedInstruction.In => In(address),
            TimedInstruction.Out => Out(address),
            TimedInstruction.Read => Read(address),
            TimedInstruction.Write => Write(address),
            TimedInstruction.WriteCr0 => WriteCr0(address),
            TimedInstruction.Interrupt => Interrupt(address),
            TimedInstruction.Loop => Loop(address),
            TimedInstruction.ViewFunction => ViewFunction(address),
            _ => Nothing(address),
        };
    }
}
