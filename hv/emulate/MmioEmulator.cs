using Iced.Intel;
using Xenolith.Hal;
using Xenolith.Kernel;
using Xenolith.Mm;

namespace Xenolith.Emulate;

/// <summary>
/// Executes the instruction with which a guest reached into a page of device registers (the local APIC's), or into one whose rights forbid it:
/// moves, arithmetic, bit tests and exchanges between a general register or an immediate and one memory operand, and STOS.
/// </summary>
/// <remarks>
/// The device's offset comes from the guest-physical address that the CPU reported; that of bit tests with a register
/// index includes the index already. Made once; allocates nothing.
/// </remarks>
public sealed partial class MmioEmulator(InstructionDecoder decoder)
{
    /// <summary>How often another CPU may write between what an instruction reads and what it writes, before the guest is to try again.</summary>
    private const int MostAttempts = 64;

    /// <summary>What was refused, after <see cref="EmulationResult.Refused"/>: for one line of log.</summary>
    public string Reason { get; private set; } = "";

    /// <summary>The instruction refused or executed last.</summary>
    public Mnemonic Mnemonic { get; private set; }

    /// <summary>Where code, or an operand, did not translate, after <see cref="EmulationResult.Fault"/>.</summary>
    public PageFault Fault => _isOperandFault ? _operandFault : decoder.Fault;

    /// <summary>Executes the instruction at RIP, whose access to the device's page is the vCPU's last exit.</summary>
    public EmulationResult Execute(VirtualCpu cpu, GuestAccess access, MmioDevice device)
    {
        Mnemonic = Mnemonic.INVALID;
        _isOperandFault = false;
        if (cpu.Exit.DuringWalk || cpu.Exit.IsFetch)
        {
            return Refuse(cpu.Exit.IsFetch ? "code fetched from device registers" : "page table in device registers");
        }

        switch (decoder.Fetch(cpu, access, out Instruction instruction))
        {
            case FetchResult.Fault:
                return EmulationResult.Fault;
            case FetchResult.Invalid:
                return EmulationResult.Undefined;
        }

        Mnemonic = instruction.Mnemonic;
        uint offset = (uint)(cpu.Exit.GuestPhysical & Page.OffsetMask);
        bool isOver = true;
        EmulationResult result;
        int attempts = MostAttempts;
        do
        {
            result = instruction.Mnemonic is Mnemonic.Stosb or Mnemonic.Stosw or Mnemonic.Stosd or Mnemonic.Stosq
                ? Store(cpu, in instruction, device, offset, out isOver)
                : Execute(cpu, in instruction, device, offset);
        }
        while (result == EmulationResult.Again && --attempts != 0);
        if (result == EmulationResult.Done && isOver)
        {
            cpu.SkipInstruction(instruction.Length);
        }

        return result;
    }

    private EmulationResult Execute(VirtualCpu cpu, in Instruction instruction, MmioDevice device, uint offset)
    {
        int memory = MemoryOperandOf(in instruction);
        int size = SizeOf(instruction.MemorySize);
        if (memory < 0)
        {
            return Refuse("no plain memory operand");
        }

        if (size == 0)
        {
            return Refuse("an operand that is not 1, 2, 4 or 8 bytes");
        }

        if (offset + (uint)size > Page.Size)
        {
            return Refuse("an access across the end of the page");
        }

        return Execute(cpu, in instruction, device, offset, size, memory);
    }

