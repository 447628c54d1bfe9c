using Iced.Intel;

namespace Xenolith.Build.Stubs;

/// <summary>A machine check as the CPU delivers it, but for its cause.</summary>
internal sealed class RaiseMachineCheck : IStub
{
    public void Emit(StubObject o)
    {
        Assembler a = o.Function("features_raise_machine_check").A;
        a.@int(18);
        a.ret();
    }
}
