using System;
using System.Runtime.InteropServices;
using Iced.Intel;
using Xenolith.Emulate;
using Xenolith.Hal;
using Xunit;
using static Iced.Intel.AssemblerRegisters;

namespace Xenolith.Tests.Unit.Emulate;

/// <summary>The flags, against their definitions in wider arithmetic.</summary>
public sealed class AluTests : EmulatorFixture
{
    private readonly RecordingDevice _device = new();

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(4)]
    [InlineData(8)]
    public void FlagsFollowTheirDefinitions(int size)
    {
        var emulator = new MmioEmulator(Decoder);
        var random = new Random(size);
        foreach (Code code in Codes(size))
        {
            Instruction instruction = Instruction.Create(code, new MemoryOperand(Register.RAX), Source(size));
            var writer = new System.IO.MemoryStream();
            var encoder = Encoder.Create(64, new StreamCodeWriter(writer));
            encoder.Encode(instruction, CodeAddress);
            PlaceBytes(writer.ToArray());
            for (int round = 0; round < 300; round++)
            {
                ulong left = Value(random, size), right = Value(random, size);
                bool carry = random.Next(2) != 0;
                _device[0] = left;
                Cpu.Registers.Rcx = right;
                Cpu.Rflags = carry ? 3u : 2u;
                Cpu.Rip = CodeAddress;
                Cpu.Exit.GuestPhysical = ApicPage;
                Assert.Equal(EmulationResult.Done, emulator.Execute(Cpu, Access, _device));
                (ulong result, ulong flags) = Model(instruction.Mnemonic, size, left, right, carry);
                Assert.Equal(result, _device[0] & Mask(size));
                Assert.Equal(2 | flags, Cpu.Rflags);
            }
        }
    }

    private static (ulong Result, ulong Flags) Model(Mnemonic what, int size, ulong left, ulong right, bool carry)
    {
        int bits = size * 8;
        UInt128 mask = Mask(size);
        UInt128 l = left, r = right;
        UInt128 c = what is Mnemonic.Adc or Mnemonic.Sbb && carry ? 1u : 0u;
        Int128 sl = Signed(left, bits), sr = Signed(right, bits);
        bool subtracts = what is Mnemonic.Sub or Mnemonic.Sbb;
        bool adds = what is Mnemonic.Add or Mnemonic.Adc;
        UInt128 wide = what switch
        {
            Mnemonic.And => l & r,
            Mnemonic.Or => l | r,
            Mnemonic.Xor => l ^ r,
            _ => adds ? l + r + c : unchecked(l - r - c),
        };
        ulong result = (ulong)(wide & mask);
        ulong flags = 0;
        if (adds || subtracts)
        {
            Int128 exact = adds ? sl + sr + (Int128)c : sl - sr - (Int128)c;
            flags |= exact != Signed(result, bits) ? 0x800u : 0;
            flags |= (adds ? wide > mask : l < r + c) ? 1u : 0;
            flags |= (adds ? (l & 15) + (r & 15) + c > 15 : (l & 15) < (r & 15) + c) ? 0x10u : 0;
        }

        flags |= result == 0 ? 0x40u : 0;
        flags |= (result >> (bits - 1) & 1) != 0 ? 0x80u : 0;
        flags |= (System.Numerics.BitOperations.PopCount((uint)(result & 0xFF)) & 1) == 0 ? 4u : 0;
        return (result, flags);
    }

    private static Int128 Signed(ulong value, int bits) => (long)(value << (64 - bits)) >> (64 - bits);

    private static ulong Mask(int size) => size == 8 ? ulong.MaxValue : (1UL << (8 * size)) - 1;

    private static ulong Value(Random random, int size) => Mask(size) & random.Next(4) switch
    {
        0 => (ulong)random.Next(3),
        1 => Mask(size) - (ulong)random.Next(3),
        2 => (1UL << (8 * size - 1)) + (ulong)random.Next(3) - 1,
        _ => (ulong)random.NextInt64(),
    };

    private static Register Source(int size) => size switch { 1 => Register.CL, 2 => Register.CX, 4 => Register.ECX, _ => Register.RCX };

    private static Code[] Codes(int size) => size switch
    {
        1 => [Code.Add_rm8_r8, Code.Adc_rm8_r8, Code.Sub_rm8_r8, Code.Sbb_rm8_r8, Code.And_rm8_r8, Code.Or_rm8_r8, Code.Xor_rm8_r8],
        2 => [Code.Add_rm16_r16, Code.Adc_rm16_r16, Code.Sub_rm16_r16, Code.Sbb_rm16_r16, Code.And_rm16_r16, Code.Or_rm16_r16, Code.Xor_rm16_r16],
        4 => [Code.Add_rm32_r32, Code.Adc_rm32_r32, Code.Sub_rm32_r32, Code.Sbb_rm32_r32, Code.And_rm32_r32, Code.Or_rm32_r32, Code.Xor_rm32_r32],
        _ => [Code.Add_rm64_r64, Code.Adc_rm64_r64, Code.Sub_rm64_r64, Code.Sbb_rm64_r64, Code.And_rm64_r64, Code.Or_rm64_r64, Code.Xor_rm64_r64],
    };
}
