using Iced.Intel;
using Xenolith.Hal;

namespace Xenolith.Emulate;

/// <summary>The stack, and instructions that go elsewhere (SDM vol. 2).</summary>
public sealed partial class MmioEmulator
{
    private const ulong CarryFlag = 1, ParityFlag = 1 << 2, ZeroFlag = 1 << 6, SignFlag = 1 << 7, OverflowFlag = 1 << 11;

    private EmulationResult Push(VirtualCpu cpu, in Instruction instruction, OperandMemory memory, bool is64)
    {
        int size = is64 ? 8 : 4;
        EmulationResult result = ReadOperand(cpu, in instruction, memory, size, out ulong value);
        return result == EmulationResult.Done ? Push(cpu, memory, size, value) : result;
    }

    private EmulationResult Push(VirtualCpu cpu, OperandMemory memory, int size, ulong value)
    {
        ulong top = unchecked(cpu.Registers.Rsp - (ulong)size) & GuestGeneralRegister.MaskOf(size);
        EmulationResult result = Find(memory, top, size, true, out MmioDevice? frame, out uint offset);
        if (result == EmulationResult.Done)
        {
            frame!.Write(offset, size, value & GuestGeneralRegister.MaskOf(size));
            cpu.Registers.Rsp = top;
        }

        return result;
    }

    private EmulationResult Pop(VirtualCpu cpu, in Instruction instruction, OperandMemory memory, bool is64)
    {
        int size = is64 ? 8 : 4;
        if (instruction.Op0Kind != OpKind.Register || GuestGeneralRegister.SizeOf(instruction.Op0Register) != size)
        {
            return Refuse("a POP into no register of the code's width");
        }

        EmulationResult result = Pop(cpu, memory, size, cpu.Registers.Rsp, (ulong)size, out ulong value);
        if (result == EmulationResult.Done)
        {
            GuestGeneralRegister.Write(ref cpu.Registers, instruction.Op0Register, value);
        }

        return result;
    }

    /// <param name="top">Where the value is.</param>
    /// <param name="taken">Bytes that the stack shrinks by from there.</param>
    private EmulationResult Pop(VirtualCpu cpu, OperandMemory memory, int size, ulong top, ulong taken, out ulong value)
    {
        value = 0;
        EmulationResult result = Find(memory, top & GuestGeneralRegister.MaskOf(size), size, false, out MmioDevice? frame, out uint offset);
        if (result == EmulationResult.Done)
        {
            value = frame!.Read(offset, size) & GuestGeneralRegister.MaskOf(size);
            cpu.Registers.Rsp = unchecked(top + taken) & GuestGeneralRegister.MaskOf(size);
        }

        return result;
    }

    private EmulationResult Leave(VirtualCpu cpu, in Instruction instruction, OperandMemory memory, bool is64)
    {
        int size = is64 ? 8 : 4;
        if (instruction.Code != (is64 ? Code.Leaveq : Code.Leaved))
        {
            return Refuse("a LEAVE of another width than the code's");
        }

        EmulationResult result = Pop(cpu, memory, size, cpu.Registers.Rbp, (ulong)size, out ulong value);
        if (result == EmulationResult.Done)
        {
            cpu.Registers.Rbp = value;
        }

        return result;
    }

    /// <summary>A register, an immediate or memory, of the code's width.</summary>
    private EmulationResult ReadOperand(VirtualCpu cpu, in Instruction instruction, OperandMemory memory, int size, out ulong value)
    {
        value = 0;
        if (instruction.Op0Kind == OpKind.Memory)
        {
            if (SizeOf(instruction.MemorySize) != size)
            {
                return Refuse("an operand of another width than the code's");
            }

            EmulationResult result = Find(cpu, in instruction, memory, size, false, out MmioDevice? frame, out uint offset);
            value = result == EmulationResult.Done ? frame!.Read(offset, size) & GuestGeneralRegister.MaskOf(size) : 0;
            return result;
        }

        bool isWide = instruction.Op0Kind == OpKind.Register ? GuestGeneralRegister.SizeOf(instruction.Op0Register) == size
            : instruction.Op0Kind is OpKind.Immediate8to64 or OpKind.Immediate32to64 || (size == 4 && instruction.Op0Kind is OpKind.Immediate32 or OpKind.Immediate8to32);
        return isWide && TryReadSource(cpu, in instruction, 0, out value) ? EmulationResult.Done : Refuse("an operand of another width than the code's");
    }

