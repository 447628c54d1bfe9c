using System;
using Iced.Intel;
using static Iced.Intel.AssemblerRegisters;

namespace Xenolith.Build.Stubs;

/// <summary>Violations: each hands its kind (Xenolith.Runtime.FaultKind), the address behind the call that found it,
/// the stack and the frame there to the runtime, which does not return.</summary>
internal sealed class FaultsStub : IStub
{
    private static readonly (string Symbol, int Kind)[] Violations =
    [
        ("runtime_throw_index_out_of_range", 1),
        ("runtime_throw_overflow", 2),
        ("runtime_throw_null_reference", 3),
        ("runtime_throw_divide_by_zero", 4),
        ("runtime_throw_invalid_cast", 5),
        ("runtime_throw_array_type_mismatch", 6),
        ("runtime_throw_argument_out_of_range", 7),
        ("runtime_throw_argument", 8),
        ("runtime_throw_argument_null", 9),
        ("runtime_throw_invalid_operation", 10),
        ("runtime_throw_not_supported", 11),
        ("runtime_throw_format", 12),
        ("runtime_throw_untranslatable", 17),
        ("RhpFallbackFailFast", 18),
    ];

    public void Emit(StubObject o)
    {
        foreach ((string symbol, int kind) in Violations)
        {
            StubFunction f = o.Function(symbol);
            f.A.mov(edi, kind);
            f.Jump("runtime_raise_here");
        }

        StubFunction raise = o.Function("runtime_raise_here");
        raise.A.mov(rsi, __qword_ptr[rsp]);
        raise.A.lea(rdx, __qword_ptr[rsp + 8]);
        raise.A.mov(rcx, rbp);
        raise.Jump("runtime_raise");

        // throw, with the exception in RDI; catch blocks are never entered, so there is no rethrow either.
        StubFunction thrown = o.Function("RhpThrowEx");
        thrown.LocalSymbol("RhpRethrow");
        thrown.A.mov(rsi, __qword_ptr[rsp]);
        thrown.Jump("runtime_raise_exception");

        // Functions with buffers on the stack compare a copy of this with the original before they return.
        o.Data("__security_cookie", ".data", align: 8, writable: true).U64(0x2B99_2DDF_A232_49D6);

        // Touches each page of a frame of more than one, so that the guard page under a stack cannot be stepped over.
        // The JIT passes the frame's lowest address in R11.
        Assembler probe = o.Function("RhpStackProbe").A;
        Label page = probe.CreateLabel();
        probe.lea(rax, __qword_ptr[rsp + 8]);
        probe.and(rax, -4096);
        probe.Label(ref page);
        probe.sub(rax, 4096);
        probe.test(__dword_ptr[rax], eax);
        probe.cmp(rax, r11);
        probe.ja(page);
        probe.ret();

        // Calls of and from unmanaged functions need no transition: nothing stops threads here.
        foreach (string symbol in (ReadOnlySpan<string>)["RhpPInvoke", "RhpPInvokeReturn", "RhpReversePInvoke", "RhpReversePInvokeReturn"])
        {
            o.Function(symbol).A.ret();
        }
    }
}
