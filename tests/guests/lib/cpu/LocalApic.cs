namespace Xenolith.Guests;

/// <summary>The local APIC in xAPIC mode, at its reset address (Intel SDM vol. 3, 10.4). The guest maps it one to one.</summary>
public static class LocalApic
{
    public const ulong Address = 0xFEE0_0000;
    public const uint Id = 0x20, Version = 0x30, TaskPriority = 0x80, ProcessorPriority = 0xA0, EndOfInterrupt = 0xB0,
        LogicalDestination = 0xD0, DestinationFormat = 0xE0, Spurious = 0xF0, InService = 0x100, Request = 0x200,
        ErrorStatus = 0x280, CommandLow = 0x300, CommandHigh = 0x310, TimerVector = 0x320, InitialCount = 0x380,
        CurrentCount = 0x390, DivideConfiguration = 0x3E0;

    public const uint Masked = 0x1_0000, Periodic = 0x2_0000, SoftwareEnable = 0x100;
    public const uint SelfShorthand = 0x4_0000, AssertLevel = 0x4000;

    /// <summary>Divide configuration for dividing by 1.</summary>
    public const uint DivideByOne = 0xB;

    public static uint Read(uint register) => Memory.Read32(Address + register);

    public static void Write(uint register, uint value) => Memory.Write32(Address + register, value);

    /// <summary>Switches the APIC on by its spurious-vector register.</summary>
    public static void Enable(byte spuriousVector) => Write(Spurious, SoftwareEnable | spuriousVector);

    public static void End() => Write(EndOfInterrupt, 0);

    public static void SendToSelf(byte vector) => Write(CommandLow, SelfShorthand | AssertLevel | vector);

    /// <summary>Whether the vector's bit is set in the eight-word register (ISR or IRR).</summary>
    public static bool Bit(uint register, byte vector) => (Read(register + ((uint)vector >> 5 << 4)) >> (vector & 31) & 1) != 0;
}
