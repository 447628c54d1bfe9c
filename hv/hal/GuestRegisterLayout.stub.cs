using System.Collections.Generic;
using System.Linq;
using Iced.Intel;
using static Iced.Intel.AssemblerRegisters;

namespace Xenolith.Build.Stubs;

/// <summary>
/// Where <c>Xenolith.Hal.GuestRegisters</c> keeps what, and the moves between it and the CPU that both entry stubs share.
/// </summary>
internal static class GuestRegisterLayout
{
    public const int Rax = 0;
    public const int Rsp = 4 * 8;
    public const int Rdi = 7 * 8;
    private const int Vectors = 128;
    private const int TracePosition = 160;

    // Xenolith.Hal.ExitTrace.
    private const int RecordSize = 32, RecordReason = 8, RecordRip = 16, RecordInformation = 24;
    private const int RecordsEndBit = 11;

    // In encoding order; RSP is in the control block, and RDI is the base register, so both are skipped by number.
    private static readonly AssemblerRegister64[] s_general =
        [rax, rcx, rdx, rbx, rsp, rbp, rsi, rdi, r8, r9, r10, r11, r12, r13, r14, r15];

    private static readonly AssemblerRegisterXMM[] s_all =
        [xmm0, xmm1, xmm2, xmm3, xmm4, xmm5, xmm6, xmm7, xmm8, xmm9, xmm10, xmm11, xmm12, xmm13, xmm14, xmm15];

    /// <summary>
    /// The vector registers of the hypervisor's own code: the compiler copies through XMM0 and clears frames with XMM8. These are switched at
    /// each entry and exit; in all others a CPU keeps what the guest that ran last has there, as it keeps the x87 state. The image scan
    /// refuses code that touches another. Whoever needs one more adds it here and to Xenolith.Hal.GuestRegisters.
    /// </summary>
    public static IReadOnlyList<AssemblerRegisterXMM> HostVectors { get; } = [xmm0, xmm8];

    /// <summary>The vector registers that stay the guest's while the hypervisor runs.</summary>
    public static IEnumerable<AssemblerRegisterXMM> KeptVectors => s_all.Where(vector => !HostVectors.Contains(vector));

    /// <summary>Loads the general registers from [base], RDI last: base must be RDI. Leaves the flags alone.</summary>
    public static void LoadGeneral(Assembler a, AssemblerRegister64 from, bool includeRax)
    {
        for (int i = includeRax ? 0 : 1; i < s_general.Length; i++)
        {
            if (i is not (4 or 7))
                a.mov(s_general[i], __qword_ptr[from + 8 * i]);
        }
        a.mov(rdi, __qword_ptr[from + Rdi]);
    }

    /// <summary>Saves the general registers but RSP and RDI to [base].</summary>
    public static void SaveGeneral(Assembler a, AssemblerRegister64 to, bool includeRax)
    {
        for (int i = includeRax ? 0 : 1; i < s_general.Length; i++)
        {
            if (i is not (4 or 7))
                a.mov(__qword_ptr[to + 8 * i], s_general[i]);
        }
    }

    /// <summary>Begins the record of an exit: its address comes into RCX, the time into the record. RAX and RDX are lost.</summary>
    public static void BeginRecord(Assembler a, AssemblerRegister64 registers)
    {
        a.mov(rcx, __qword_ptr[registers + TracePosition]);
        a.rdtsc();
        a.mov(__dword_ptr[rcx], eax);
        a.mov(__dword_ptr[rcx + 4], edx);
    }

    /// <summary>Puts a word of memory into the record in RCX. RAX is lost.</summary>
    public static void RecordReasonOf(Assembler a, AssemblerMemoryOperand word) => Record(a, word, RecordReason);

    public static void RecordRipOf(Assembler a, AssemblerMemoryOperand word) => Record(a, word, RecordRip);

    public static void RecordInformationOf(Assembler a, AssemblerMemoryOperand word) => Record(a, word, RecordInformation);

    /// <summary>Moves on to the next record. The trace begins at a multiple of twice its size, so that one bit says that its end is reached.</summary>
    public static void EndRecord(Assembler a, AssemblerRegister64 registers)
    {
        a.add(rcx, RecordSize);
        a.btr(rcx, RecordsEndBit);
        a.mov(__qword_ptr[registers + TracePosition], rcx);
    }

    private static void Record(Assembler a, AssemblerMemoryOperand word, int offset)
    {
        a.mov(rax, word);
        a.mov(__qword_ptr[rcx + offset], rax);
    }

    /// <summary>Loads the guest's <see cref="HostVectors"/> from [from].</summary>
    public static void LoadVectors(Assembler a, AssemblerRegister64 from)
    {
        for (int i = 0; i < HostVectors.Count; i++)
            a.movups(HostVectors[i], __xmmword_ptr[from + (Vectors + 16 * i)]);
    }

    /// <summary>Saves the guest's <see cref="HostVectors"/> to [to].</summary>
    public static void SaveVectors(Assembler a, AssemblerRegister64 to)
    {
        for (int i = 0; i < HostVectors.Count; i++)
            a.movups(__xmmword_ptr[to + (Vectors + 16 * i)], HostVectors[i]);
    }
}
