namespace Xenolith.Hal;

/// <summary>Why a guest stopped running, without a vendor.</summary>
public enum ExitReason
{
    /// <summary>
    /// A host interrupt is pending, and is taken when the run loop opens interrupts; or <see cref="Virtualisation.LongestRun"/> is over.
    /// </summary>
    Interrupt,
    /// <summary>The guest can now take the interrupt for which a window was asked.</summary>
    InterruptWindow,
    /// <summary>The vendor's own instruction for it, VMCALL or VMMCALL. The other vendor's is #UD in the guest, as without a hypervisor.</summary>
    Hypercall,
    Cpuid,
    Halt,
    /// <summary>PAUSE, after so many of them that the guest spins. It has not run; it is skipped.</summary>
    PauseLoop,
    MsrRead,
    MsrWrite,
    /// <summary>IN, OUT, INS or OUTS: <see cref="Exit.Port"/> and following.</summary>
    PortIo,
    /// <summary>EPT violation, EPT misconfiguration or nested page fault: <see cref="Exit.GuestPhysical"/> and following.</summary>
    NestedPageFault,
    /// <summary>
    /// An access to the page of the local APIC that the CPU leaves to the caller, before it was made: <see cref="Exit.GuestPhysical"/>
    /// (the offset in the page, no more) and following, without a linear address.
    /// </summary>
    ApicAccess,
    /// <summary>
    /// The guest has written the register of its local APIC at offset <see cref="Exit.GuestPhysical"/>. The instruction is complete and
    /// the value in its place; what the write brings about is the caller's to do.
    /// </summary>
    ApicWrite,
    /// <summary>
    /// An exception: <see cref="Exit.Vector"/>, <see cref="Exit.ErrorCode"/>. One that nobody asked for may come while the guest is stepped, and
    /// is given back (<see cref="VirtualCpu.ReturnException"/>).
    /// </summary>
    Exception,
    /// <summary>
    /// INT n, INT3 or INTO where it exits apart from what it raises (SVM). It has not run; completing it is the caller's, by
    /// <see cref="VirtualCpu.InjectSoftware"/>. While #BP is asked for or the guest is stepped.
    /// </summary>
    SoftwareInterrupt,
    TripleFault,
    /// <summary>MOV to or from CR0, CR3, CR4 or CR8, CLTS, LMSW that must be emulated: <see cref="Exit.ControlRegister"/> and following.</summary>
    ControlRegister,
    Xsetbv,
    /// <summary>INVD or WBINVD: caches are the host's, the instruction is skipped.</summary>
    CacheInvalidate,
    /// <summary>An instruction that the guest's CPU policy does not have (VMX, SVM, MONITOR, RDPMC …): #UD or #GP is for the caller to inject.</summary>
    UnavailableInstruction,
    /// <summary>INT1, where it exits apart from the #DB that it raises (SVM). It has not run; completing it is the caller's.</summary>
    DebugTrapInstruction,
    /// <summary>
    /// VMFUNC, which the CPU leaves to the caller: its leaf is in EAX, the index of the view in ECX. It has not run. Only while views are
    /// attached; without, the guest gets #UD.
    /// </summary>
    ViewFunction,
    /// <summary>
    /// One instruction has run since the entry, or an event was delivered and its handler is next (<see cref="VirtualCpu.SingleSteps"/>).
    /// <see cref="Exit.StackedTrapFlag"/> may need the caller's hand.
    /// </summary>
    SingleStep,
    /// <summary>
    /// LGDT, SGDT, LIDT, SIDT, LLDT, SLDT, LTR or STR, which has not run: <see cref="Exit.TableInstruction"/>
    /// (<see cref="VirtualCpu.InterceptDescriptorTables"/>).
    /// </summary>
    DescriptorTable,
    /// <summary>The CPU has no room left for what it is about to note (<see cref="VirtualCpu.LogWrites"/>). The access has not happened.</summary>
    WriteLogFull,
    /// <summary>A non-maskable interrupt of the host arrived; its handler in the host's IDT has run by now.</summary>
    Nmi,
    /// <summary>The hardware refused the entry; the HAL has printed which rule was broken.</summary>
    EntryFailed,
    /// <summary>An exit nobody asked for; <see cref="Exit.RawReason"/> holds the vendor's number.</summary>
    Unexpected,
}

/// <summary>One exit, decoded. Fields that a reason does not name are undefined. The HAL fills one of these per vCPU, in place.</summary>
public struct Exit
{
    /// <summary>The instruction has no general register operand.</summary>
    public const byte NoGeneralRegister = 0xFF;

    /// <summary>The CPU does not say which register; decode the instruction (SVM without decode assists, where <see cref="InstructionLength"/> may be 0 too).</summary>
    public const byte UnknownGeneralRegister = 0xFE;

    public ExitReason Reason;

    /// <summary>Bytes of the instruction that exited; 0 when the CPU does not say (SVM without next-RIP save) and a decoder must.</summary>
    public byte InstructionLength;

    // Port I/O.
    public ushort Port;
    /// <summary>Bytes per access: 1, 2 or 4.</summary>
    public byte Size;
    public bool IsIn;
    public bool IsString;
    public bool IsRepeated;

    // Nested page fault.
    public ulong GuestPhysical;
    public bool IsWrite;
    public bool IsFetch;
    /// <summary>The access was the CPU's own walk of the guest's page tables.</summary>
    public bool DuringWalk;
    public bool HasGuestLinear;
    public ulong GuestLinear;

    /// <summary>
    /// The exit came while an event was delivered to the guest (IDT-vectoring information or EXITINTINFO is valid): what it accessed is the
    /// delivery's, not the instruction's at RIP.
    /// </summary>
    public bool DuringDelivery;

    // Exception.
    public byte Vector;
    public bool HasErrorCode;
    public uint ErrorCode;

    /// <summary>The instruction was a PUSHF, and RFLAGS.TF in what it pushed is not the guest's: the caller clears it.</summary>
    public bool StackedTrapFlag;

    /// <summary>Which, of a <see cref="ExitReason.DescriptorTable"/>.</summary>
    public DescriptorTableInstruction TableInstruction;

    // Control register.
    public byte ControlRegister;
    public bool IsControlRegisterWrite;
    /// <summary>
    /// Number of the general register, or <see cref="NoGeneralRegister"/> (LMSW and CLTS: <see cref="ControlRegisterValue"/> is the whole
    /// new value), or <see cref="UnknownGeneralRegister"/>: a CPU without decode assists does not say, a decoder must.
    /// </summary>
    public byte GeneralRegister;
    /// <summary>The full new value of a write, computed from the register; undefined for reads and with an unknown register.</summary>
    public ulong ControlRegisterValue;

    // What the vendor said, for the log.
    public ulong RawReason;
    public ulong RawInformation1;
    public ulong RawInformation2;
}
