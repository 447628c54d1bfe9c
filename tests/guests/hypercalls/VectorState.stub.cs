using Iced.Intel;
using Xenolith.Build.Stubs;
using static Iced.Intel.AssemblerRegisters;

namespace Xenolith.Tests.Guests.Stubs;

/// <summary>
/// <c>void vectors_across_exits(byte* area)</c>: loads XMM0-15 from 0 and MXCSR from 256 of the area, exits by CPUID, by a port and by a
/// hypercall that has the hypervisor copy 1024 bytes (xen_version 3, to 1024 of the area), and saves them again, from 512 on.
/// </summary>
internal sealed class VectorStateStub : IStub
{
    private const int Mxcsr = 256, After = 512, Copied = 1024;
    private const int MxcsrReset = 0x1F80;

    public void Emit(StubObject o)
    {
        AssemblerRegisterXMM[] vectors = [xmm0, xmm1, xmm2, xmm3, xmm4, xmm5, xmm6, xmm7, xmm8, xmm9, xmm10, xmm11, xmm12, xmm13, xmm14, xmm15];
        const int versionOfCapabilities = 3, callXenVersion = 17, freePort = 0x21, pageEntryBytes = 32;
        StubFunction f = o.Function("vectors_across_exits");
        Assembler a = f.A;
        a.push(rbx);
        a.push(r12);
        a.mov(r12, rdi);
        for (int i = 0; i < vectors.Length; i++)
        {
            a.movups(vectors[i], __xmmword_ptr[r12 + (16 * i)]);
        }

        a.ldmxcsr(__dword_ptr[r12 + Mxcsr]);
        a.xor(eax, eax);
        a.xor(ecx, ecx);
        a.cpuid();
        a.mov(edx, freePort);
        a.@in(al, dx);
        a.mov(edi, versionOfCapabilities);
        a.lea(rsi, __[r12 + Copied]);
        a.mov(eax, callXenVersion);
        f.LoadAddress(r11, "guest_hypercall_page", callXenVersion * pageEntryBytes);
        a.call(r11);
        for (int i = 0; i < vectors.Length; i++)
        {
            a.movups(__xmmword_ptr[r12 + (After + (16 * i))], vectors[i]);
        }

        a.stmxcsr(__dword_ptr[r12 + (After + Mxcsr)]);
        a.push(MxcsrReset);
        a.ldmxcsr(__dword_ptr[rsp]);
        a.pop(rax);
        a.pop(r12);
        a.pop(rbx);
        a.ret();
    }
}
