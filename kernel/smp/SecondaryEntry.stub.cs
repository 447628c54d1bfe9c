using Iced.Intel;
using static Iced.Intel.AssemblerRegisters;

namespace Xenolith.Build.Stubs;

/// <summary>
/// From the start-up interrupt's real mode (Intel SDM vol. 3, 9.4.3) to C# on a CPU that did not boot: a few bytes below 1 MiB that enter protected mode,
/// then the boot entry's tables, which still map everything below 4 GiB at its own address, then the kernel's tables and the CPU's own stack.
/// </summary>
internal sealed class SecondaryEntry : IStub
{
    private const long ImageBase = unchecked((long)0xFFFF_FFFF_8000_0000);
    private const ushort ProtectedCode = 24;
    private const ushort LongCode = 8;

    // In kernel_secondary_parameters, as in the C# struct SecondaryParameters.
    private const int PageTable = 0;
    private const int Stack = 8;
    private const int ExtendedFeatures = 16;

    public void Emit(StubObject o)
    {
        StubData parameters = o.Data("kernel_secondary_parameters", section: ".data", align: 8, writable: true);
        parameters.Zero(32);
        EmitTrampoline(o);
        EmitProtected(o);
        EmitLong(o);
        StubFunction f = o.Function("kernel_secondary_parameters_address");
        f.LoadAddress(rax, "kernel_secondary_parameters");
        f.A.ret();
        f = o.Function("kernel_secondary_trampoline_address");
        f.LoadAddress(rax, "kernel_secondary_trampoline");
        f.A.ret();
    }

    // 16-bit code, copied to a page of its own: CS is that page, IP 0. As bytes, since it runs where it is not linked.
    private static void EmitTrampoline(StubObject o)
    {
        const byte pointer = 28;
        StubData code = o.Data("kernel_secondary_trampoline", section: ".rodata", align: 8);
        code.Bytes([0xFA, 0xFC]); // cli; cld
        code.Bytes([0x2E, 0x66, 0x0F, 0x01, 0x16, pointer, 0]); // lgdt cs:[pointer], with a 32-bit base
        code.Bytes([0x0F, 0x20, 0xC0, 0x0C, 0x01, 0x0F, 0x22, 0xC0]); // mov eax, cr0; or al, 1; mov cr0, eax
        code.Bytes([0x66, 0xEA]); // jmp far, 32-bit offset
        code.Address32("kernel_secondary_protected");
        code.U16(ProtectedCode);
        code.Pad(pointer);
        code.U16((4 * 8) - 1);
        code.Address32("boot_gdt");
        code.Pad(40);
    }

    private static void EmitProtected(StubObject o)
    {
        StubFunction f = o.Function("kernel_secondary_protected", section: ".boot.text", bitness: 32);
        Assembler a = f.A;
        a.mov(eax, 16);
        a.mov(ds, eax);
        a.mov(es, eax);
        a.mov(ss, eax);
        f.MoveImmediate32(esi, "kernel_secondary_parameters", -ImageBase);

        // As the boot entry does it: CR4 PAE, OSFXSR, OSXMMEXCPT; EFER LME and NXE; CR0 PG, WP, NE, MP, PE, caches on.
        a.mov(eax, cr4);
        a.or(eax, (1 << 5) | (1 << 9) | (1 << 10));
        a.mov(cr4, eax);
        f.MoveImmediate32(edi, "boot_tables", -ImageBase);
        a.mov(cr3, edi);
        a.mov(ecx, 0xC000_0080);
        a.xor(edx, edx);
        a.mov(eax, __dword_ptr[esi + ExtendedFeatures]);
        a.wrmsr();
        a.mov(eax, cr0);
        a.and(eax, ~((1 << 2) | (1 << 3) | (1 << 29) | (1 << 30)));
        a.or(eax, unchecked((int)0x8001_0023));
        a.mov(cr0, eax);
        f.FarJump(LongCode, "kernel_secondary_long");
    }

    private static void EmitLong(StubObject o)
    {
        StubFunction f = o.Function("kernel_secondary_long", section: ".boot.text", bitness: 64);
        f.MoveImmediate64(rax, "kernel_secondary_high");
        f.A.jmp(rax);

        f = o.Function("kernel_secondary_high");
        Assembler a = f.A;
        f.LoadAddress(rsi, "kernel_secondary_parameters");
        a.xor(eax, eax);
        a.mov(fs, eax);
        a.mov(gs, eax);
        a.mov(rax, __qword_ptr[rsi + PageTable]);
        a.mov(cr3, rax);
        a.mov(rsp, __qword_ptr[rsi + Stack]);
        a.fninit();
        a.push(0x1F80);
        a.ldmxcsr(__dword_ptr[rsp]);
        a.pop(rax);
        a.xor(ebp, ebp);

        // A zero return address ends backtraces.
        a.push(0);
        f.Jump("kernel_secondary_start");
    }
}
