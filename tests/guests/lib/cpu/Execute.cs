using System;
using System.Runtime;
using System.Runtime.CompilerServices;

namespace Xenolith.Guests;

/// <summary>How a run of <see cref="Execute"/> ended.</summary>
public struct Outcome
{
    /// <summary>Whether an exception ended it.</summary>
    public bool Faulted;
    public byte Vector;
    public ulong ErrorCode;
    public ulong Rip;
    /// <summary>CR2, meaningful after a page fault.</summary>
    public ulong Address;
}

/// <summary>Runs bytes of machine code with chosen registers and says which exception, if any, they raised.</summary>
public static unsafe class Execute
{
    // unsafe: copies code into an executable page and edits the interrupt frame to leave it again.

    public static readonly byte[] Vmcall = [0x0F, 0x01, 0xC1];
    public static readonly byte[] Vmmcall = [0x0F, 0x01, 0xD9];
    public static readonly byte[] Rdmsr = [0x0F, 0x32];
    public static readonly byte[] Wrmsr = [0x0F, 0x30];
    public static readonly byte[] Cpuid = [0x0F, 0xA2];
    public static readonly byte[] UndefinedInstruction = [0x0F, 0x0B];
    /// <summary>MOV RAX, [RDI].</summary>
    public static readonly byte[] Load = [0x48, 0x8B, 0x07];
    /// <summary>MOV [RDI], RAX.</summary>
    public static readonly byte[] Store = [0x48, 0x89, 0x07];
    /// <summary>MOV CR0, RAX.</summary>
    public static readonly byte[] WriteCr0 = [0x0F, 0x22, 0xC0];
    /// <summary>MOV CR4, RAX.</summary>
    public static readonly byte[] WriteCr4 = [0x0F, 0x22, 0xE0];
    /// <summary>XSETBV.</summary>
    public static readonly byte[] Xsetbv = [0x0F, 0x01, 0xD1];

    private static Outcome _outcome;

    [RuntimeImport("*", "guest_execute")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    private static extern long Run(Registers* registers, byte* code);

    [RuntimeImport("*", "guest_execute_user")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    private static extern long RunUser(Registers* registers, byte* code, byte* stackTop);

    [RuntimeImport("*", "guest_execute_narrow")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    private static extern long RunNarrow(Registers* registers, byte* code);

    [RuntimeImport("*", "guest_execute_user_narrow")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    private static extern long RunUserNarrow(Registers* registers, byte* code, byte* stackTop);

    /// <summary>At CPL 0. Registers after the code, or as they stood at the fault, come back in place.</summary>
    /// <param name="code">At most 4,000 bytes; RET is added.</param>
    /// <param name="registers">General registers but RSP.</param>
    /// <param name="isNarrow">As 32-bit code: of the registers, the lower halves of the first eight.</param>
    public static Outcome AtKernel(ReadOnlySpan<byte> code, ref Registers registers, bool isNarrow = false)
    {
        const byte near = 0xC3, far = 0xCB;
        byte* page = Place(code);
        page[code.Length] = isNarrow ? far : near;
        _outcome = default;
        Registers block = registers;
        if (isNarrow)
        {
            RunNarrow(&block, page);
        }
        else
        {
            Run(&block, page);
        }

        registers = block;
        return _outcome;
    }

    /// <summary>The same at CPL 3, interrupts off, on a stack of its own.</summary>
    public static Outcome AtUser(ReadOnlySpan<byte> code, ref Registers registers, bool isNarrow = false)
    {
        byte* page = Place(code);
        page[code.Length] = 0xCD;
        page[code.Length + 1] = Interrupts.UserReturn;
        _outcome = default;
        Registers block = registers;
        byte* stack = Layout.UserStack() + (16 * 1024);
        if (isNarrow)
        {
            RunUserNarrow(&block, page, stack);
        }
        else
        {
            RunUser(&block, page, stack);
        }

        registers = block;
        if (_outcome.Vector == Interrupts.UserReturn)
        {
            _outcome = default;
        }

        return _outcome;
    }

    /// <summary>For interrupt handlers: ends the code that is running, if any; its outcome names the interrupt's vector.</summary>
    public static void End(ref InterruptFrame frame) => TryRecover((InterruptFrame*)Unsafe.AsPointer(ref frame));

    /// <summary>Called on every exception: if code of ours is running, ends it and remembers why.</summary>
    internal static bool TryRecover(InterruptFrame* frame)
    {
        ulong* recovery = Layout.Recovery();
        ulong stack = recovery[0];
        if (stack == 0)
        {
            return false;
        }

        const byte pageFault = 14;
        _outcome.Faulted = true;
        _outcome.Vector = (byte)frame->Vector;
        _outcome.ErrorCode = frame->ErrorCode;
        _outcome.Rip = frame->Rip;
        _outcome.Address = frame->Vector == pageFault ? Instructions.ReadCr2() : 0;
        *(Registers*)recovery[2] = frame->Registers;

        const ulong kernelCode = 0x08, kernelData = 0x10, interruptFlag = 0x200;
        frame->Rip = Layout.RecoverEntry();
        frame->Cs = kernelCode;
        frame->Ss = kernelData;
        frame->Rsp = stack;
        frame->Rflags &= interruptFlag | 2;
        return true;
    }

    private static byte* Place(ReadOnlySpan<byte> code)
    {
        byte* page = Layout.Page(PoolPage.Code);
        code.CopyTo(new Span<byte>(page, Layout.PageSize - 2));
        return page;
    }
}
