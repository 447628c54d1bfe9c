namespace Xenolith.Domains;

/// <summary>Offsets of the local APIC's registers in its page (SDM vol. 3, table 11-1); in x2APIC mode MSR 0x800 + offset / 16.</summary>
internal static class ApicRegister
{
    public const uint Id = 0x20;
    public const uint Version = 0x30;
    public const uint TaskPriority = 0x80;
    public const uint ArbitrationPriority = 0x90;
    public const uint ProcessorPriority = 0xA0;
    public const uint Eoi = 0xB0;
    public const uint LogicalDestination = 0xD0;
    public const uint DestinationFormat = 0xE0;
    public const uint Spurious = 0xF0;
    public const uint InService = 0x100;
    public const uint TriggerMode = 0x180;
    public const uint Request = 0x200;
    public const uint ErrorStatus = 0x280;
    public const uint CommandLow = 0x300;
    public const uint CommandHigh = 0x310;
    public const uint LvtTimer = 0x320;
    public const uint LvtThermal = 0x330;
    public const uint LvtPerformance = 0x340;
    public const uint LvtLint0 = 0x350;
    public const uint LvtLint1 = 0x360;
    public const uint LvtError = 0x370;
    public const uint InitialCount = 0x380;
    public const uint CurrentCount = 0x390;
    public const uint Divide = 0x3E0;
    public const uint SelfIpi = 0x3F0;
}
