using System;
using System.Diagnostics.CodeAnalysis;
using System.Runtime;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Xenolith.Runtime;

/// <summary>Violations and panics. A violation inside a guarded call ends that call; else it goes to the kernel's
/// <c>runtime_fault</c>, which may contain it or panic and does not return.</summary>
public static unsafe class Fault
{
    [RuntimeImport("*", "runtime_fault")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    [DoesNotReturn]
    private static extern void KernelFault(int kind, ulong instruction, ulong stack, ulong frame);

    [RuntimeImport("*", "runtime_panic")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    [DoesNotReturn]
    private static extern void KernelPanic(char* text, int length, ulong instruction);

    [RuntimeImport("*", "runtime_guarded_call")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    private static extern int GuardedCall(GuardRecord* record, delegate*<nint, void> body, nint argument);

    [RuntimeImport("*", "runtime_guarded_return")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    [DoesNotReturn]
    private static extern void GuardedReturn(GuardRecord* record, int kind);

    [RuntimeImport("*", "runtime_raise_here")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    [DoesNotReturn]
    private static extern void RaiseHere(int kind);

    /// <summary>Calls a method and comes back even when it violates something. Nothing is unwound: <c>finally</c> and
    /// <c>Dispose</c> of the frames in between do not run, but arenas opened in between are closed.</summary>
    /// <param name="body">The method; not a generic one, whose pointer may not be an address.</param>
    /// <param name="argument">Its argument.</param>
    /// <param name="report">What was violated and where.</param>
    /// <returns>Whether the method returned by itself.</returns>
    public static bool Guard(delegate*<nint, void> body, nint argument, out FaultReport report)
    {
        CpuState* state = CpuState.Current;
        GuardRecord record = default;
        record.Outer = state->Guard;
        record.Arena = state->Arena;
        state->Guard = &record;
        int kind = GuardedCall(&record, body, argument);
        state->Guard = record.Outer;
        report = new FaultReport((FaultKind)kind, record.FaultingInstruction);
        return kind == 0;
    }

    /// <summary>For handlers of processor exceptions: ends the innermost guarded call, or returns when there is none.</summary>
    public static void EndGuardedCall(FaultKind kind, ulong instruction)
    {
        CpuState* state = CpuState.Current;
        GuardRecord* record = state->Guard;
        if (record == null)
            return;
        record->FaultingInstruction = instruction;
        state->Arena = record->Arena;
        GuardedReturn(record, (int)kind);
    }

    /// <summary>Raises a violation in the caller's name.</summary>
    [DoesNotReturn]
    internal static void Raise(FaultKind kind) => RaiseHere((int)kind);

    /// <summary>A panic with words, in UTF-16 so that literals need no copy.</summary>
    [DoesNotReturn]
    public static void Panic(string? text)
    {
        EndGuardedCall(FaultKind.Stated, 0);
        text ??= "panic";
        fixed (char* characters = text)
            KernelPanic(characters, text.Length, 0);
    }

    [RuntimeExport("runtime_raise")]
    private static void Raised(int kind, ulong instruction, ulong stack, ulong frame)
    {
        EndGuardedCall((FaultKind)kind, instruction);
        KernelFault(kind, instruction, stack, frame);
    }

    [RuntimeExport("runtime_raise_exception")]
    private static void RaisedException(Exception? exception, ulong instruction)
    {
        EndGuardedCall(FaultKind.Thrown, instruction);
        string text = exception is null ? "throw null" : exception.Message;
        fixed (char* characters = text)
            KernelPanic(characters, text.Length, instruction);
    }
}

/// <summary>What was violated and where.</summary>
/// <param name="Kind">What.</param>
/// <param name="Instruction">The address behind the call that found it; 0 if unknown.</param>
public readonly record struct FaultReport(FaultKind Kind, ulong Instruction);

/// <summary>Where a guarded call goes back to. The stub knows the first seven words.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct GuardRecord
{
    internal ulong Stack;
    internal ulong Frame;
    internal ulong Rbx;
    internal ulong R12;
    internal ulong R13;
    internal ulong R14;
    internal ulong R15;
    internal GuardRecord* Outer;
    internal ArenaState* Arena;
    internal ulong FaultingInstruction;
}
