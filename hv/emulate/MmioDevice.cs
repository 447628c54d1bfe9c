namespace Xenolith.Emulate;

/// <summary>Registers in memory that an emulated instruction reads and writes.</summary>
public abstract class MmioDevice
{
    /// <summary>Reads <paramref name="size"/> bytes (1, 2, 4 or 8).</summary>
    /// <param name="offset">From the start of the device's page; the access lies inside it, aligned or not.</param>
    public abstract ulong Read(uint offset, int size);

    /// <summary>Writes the low <paramref name="size"/> bytes of the value.</summary>
    public abstract void Write(uint offset, int size, ulong value);

    /// <summary>
    /// Writes what an instruction makes of what it has read, if that is still there: where others write too, what they write meanwhile is not lost. False: it is not,
    /// and nothing was written.
    /// </summary>
    /// <param name="expected">What was read there.</param>
    public virtual bool TryExchange(uint offset, int size, ulong expected, ulong value)
    {
        Write(offset, size, value);
        return true;
    }

    /// <summary>Whether the last access is still to be made good by somebody else: the instruction waits, and what was read means nothing.</summary>
    public bool MustWait { get; protected set; }
}
