using Iced.Intel;
using static Iced.Intel.AssemblerRegisters;

namespace Xenolith.Build.Stubs;

/// <summary>
/// From the boot loader's 32-bit protected mode (Multiboot Specification, 3.2; the same in multiboot 2 and PVH) to C# in the high half: checks for long mode, builds tables
/// that map the first 1 GiB at the image's base and RAM at the direct map's base (512 GiB with 1-GiB pages, otherwise 4 GiB), switches.
/// These tables live until the kernel has its own, and the other CPUs start on them.
/// </summary>
internal sealed class BootEntry : IStub
{
    private const long ImageBase = unchecked((long)0xFFFF_FFFF_8000_0000);
    private const uint TableFlags = 0x03;
    private const uint LargeFlags = 0x83;
    private const int PageSize = 4096;

    // What stands in EAX (as in Multiboot.cs, Multiboot2.cs and PvhStartInfo.cs).
    private const uint MultibootMagic = 0x2BADB002;
    private const uint Multiboot2Magic = 0x36D76289;
    private const uint PvhMagic = 0x336EC578;

    public void Emit(StubObject o)
    {
        o.Bss("boot_tables", section: ".bss", size: 7 * PageSize, align: PageSize);
        EmitDescriptors(o);
        EmitEntry(o);
        EmitPvhEntry(o);
        EmitLong(o);
        EmitRefusal(o);
    }

    private static void EmitDescriptors(StubObject o)
    {
        // Null, 64-bit code, data, 32-bit code for the other CPUs (Intel SDM vol. 3, 3.4.5).
        StubData gdt = o.Data("boot_gdt", section: ".boot.data", align: 8);
        gdt.U64(0);
        gdt.U64(0x00AF_9B00_0000_FFFF);
        gdt.U64(0x00CF_9300_0000_FFFF);
        gdt.U64(0x00CF_9B00_0000_FFFF);
        gdt.LocalSymbol("boot_gdt_pointer");
        gdt.U16((4 * 8) - 1);
        gdt.Address32("boot_gdt");
        gdt.U16(0);
        Text(o, "boot_text_loader", "xenolith: not started by a loader known here; use qemu -kernel, or GRUB's multiboot or multiboot2 command\n");
        Text(o, "boot_text_cpu", "xenolith: this CPU has no 64-bit mode; a 64-bit CPU is needed\n");
    }

    private static void Text(StubObject o, string name, string text)
    {
        StubData data = o.Data(name, section: ".boot.data", align: 1);
        data.Bytes(System.Text.Encoding.ASCII.GetBytes(text));
        data.U8(0);
    }

    // A PVH loader leaves the start info's address in EBX and says nothing in EAX: the start info's magic number stands in for one.
    private static void EmitPvhEntry(StubObject o)
    {
        StubFunction f = o.Function("boot_pvh_entry", section: ".boot.text", bitness: 32);
        f.A.mov(eax, PvhMagic);
        f.Jump("boot_entry");
    }

