using Iced.Intel;
using Xenolith.Hal;

namespace Xenolith.Emulate;

/// <summary>Access to general registers by Iced's names, with the partial-write rules of x86 (SDM vol. 1, 3.4.1.1).</summary>
internal static class GuestGeneralRegister
{
    /// <summary>Bytes of a general register; 0 when it is of another kind.</summary>
    public static int SizeOf(Register register) => register switch
    {
        >= Register.AL and <= Register.R15L => 1,
        >= Register.AX and <= Register.R15W => 2,
        >= Register.EAX and <= Register.R15D => 4,
        >= Register.RAX and <= Register.R15 => 8,
        _ => 0,
    };

    public static ulong Read(ref GuestRegisters registers, Register register)
    {
        int size = SizeOf(register);
        if (IsHighByte(register))
        {
            return (registers[register - Register.AH] >> 8) & 0xFF;
        }

        return registers[NumberOf(register, size)] & MaskOf(size);
    }

    public static void Write(ref GuestRegisters registers, Register register, ulong value)
    {
        int size = SizeOf(register);
        if (IsHighByte(register))
        {
            int number = register - Register.AH;
            registers[number] = registers[number] & ~0xFF00UL | (value & 0xFF) << 8;
            return;
        }

        int target = NumberOf(register, size);
        ulong mask = MaskOf(size);
        // 32-bit results clear the upper half, smaller ones leave the rest.
        registers[target] = size >= 4 ? value & mask : registers[target] & ~mask | value & mask;
    }

    /// <summary>Writes AL, AX or EAX.</summary>
    /// <param name="size">1, 2 or 4 bytes.</param>
    public static void WriteAccumulator(ref GuestRegisters registers, int size, uint value)
    {
        ulong mask = size >= 4 ? ulong.MaxValue : MaskOf(size);
        registers.Rax = (registers.Rax & ~mask) | (value & mask);
    }

    /// <summary>The bits of the lowest <paramref name="size"/> bytes.</summary>
    public static ulong MaskOf(int size) => size >= 8 ? ulong.MaxValue : (1UL << (size * 8)) - 1;

    private static bool IsHighByte(Register register) => register is >= Register.AH and <= Register.BH;

    private static int NumberOf(Register register, int size) => size switch
    {
        // AL to BL are 0 to 3; AH to BH lie between them and SPL (4).
        1 => register <= Register.BL ? register - Register.AL : register - Register.SPL + 4,
        2 => register - Register.AX,
        4 => register - Register.EAX,
        _ => register - Register.RAX,
    };
}
