namespace Xenolith.Domains;

/// <summary>Model-specific registers that guests use (Intel SDM vol. 4; AMD APM vol. 2, appendix A).</summary>
public static class MsrIndex
{
    public const uint Tsc = 0x10;
    public const uint PlatformId = 0x17;
    public const uint ApicBase = 0x1B;
    public const uint FeatureControl = 0x3A;
    public const uint TscAdjust = 0x3B;
    public const uint MicrocodeRevision = 0x8B;
    public const uint PlatformInfo = 0xCE;
    public const uint MtrrCapabilities = 0xFE;
    public const uint MiscFeaturesEnables = 0x140;
    public const uint SysenterCs = 0x174;
    public const uint SysenterEsp = 0x175;
    public const uint SysenterEip = 0x176;
    public const uint McgCapabilities = 0x179;
    public const uint McgStatus = 0x17A;
    public const uint MiscEnable = 0x1A0;
    public const uint DebugControl = 0x1D9;
    public const uint MtrrPhysicalBase0 = 0x200;
    public const uint MtrrFix64K = 0x250;
    public const uint MtrrFix16K80000 = 0x258;
    public const uint MtrrFix16KA0000 = 0x259;
    public const uint MtrrFix4K = 0x268;
    public const uint Pat = 0x277;
    public const uint MtrrDefaultType = 0x2FF;
    public const uint TscDeadline = 0x6E0;
    public const uint X2ApicFirst = 0x800;
    public const uint X2ApicLast = 0x8FF;
    public const uint HypercallPage = CpuidPolicy.HypercallPageMsr;
    public const uint Efer = 0xC000_0080;
    public const uint Star = 0xC000_0081;
    public const uint LongStar = 0xC000_0082;
    public const uint CompatStar = 0xC000_0083;
    public const uint SyscallMask = 0xC000_0084;
    public const uint FsBase = 0xC000_0100;
    public const uint GsBase = 0xC000_0101;
    public const uint KernelGsBase = 0xC000_0102;
    public const uint TscAux = 0xC000_0103;
    public const uint AmdSystemConfiguration = 0xC001_0010;
    public const uint AmdHardwareConfiguration = 0xC001_0015;
    public const uint AmdTopOfMemory = 0xC001_001A;
    public const uint AmdTopOfMemory2 = 0xC001_001D;
    public const uint AmdNorthbridgeConfiguration = 0xC001_001F;
    public const uint AmdInterruptPending = 0xC001_0055;
    public const uint AmdVirtualMachineControl = 0xC001_0114;
    public const uint AmdDecodeConfiguration = 0xC001_1029;
}