    private EmulationResult Execute(VirtualCpu cpu, in Instruction instruction, MmioDevice device, uint offset, int size, int memory)
    {
        switch (instruction.Mnemonic)
        {
            case Mnemonic.Mov:
            case Mnemonic.Movnti:
            case Mnemonic.Movzx:
            case Mnemonic.Movsx:
            case Mnemonic.Movsxd:
                return Move(cpu, in instruction, device, offset, size, memory);
            case Mnemonic.Add: return Compute(cpu, in instruction, device, offset, size, memory, AluOperation.Add, true);
            case Mnemonic.Adc: return Compute(cpu, in instruction, device, offset, size, memory, AluOperation.Adc, true);
            case Mnemonic.Sub: return Compute(cpu, in instruction, device, offset, size, memory, AluOperation.Sub, true);
            case Mnemonic.Sbb: return Compute(cpu, in instruction, device, offset, size, memory, AluOperation.Sbb, true);
            case Mnemonic.And: return Compute(cpu, in instruction, device, offset, size, memory, AluOperation.And, true);
            case Mnemonic.Or: return Compute(cpu, in instruction, device, offset, size, memory, AluOperation.Or, true);
            case Mnemonic.Xor: return Compute(cpu, in instruction, device, offset, size, memory, AluOperation.Xor, true);
            case Mnemonic.Cmp: return Compute(cpu, in instruction, device, offset, size, memory, AluOperation.Sub, false);
            case Mnemonic.Test: return Compute(cpu, in instruction, device, offset, size, memory, AluOperation.And, false);
            case Mnemonic.Inc: return Compute(cpu, in instruction, device, offset, size, memory, AluOperation.Increment, true);
            case Mnemonic.Dec: return Compute(cpu, in instruction, device, offset, size, memory, AluOperation.Decrement, true);
            case Mnemonic.Neg: return Compute(cpu, in instruction, device, offset, size, memory, AluOperation.Negate, true);
            case Mnemonic.Not: return Compute(cpu, in instruction, device, offset, size, memory, AluOperation.Not, true);
            case Mnemonic.Bt:
            case Mnemonic.Bts:
            case Mnemonic.Btr:
            case Mnemonic.Btc:
                return TestBit(cpu, in instruction, device, offset, size);
            case Mnemonic.Xchg:
                return Exchange(cpu, in instruction, device, offset, size, memory);
            case Mnemonic.Xadd: return ExchangeAndAdd(cpu, in instruction, device, offset, size);
            case Mnemonic.Cmpxchg: return CompareAndExchange(cpu, in instruction, device, offset, size);
            default:
                return Refuse("not one of the emulated instructions");
        }
    }

    private EmulationResult Move(VirtualCpu cpu, in Instruction instruction, MmioDevice device, uint offset, int size, int memory)
    {
        if (memory == 0)
        {
            if (!TryReadSource(cpu, in instruction, 1, out ulong stored))
            {
                return Refuse("a source that is no general register");
            }

            device.Write(offset, size, stored & GuestGeneralRegister.MaskOf(size));
            return device.MustWait ? EmulationResult.Waits : EmulationResult.Done;
        }

        Register target = instruction.Op0Register;
        if (instruction.Op0Kind != OpKind.Register || GuestGeneralRegister.SizeOf(target) == 0)
        {
            return Refuse("a target that is no general register");
        }

        ulong value = device.Read(offset, size) & GuestGeneralRegister.MaskOf(size);
        if (device.MustWait)
        {
            return EmulationResult.Waits;
        }

        if (instruction.Mnemonic is Mnemonic.Movsx or Mnemonic.Movsxd)
        {
            int shift = 64 - size * 8;
            value = (ulong)((long)(value << shift) >> shift);
        }

        GuestGeneralRegister.Write(ref cpu.Registers, target, value);
        return EmulationResult.Done;
    }

    private EmulationResult Compute(VirtualCpu cpu, in Instruction instruction, MmioDevice device, uint offset, int size, int memory,
        AluOperation operation, bool writesBack)
    {
        ulong other = 0;
        if (instruction.OpCount == 2 && !TryReadSource(cpu, in instruction, 1 - memory, out other))
        {
            return Refuse("an operand that is no general register");
        }

        ulong flags = cpu.Rflags;
        ulong inMemory = device.Read(offset, size);
        if (device.MustWait)
        {
            return EmulationResult.Waits;
        }

        ulong result = memory == 0
            ? Alu.Compute(operation, size, inMemory, other, ref flags)
            : Alu.Compute(operation, size, other, inMemory, ref flags);
        if (writesBack && memory == 0)
        {
            if (!device.TryExchange(offset, size, inMemory, result))
            {
                return EmulationResult.Again;
            }

            if (device.MustWait)
            {
                return EmulationResult.Waits;
            }
        }
        else if (writesBack)
        {
            GuestGeneralRegister.Write(ref cpu.Registers, instruction.Op0Register, result);
        }

        cpu.Rflags = flags;
        return EmulationResult.Done;
    }

