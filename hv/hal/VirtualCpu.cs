using Xenolith.Kernel;

namespace Xenolith.Hal;

/// <summary>
/// What a virtual CPU is, without a vendor: a control block and the registers beside it. Two sealed children mirror
/// each other file by file: <c>Vmx.VmxCpu</c> and <c>Svm.SvmCpu</c>; tests have a scripted third.
/// All state may be read and written between <see cref="Run"/> calls only.
/// </summary>
public abstract partial class VirtualCpu
{
    /// <summary>General registers, and the vector registers that the hypervisor uses too.</summary>
    public GuestRegisters Registers;

    /// <summary>The last exit.</summary>
    public Exit Exit;

    /// <summary>What the caller looks at after each exit before all else.</summary>
    public ExitChecks Checks { get; private set; }

    /// <summary>Has that looked at after each exit, or no more.</summary>
    public void Check(ExitChecks what, bool wanted) => Checks = wanted ? Checks | what : Checks & ~what;

    /// <summary>Debug addresses, x87 and vector state, while the vCPU is not the one that its CPU holds them for.</summary>
    protected ProcessorState Processor = new() { Dr6 = ProcessorState.Dr6Reset };

    public abstract ulong Rip { get; set; }
    public abstract ulong Rflags { get; set; }

    /// <summary>CR0 as the guest sees it. Writing applies the vendor's fixed bits behind the guest's back.</summary>
    public abstract ulong Cr0 { get; set; }
    public abstract ulong Cr2 { get; set; }
    public abstract ulong Cr3 { get; set; }
    public abstract ulong Cr4 { get; set; }
    /// <summary>EFER as the guest sees it (never SVME). LMA follows from LME and CR0.PG.</summary>
    public abstract ulong Efer { get; set; }
    public abstract ulong Dr7 { get; set; }

    public abstract Segment GetSegment(SegmentName name);
    public abstract void SetSegment(SegmentName name, Segment segment);
    public abstract DescriptorTable Gdtr { get; set; }
    public abstract DescriptorTable Idtr { get; set; }

    /// <summary>Current privilege level, 0 to 3 (VMX: SS.DPL; SVM: VMCB.CPL).</summary>
    public abstract int PrivilegeLevel { get; }

    /// <summary>Whether the vCPU runs 64-bit code now: EFER.LMA and CS.L.</summary>
    public virtual bool RunsLongCode => (Efer & EferBits.LongModeActive) != 0 && GetSegment(SegmentName.Cs).Long;

    /// <summary>Width and privilege of the code that runs.</summary>
    public virtual CpuMode Mode => (RunsLongCode ? CpuMode.Long : CpuMode.None)
        | (PrivilegeLevel == 0 && (Rflags & RflagsBits.Virtual8086) == 0 ? CpuMode.Supervisor : CpuMode.None);

    /// <summary>Reads what decides about the translation of linear addresses, each register once.</summary>
    public virtual void ReadPaging(out PagingState state)
    {
        state.Cr0 = Cr0;
        state.Cr3 = Cr3;
        state.Cr4 = Cr4;
        state.Efer = Efer;
        state.Rflags = Rflags;
        state.RunsLongCode = RunsLongCode;
    }

    /// <summary>
    /// An MSR whose value the control block (or the HAL's switch list) holds for the guest: STAR, LSTAR, CSTAR, SFMASK, KERNEL_GS_BASE,
    /// FS/GS base, SYSENTER_*, PAT, TSC_AUX where present, DEBUGCTL.
    /// False: this HAL does not hold it (then it belongs to the MSR policy above).
    /// </summary>
    public abstract bool TryReadMsr(uint index, out ulong value);
    public abstract bool TryWriteMsr(uint index, ulong value);

    /// <summary>Guest TSC = host TSC + offset (mod 2^64). RDTSC does not exit.</summary>
    public abstract ulong TscOffset { get; set; }

    /// <summary>The root of the nested page table (EPT or NPT) that translates this vCPU's guest-physical addresses.</summary>
    public abstract void SetNestedRoot(Mfn root);

    /// <summary>Whether an external interrupt could be injected now: IF set, no STI/MOV-SS shadow, nothing else waiting for injection.</summary>
    public abstract bool CanTakeInterrupt { get; }

