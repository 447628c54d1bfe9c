using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Xenolith.Hal;

/// <summary>
/// The registers of a guest that neither VMCS nor VMCB holds, as the exit stub saves them. The stubs know the offsets:
/// general registers at 0 (in encoding order), XMM0 and XMM8 at 128, the trace position at 160. RSP and (on SVM) RAX are copied to and from
/// the control block by the entry path, so that this is the whole truth between an exit and the next entry. The other vector registers
/// and MXCSR are in <see cref="ProcessorState"/>.
/// </summary>
[StructLayout(LayoutKind.Sequential)]
public struct GuestRegisters
{
    public ulong Rax, Rcx, Rdx, Rbx, Rsp, Rbp, Rsi, Rdi, R8, R9, R10, R11, R12, R13, R14, R15;
    public VectorRegister Xmm0, Xmm8;

    /// <summary>Where the next exit is noted: an address inside the <see cref="ExitTrace"/> of the CPU that the vCPU is resident on.</summary>
    public ulong TracePosition;

    /// <summary>What is left of them after INIT: vector registers and x87 state stay (Intel SDM vol. 3, table 10-1).</summary>
    public readonly GuestRegisters AfterInit => new() { Xmm0 = Xmm0, Xmm8 = Xmm8 };

    /// <summary>A general register by its number in the instruction encoding (0 = RAX … 15 = R15).</summary>
    public ulong this[int number]
    {
        readonly get => number switch
        {
            0 => Rax, 1 => Rcx, 2 => Rdx, 3 => Rbx, 4 => Rsp, 5 => Rbp, 6 => Rsi, 7 => Rdi,
            8 => R8, 9 => R9, 10 => R10, 11 => R11, 12 => R12, 13 => R13, 14 => R14, _ => R15,
        };
        set
        {
            switch (number)
            {
                case 0: Rax = value; break;
                case 1: Rcx = value; break;
                case 2: Rdx = value; break;
                case 3: Rbx = value; break;
                case 4: Rsp = value; break;
                case 5: Rbp = value; break;
                case 6: Rsi = value; break;
                case 7: Rdi = value; break;
                case 8: R8 = value; break;
                case 9: R9 = value; break;
                case 10: R10 = value; break;
                case 11: R11 = value; break;
                case 12: R12 = value; break;
                case 13: R13 = value; break;
                case 14: R14 = value; break;
                default: R15 = value; break;
            }
        }
    }
}

/// <summary>A vector register, 16 bytes.</summary>
[InlineArray(2)]
public struct VectorRegister
{
    private ulong _first;
}