    private EmulationResult TestBit(VirtualCpu cpu, in Instruction instruction, MmioDevice device, uint offset, int size)
    {
        if (!TryReadSource(cpu, in instruction, 1, out ulong index))
        {
            return Refuse("a bit index that is no general register");
        }

        ulong bit = 1UL << (int)(index & (ulong)(size * 8 - 1));
        ulong value = device.Read(offset, size);
        if (device.MustWait)
        {
            return EmulationResult.Waits;
        }

        ulong changed = instruction.Mnemonic switch
        {
            Mnemonic.Bts => value | bit,
            Mnemonic.Btr => value & ~bit,
            _ => value ^ bit,
        };
        if (instruction.Mnemonic != Mnemonic.Bt)
        {
            if (!device.TryExchange(offset, size, value, changed))
            {
                return EmulationResult.Again;
            }

            if (device.MustWait)
            {
                return EmulationResult.Waits;
            }
        }

        cpu.Rflags = (value & bit) != 0 ? cpu.Rflags | Alu.Carry : cpu.Rflags & ~Alu.Carry;
        return EmulationResult.Done;
    }

    private EmulationResult Exchange(VirtualCpu cpu, in Instruction instruction, MmioDevice device, uint offset, int size, int memory)
    {
        Register register = instruction.GetOpRegister(1 - memory);
        ulong value = device.Read(offset, size);
        if (device.MustWait)
        {
            return EmulationResult.Waits;
        }

        if (!device.TryExchange(offset, size, value, GuestGeneralRegister.Read(ref cpu.Registers, register)))
        {
            return EmulationResult.Again;
        }

        if (device.MustWait)
        {
            return EmulationResult.Waits;
        }

        GuestGeneralRegister.Write(ref cpu.Registers, register, value);
        return EmulationResult.Done;
    }

    private static bool TryReadSource(VirtualCpu cpu, in Instruction instruction, int operand, out ulong value)
    {
        value = 0;
        OpKind kind = instruction.GetOpKind(operand);
        if (kind == OpKind.Register)
        {
            Register register = instruction.GetOpRegister(operand);
            if (GuestGeneralRegister.SizeOf(register) == 0)
            {
                return false;
            }

            value = GuestGeneralRegister.Read(ref cpu.Registers, register);
            return true;
        }

        return TryReadImmediate(in instruction, kind, out value);
    }

    /// <summary>The immediate, sign-extended where the instruction extends it.</summary>
    private static bool TryReadImmediate(in Instruction instruction, OpKind kind, out ulong value)
    {
        // Instruction.GetImmediate formats a message on its way to an exception, which needs more library than the image has.
        switch (kind)
        {
            case OpKind.Immediate8: value = instruction.Immediate8; return true;
            case OpKind.Immediate16: value = instruction.Immediate16; return true;
            case OpKind.Immediate32: value = instruction.Immediate32; return true;
            case OpKind.Immediate64: value = instruction.Immediate64; return true;
            case OpKind.Immediate8to16: value = (ulong)instruction.Immediate8to16; return true;
            case OpKind.Immediate8to32: value = (ulong)instruction.Immediate8to32; return true;
            case OpKind.Immediate8to64: value = (ulong)instruction.Immediate8to64; return true;
            case OpKind.Immediate32to64: value = (ulong)instruction.Immediate32to64; return true;
            default: value = 0; return false;
        }
    }

    /// <summary>0 or 1: the operand in memory; -1: none, or the implied ones of string instructions.</summary>
    private static int MemoryOperandOf(in Instruction instruction)
    {
        int count = instruction.OpCount;
        if (count >= 1 && instruction.Op0Kind == OpKind.Memory)
        {
            return 0;
        }

        return count >= 2 && instruction.Op1Kind == OpKind.Memory ? 1 : -1;
    }

    private static int SizeOf(MemorySize size) => size switch
    {
        MemorySize.UInt8 or MemorySize.Int8 => 1,
        MemorySize.UInt16 or MemorySize.Int16 => 2,
        MemorySize.UInt32 or MemorySize.Int32 => 4,
        MemorySize.UInt64 or MemorySize.Int64 => 8,
        _ => 0,
    };

    /// <summary>Refuses an instruction, with what the log says of it.</summary>
    public EmulationResult Refuse(string reason)
    {
        Reason = reason;
        return EmulationResult.Refused;
    }
}