    /// <summary>Asks for (or calls off) an exit as soon as <see cref="CanTakeInterrupt"/> becomes true.</summary>
    public abstract void RequestInterruptWindow(bool wanted);

    /// <summary>Delivers an external interrupt at the next entry. False, and nothing changes: not <see cref="CanTakeInterrupt"/>.</summary>
    public abstract bool TryInjectInterrupt(byte vector);

    /// <summary>
    /// Gives the CPU the registers of the vCPU's local APIC to keep; nothing happens where <see cref="Virtualisation.KeepsApics"/> is
    /// false. They are <see cref="ApicInterface.None"/>'s until <see cref="KeepApic"/>.
    /// </summary>
    /// <param name="registers">The frame with the registers, a word each at its offset (SDM vol. 3, table 11-1). The caller's to free, after <see cref="Release"/>.</param>
    /// <param name="page">The frame that the nested page table maps where the guest's APIC page lies. Its contents are of no account.</param>
    public virtual void AttachApic(Mfn registers, Mfn page)
    {
    }

    /// <summary>Says how the CPU keeps the APIC from the next entry on.</summary>
    public virtual void KeepApic(ApicKeeping keeping)
    {
    }

    /// <summary>There is more in the request register of an APIC whose interrupts the CPU delivers.</summary>
    /// <param name="highest">The highest vector there.</param>
    public virtual void AnnounceApicRequest(byte highest)
    {
    }

    /// <summary>
    /// Delivers a non-maskable interrupt at the next entry. False: the guest can't take one now (another event waits, or it is
    /// still in the handler of the last one, where the vendor lets the HAL know); the caller tries again before a later entry.
    /// </summary>
    public virtual bool TryInjectNmi() => false;

    /// <summary>
    /// Delivers a fault at the next entry (merging with an event whose delivery the exit interrupted, per the double-fault
    /// table of SDM vol. 3, 6.15: the result may be #DF, or a triple fault reported at the next <see cref="Run"/>).
    /// #BP and #OF are traps: move RIP past the instruction first.
    /// </summary>
    public abstract void InjectException(byte vector, bool hasErrorCode, uint errorCode);

    /// <summary>
    /// Delivers at the next entry what an instruction raises: INT n, INT1, INT3 or INTO, of which RIP names one.
    /// </summary>
    /// <param name="kind">One of the software kinds.</param>
    /// <param name="length">The instruction's bytes, 1 to 15: the handler returns behind it.</param>
    public abstract void InjectSoftware(EventKind kind, byte vector, int length);

    /// <summary>In words, what the last exit was that came out as <see cref="ExitReason.Unexpected"/>, for the report of the domain's end.</summary>
    public virtual string ExitName => "an exit that nobody asked for";

    /// <summary>
    /// Exceptions that exit, a bit a vector; 0 at first. The HAL adds #MC, which belongs to the host: its handler there runs
    /// before <see cref="Run"/> returns with <see cref="ExitReason.Exception"/>. It adds #AC and #DB too: a guest whose stack makes the
    /// delivery of the one raise it again keeps a CPU in microcode for ever, host interrupts and all, unless the exception exits. The
    /// caller gives them back (<see cref="ReturnException"/>).
    /// </summary>
    public virtual uint ExceptionBitmap { get; set; }

    /// <summary>What the HAL adds to <see cref="ExceptionBitmap"/>.</summary>
    internal const uint AlwaysIntercepted = (1u << ExceptionVector.MachineCheck)
        | (1u << ExceptionVector.AlignmentCheck) | (1u << ExceptionVector.Debug);

    /// <summary>
    /// Gives the exception of the last exit (<see cref="ExitReason.Exception"/>) to the guest, at the next entry, as if it had not
    /// exited. The debug registers show it already.
    /// </summary>
    public abstract void ReturnException();

    /// <summary>Delivers a page fault: CR2 and error code.</summary>
    public void InjectPageFault(ulong linear, uint errorCode)
    {
        Cr2 = linear;
        InjectException(14, true, errorCode);
    }

    /// <summary>Moves RIP past the instruction that exited; clears the STI/MOV-SS shadow and RF, wraps at 4 GiB outside 64-bit code.</summary>
    /// <param name="length">1 to 15 bytes.</param>
    public abstract void SkipInstruction(int length);

