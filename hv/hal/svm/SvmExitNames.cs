namespace Xenolith.Hal.Svm;

/// <summary>Short names of exits (AMD APM vol. 2, appendix C).</summary>
public static class SvmExitNames
{
    public static string Of(SvmExitCode code) => code switch
    {
        <= SvmExitCode.Cr15Write => "control register",
        SvmExitCode.Cr0SelectiveWrite => "CR0 write",
        >= SvmExitCode.Exception0 and <= SvmExitCode.Exception31 => "exception",
        SvmExitCode.Interrupt => "external interrupt",
        SvmExitCode.Nmi => "NMI",
        SvmExitCode.VirtualInterrupt => "interrupt window",
        SvmExitCode.Cpuid => "CPUID",
        SvmExitCode.Iret => "IRET",
        SvmExitCode.Hlt => "HLT",
        SvmExitCode.PortIo => "port I/O",
        SvmExitCode.Msr => "MSR",
        SvmExitCode.TaskSwitch => "task switch",
        SvmExitCode.Shutdown => "shutdown",
        SvmExitCode.Vmmcall => "VMMCALL",
        SvmExitCode.Icebp => "INT1",
        SvmExitCode.Wbinvd => "WBINVD",
        SvmExitCode.NestedPageFault => "nested page fault",
        _ => "another",
    };
}
