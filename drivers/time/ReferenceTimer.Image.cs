namespace Xenolith.Drivers;

/// <summary>A timer of known speed against which the time-stamp counter is measured.</summary>
internal abstract class ReferenceTimer
{
    public abstract string Name { get; }

    /// <summary>Ticks a second.</summary>
    public abstract ulong Frequency { get; }

    /// <summary>Bits of the counter that count.</summary>
    public abstract ulong Mask { get; }

    /// <summary>Makes it ready for a measurement of up to 40 ms.</summary>
    public virtual void Start()
    {
    }

    /// <summary>The counter, counting up.</summary>
    public abstract ulong Read();
}
