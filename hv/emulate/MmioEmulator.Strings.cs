using Iced.Intel;
using Xenolith.Hal;
using Xenolith.Kernel;

namespace Xenolith.Emulate;

/// <summary>STOS, with and without repetition (SDM vol. 2).</summary>
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
}
