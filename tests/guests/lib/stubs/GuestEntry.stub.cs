using Iced.Intel;
using Xenolith.Build.Stubs;
using static Iced.Intel.AssemblerRegisters;

namespace Xenolith.Tests.Guests.Stubs;

/// <summary>
/// From the PVH entry state (32-bit, unpaged, EBX = start_info; docs/misc/pvh.pandoc) into 64-bit C#:
/// own GDT, identity tables over 4 GiB without page 0, SSE on, then <c>guest_start(start_info)</c>.
/// </summary>
internal sealed class GuestEntryStub : IStub
{
    // Selectors of guest_gdt; GuestCpu.cs has the same numbers.
    private const ushort Code64 = 0x08, Data = 0x10;
    private const ulong PresentWriteUser = 0x7;
    private const ulong LargePage = 0x80;

    public void Emit(StubObject o)
    {
        EmitNote(o);
        EmitDescriptorTable(o);
        EmitPageTables(o);
        o.Bss("guest_stack", ".bss", 64 * 1024, 4096);
        o.Bss("guest_interrupt_stack", ".bss", 32 * 1024, 4096);
        o.Bss("guest_fault_stack", ".bss", 16 * 1024, 4096);
        o.Bss("guest_user_stack", ".bss", 16 * 1024, 4096);
        o.Bss("guest_heap", ".bss", 2 * 1024 * 1024, 4096);
        o.Bss("guest_pages", ".bss", 128 * 4096, 4096);
        EmitEntry(o);
        EmitLongMode(o);
        EmitAddresses(o);
    }

    private static void EmitNote(StubObject o)
    {
        StubData note = o.Data("guest_note", ".note.Xen", 4);
        const uint phys32Entry = 18;
        note.U32(4);
        note.U32(4);
        note.U32(phys32Entry);
        note.Bytes("Xen\0"u8);
        note.Address32("guest_entry");
    }

    private static void EmitDescriptorTable(StubObject o)
    {
        StubData gdt = o.Data("guest_gdt", ".data", 16, writable: true);
        gdt.U64(0);
        gdt.U64(0x00AF_9B00_0000_FFFF); // 0x08: 64-bit code, DPL 0
        gdt.U64(0x00CF_9300_0000_FFFF); // 0x10: data, DPL 0
        gdt.U64(0x00CF_FB00_0000_FFFF); // 0x18: 32-bit code, DPL 3
        gdt.U64(0x00CF_F300_0000_FFFF); // 0x20: data, DPL 3
        gdt.U64(0x00AF_FB00_0000_FFFF); // 0x28: 64-bit code, DPL 3
        gdt.U64(0);                     // 0x30: task state segment, written by GuestCpu
        gdt.U64(0);
        gdt.U64(0x00CF_9B00_0000_FFFF); // 0x40: 32-bit code, DPL 0

        StubData pointer = o.Data("guest_gdt_pointer", ".data", 8, writable: true);
        pointer.U16((9 * 8) - 1);
        pointer.Address64("guest_gdt");
    }

    private static void EmitPageTables(StubObject o)
    {
        StubData level4 = o.Data("guest_page_level4", ".data", 4096, writable: true);
        level4.Address64("guest_page_level3", (long)PresentWriteUser);
        level4.Zero(511 * 8);

        StubData level3 = o.Data("guest_page_level3", ".data", 4096, writable: true);
        for (int i = 0; i < 4; i++)
        {
            level3.Address64("guest_page_level2", (i * 4096) + (long)PresentWriteUser);
        }

        level3.Zero(508 * 8);

        StubData level2 = o.Data("guest_page_level2", ".data", 4096, writable: true);
        level2.Address64("guest_page_level1", (long)PresentWriteUser);
        for (ulong i = 1; i < 2048; i++)
        {
            level2.U64((i << 21) | LargePage | PresentWriteUser);
        }

        // Page 0 stays absent: C# leaves null checks to the processor.
        StubData level1 = o.Data("guest_page_level1", ".data", 4096, writable: true);
        level1.U64(0);
        for (ulong i = 1; i < 512; i++)
        {
            level1.U64((i << 12) | PresentWriteUser);
        }
    }

    private static void EmitEntry(StubObject o)
    {
        StubFunction f = o.Function("guest_entry", bitness: 32);
        Assembler a = f.A;
        a.xchg(bx, bx); // nothing to a processor; Bochs's debugger can be told to stop here
        a.cli();
        a.cld();
        f.MoveImmediate32(esp, "guest_stack", 64 * 1024);
        f.MoveImmediate32(eax, "guest_gdt_pointer");
        a.lgdt(__[eax]);
        a.mov(eax, cr4);
        a.or(eax, 0x620); // PAE, OSFXSR, OSXMMEXCPT
        a.mov(cr4, eax);
        f.MoveImmediate32(eax, "guest_page_level4");
        a.mov(cr3, eax);
        a.mov(ecx, 0xC000_0080u);
        a.rdmsr();
        a.or(eax, 0x101); // LME, SCE
        a.wrmsr();
        a.mov(eax, cr0);
        a.and(eax, unchecked((int)~0xCu)); // EM and TS clear: SSE works
        a.or(eax, unchecked((int)0x8001_0002u)); // PG, WP, MP
        a.mov(cr0, eax);
        f.FarJump(Code64, "guest_long_mode");
    }

    private static void EmitLongMode(StubObject o)
    {
        StubFunction f = o.Function("guest_long_mode");
        Assembler a = f.A;
        a.mov(eax, Data);
        a.mov(ds, eax);
        a.mov(es, eax);
        a.mov(ss, eax);
        a.xor(eax, eax);
        a.mov(fs, eax);
        a.mov(gs, eax);
        f.LoadAddress(rsp, "guest_stack", 64 * 1024);
        a.mov(edi, ebx);
        a.xor(ebp, ebp);
        f.Call("guest_start");
        Label stop = a.CreateLabel();
        a.Label(ref stop);
        a.cli();
        a.hlt();
        a.jmp(stop);
    }

    /// <summary>Functions that return the addresses C# needs of what is defined here and in the linker script.</summary>
    private static void EmitAddresses(StubObject o)
    {
        foreach (string symbol in (string[])
            ["guest_gdt", "guest_page_level4", "guest_page_level3", "guest_page_level1", "guest_interrupt_stack", "guest_fault_stack", "guest_user_stack",
             "guest_heap", "guest_pages", "guest_image_end", "guest_vector_table", "guest_recovery", "guest_recover"])
        {
            StubFunction f = o.Function("guest_address_" + symbol["guest_".Length..]);
            f.LoadAddress(rax, symbol);
            f.A.ret();
        }
    }
}
