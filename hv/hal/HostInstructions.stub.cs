using Iced.Intel;
using static Iced.Intel.AssemblerRegisters;

namespace Xenolith.Build.Stubs;

/// <summary>
/// Instructions that the kernel has no use for itself. System V calling convention: arguments in RDI, RSI, RDX, result in RAX.
/// </summary>
internal sealed class HostInstructionsStub : IStub
{
    public void Emit(StubObject o)
    {
        Assembler a = o.Function("hal_write_cr2").A;
        a.mov(cr2, rdi);
        a.ret();

        a = o.Function("hal_read_dr6").A;
        a.mov(rax, dr6);
        a.ret();
        a = o.Function("hal_write_dr6").A;
        a.mov(dr6, rdi);
        a.ret();

        // Ten bytes: limit, then base.
        a = o.Function("hal_sgdt").A;
        a.sgdt(__[rdi]);
        a.ret();
        a = o.Function("hal_sidt").A;
        a.sidt(__[rdi]);
        a.ret();

        // hal_read_selectors(ushort* eight): ES, CS, SS, DS, FS, GS, LDTR, TR, in the order of SegmentName.
        a = o.Function("hal_read_selectors").A;
        a.mov(__word_ptr[rdi + 0], es);
        a.mov(__word_ptr[rdi + 2], cs);
        a.mov(__word_ptr[rdi + 4], ss);
        a.mov(__word_ptr[rdi + 6], ds);
        a.mov(__word_ptr[rdi + 8], fs);
        a.mov(__word_ptr[rdi + 10], gs);
        a.sldt(__word_ptr[rdi + 12]);
        a.str(__word_ptr[rdi + 14]);
        a.ret();

        // The exception is acknowledged by the exit already; the handler must run as if it had arrived in the host.
        a = o.Function("hal_raise_nmi").A;
        a.@int((byte)2);
        a.ret();
        a = o.Function("hal_raise_machine_check").A;
        a.@int((byte)18);
        a.ret();
    }
}
