using Xenolith.Kernel;

namespace Xenolith.Drivers;

/// <summary>The power-management timer (ACPI Specification 6.5, 4.8.2.1): 3.579545 MHz, 24 or 32 bits.</summary>
internal sealed class PmTimer(ushort port, bool isWide) : ReferenceTimer
{
    public override string Name => "ACPI PM timer";

    public override ulong Frequency => 3_579_545;

    public override ulong Mask => isWide ? uint.MaxValue : 0xFF_FFFFUL;

    public override ulong Read() => Cpu.In32(port);
}
