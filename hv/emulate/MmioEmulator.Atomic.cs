using Iced.Intel;
using Xenolith.Hal;

namespace Xenolith.Emulate;

/// <summary>XADD and CMPXCHG (SDM vol. 2).</summary>
public sealed partial class MmioEmulator
{
    private static EmulationResult ExchangeAndAdd(VirtualCpu cpu, in Instruction instruction, MmioDevice device, uint offset, int size)
    {
        ulong flags = cpu.Rflags;
        ulong inMemory = device.Read(offset, size) & GuestGeneralRegister.MaskOf(size);
        if (device.MustWait)
        {
            return EmulationResult.Waits;
        }

        ulong sum = Alu.Compute(AluOperation.Add, size, inMemory, GuestGeneralRegister.Read(ref cpu.Registers, instruction.Op1Register), ref flags);
        if (!device.TryExchange(offset, size, inMemory, sum))
        {
            return EmulationResult.Again;
        }

        if (device.MustWait)
        {
            return EmulationResult.Waits;
        }

        GuestGeneralRegister.Write(ref cpu.Registers, instruction.Op1Register, inMemory);
        cpu.Rflags = flags;
        return EmulationResult.Done;
    }

    /// <summary>As the CPU does it, which writes in either case: what was there when they differ.</summary>
    private static EmulationResult CompareAndExchange(VirtualCpu cpu, in Instruction instruction, MmioDevice device, uint offset, int size)
    {
        ulong flags = cpu.Rflags;
        Register accumulator = size switch { 1 => Register.AL, 2 => Register.AX, 4 => Register.EAX, _ => Register.RAX };
        ulong inMemory = device.Read(offset, size) & GuestGeneralRegister.MaskOf(size);
        if (device.MustWait)
        {
            return EmulationResult.Waits;
        }

        bool isEqual = Alu.Compute(AluOperation.Sub, size, GuestGeneralRegister.Read(ref cpu.Registers, accumulator), inMemory, ref flags) == 0;
        if (!device.TryExchange(offset, size, inMemory, isEqual ? GuestGeneralRegister.Read(ref cpu.Registers, instruction.Op1Register) : inMemory))
        {
            return EmulationResult.Again;
        }

        if (device.MustWait)
        {
            return EmulationResult.Waits;
        }

        if (!isEqual)
        {
            GuestGeneralRegister.Write(ref cpu.Registers, accumulator, inMemory);
        }

        cpu.Rflags = flags;
        return EmulationResult.Done;
    }
}
