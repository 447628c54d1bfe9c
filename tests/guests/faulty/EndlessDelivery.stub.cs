using Iced.Intel;
using Xenolith.Build.Stubs;
using static Iced.Intel.AssemblerRegisters;

namespace Xenolith.Tests.Guests.Stubs;

/// <summary>
/// <c>void guest_endless_alignment_checks()</c>: leaves long mode, whose stacks are aligned at each delivery, for 32-bit code at CPL 3 with
/// AC set and an odd stack pointer. #AC leads to CPL 3 again, so that its delivery pushes there too. Does not return.
/// </summary>
internal sealed class EndlessDeliveryStub : IStub
{
    private const int DebugPort = 0xE9;
    private const ushort Code = 8, Data = 0x10, UserCode = 0x1B, UserData = 0x23;
    private const int AlignmentCheck = 17;

    public void Emit(StubObject o)
    {
        StubData table = o.Data("guest_endless_gdt", ".data", 8, true);
        table.U64(0);
        table.U64(0x00CF_9B00_0000_FFFF);
        table.U64(0x00CF_9300_0000_FFFF);
        table.U64(0x00CF_FB00_0000_FFFF);
        table.U64(0x00CF_F300_0000_FFFF);
        StubData pointer = o.Data("guest_endless_gdt_pointer", ".data", 8, true);
        pointer.U16(39);
        pointer.Address64("guest_endless_gdt", 0);
        StubData target = o.Data("guest_endless_target", ".data", 8, true);
        target.Address32("guest_endless_32", 0);
        target.U16(Code);

        // The one gate is at the table's end; its offset is filled in below, where an address can be taken apart.
        o.Bss("guest_endless_idt", ".bss", (AlignmentCheck + 1) * 8, 8);
        StubData idt = o.Data("guest_endless_idt_pointer", ".data", 8, true);
        idt.U16(((AlignmentCheck + 1) * 8) - 1);
        idt.Address64("guest_endless_idt", 0);
        o.Bss("guest_endless_stack", ".bss", 4096, 16);

        StubFunction f = o.Function("guest_endless_alignment_checks");
        f.LoadAddress(rax, "guest_endless_user");
        f.LoadAddress(rcx, "guest_endless_idt", AlignmentCheck * 8);
        f.A.mov(__word_ptr[rcx], ax);
        f.A.mov(__word_ptr[rcx + 2], UserCode);
        // A 32-bit interrupt gate, DPL 3, present.
        f.A.mov(__word_ptr[rcx + 4], unchecked((short)0xEE00));
        f.A.shr(eax, 16);
        f.A.mov(__word_ptr[rcx + 6], ax);
        f.LoadAddress(rax, "guest_endless_gdt_pointer");
        f.A.lgdt(__[rax]);
        f.LoadAddress(rax, "guest_endless_idt_pointer");
        f.A.lidt(__[rax]);
        f.LoadAddress(rax, "guest_endless_target");
        f.A.jmp(__fword_ptr[rax]);

        f = o.Function("guest_endless_32", bitness: 32);
        Assembler a = f.A;
        a.mov(eax, Data);
        a.mov(ss, eax);
        // Paging off, alignment mask on.
        a.mov(eax, cr0);
        a.and(eax, 0x7FFF_FFFF);
        a.or(eax, 1 << 18);
        a.mov(cr0, eax);
        a.mov(eax, UserData);
        a.mov(ds, eax);
        a.mov(es, eax);
        f.MoveImmediate32(esp, "guest_endless_stack", 4096);
        f.MoveImmediate32(ebx, "guest_endless_stack", 2049);
        f.MoveImmediate32(edx, "guest_endless_user");
        a.push(UserData);
        a.push(ebx);
        // AC, IOPL 3.
        a.push(0x4_3002);
        a.push(UserCode);
        a.push(edx);
        a.iretd();

        a = o.Function("guest_endless_user", bitness: 32).A;
        a.push(eax);
        foreach (byte letter in "guest faulty: no alignment check\n"u8)
        {
            a.mov(eax, letter);
            a.@out(DebugPort, al);
        }

        a.hlt();
    }
}