    private static bool IsFlow(Mnemonic mnemonic) => mnemonic is Mnemonic.Call or Mnemonic.Ret or Mnemonic.Jmp
        or Mnemonic.Jo or Mnemonic.Jno or Mnemonic.Jb or Mnemonic.Jae or Mnemonic.Je or Mnemonic.Jne or Mnemonic.Jbe or Mnemonic.Ja
        or Mnemonic.Js or Mnemonic.Jns or Mnemonic.Jp or Mnemonic.Jnp or Mnemonic.Jl or Mnemonic.Jge or Mnemonic.Jle or Mnemonic.Jg;

    private EmulationResult Flow(VirtualCpu cpu, in Instruction instruction, OperandMemory memory, bool is64, out ulong target, out bool jumps)
    {
        int size = is64 ? 8 : 4;
        jumps = true;
        EmulationResult result = EmulationResult.Done;
        if (instruction.Mnemonic == Mnemonic.Ret)
        {
            ulong taken = (ulong)size + (instruction.OpCount != 0 ? instruction.Immediate16 : 0UL);
            // Where it goes is judged before the stack is touched.
            ulong top = cpu.Registers.Rsp;
            result = instruction.Code is Code.Retnq or Code.Retnq_imm16 or Code.Retnd or Code.Retnd_imm16
                ? Pop(cpu, memory, size, top, taken, out target) : RefuseTarget(out target);
            if (result == EmulationResult.Done && !IsTarget(target, is64))
            {
                cpu.Registers.Rsp = top;
                return EmulationResult.Protection;
            }

            return result;
        }

        if (instruction.Op0Kind is OpKind.NearBranch64 or OpKind.NearBranch32)
        {
            target = instruction.NearBranchTarget;
        }
        else
        {
            result = instruction.Op0Kind is OpKind.Register or OpKind.Memory ? ReadOperand(cpu, in instruction, memory, size, out target) : RefuseTarget(out target);
        }

        if (result != EmulationResult.Done)
        {
            return result;
        }

        jumps = instruction.Mnemonic is Mnemonic.Call or Mnemonic.Jmp || Holds(instruction.Mnemonic, cpu.Rflags);
        if (jumps && !IsTarget(target, is64))
        {
            return EmulationResult.Protection;
        }

        return instruction.Mnemonic == Mnemonic.Call ? Push(cpu, memory, size, instruction.NextIP) : EmulationResult.Done;
    }

    private EmulationResult RefuseTarget(out ulong target)
    {
        target = 0;
        return Refuse("a jump that is not near, or of another width than the code's");
    }

    private static bool IsTarget(ulong target, bool is64) => is64 ? (ulong)((long)(target << 16) >> 16) == target : target <= uint.MaxValue;

    private static bool Holds(Mnemonic mnemonic, ulong flags)
    {
        bool carry = (flags & CarryFlag) != 0, parity = (flags & ParityFlag) != 0, zero = (flags & ZeroFlag) != 0, sign = (flags & SignFlag) != 0;
        bool less = sign != ((flags & OverflowFlag) != 0);
        return mnemonic switch
        {
            Mnemonic.Jo => (flags & OverflowFlag) != 0,
            Mnemonic.Jno => (flags & OverflowFlag) == 0,
            Mnemonic.Jb => carry,
            Mnemonic.Jae => !carry,
            Mnemonic.Je => zero,
            Mnemonic.Jne => !zero,
            Mnemonic.Jbe => carry || zero,
            Mnemonic.Ja => !carry && !zero,
            Mnemonic.Js => sign,
            Mnemonic.Jns => !sign,
            Mnemonic.Jp => parity,
            Mnemonic.Jnp => !parity,
            Mnemonic.Jl => less,
            Mnemonic.Jge => !less,
            Mnemonic.Jle => less || zero,
            _ => !less && !zero,
        };
    }
}
