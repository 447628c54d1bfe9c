using Iced.Intel;
using static Iced.Intel.AssemblerRegisters;

namespace Xenolith.Build.Stubs;

/// <summary>
/// VMX instructions that need no register state of a guest. But VMREAD and VMWRITE, each returns 0, 1 (VMfailInvalid: CF) or 2 (VMfailValid: ZF)
/// (Intel SDM vol. 3, 31.2). Addresses are passed by reference to a 64-bit word, as the instructions want them.
/// </summary>
internal sealed class VmxInstructionsStub : IStub
{
    public void Emit(StubObject o)
    {
        Assembler a = o.Function("hal_vmxon").A;
        a.vmxon(__qword_ptr[rdi]);
        ReturnStatus(a);

        a = o.Function("hal_vmxoff").A;
        a.vmxoff();
        ReturnStatus(a);

        a = o.Function("hal_vmclear").A;
        a.vmclear(__qword_ptr[rdi]);
        ReturnStatus(a);

        a = o.Function("hal_vmptrld").A;
        a.vmptrld(__qword_ptr[rdi]);
        ReturnStatus(a);

        // ulong hal_vmread(field)
        a = o.Function("hal_vmread").A;
        a.vmread(rax, rdi);
        ReturnOrStop(a);

        // void hal_vmwrite(field, value)
        a = o.Function("hal_vmwrite").A;
        a.vmwrite(rdi, rsi);
        ReturnOrStop(a);

        // hal_invept(type, 16-byte descriptor*)
        a = o.Function("hal_invept").A;
        a.invept(rdi, __xmmword_ptr[rsi]);
        ReturnStatus(a);

        a = o.Function("hal_invvpid").A;
        a.invvpid(rdi, __xmmword_ptr[rsi]);
        ReturnStatus(a);
    }

    /// <summary>Of a field that does not exist, or is read-only: nobody does that on purpose, so the exception's report is enough.</summary>
    private static void ReturnOrStop(Assembler a)
    {
        Label failed = a.CreateLabel();
        a.jbe(failed);
        a.ret();
        a.Label(ref failed);
        a.ud2();
    }

    internal static void ReturnStatus(Assembler a)
    {
        Label failed = a.CreateLabel();
        Label valid = a.CreateLabel();
        a.jbe(failed);
        a.xor(eax, eax);
        a.ret();
        a.Label(ref failed);
        a.je(valid);
        a.mov(eax, 1);
        a.ret();
        a.Label(ref valid);
        a.mov(eax, 2);
        a.ret();
    }
}
