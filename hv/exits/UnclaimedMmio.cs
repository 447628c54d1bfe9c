using Xenolith.Emulate;

namespace Xenolith;

/// <summary>Guest-physical addresses where nothing is: reads give all ones, writes go nowhere, as on Xen without a device model.</summary>
internal sealed class UnclaimedMmio : MmioDevice
{
    public override ulong Read(uint offset, int size) => ulong.MaxValue;

    public override void Write(uint offset, int size, ulong value)
    {
    }
}
