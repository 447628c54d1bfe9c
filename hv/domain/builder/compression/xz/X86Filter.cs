using System;
using System.Buffers.Binary;

namespace Xenolith.Domains;

/// <summary>
/// Undoes XZ's filter for x86 code (XZ file format 5.3.2; the method is that of the Linux kernel's lib/xz/xz_dec_bcj.c, in
/// the public domain): the operand of each CALL and JMP rel32 was made absolute, so that calls of one function look alike.
/// </summary>
internal static class X86Filter
{
    private const int OperandSize = 4;

    /// <param name="code">What was filtered, all of it.</param>
    /// <param name="start">The address that its first byte was said to have.</param>
    public static void Decode(Span<byte> code, uint start)
    {
        // Bit n: n + 1 bytes ago there was an opcode whose operand was left alone.
        int recent = 0;
        int last = -1;
        for (int at = 0; at < code.Length - OperandSize; at++)
        {
            if (code[at] is not (0xE8 or 0xE9))
            {
                continue;
            }

            int distance = at - last;
            last = at;
            recent = distance > 3 ? 0 : (recent << (distance - 1)) & 7;
            if (!IsTaken(code, at, recent))
            {
                recent = (recent << 1) | 1;
                continue;
            }

            Span<byte> operand = code.Slice(at + 1, OperandSize);
            uint value = BinaryPrimitives.ReadUInt32LittleEndian(operand);
            BinaryPrimitives.WriteUInt32LittleEndian(operand, ToRelative(value, unchecked(start + (uint)at + 5), recent));
            at += OperandSize;
        }
    }

    /// <summary>
    /// Whether the encoder converted this opcode's operand: its high byte is a sign, and what looked like an opcode shortly
    /// before does not make it doubtful.
    /// </summary>
    private static bool IsTaken(ReadOnlySpan<byte> code, int at, int recent) =>
        IsSign(code[at + OperandSize])
        && (recent == 0 || (recent is 1 or 2 or 4 && !IsSign(code[at + OperandSize - OverlapOf(recent)])));

    /// <summary>How many of the operand's high bytes lie behind the operand of the doubtful opcode.</summary>
    private static int OverlapOf(int recent) => recent switch { 1 => 1, 2 => 2, _ => 3 };

    private static uint ToRelative(uint value, uint next, int recent)
    {
        uint relative = unchecked(value - next);
        if (recent != 0)
        {
            int shift = 8 * OverlapOf(recent);
            if (IsSign((byte)(relative >> (24 - shift))))
            {
                // The encoder went round once more, for a byte that became a sign would have misled this decoder. Once is
                // enough: the byte is then the complement of the value's own, which is no sign.
                relative = unchecked((relative ^ ((1u << (32 - shift)) - 1)) - next);
            }
        }

        // Twenty-five bits, the highest of them the sign.
        return (relative & 0x0100_0000) != 0 ? relative | 0xFF00_0000 : relative & 0x00FF_FFFF;
    }

    private static bool IsSign(byte value) => value is 0 or 0xFF;
}