    private static void EmitEntry(StubObject o)
    {
        StubFunction f = o.Function("boot_entry", section: ".boot.text", bitness: 32);
        Assembler a = f.A;
        a.cli();
        a.cld();
        f.MoveImmediate32(esp, "kernel_stacks", ImageLayoutStub.BootStackTop - ImageBase);
        a.mov(ebp, eax);

        // EBX (the loader's information) and EBP (its magic number) stay untouched up to the call into C#.
        Label magicGood = a.CreateLabel();
        a.cmp(eax, MultibootMagic);
        a.je(magicGood);
        a.cmp(eax, Multiboot2Magic);
        a.je(magicGood);
        a.cmp(eax, PvhMagic);
        a.je(magicGood);
        f.MoveImmediate32(esi, "boot_text_loader");
        f.Jump("boot_refuse");
        a.Label(ref magicGood);

        // CPUID exists where EFLAGS.ID can be changed (SDM vol. 1, 3.4.3.3).
        Label noCpuid = a.CreateLabel();
        Label hasLong = a.CreateLabel();
        a.pushfd();
        a.pop(eax);
        a.mov(ecx, eax);
        a.xor(eax, 1 << 21);
        a.push(eax);
        a.popfd();
        a.pushfd();
        a.pop(eax);
        a.cmp(eax, ecx);
        a.je(noCpuid);
        a.push(ebx);
        a.mov(eax, 0x8000_0000);
        a.cpuid();
        a.mov(edi, eax);
        a.mov(eax, 0x8000_0001);
        a.cpuid();
        a.pop(ebx);
        a.cmp(edi, 0x8000_0001);
        a.jb(noCpuid);
        a.test(edx, 1 << 29);
        a.jne(hasLong);
        a.Label(ref noCpuid);
        f.MoveImmediate32(esi, "boot_text_cpu");
        f.Jump("boot_refuse");
        a.Label(ref hasLong);

        // Tables, in order: PML4, PDPT of RAM, PDPT of the image, four page directories.
        f.MoveImmediate32(edi, "boot_tables", -ImageBase);
        a.lea(eax, edi + (PageSize + (int)TableFlags));
        a.mov(__dword_ptr[edi + (0 * 8)], eax);
        a.mov(__dword_ptr[edi + (256 * 8)], eax);
        a.add(eax, PageSize);
        a.mov(__dword_ptr[edi + (511 * 8)], eax);
        a.add(eax, PageSize);
        a.mov(__dword_ptr[edi + (2 * PageSize) + (510 * 8)], eax);

        // Page directories: 2,048 pages of 2 MiB; entry n lies at 8n, its high half stays zero.
        Label nextLarge = a.CreateLabel();
        a.xor(ecx, ecx);
        a.Label(ref nextLarge);
        a.mov(eax, ecx);
        a.shl(eax, 21);
        a.or(eax, LargeFlags);
        a.mov(__dword_ptr[edi + (ecx * 8) + (3 * PageSize)], eax);
        a.inc(ecx);
        a.cmp(ecx, 2048);
        a.jb(nextLarge);

        // RAM's PDPT: 1-GiB pages where the CPU has them (CPUID 0x80000001 EDX bit 26), else the four directories.
        Label noGigabyte = a.CreateLabel();
        Label nextGigabyte = a.CreateLabel();
        Label nextDirectory = a.CreateLabel();
        Label tablesDone = a.CreateLabel();
        a.xor(ecx, ecx);
        a.test(edx, 1 << 26);
        a.je(noGigabyte);
        a.Label(ref nextGigabyte);
        a.mov(eax, ecx);
        a.shl(eax, 30);
        a.or(eax, LargeFlags);
        a.mov(__dword_ptr[edi + (ecx * 8) + PageSize], eax);
        a.mov(eax, ecx);
        a.shr(eax, 2);
        a.mov(__dword_ptr[edi + (ecx * 8) + PageSize + 4], eax);
        a.inc(ecx);
        a.cmp(ecx, 512);
        a.jb(nextGigabyte);
        a.jmp(tablesDone);
        a.Label(ref noGigabyte);
        a.lea(eax, edi + ((3 * PageSize) + (int)TableFlags));
        a.Label(ref nextDirectory);
        a.mov(__dword_ptr[edi + (ecx * 8) + PageSize], eax);
        a.add(eax, PageSize);
        a.inc(ecx);
        a.cmp(ecx, 4);
        a.jb(nextDirectory);
        a.Label(ref tablesDone);

        // CR4: PAE, OSFXSR, OSXMMEXCPT. EFER: LME, and NXE where there is NX (EDX bit 20). CR0: PG, WP, NE, MP, PE.
        a.mov(eax, cr4);
        a.or(eax, (1 << 5) | (1 << 9) | (1 << 10));
        a.mov(cr4, eax);
        a.mov(cr3, edi);
        a.mov(esi, edx);
        a.mov(ecx, 0xC000_0080);
        a.rdmsr();
        a.or(eax, 1 << 8);
        a.shr(esi, 20);
        a.and(esi, 1);
        a.shl(esi, 11);
        a.or(eax, esi);
        a.wrmsr();
        a.mov(eax, cr0);
        a.and(eax, ~((1 << 2) | (1 << 3) | (1 << 29) | (1 << 30)));
        a.or(eax, unchecked((int)0x8001_0023));
        a.mov(cr0, eax);

        // lgdt [boot_gdt_pointer]
        f.MoveImmediate32(eax, "boot_gdt_pointer");
        a.lgdt(__[eax]);
        f.FarJump(8, "boot_long");
    }

    private static void EmitLong(StubObject o)
    {
        StubFunction f = o.Function("boot_long", section: ".boot.text", bitness: 64);
        Assembler a = f.A;
        a.mov(eax, 16);
        a.mov(ss, eax);
        a.mov(ds, eax);
        a.mov(es, eax);
        a.xor(eax, eax);
        a.mov(fs, eax);
        a.mov(gs, eax);
        f.MoveImmediate64(rsp, "kernel_stacks", ImageLayoutStub.BootStackTop);
        a.fninit();
        a.push(0x1F80);
        a.ldmxcsr(__dword_ptr[rsp]);
        a.pop(rax);
        a.mov(edi, ebp);
        a.mov(esi, ebx);
        a.xor(ebp, ebp);
        f.MoveImmediate64(rax, "kernel_start");

        // A zero return address ends backtraces.
        a.push(0);
        a.jmp(rax);
    }

    // ESI: a text. Writes it to the debug port and the first serial line and stops for good.
    private static void EmitRefusal(StubObject o)
    {
        StubFunction f = o.Function("boot_refuse", section: ".boot.text", bitness: 32);
        Assembler a = f.A;
        Label next = a.CreateLabel();
        Label wait = a.CreateLabel();
        Label ready = a.CreateLabel();
        Label stop = a.CreateLabel();
        a.Label(ref next);
        a.lodsb();
        a.test(al, al);
        a.je(stop);
        a.@out(0xE9, al);
        a.mov(bl, al);
        a.mov(edx, 0x3FD);
        a.mov(ecx, 1 << 20);
        a.Label(ref wait);
        a.@in(al, dx);
        a.test(al, 0x20);
        a.jne(ready);
        a.dec(ecx);
        a.jne(wait);
        a.Label(ref ready);
        a.mov(edx, 0x3F8);
        a.mov(al, bl);
        a.@out(dx, al);
        a.jmp(next);
        a.Label(ref stop);
        a.hlt();
        a.jmp(stop);
    }
}
