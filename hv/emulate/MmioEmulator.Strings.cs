using Iced.Intel;
using Xenolith.Hal;
using Xenolith.Kernel;

namespace Xenolith.Emulate;

/// <summary>STOS and MOVS, with and without repetition (SDM vol. 2).</summary>
public sealed partial class MmioEmulator
{
    private const ulong DirectionFlag = 1 << 10;

    /// <summary>
    /// Stores as often as the instruction says and the page goes on: the rest is another access. The registers count what is stored, so that one
    /// that waits goes on where it was.
    /// </summary>
    /// <param name="isOver">Whether the instruction is done.</param>
    private EmulationResult Store(VirtualCpu cpu, in Instruction instruction, MmioDevice device, uint offset, out bool isOver)
    {
        int size = instruction.Mnemonic switch { Mnemonic.Stosb => 1, Mnemonic.Stosw => 2, Mnemonic.Stosd => 4, _ => 8 };
        (Register index, Register counter) = instruction.Op0Kind switch
        {
            OpKind.MemoryESRDI => (Register.RDI, Register.RCX),
            OpKind.MemoryESEDI => (Register.EDI, Register.ECX),
            _ => (Register.DI, Register.CX),
        };
        bool repeats = instruction.HasRepPrefix || instruction.HasRepnePrefix;
        bool isDown = (cpu.Rflags & DirectionFlag) != 0;
        isOver = true;
        if (offset + (uint)size > Page.Size)
        {
            return Refuse("an access across the end of the page");
        }

        ulong left = repeats ? GuestGeneralRegister.Read(ref cpu.Registers, counter) : 1;
        ulong value = cpu.Registers.Rax & GuestGeneralRegister.MaskOf(size);
        long at = offset;
        while (left != 0 && at >= 0 && at + size <= (long)Page.Size)
        {
            device.Write((uint)at, size, value);
            if (device.MustWait)
            {
                return EmulationResult.Waits;
            }

            left--;
            at += isDown ? -size : size;
            GuestGeneralRegister.Write(ref cpu.Registers, index, unchecked(GuestGeneralRegister.Read(ref cpu.Registers, index) + (ulong)(isDown ? -size : size)));
            if (repeats)
            {
                GuestGeneralRegister.Write(ref cpu.Registers, counter, left);
            }
        }

        isOver = left == 0;
        return EmulationResult.Done;
    }

    /// <summary>Of the two instructions of that name the one that is no vector's.</summary>
    private static bool IsMoveString(in Instruction instruction) => instruction.Op1Kind is OpKind.MemorySegRSI or OpKind.MemorySegESI or OpKind.MemorySegSI;

    /// <summary>STOS to where its linear address is, as far as the page goes.</summary>
    private EmulationResult Fill(VirtualCpu cpu, in Instruction instruction, OperandMemory memory, out bool isOver)
    {
        isOver = true;
        Register index = instruction.Op0Kind switch { OpKind.MemoryESRDI => Register.RDI, OpKind.MemoryESEDI => Register.EDI, _ => Register.DI };
        if (LeftOf(cpu, in instruction, CounterOf(index)) == 0)
        {
            return EmulationResult.Done;
        }

        EmulationResult result = Find(memory, GuestGeneralRegister.Read(ref cpu.Registers, index), SizeOf(instruction.MemorySize), true, out MmioDevice? frame, out uint offset);
        return result == EmulationResult.Done ? Store(cpu, in instruction, frame!, offset, out isOver) : result;
    }

    /// <summary>
    /// MOVS as often as the instruction says and both pages go on; the rest is another access. The registers count what is copied, so that one that waits goes on where it was.
    /// </summary>
    private EmulationResult Copy(VirtualCpu cpu, in Instruction instruction, OperandMemory memory, out bool isOver)
    {
        int size = SizeOf(instruction.MemorySize);
        Register source = instruction.Op1Kind switch { OpKind.MemorySegRSI => Register.RSI, OpKind.MemorySegESI => Register.ESI, _ => Register.SI };
        Register target = instruction.Op0Kind switch { OpKind.MemoryESRDI => Register.RDI, OpKind.MemoryESEDI => Register.EDI, _ => Register.DI };
        Register counter = CounterOf(target);
        ulong left = LeftOf(cpu, in instruction, counter);
        isOver = left == 0;
        if (isOver)
        {
            return EmulationResult.Done;
        }

        ulong from = unchecked(GuestGeneralRegister.Read(ref cpu.Registers, source) + BaseOf(cpu, instruction.MemorySegment));
        EmulationResult result = Find(memory, from, size, false, out MmioDevice? read, out uint at);
        if (result != EmulationResult.Done)
        {
            return result;
        }

        result = Find(memory, GuestGeneralRegister.Read(ref cpu.Registers, target), size, true, out MmioDevice? written, out uint to);
        if (result != EmulationResult.Done)
        {
            return result;
        }

        int step = (cpu.Rflags & DirectionFlag) != 0 ? -size : size;
        for (long readAt = at, writtenAt = to; left != 0 && IsInPage(readAt, size) && IsInPage(writtenAt, size); readAt += step, writtenAt += step)
        {
            written!.Write((uint)writtenAt, size, read!.Read((uint)readAt, size));
            left--;
            Advance(cpu, source, step);
            Advance(cpu, target, step);
            if (instruction.HasRepPrefix || instruction.HasRepnePrefix)
            {
                GuestGeneralRegister.Write(ref cpu.Registers, counter, left);
            }
        }

        isOver = left == 0;
        return EmulationResult.Done;
    }

    private static Register CounterOf(Register index) => index switch { Register.RDI => Register.RCX, Register.EDI => Register.ECX, _ => Register.CX };

    private static ulong LeftOf(VirtualCpu cpu, in Instruction instruction, Register counter) =>
        instruction.HasRepPrefix || instruction.HasRepnePrefix ? GuestGeneralRegister.Read(ref cpu.Registers, counter) : 1;

    private static bool IsInPage(long offset, int size) => offset >= 0 && offset + size <= (long)Page.Size;

    private static void Advance(VirtualCpu cpu, Register register, int step) =>
        GuestGeneralRegister.Write(ref cpu.Registers, register, unchecked(GuestGeneralRegister.Read(ref cpu.Registers, register) + (ulong)step));
}
