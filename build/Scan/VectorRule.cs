using System;
using System.Linq;
using Iced.Intel;
using Xenolith.Build.Stubs;

namespace Xenolith.Build.Scan;

/// <summary>
/// What the hypervisor's code may do with vector registers while a guest's are in the others: move through those that the entry stubs
/// switch, in the encodings that leave the wider halves alone, and nothing that MXCSR decides about or notes its exceptions in.
/// </summary>
internal static class VectorRule
{
    /// <summary>The registers that code may use.</summary>
    public static Register[] Switched { get; } = [.. GuestRegisterLayout.HostVectors.Select(vector => (Register)vector)];

    // Moves, logic and integers; whatever is called otherwise may compute with floating point.
    private static readonly string[] s_exact = ["Mov", "P", "Xor", "And", "Or", "Unpck", "Shuf"];

    /// <summary>Whether the instruction uses what is the guest's.</summary>
    public static bool Breaks(Instruction instruction)
    {
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

        return vector && (instruction.Encoding != EncodingKind.Legacy || !IsExact(instruction.Mnemonic));
    }

    private static bool IsExact(Mnemonic mnemonic)
    {
        string name = mnemonic.ToString();
        return Array.Exists(s_exact, prefix => name.StartsWith(prefix, StringComparison.Ordinal));
    }
}
