using System;
using Iced.Intel;
using Xenolith.Hal;
using Xenolith.Kernel;
using Xenolith.Mm;

namespace Xenolith.Emulate;

/// <summary>
/// Executes an instruction as a whole, whatever it was that exited: those that <see cref="Execute(VirtualCpu, GuestAccess, MmioDevice)"/> knows with each operand where its linear address is, and what
/// code consists of besides: moves and arithmetic between registers, LEA, PUSH, POP, CALL, RET, JMP, Jcc, LEAVE, NOP, MOVS. In 64-bit code, and in 32-bit code with flat segments.
/// </summary>
public sealed partial class MmioEmulator
{
    private readonly RegisterOperand _register = new();
    private PageFault _operandFault;
    private bool _isOperandFault;

    /// <summary>Executes the instruction at RIP, or other bytes in its place.</summary>
    /// <param name="bytes">The bytes that stand for those in the guest's memory; none: they are read there.</param>
    /// <returns><see cref="EmulationResult.Waits"/>: a right forbids an operand; nothing has changed, but what a repeated instruction did before.</returns>
    public EmulationResult ExecuteWhole(VirtualCpu cpu, GuestAccess access, OperandMemory memory, ReadOnlySpan<byte> bytes)
    {
        Mnemonic = Mnemonic.INVALID;
        _isOperandFault = false;
        Instruction instruction;
        FetchResult fetched = bytes.IsEmpty ? decoder.Fetch(cpu, access, out instruction) : decoder.Decode(cpu, access, bytes, out instruction);
        if (fetched != FetchResult.Decoded)
        {
            return fetched == FetchResult.Fault ? EmulationResult.Fault : EmulationResult.Undefined;
        }

        Mnemonic = instruction.Mnemonic;
        if (!access.Is64Bit && !HasFlatSegments(cpu))
        {
            return Refuse("code with segments that are not flat");
        }

        if (instruction.HasLockPrefix && MemoryOperandOf(in instruction) != 0)
        {
            return EmulationResult.Undefined;
        }

        bool isOver = true;
        ulong target = 0;
        bool jumps = false;
        EmulationResult result = instruction.Mnemonic switch
        {
            Mnemonic.Nop or Mnemonic.Endbr64 or Mnemonic.Endbr32 or Mnemonic.Pause => EmulationResult.Done,
            Mnemonic.Lea => LoadAddress(cpu, in instruction),
            Mnemonic.Push => Push(cpu, in instruction, memory, access.Is64Bit),
            Mnemonic.Pop => Pop(cpu, in instruction, memory, access.Is64Bit),
            Mnemonic.Leave => Leave(cpu, in instruction, memory, access.Is64Bit),
            Mnemonic.Movsb or Mnemonic.Movsw or Mnemonic.Movsd or Mnemonic.Movsq when IsMoveString(in instruction) => Copy(cpu, in instruction, memory, out isOver),
            Mnemonic.Stosb or Mnemonic.Stosw or Mnemonic.Stosd or Mnemonic.Stosq => Fill(cpu, in instruction, memory, out isOver),
            _ when IsFlow(instruction.Mnemonic) => Flow(cpu, in instruction, memory, access.Is64Bit, out target, out jumps),
            _ => Operate(cpu, in instruction, memory),
        };
        if (result == EmulationResult.Done && isOver)
        {
            cpu.SkipInstruction(instruction.Length);
            if (jumps)
            {
                cpu.Rip = target;
            }
        }

        return result == EmulationResult.Done && !isOver ? EmulationResult.Again : result;
    }

    private static bool HasFlatSegments(VirtualCpu cpu) => IsFlat(cpu.GetSegment(SegmentName.Cs)) && IsFlat(cpu.GetSegment(SegmentName.Ss))
        && IsFlat(cpu.GetSegment(SegmentName.Ds)) && IsFlat(cpu.GetSegment(SegmentName.Es)) && cpu.GetSegment(SegmentName.Cs).Default32 && cpu.GetSegment(SegmentName.Ss).Default32;

    private static bool IsFlat(Segment segment) => segment.Base == 0 && segment.Limit == uint.MaxValue;

    /// <summary>An instruction of at most one explicit operand in memory, and registers.</summary>
    private EmulationResult Operate(VirtualCpu cpu, in Instruction instruction, OperandMemory memory)
    {
        int operand = MemoryOperandOf(in instruction);
        if (operand >= 0)
        {
            // Before anything is made of the address: vector instructions make theirs of other registers.
            if (!HasPlainOperand(instruction.Mnemonic))
            {
                return Refuse("not one of the emulated instructions");
            }

            if (instruction.Mnemonic is Mnemonic.Bt or Mnemonic.Bts or Mnemonic.Btr or Mnemonic.Btc && instruction.Op1Kind == OpKind.Register)
            {
                return Refuse("a bit that a register says, in memory");
            }

            bool isWrite = operand == 0 ? instruction.Mnemonic is not (Mnemonic.Cmp or Mnemonic.Test or Mnemonic.Bt) : instruction.Mnemonic == Mnemonic.Xchg;
            EmulationResult found = Find(cpu, in instruction, memory, SizeOf(instruction.MemorySize), isWrite, out MmioDevice? frame, out uint offset);
            return found == EmulationResult.Done ? Execute(cpu, in instruction, frame!, offset) : found;
        }

        return OperateRegisters(cpu, in instruction);
    }

