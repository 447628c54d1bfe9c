using System;
using Iced.Intel;
using Xenolith.Hal;
using Xenolith.Mm;

namespace Xenolith.Emulate;

/// <summary>The operand of LMSW, which CPUs without decode assists leave to software.</summary>
public static class MachineStatusWord
{
    // PE, MP, EM, TS.
    private const ulong Bits = 0xF;
    private const ulong ProtectionEnable = 1;

    /// <summary>
    /// What CR0 becomes: LMSW loads its low four bits and can't clear PE (SDM vol. 2, LMSW). False: the operand can't be read.
    /// </summary>
    /// <param name="instruction">The LMSW at RIP. The guest runs without paging, so its linear addresses are physical.</param>
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

    private static bool TryRead(VirtualCpu cpu, GuestAccess access, in Instruction instruction, out ushort source)
    {
        source = 0;
        if (instruction.Op0Kind == OpKind.Register)
        {
            source = (ushort)GuestGeneralRegister.Read(ref cpu.Registers, instruction.Op0Register);
            return true;
        }

        Register @base = instruction.MemoryBase;
        Register index = instruction.MemoryIndex;
        bool narrow = GuestGeneralRegister.SizeOf(@base) == 2 || GuestGeneralRegister.SizeOf(index) == 2
            || (@base == Register.None && index == Register.None && instruction.MemoryDisplSize == 2);
        ulong offset = instruction.MemoryDisplacement64;
        offset += @base == Register.None ? 0 : GuestGeneralRegister.Read(ref cpu.Registers, @base);
        offset += index == Register.None ? 0 : GuestGeneralRegister.Read(ref cpu.Registers, index) * (ulong)instruction.MemoryIndexScale;
        offset &= narrow ? 0xFFFFu : uint.MaxValue;
        Span<byte> bytes = stackalloc byte[2];
        if (!PortIoEmulator.TryLinearise(cpu, access, PortIoEmulator.NameOf(instruction.MemorySegment), offset, bytes.Length, false, out ulong linear)
            || !access.TryRead(linear, bytes, AccessKind.Read, out _))
        {
            return false;
        }

        source = (ushort)(bytes[0] | bytes[1] << 8);
        return true;
    }
}
