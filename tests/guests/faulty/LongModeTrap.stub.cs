using Iced.Intel;
using Xenolith.Build.Stubs;
using static Iced.Intel.AssemblerRegisters;

namespace Xenolith.Tests.Guests.Stubs;

/// <summary><c>void guest_long_mode_trap()</c>: see <c>LongModeTrap</c>. Does not return. The guest is identity-mapped, so code goes on after paging ends.</summary>
internal sealed class LongModeTrapStub : IStub
{
    private const int DebugPort = 0xE9;
    private const uint Efer = 0xC000_0080;

    public void Emit(StubObject o)
    {
        // A flat 32-bit code segment, for the time between long mode and the trap.
        StubData table = o.Data("guest_trap_gdt", ".data", 8, true);
        table.U64(0);
        table.U64(0x00CF_9B00_0000_FFFF);
        table.U64(0x00CF_9300_0000_FFFF);
        StubData pointer = o.Data("guest_trap_gdt_pointer", ".data", 8, true);
        pointer.U16(23);
        pointer.Address64("guest_trap_gdt", 0);
        StubData target = o.Data("guest_trap_target", ".data", 8, true);
        target.Address32("guest_trap_32", 0);
        target.U16(8);

        StubFunction f = o.Function("guest_long_mode_trap");
        f.LoadAddress(rax, "guest_trap_gdt_pointer");
        f.A.lgdt(__[rax]);
        f.LoadAddress(rax, "guest_empty_idt");
        f.A.lidt(__[rax]);
        f.LoadAddress(rax, "guest_trap_target");
        f.A.jmp(__fword_ptr[rax]);

        Assembler a = o.Function("guest_trap_32", bitness: 32).A;
        a.mov(eax, 16);
        a.mov(ds, eax);
        a.mov(es, eax);
        a.mov(ss, eax);
        // Paging off, then LME, then PAE: each alone is legal.
        a.mov(eax, cr0);
        a.and(eax, 0x7FFF_FFFF);
        a.mov(cr0, eax);
        a.xor(eax, eax);
        a.mov(cr4, eax);
        a.mov(ecx, unchecked((int)Efer));
        a.rdmsr();
        a.or(eax, 0x100);
        a.wrmsr();
        // LME reads as set, an exit comes back, and so do those of CR0 that switch no paging on.
        a.xor(eax, eax);
        a.cpuid();
        a.mov(ecx, unchecked((int)Efer));
        a.rdmsr();
        a.test(eax, 0x100);
        Label bad = a.CreateLabel();
        a.je(bad);
        a.mov(eax, cr0);
        a.or(eax, 8);
        a.mov(cr0, eax);
        a.clts();
        a.smsw(ax);
        a.test(eax, 8);
        a.jne(bad);
        a.or(eax, 8);
        a.lmsw(ax);
        a.smsw(ax);
        a.test(eax, 8);
        a.je(bad);
        foreach (byte letter in "guest faulty: LME without PAE\n"u8)
        {
            a.mov(eax, letter);
            a.@out(unchecked((sbyte)DebugPort), al);
        }

        a.mov(eax, cr0);
        a.or(eax, int.MinValue);
        a.mov(cr0, eax);
        foreach (byte letter in "guest faulty: paging without PAE came to be\n"u8)
        {
            a.mov(eax, letter);
            a.@out(unchecked((sbyte)DebugPort), al);
        }

        a.Label(ref bad);
        foreach (byte letter in "guest faulty: long-mode trap went wrong\n"u8)
        {
            a.mov(eax, letter);
            a.@out(unchecked((sbyte)DebugPort), al);
        }

        a.cli();
        a.hlt();
    }
}
