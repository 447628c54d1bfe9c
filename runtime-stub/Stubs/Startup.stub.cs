using static Iced.Intel.AssemblerRegisters;

namespace Xenolith.Build.Stubs;

/// <summary>What start-up finds by the linker's symbols.</summary>
internal sealed class StartupStub : IStub
{
    // Xenolith.Runtime.Startup knows it too.
    private const int FirstChunkBytes = 32 * 1024;

    public void Emit(StubObject o)
    {
        // The header that ilc writes, by way of the one word in the section that the linker gathers.
        StubFunction module = o.Function("runtime_module_header");
        module.LoadAddress(rax, "__start___modules");
        module.A.mov(rax, __qword_ptr[rax]);
        module.A.ret();

        o.Bss("runtime_first_chunk", ".bss", FirstChunkBytes, align: 64);
        StubFunction chunk = o.Function("runtime_first_chunk_address");
        chunk.LoadAddress(rax, "runtime_first_chunk");
        chunk.A.ret();
    }
}
