using Iced.Intel;
using Xenolith.Build.Stubs;
using static Iced.Intel.AssemblerRegisters;

namespace Xenolith.Tests.Guests.Stubs;

/// <summary>Where the second vCPU comes from VCPUOP_initialise, in 64-bit mode: descriptors, a stack, then <c>bench_second()</c>.</summary>
internal sealed class SecondVcpuStub : IStub
{
    private const int StackSize = 32 * 1024;

    public void Emit(StubObject o)
    {
        o.Bss("bench_second_stack", ".bss", StackSize, 4096);
        StubFunction f = o.Function("bench_second_entry");
        Assembler a = f.A;
        f.LoadAddress(rax, "guest_gdt_pointer");
        a.lgdt(__[rax]);
        a.mov(eax, 0x10);
        a.mov(ds, eax);
        a.mov(es, eax);
        a.mov(ss, eax);
        f.LoadAddress(rsp, "bench_second_stack", StackSize);
        a.xor(ebp, ebp);

        // CS of VCPUOP_initialise has no selector, so that an IRET could not come back to it.
        Label loaded = a.CreateLabel();
        a.lea(rax, __[loaded]);
        a.push(0x08);
        a.push(rax);
        a.AddInstruction(Instruction.Create(Code.Retfq));
        a.Label(ref loaded);
        f.Call("bench_second");

        StubFunction address = o.Function("bench_address_of_second_entry");
        address.LoadAddress(rax, "bench_second_entry");
        address.A.ret();
    }
}
