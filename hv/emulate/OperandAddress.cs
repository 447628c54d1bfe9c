using System;
using Iced.Intel;
using Xenolith.Hal;
using Xenolith.Mm;

namespace Xenolith.Emulate;

/// <summary>Where the memory operand of an instruction lies, for those whose exit does not say.</summary>
internal static class OperandAddress
{
    /// <summary>How the instruction accesses it, as far as privilege goes.</summary>
    public static AccessKind KindOf(VirtualCpu cpu) => cpu.PrivilegeLevel == 3 ? AccessKind.User : AccessKind.Read;

    /// <summary>Finds the operand, of which the instruction has one. False: a segment's limit or rights forbid it.</summary>
    /// <param name="instruction">The instruction at RIP.</param>
    /// <param name="size">Bytes that are read or written.</param>
    /// <param name="linear">Of its first byte; whether the address is canonical is for the access to find out.</param>
    public static bool TryLocate(VirtualCpu cpu, GuestAccess access, in Instruction instruction, int size, bool writes, out ulong linear)
    {
        ulong offset = OffsetOf(cpu, access.Is64Bit, in instruction);
        return PortIoEmulator.TryLinearise(cpu, access, PortIoEmulator.NameOf(instruction.MemorySegment), offset, size, writes, out linear);
    }

    /// <summary>The effective address of the operand in memory, its segment's base aside.</summary>
    public static ulong OffsetOf(VirtualCpu cpu, bool is64Bit, in Instruction instruction)
    {
        Register @base = instruction.MemoryBase;
        Register index = instruction.MemoryIndex;
        ulong offset = instruction.MemoryDisplacement64;
        // The decoder has added RIP already.
        if (@base is not (Register.None or Register.RIP or Register.EIP))
        {
            offset += GuestGeneralRegister.Read(ref cpu.Registers, @base);
        }

        if (index != Register.None)
        {
            offset += GuestGeneralRegister.Read(ref cpu.Registers, index) * (ulong)instruction.MemoryIndexScale;
        }

        return offset & AddressMask(is64Bit, in instruction);
    }

    /// <summary>The address size, which the registers tell, or without one the displacement.</summary>
    private static ulong AddressMask(bool is64Bit, in Instruction instruction)
    {
        int size = Math.Max(GuestGeneralRegister.SizeOf(instruction.MemoryBase), GuestGeneralRegister.SizeOf(instruction.MemoryIndex));
        if (size == 0)
        {
            size = instruction.MemoryBase == Register.EIP ? 4 : is64Bit ? 8 : instruction.MemoryDisplSize == 2 ? 2 : 4;
        }

        return GuestGeneralRegister.MaskOf(size);
    }
}
