using System;
using Iced.Intel;
using Xenolith.Hal;
using Xenolith.Mm;

namespace Xenolith.Emulate;

/// <summary>LMSW and SMSW, whose operands CPUs without decode assists leave to software.</summary>
public static class MachineStatusWord
{
    // PE, MP, EM, TS.
    private const ulong Bits = 0xF;
    private const ulong ProtectionEnable = 1;
    private const int Size = 2;

    /// <summary>
    /// What CR0 becomes: LMSW loads its low four bits and can't clear PE (SDM vol. 2, LMSW). False: the operand can't be read.
    /// </summary>
    /// <param name="instruction">The LMSW at RIP.</param>
    public static bool TryLoad(VirtualCpu cpu, GuestAccess access, in Instruction instruction, out ulong cr0)
    {
        ulong old = cpu.Cr0;
        cr0 = old;
        if (!TryRead(cpu, access, in instruction, out ushort source))
        {
            return false;
        }

        cr0 = (old & ~Bits) | (source & Bits) | (old & ProtectionEnable);
        return true;
    }

    /// <summary>SMSW: CR0, as wide as a register takes it, or its low 16 bits into memory. False: the operand can't be written.</summary>
    /// <param name="instruction">The SMSW at RIP.</param>
    /// <param name="fault">Why; without an error code it is a segment's limit or rights.</param>
    public static bool TryStore(VirtualCpu cpu, GuestAccess access, in Instruction instruction, out PageFault fault)
    {
        fault = default;
        ulong cr0 = cpu.Cr0;
        if (instruction.Op0Kind == OpKind.Register)
        {
            GuestGeneralRegister.Write(ref cpu.Registers, instruction.Op0Register, cr0);
            return true;
        }

        ReadOnlySpan<byte> bytes = [(byte)cr0, (byte)(cr0 >> 8)];
        return OperandAddress.TryLocate(cpu, access, in instruction, Size, true, out ulong linear)
            && access.TryWrite(linear, bytes, OperandAddress.KindOf(cpu) | AccessKind.Write, out fault);
    }

    private static bool TryRead(VirtualCpu cpu, GuestAccess access, in Instruction instruction, out ushort source)
    {
        source = 0;
        if (instruction.Op0Kind == OpKind.Register)
        {
            source = (ushort)GuestGeneralRegister.Read(ref cpu.Registers, instruction.Op0Register);
            return true;
        }

        Span<byte> bytes = stackalloc byte[Size];
        if (!OperandAddress.TryLocate(cpu, access, in instruction, Size, false, out ulong linear) || !access.TryRead(linear, bytes, OperandAddress.KindOf(cpu), out _))
        {
            return false;
        }

        source = (ushort)(bytes[0] | bytes[1] << 8);
        return true;
    }
}
