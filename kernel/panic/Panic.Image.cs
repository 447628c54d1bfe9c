using System;
using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;

namespace Xenolith.Kernel;

/// <summary>The end: says what happened and where, in words and C# names, then stops the machine cleanly.</summary>
public static unsafe class Panic
{
    // 0: none so far; a panic inside a panic only prints its text.
    private static int s_depth;

    /// <summary>Ends everything because of a bug. The text names what was expected.</summary>
    [DoesNotReturn]
    public static void Now(string text)
    {
        // unsafe: the stub stores three words in place.
        StackPosition here;
        Cpu.Where(&here);
        OnRuntimeFault(text, here);
    }

    /// <summary>As <see cref="Now(string)"/>, with a text put together.</summary>
    [DoesNotReturn]
    public static void Now(scoped ReadOnlySpan<byte> text)
    {
        StackPosition here;
        Cpu.Where(&here);
        OnRuntimeFault(text, here);
    }

    /// <summary>A clean stop because of what the user gave or the machine lacks: the reason has been logged; no trace is of use.</summary>
    [DoesNotReturn]
    public static void Stop(string text)
    {
        Line("stopped: "u8, text);
        End();
    }

    [DoesNotReturn]
    internal static void OnRuntimeFault(ReadOnlySpan<char> what, StackPosition position)
    {
        LineText text = default;
        text.Append(what);
        OnRuntimeFault(text.Written, position);
    }

    [DoesNotReturn]
    internal static void OnRuntimeFault(scoped ReadOnlySpan<byte> what, StackPosition position)
    {
        Begin(what);
        LineText text = default;
        text.Append("panic: "u8);
        text.Append(what);
        Line(text.Written);
        Processor();
        Row("rip"u8, position.Rip, "rsp"u8, position.Rsp, "rbp"u8, position.Rbp);
        ControlRegisters();
        Trace(position.Rip, position.Rsp, position.Rbp, ripIsReturn: true);
        BuildId();
        Report();
        End();
    }

    [DoesNotReturn]
    internal static void OnException(ref InterruptFrame frame, ulong cr2)
    {
        string name = ExceptionVector.NameOf((byte)frame.Vector);
        LineText text = default;
        text.Append(name);
        Begin(text.Written);
        if (frame.Vector is ExceptionVector.DoubleFault or ExceptionVector.PageFault && CpuBlocks.IsGuard(cr2))
        {
            Line("a stack overflow: the guard page below the stack was hit"u8);
        }

        if (cr2 < Page.Size && frame.Vector == ExceptionVector.PageFault)
        {
            Line("a null reference: the first page is not mapped"u8);
        }

        text = default;
        text.Append("panic: exception "u8);
        text.Append(name);
        text.Append(", error code 0x"u8);
        text.Append(frame.ErrorCode, "x4");
        Line(text.Written);
        Processor();
        if (frame.Vector == ExceptionVector.MachineCheck)
        {
            MachineCheck.Report();
        }

        Registers(ref frame, cr2);
        Trace(frame.Rip, frame.Rsp, frame.Rbp, ripIsReturn: false);
        BuildId();
        Report();
        End();
    }

    private static void Registers(ref InterruptFrame frame, ulong cr2)
    {
        Row("rip"u8, frame.Rip, "cs "u8, frame.Cs, "rfl"u8, frame.Rflags);
        Row("rsp"u8, frame.Rsp, "ss "u8, frame.Ss, "rbp"u8, frame.Rbp);
        Row("rax"u8, frame.Rax, "rbx"u8, frame.Rbx, "rcx"u8, frame.Rcx);
        Row("rdx"u8, frame.Rdx, "rsi"u8, frame.Rsi, "rdi"u8, frame.Rdi);
        Row("r8 "u8, frame.R8, "r9 "u8, frame.R9, "r10"u8, frame.R10);
        Row("r11"u8, frame.R11, "r12"u8, frame.R12, "r13"u8, frame.R13);
        Row("r14"u8, frame.R14, "r15"u8, frame.R15, "cr2"u8, cr2);
        ControlRegisters();
    }

