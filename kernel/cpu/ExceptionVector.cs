namespace Xenolith.Kernel;

/// <summary>Exception vectors (Intel SDM vol. 3, table 6-1; AMD APM vol. 2, table 8-1).</summary>
public static class ExceptionVector
{
    public const byte DivideError = 0;
    public const byte Debug = 1;
    public const byte NonMaskable = 2;
    public const byte Breakpoint = 3;
    public const byte Overflow = 4;
    public const byte InvalidOpcode = 6;
    public const byte DoubleFault = 8;
    public const byte InvalidTss = 10;
    public const byte SegmentNotPresent = 11;
    public const byte StackFault = 12;
    public const byte GeneralProtection = 13;
    public const byte PageFault = 14;
    public const byte AlignmentCheck = 17;
    public const byte MachineCheck = 18;
    public const byte Virtualization = 20;
    public const byte ControlProtection = 21;

    /// <summary>Mnemonic and name.</summary>
    public static string NameOf(byte vector) => vector switch
    {
        0 => "#DE divide error",
        1 => "#DB debug exception",
        2 => "non-maskable interrupt",
        3 => "#BP breakpoint",
        4 => "#OF overflow",
        5 => "#BR bound range exceeded",
        6 => "#UD invalid opcode",
        7 => "#NM device not available",
        8 => "#DF double fault",
        10 => "#TS invalid TSS",
        11 => "#NP segment not present",
        12 => "#SS stack fault",
        13 => "#GP general protection",
        14 => "#PF page fault",
        16 => "#MF x87 floating-point error",
        17 => "#AC alignment check",
        18 => "#MC machine check",
        19 => "#XM SIMD floating-point error",
        20 => "#VE virtualization exception",
        21 => "#CP control protection",
        28 => "#HV hypervisor injection",
        29 => "#VC VMM communication",
        30 => "#SX security exception",
        < 32 => "reserved exception",
        _ => "interrupt",
    };
}
