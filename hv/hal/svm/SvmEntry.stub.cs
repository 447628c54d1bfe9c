using Iced.Intel;
using static Iced.Intel.AssemblerRegisters;

namespace Xenolith.Build.Stubs;

/// <summary>
/// <c>void hal_svm_enter(GuestRegisters* registers, VmcbLayout* vmcb, ulong vmcbAddress, ulong hostVmcbAddress)</c>: loads the
/// guest's registers, enters it, and returns after the next exit with the guest's registers saved. Addresses are physical.
/// </summary>
/// <remarks>
/// The global interrupt flag is clear from before VMLOAD until the host's own FS, GS, TR and system-call registers are back, so
/// no interrupt or NMI finds the guest's (AMD APM vol. 2, 15.17). Within, IF is set: with V_INTR_MASKING the host's IF decides
/// whether an interrupt of the machine ends the guest's run (15.21.1). It stays pending until the run loop opens interrupts.
/// Of the vector registers those that compiled C# uses are switched always (GuestRegisterLayout.HostVectors; the image scan refuses any
/// other, VEX encodings, and whatever depends on MXCSR). All else stays the guest's, as the x87 state does, and changes hands where
/// another vCPU becomes resident on the CPU (ProcessorState.cs).
/// </remarks>
internal sealed class SvmEntryStub : IStub
{
    private const int VmcbExitCode = 0x070;
    private const int VmcbExitInformation1 = 0x078;
    private const int VmcbRip = 0x578;
    private const int VmcbRsp = 0x5D8;
    private const int VmcbRax = 0x5F8;

    public void Emit(StubObject o)
    {
        Assembler a = o.Function("hal_svm_enter").A;
        a.push(rbx);
        a.push(rbp);
        a.push(r12);
        a.push(r13);
        a.push(r14);
        a.push(r15);
        a.push(rcx);
        a.push(rsi);
        a.push(rdi);
        a.mov(rax, __qword_ptr[rdi + GuestRegisterLayout.Rax]);
        a.mov(__qword_ptr[rsi + VmcbRax], rax);
        a.mov(rax, __qword_ptr[rdi + GuestRegisterLayout.Rsp]);
        a.mov(__qword_ptr[rsi + VmcbRsp], rax);
        GuestRegisterLayout.LoadVectors(a, rdi);
        a.mov(rax, rdx);
        a.clgi();
        a.sti();
        a.vmload();
        GuestRegisterLayout.LoadGeneral(a, rdi, includeRax: false);
        a.vmrun();
        // VMRUN has kept RAX and RSP of the host.
        a.vmsave();
        a.push(rdi);
        a.mov(rdi, __qword_ptr[rsp + 8]);
        GuestRegisterLayout.SaveGeneral(a, rdi, includeRax: false);
        a.pop(__qword_ptr[rdi + GuestRegisterLayout.Rdi]);
        a.mov(rsi, __qword_ptr[rsp + 8]);
        a.mov(rax, __qword_ptr[rsi + VmcbRax]);
        a.mov(__qword_ptr[rdi + GuestRegisterLayout.Rax], rax);
        a.mov(rax, __qword_ptr[rsi + VmcbRsp]);
        a.mov(__qword_ptr[rdi + GuestRegisterLayout.Rsp], rax);
        GuestRegisterLayout.BeginRecord(a, rdi);
        GuestRegisterLayout.RecordReasonOf(a, __qword_ptr[rsi + VmcbExitCode]);
        GuestRegisterLayout.RecordRipOf(a, __qword_ptr[rsi + VmcbRip]);
        GuestRegisterLayout.RecordInformationOf(a, __qword_ptr[rsi + VmcbExitInformation1]);
        GuestRegisterLayout.EndRecord(a, rdi);
        a.mov(rax, __qword_ptr[rsp + 16]);
        a.vmload();
        // Before STGI, with which an NMI that was held comes.
        GuestRegisterLayout.SaveVectors(a, rdi);
        a.cli();
        a.stgi();
        a.add(rsp, 24);
        a.pop(r15);
        a.pop(r14);
        a.pop(r13);
        a.pop(r12);
        a.pop(rbp);
        a.pop(rbx);
        a.ret();

        // hal_vmsave(address): FS, GS, TR, LDTR and the system-call MSRs of the host into a VMCB.
        a = o.Function("hal_vmsave").A;
        a.mov(rax, rdi);
        a.vmsave();
        a.ret();
    }
}