    private static void Processor()
    {
        if (Boot.TryGetCurrent(out KernelServices? services))
        {
            LineText text = default;
            text.Append("on CPU ");
            text.Append((uint)CurrentCpu.Number, null);
            text.Append(" of ");
            text.Append((uint)services.Cpus.Count, null);
            StoppedCpus.AppendLocks(ref text, CurrentCpu.Number);
            Line(text.Written);
        }
    }

    private static void BuildId()
    {
        LineText text = default;
        text.Append("build "u8);
        text.Append(ImageSymbols.Open().BuildId, "x16");
        Line(text.Written);
    }

    private static void ControlRegisters() => Row("cr0"u8, Cpu.ReadCr0(), "cr3"u8, Cpu.ReadCr3(), "cr4"u8, Cpu.ReadCr4());

    private static void Row(ReadOnlySpan<byte> name1, ulong value1, ReadOnlySpan<byte> name2, ulong value2, ReadOnlySpan<byte> name3, ulong value3)
    {
        LineText text = default;
        Cell(ref text, name1, value1);
        Cell(ref text, name2, value2);
        Cell(ref text, name3, value3);
        Line(text.Written);
    }

    private static void Cell(ref LineText text, scoped ReadOnlySpan<byte> name, ulong value)
    {
        text.Append("  "u8);
        text.Append(name);
        text.Append(" "u8);
        text.Append(value, "x16");
    }

    internal static void Trace(ulong rip, ulong rsp, ulong rbp, bool ripIsReturn, int most = int.MaxValue)
    {
        if (CpuBlocks.TryFindStack(rsp, out ulong low, out ulong high))
        {
            Span<byte> line = stackalloc byte[200];
            scoped var trace = new Backtrace(ImageSymbols.Open(), rip, Math.Max(rsp, low), rbp, low, high, ripIsReturn);
            for (int i = 0; i < most && trace.TryFormatNext(line, out int length); i++)
            {
                Line(line[..length]);
            }

            return;
        }

        Line("no backtrace: the stack pointer is in none of the stacks"u8);
    }

    // What the code above the kernel has to say.
    private static void Report()
    {
        if (!Boot.TryGetCurrent(out KernelServices? services) || services.Report is not { } report)
        {
            return;
        }

        LineText text = default;
        for (int number = 0; report.TryWriteLine(number, ref text); number++)
        {
            Line(text.Written);
            text = default;
        }
    }

    private static void Begin(scoped ReadOnlySpan<byte> what)
    {
        if (!StoppedCpus.TryOwn())
        {
            // Another CPU panics already. Its NMI finds this one here, and so the report shows what it was about.
            Cpu.Halt();
        }

        s_depth++;
        if (s_depth > 1)
        {
            EarlyConsole.Print("\n(xenolith) panic inside a panic: "u8);
            EarlyConsole.Print(what);
            EarlyConsole.Print("\n"u8);
            if (s_depth > 2)
            {
                Cpu.Halt();
            }

            Restart.Now();
        }

        StoppedCpus.StopOthers();
    }

    private static void Line(scoped ReadOnlySpan<byte> prefix, scoped ReadOnlySpan<char> rest)
    {
        LineText text = default;
        text.Append(prefix);
        text.Append(rest);
        Line(text.Written);
    }

    // Unfiltered: what is said here matters whatever loglvl= is. Console devices write synchronously.
    internal static void Line(scoped ReadOnlySpan<byte> text)
    {
        if (Boot.Log is { } log)
        {
            log.Always(text);
        }
        else
        {
            EarlyConsole.Print("(xenolith) "u8);
            EarlyConsole.Print(text);
            EarlyConsole.Print("\n"u8);
        }
    }

    [DoesNotReturn]
    private static void End()
    {
        StoppedCpus.Report();
        if (Boot.TryGetCurrent(out KernelServices? services))
        {
            services.Power.Reset();
        }

        if (Boot.NoReboot)
        {
            Line("halted, because of noreboot"u8);
            Cpu.Halt();
        }

        Line("restarting the machine"u8);
        Restart.Now();
    }
}
