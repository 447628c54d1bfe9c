namespace Xenolith.Hal;

/// <summary>Bits of CR0 (Intel SDM vol. 3, 2.5; AMD APM vol. 2, 3.1.1).</summary>
public static class Cr0Bits
{
    public const ulong ProtectionEnable = 1UL << 0;
    public const ulong MonitorCoprocessor = 1UL << 1;
    public const ulong Emulation = 1UL << 2;
    public const ulong TaskSwitched = 1UL << 3;
    public const ulong ExtensionType = 1UL << 4;
    public const ulong NumericError = 1UL << 5;
    public const ulong WriteProtect = 1UL << 16;
    public const ulong AlignmentMask = 1UL << 18;
    public const ulong NotWriteThrough = 1UL << 29;
    public const ulong CacheDisable = 1UL << 30;
    public const ulong Paging = 1UL << 31;
}

/// <summary>Bits of CR4 (Intel SDM vol. 3, 2.5; AMD APM vol. 2, 3.1.3).</summary>
public static class Cr4Bits
{
    public const ulong VirtualMode = 1UL << 0;
    public const ulong ProtectedModeVirtualInterrupts = 1UL << 1;
    public const ulong TimeStampDisable = 1UL << 2;
    public const ulong DebuggingExtensions = 1UL << 3;
    public const ulong PageSizeExtension = 1UL << 4;
    public const ulong PhysicalAddressExtension = 1UL << 5;
    public const ulong MachineCheck = 1UL << 6;
    public const ulong PageGlobal = 1UL << 7;
    public const ulong PerformanceCounter = 1UL << 8;
    public const ulong FxsaveSupport = 1UL << 9;
    public const ulong SimdExceptions = 1UL << 10;
    public const ulong UserModeInstructionPrevention = 1UL << 11;
    public const ulong FiveLevelPaging = 1UL << 12;
    public const ulong Vmx = 1UL << 13;
    public const ulong Smx = 1UL << 14;
    public const ulong FsGsBase = 1UL << 16;
    public const ulong ProcessContextIdentifiers = 1UL << 17;
    public const ulong XsaveEnable = 1UL << 18;
    public const ulong SupervisorExecutionPrevention = 1UL << 20;
    public const ulong SupervisorAccessPrevention = 1UL << 21;
    public const ulong ProtectionKeys = 1UL << 22;
    public const ulong ControlFlowEnforcement = 1UL << 23;

    /// <summary>Bits whose change means that translations made before must not be used (SDM vol. 3, 4.10.4.1; APM vol. 2, 5.5.2).</summary>
    public const ulong Translation = PageSizeExtension | PhysicalAddressExtension | PageGlobal | FiveLevelPaging
        | ProcessContextIdentifiers | SupervisorExecutionPrevention | SupervisorAccessPrevention | ProtectionKeys;
}

/// <summary>Bits of IA32_EFER (Intel SDM vol. 3, 2.2.1; AMD APM vol. 2, 3.1.7).</summary>
public static class EferBits
{
    public const ulong SyscallEnable = 1UL << 0;
    public const ulong LongModeEnable = 1UL << 8;
    public const ulong LongModeActive = 1UL << 10;
    public const ulong NoExecuteEnable = 1UL << 11;
    public const ulong SecureVirtualMachine = 1UL << 12;
    public const ulong LongModeSegmentLimit = 1UL << 13;
    public const ulong FastFxsave = 1UL << 14;
    public const ulong TranslationCacheExtension = 1UL << 15;
}

/// <summary>Bits of RFLAGS (Intel SDM vol. 1, 3.4.3).</summary>
public static class RflagsBits
{
    public const ulong AlwaysOne = 1UL << 1;
    public const ulong Trap = 1UL << 8;
    public const ulong Interrupt = 1UL << 9;
    public const ulong Resume = 1UL << 16;
    public const ulong Virtual8086 = 1UL << 17;
}

/// <summary>Numbers of the MSRs that the HAL reads, switches or holds (Intel SDM vol. 4; AMD APM vol. 2, appendix A).</summary>
public static class Msr
{
    public const uint FeatureControl = 0x3A;
    public const uint SysenterCs = 0x174;
    public const uint SysenterEsp = 0x175;
    public const uint SysenterEip = 0x176;
    public const uint DebugControl = 0x1D9;
    public const uint Pat = 0x277;
    public const uint Efer = 0xC000_0080;
    public const uint Star = 0xC000_0081;
    public const uint LStar = 0xC000_0082;
    public const uint CStar = 0xC000_0083;
    public const uint SyscallMask = 0xC000_0084;
    public const uint FsBase = 0xC000_0100;
    public const uint GsBase = 0xC000_0101;
    public const uint KernelGsBase = 0xC000_0102;
    public const uint TscAux = 0xC000_0103;

    /// <summary>IA32_PAT after reset (SDM vol. 3, 12.12.4): WB, WT, UC-, UC, twice.</summary>
    public const ulong PatReset = 0x0007_0406_0007_0406;
}
