using static Iced.Intel.AssemblerRegisters;

namespace Xenolith.Build.Stubs;

/// <summary>Tells C# where the build put the symbol table.</summary>
internal sealed class SymbolTableStub : IStub
{
    public void Emit(StubObject o)
    {
        StubFunction address = o.Function("symbol_table_address");
        address.LoadAddress(rax, "symbol_table");
        address.A.ret();
    }
}
