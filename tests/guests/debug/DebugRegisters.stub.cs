using Iced.Intel;
using Xenolith.Build.Stubs;
using static Iced.Intel.AssemblerRegisters;

namespace Xenolith.Tests.Guests.Stubs;

/// <summary>Moves to and from debug registers, as System V functions.</summary>
internal sealed class DebugRegistersStub : IStub
{
    public void Emit(StubObject o)
    {
        Write(o, "guest_write_dr0", dr0);
        Write(o, "guest_write_dr6", dr6);
        Write(o, "guest_write_dr7", dr7);
        Read(o, "guest_read_dr6", dr6);
        Read(o, "guest_read_dr7", dr7);
    }

    private static void Write(StubObject o, string name, AssemblerRegisterDR register)
    {
        StubFunction f = o.Function(name);
        f.A.mov(register, rdi);
        f.A.ret();
    }

    private static void Read(StubObject o, string name, AssemblerRegisterDR register)
    {
        StubFunction f = o.Function(name);
        f.A.mov(rax, register);
        f.A.ret();
    }
}
