using System;
using System.Linq;
using Iced.Intel;
using Xenolith.Build.Stubs;

namespace Xenolith.Build.Scan;

/// <summary>
/// What the hypervisor's code may do with vector registers while a guest's are in the others: move through those that the entry stubs
/// switch, in the encodings that leave the wider halves alone, and nothing that MXCSR decides about or notes its exceptions in. No x87 or
/// MMX, and nothing that loads or stores the state of all.
/// </summary>
internal static class VectorRule
{
    /// <summary>The registers that code may use.</summary>
    public static Register[] Switched { get; } = [.. GuestRegisterLayout.HostVectors.Select(vector => (Register)vector)];

    // Moves, logic and integers; whatever is called otherwise may compute with floating point.
    private static readonly string[] s_exact = ["Mov", "P", "Xor", "And", "Or", "Unpck", "Shuf"];

    // Units that are all the guest's, and instructions that name their state without naming a register of it.
    private static readonly CpuidFeature[] s_others =
    [
        CpuidFeature.FPU, CpuidFeature.FPU287, CpuidFeature.FPU287XL_ONLY, CpuidFeature.FPU387, CpuidFeature.FPU387SL_ONLY, CpuidFeature.MMX,
        CpuidFeature.FXSR, CpuidFeature.XSAVE, CpuidFeature.XSAVEC, CpuidFeature.XSAVEOPT, CpuidFeature.XSAVES, CpuidFeature.D3NOW,
    ];

    private static readonly Mnemonic[] s_control = [Mnemonic.Ldmxcsr, Mnemonic.Stmxcsr];

    // XCR0 decides which state there is, and is none of it.
    private static readonly Mnemonic[] s_mask = [Mnemonic.Xgetbv, Mnemonic.Xsetbv];

    /// <summary>Whether the instruction uses what is the guest's.</summary>
    public static bool Breaks(Instruction instruction)
    {
        if (IsOfOthers(instruction))
        {
            return true;
        }

        bool vector = false;
        for (int operand = 0; operand < instruction.OpCount; operand++)
        {
            if (instruction.GetOpKind(operand) != OpKind.Register)
            {
                continue;
            }

            Register register = instruction.GetOpRegister(operand);
            if (register.IsST() || register.IsMM() || (register.IsVectorRegister() && !Switched.Contains(register)))
            {
                return true;
            }

            vector |= register.IsVectorRegister();
        }

        return vector && !IsExact(instruction.Mnemonic);
    }

    // BMI's instructions on general registers have such an encoding too; there are none, and the first is to be looked at.
    private static bool IsOfOthers(Instruction instruction) =>
        instruction.Encoding != EncodingKind.Legacy
        || s_control.Contains(instruction.Mnemonic)
        || (Array.Exists(instruction.CpuidFeatures, s_others.Contains) && !s_mask.Contains(instruction.Mnemonic));

    private static bool IsExact(Mnemonic mnemonic)
    {
        string name = mnemonic.ToString();
        return Array.Exists(s_exact, prefix => name.StartsWith(prefix, StringComparison.Ordinal));
    }
}