    /// <summary>Those that <see cref="Execute(VirtualCpu, in Instruction, MmioDevice, uint, int, int)"/> knows.</summary>
    private static bool HasPlainOperand(Mnemonic mnemonic) => mnemonic is Mnemonic.Mov or Mnemonic.Movnti or Mnemonic.Movzx or Mnemonic.Movsx or Mnemonic.Movsxd
        or Mnemonic.Add or Mnemonic.Adc or Mnemonic.Sub or Mnemonic.Sbb or Mnemonic.And or Mnemonic.Or or Mnemonic.Xor or Mnemonic.Cmp or Mnemonic.Test
        or Mnemonic.Inc or Mnemonic.Dec or Mnemonic.Neg or Mnemonic.Not or Mnemonic.Bt or Mnemonic.Bts or Mnemonic.Btr or Mnemonic.Btc
        or Mnemonic.Xchg or Mnemonic.Xadd or Mnemonic.Cmpxchg;

    /// <summary>As with memory, with a register in its place.</summary>
    private EmulationResult OperateRegisters(VirtualCpu cpu, in Instruction instruction)
    {
        if (instruction.OpCount is 0 or > 2 || instruction.Op0Kind != OpKind.Register || GuestGeneralRegister.SizeOf(instruction.Op0Register) == 0
            || instruction.Mnemonic is Mnemonic.Xadd or Mnemonic.Cmpxchg)
        {
            return Refuse("not one of the emulated instructions");
        }

        bool isRead = instruction.Mnemonic is Mnemonic.Mov or Mnemonic.Movzx or Mnemonic.Movsx or Mnemonic.Movsxd && instruction.Op1Kind == OpKind.Register;
        Register register = isRead ? instruction.Op1Register : instruction.Op0Register;
        int size = GuestGeneralRegister.SizeOf(register);
        if (size == 0)
        {
            return Refuse("a register that is no general one");
        }

        _register.Select(cpu, register);
        return Execute(cpu, in instruction, _register, 0, size, isRead ? 1 : 0);
    }

    private EmulationResult LoadAddress(VirtualCpu cpu, in Instruction instruction)
    {
        GuestGeneralRegister.Write(ref cpu.Registers, instruction.Op0Register, OperandAddress.OffsetOf(cpu, cpu.RunsLongCode, in instruction));
        return EmulationResult.Done;
    }

    private EmulationResult Find(VirtualCpu cpu, in Instruction instruction, OperandMemory memory, int size, bool isWrite, out MmioDevice? frame, out uint offset) =>
        Find(memory, unchecked(OperandAddress.OffsetOf(cpu, cpu.RunsLongCode, in instruction) + BaseOf(cpu, instruction.MemorySegment)), size, isWrite, out frame, out offset);

    /// <summary>FS and GS are where they say; the others begin at 0 in the code that is emulated.</summary>
    private static ulong BaseOf(VirtualCpu cpu, Register segment) => segment switch
    {
        Register.FS => cpu.GetSegment(SegmentName.Fs).Base,
        Register.GS => cpu.GetSegment(SegmentName.Gs).Base,
        _ => 0,
    };

    private EmulationResult Find(OperandMemory memory, ulong linear, int size, bool isWrite, out MmioDevice? frame, out uint offset)
    {
        offset = (uint)(linear & Page.OffsetMask);
        frame = null;
        if (size == 0)
        {
            return Refuse("an operand that is not 1, 2, 4 or 8 bytes");
        }

        if (offset + (uint)size > Page.Size)
        {
            return Refuse("an access across the end of the page");
        }

        switch (memory.Find(linear, isWrite, out frame))
        {
            case OperandResult.Found:
                return EmulationResult.Done;
            case OperandResult.Fault:
                _operandFault = memory.Fault;
                _isOperandFault = true;
                return EmulationResult.Fault;
            case OperandResult.Forbidden:
                return EmulationResult.Waits;
            default:
                return Refuse("an operand in no memory");
        }
    }

    /// <summary>A general register in the place of memory.</summary>
    private sealed class RegisterOperand : MmioDevice
    {
        private Unowned<VirtualCpu> _cpu;
        private Register _register;

        public void Select(VirtualCpu cpu, Register register) => (_cpu, _register) = (new Unowned<VirtualCpu>(cpu), register);

        public override ulong Read(uint offset, int size) => GuestGeneralRegister.Read(ref _cpu.Value!.Registers, _register);

        public override void Write(uint offset, int size, ulong value) => GuestGeneralRegister.Write(ref _cpu.Value!.Registers, _register, value);
    }
}
