using Iced.Intel;
using static Iced.Intel.AssemblerRegisters;

namespace Xenolith.Build.Stubs;

/// <summary>
/// <c>ulong hal_vmx_enter(GuestRegisters* registers, ulong launched, VmcsImage* image)</c>: loads the guest's registers, enters
/// it, and returns after the next exit with the guest's registers saved and the image filled. Returns 0 after an exit, 1 or 2 when VMLAUNCH or VMRESUME itself failed.
/// </summary>
/// <remarks>
/// Of the vector registers those that compiled C# uses are switched always (GuestRegisterLayout.HostVectors; the image scan refuses any
/// other, VEX encodings, and whatever depends on MXCSR). All else stays the guest's, as the x87 state does, and changes hands where
/// another vCPU becomes resident on the CPU (ProcessorState.cs).
/// </remarks>
internal sealed class VmxEntryStub : IStub
{
    private const int HostRspField = 0x6C14;
    private const int GuestRspField = 0x681C;
    private const int GuestRipField = 0x681E;

    // Xenolith.Hal.Vmx.VmcsImage, in its order, and what fills it after an exit.
    private const int ImageRip = 0;
    private const int ImageExitReason = 6 * 8;
    private const int ImageHostRsp = 9 * 8;
    private static readonly int[] s_imageFields =
    [
        GuestRipField, 0x6820 /* RFLAGS */, 0x4824 /* interruptibility */, 0x2806 /* EFER */, 0x4816 /* CS access rights */,
        0x4818 /* SS access rights */, 0x4402 /* exit reason */, 0x440C /* instruction length */, 0x4408 /* IDT-vectoring information */,
    ];

    public void Emit(StubObject o)
    {
        StubFunction f = o.Function("hal_vmx_enter");
        Assembler a = f.A;
        a.push(rbx);
        a.push(rbp);
        a.push(r12);
        a.push(r13);
        a.push(r14);
        a.push(r15);
        a.push(rdx);
        a.push(rdi);
        Label sameStack = a.CreateLabel();
        a.cmp(__qword_ptr[rdx + ImageHostRsp], rsp);
        a.je(sameStack);
        a.mov(__qword_ptr[rdx + ImageHostRsp], rsp);
        a.mov(eax, HostRspField);
        a.vmwrite(rax, rsp);
        a.Label(ref sameStack);
        a.mov(eax, GuestRspField);
        a.vmwrite(rax, __qword_ptr[rdi + GuestRegisterLayout.Rsp]);
        a.mov(eax, GuestRipField);
        a.vmwrite(rax, __qword_ptr[rdx + ImageRip]);
        GuestRegisterLayout.LoadVectors(a, rdi);
        // The launch state decides the instruction; the flags survive the loads.
        a.test(rsi, rsi);
        GuestRegisterLayout.LoadGeneral(a, rdi, includeRax: true);
        Label resume = a.CreateLabel();
        Label failed = a.CreateLabel();
        a.jne(resume);
        a.vmlaunch();
        a.jmp(failed);
        a.Label(ref resume);
        a.vmresume();
        a.Label(ref failed);

        // The instruction failed before anything of the guest was loaded: nothing to save.
        Label leave = a.CreateLabel();
        a.mov(eax, 1);
        a.jc(leave);
        a.mov(eax, 2);
        a.jmp(leave);

        f.LocalSymbol("hal_vmx_exit");
        a.push(rdi);
        a.mov(rdi, __qword_ptr[rsp + 8]);
        GuestRegisterLayout.SaveGeneral(a, rdi, includeRax: true);
        a.pop(__qword_ptr[rdi + GuestRegisterLayout.Rdi]);
        a.mov(eax, GuestRspField);
        a.vmread(__qword_ptr[rdi + GuestRegisterLayout.Rsp], rax);
        GuestRegisterLayout.BeginRecord(a, rdi);
        // After an exit the structure is current and has these fields: none of the reads can fail.
        a.mov(rdx, __qword_ptr[rsp + 8]);
        for (int i = 0; i < s_imageFields.Length; i++)
        {
            a.mov(eax, s_imageFields[i]);
            a.vmread(__qword_ptr[rdx + 8 * i], rax);
        }
        GuestRegisterLayout.RecordReasonOf(a, __qword_ptr[rdx + ImageExitReason]);
        GuestRegisterLayout.RecordRipOf(a, __qword_ptr[rdx + ImageRip]);
        GuestRegisterLayout.EndRecord(a, rdi);

        GuestRegisterLayout.SaveVectors(a, rdi);
        a.xor(eax, eax);

        a.Label(ref leave);
        a.add(rsp, 16);
        a.pop(r15);
        a.pop(r14);
        a.pop(r13);
        a.pop(r12);
        a.pop(rbp);
        a.pop(rbx);
        // The guest's direction flag must not reach C#; a VM exit has cleared RFLAGS already, a failed entry never changed it.
        a.ret();

        f = o.Function("hal_vmx_exit_address");
        f.LoadAddress(rax, "hal_vmx_exit");
        f.A.ret();
    }
}
