using System;
using System.Runtime.InteropServices;
using Xenolith.Abi.Contract;
using Xenolith.Hal;
using Xenolith.Kernel;
using Xenolith.Tests.Unit.Harness;

namespace Xenolith.Tests.Unit.Hypervisor;

/// <summary>
/// A guest from within, as its script sees it: registers, memory by guest-physical address (found as the CPU would, through the nested
/// tables), and the exits that its instructions cause. Each instruction is put at RIP, so that what decodes it finds it.
/// </summary>
internal sealed class Guest(ScriptedCpu cpu, PhysicalMemory memory)
{
    /// <summary>RAM that nothing else uses, for arguments: in the 2 MiB of the kernel, which loading it has mapped, as a script takes no faults.</summary>
    public const ulong Scratch = 0x18_0000;

    public static ReadOnlySpan<byte> Vmcall => [0x0F, 0x01, 0xC1];

    public ScriptedCpu Cpu { get; } = cpu;

    public ref GuestRegisters Registers => ref Cpu.Registers;

    /// <summary>An exit of the instruction, whose length the CPU does not say.</summary>
    public ref Exit Exit(ExitReason reason, params ReadOnlySpan<byte> instruction)
    {
        if (instruction.Length != 0)
            instruction.CopyTo(At(Cpu.Rip, instruction.Length));
        Cpu.Exit = new Exit { Reason = reason };
        return ref Cpu.Exit;
    }

    /// <summary>A hypercall of a 32-bit caller.</summary>
    public void Call(Hypercall number, ulong a0 = 0, ulong a1 = 0, ulong a2 = 0)
    {
        Exit(ExitReason.Hypercall, Vmcall);
        (Registers.Rax, Registers.Rbx, Registers.Rcx, Registers.Rdx) = ((ulong)number, a0, a1, a2);
    }

    public void Shutdown(ShutdownReason reason)
    {
        Write(Scratch, new SchedShutdown { Reason = (uint)reason });
        Call(Hypercall.SchedOp, (ulong)SchedOp.Shutdown, Scratch);
    }

    public void PowerOff() => Shutdown(ShutdownReason.Poweroff);

    /// <summary>A nested fault of an instruction.</summary>
    public ref Exit NestedFault(ulong physical, bool isWrite, params ReadOnlySpan<byte> instruction)
    {
        ref Exit exit = ref Exit(ExitReason.NestedPageFault, instruction);
        exit.GuestPhysical = physical;
        exit.IsWrite = isWrite;
        return ref exit;
    }

    /// <summary>MOV between EAX and a register of the local APIC, by its page.</summary>
    public void ApicAccess(uint register, bool isWrite)
    {
        byte[] instruction = [(byte)(isWrite ? 0xA3 : 0xA1), 0, 0, 0xE0, 0xFE];
        BitConverter.TryWriteBytes(instruction.AsSpan(1), 0xFEE0_0000 + register);
        NestedFault(0xFEE0_0000 + register, isWrite, instruction);
    }

    public void Write<T>(ulong physical, T value) where T : unmanaged => MemoryMarshal.Write(At(physical, Marshal.SizeOf<T>()), in value);

    public T Read<T>(ulong physical) where T : unmanaged => MemoryMarshal.Read<T>(At(physical, Marshal.SizeOf<T>()));

    /// <summary>A word of the machine's memory, where the CPU would write on the guest's behalf.</summary>
    public ref uint MachineWord(ulong address) => ref memory.Word32(address);

    /// <summary>Guest memory, which must not cross a page's end.</summary>
    public Span<byte> At(ulong physical, int length)
    {
        var format = new PlainPageFormat();
        ulong table = Cpu.NestedRoot.Address;
        for (int level = 4; ; level--)
        {
            int shift = 12 + (9 * (level - 1));
            ulong entry = memory.Word64(table + ((physical >> shift & 0x1FF) * 8));
            if (!format.IsPresent(entry))
                throw new InvalidOperationException($"the guest has nothing at 0x{physical:x}");
            ulong address = entry & 0x000F_FFFF_FFFF_F000;
            if (PageTableFormat.IsLeaf(entry, level))
                return memory.Bytes(address + (physical & ((1UL << shift) - 1)), length);
            table = address;
        }
    }
}