    /// <summary>
    /// Forgets cached translations of this guest's nested tables (INVEPT, or an ASID flush) before the next entry: of every root that it
    /// has used, since it may come back to any.
    /// </summary>
    public abstract void InvalidateNested();

    /// <summary>
    /// What INIT does beside the registers, which the caller loads: nothing waits for delivery, nothing blocks an interrupt or
    /// an NMI, and the debug registers are as after reset (SDM vol. 3, 10.1.1).
    /// </summary>
    public abstract void ReceiveInit();

    /// <summary>
    /// Whether some CPU holds a part of the vCPU's state: the CPU that <see cref="BecomeLocal"/> ran on, until <see cref="LetGo"/> or
    /// until it took on another vCPU. Only a vCPU that no CPU holds can go to another one. Any CPU may ask.
    /// </summary>
    public virtual bool IsHeld => false;

    /// <summary>
    /// The vCPU runs on the calling CPU from now on, which holds it already or nobody does. Before this, what is read and written of it
    /// is what does not lie in the control block.
    /// </summary>
    public virtual void BecomeLocal()
    {
    }

    /// <summary>The calling CPU gives up all that it holds of the vCPU; nothing happens when it holds nothing.</summary>
    public virtual void LetGo()
    {
    }

    /// <summary>
    /// Runs the guest until its next exit, and fills <see cref="Exit"/>. An event whose delivery was interrupted by the exit
    /// is delivered again at the next entry unless replaced. Interrupts of the host stay pending until the caller opens them.
    /// </summary>
    public abstract void Run();

    /// <summary>What the trace of exits calls this vCPU: the domain's number in the high half, the vCPU's plus one in the low.</summary>
    public uint Label { get; set; } = 1;

    /// <summary>Exits of this vCPU are noted in that trace from now on.</summary>
    protected void BeginTrace(ExitTrace trace)
    {
        trace.Switch(Label);
        Registers.TracePosition = trace.Position;
    }

    /// <summary>The CPU's debug registers, x87 and vector state are this vCPU's from now on.</summary>
    protected void LoadProcessorState()
    {
        HostInstructions.LoadDebugRegisters(ref Processor);
        if (Processor.HasFloatingPoint)
            HostInstructions.LoadFloatingPoint(ref Processor);
        else
            HostInstructions.ResetFloatingPoint();
    }

    /// <summary>Takes the vCPU's debug registers, x87 and vector state off the CPU.</summary>
    protected void SaveProcessorState()
    {
        HostInstructions.SaveProcessorState(ref Processor);
        Processor.HasFloatingPoint = true;
    }

    /// <summary>
    /// What waits for delivery at the next entry. Setting it drops whatever waited. Left out are the events of INT instructions, which
    /// RIP still names.
    /// </summary>
    public virtual PendingEvent WaitingEvent
    {
        get => default;
        set { }
    }

    /// <summary>What the next entry delivers, those of INT instructions too. Not valid: nothing.</summary>
    public virtual PendingEvent NextEvent => WaitingEvent;

    /// <summary>The vendor's number of the last exit, whatever it was. Before the next entry, on the vCPU's own CPU.</summary>
    public virtual ulong ExitNumber => Exit.RawReason;

    /// <summary>What the vendor says of it beside: the exit qualification, or EXITINFO1. As <see cref="ExitNumber"/>.</summary>
    public virtual ulong ExitInformation => Exit.RawInformation1;

    /// <summary>What a vendor says of the instruction that exited last (Intel SDM vol. 3, 28.2.5); elsewhere 0. As <see cref="ExitNumber"/>.</summary>
    public virtual uint ExitInstructionInformation => 0;

    /// <summary>Debug addresses and x87 state. Only while no CPU has the vCPU resident: it has run nowhere since <see cref="LetGo"/>.</summary>
    public ref ProcessorState State => ref Processor;

    /// <summary>DR6 as the guest would read it now.</summary>
    public virtual ulong CurrentDr6 => Processor.Dr6;

    /// <summary>Frees the frames of the control block. The vCPU is not usable afterwards.</summary>
    public abstract void Release();
}
