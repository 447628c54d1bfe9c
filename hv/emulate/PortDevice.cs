namespace Xenolith.Emulate;

/// <summary>What answers at a guest's I/O ports.</summary>
public abstract class PortDevice
{
    /// <summary>Reads <paramref name="size"/> bytes (1, 2 or 4); nobody there reads as all ones.</summary>
    public abstract uint Read(ushort port, int size);

    public abstract void Write(ushort port, int size, uint value);

    /// <summary>Whether the last access is still to be made good by somebody else: the instruction waits, and what was read means nothing.</summary>
    public bool MustWait { get; protected set; }

    /// <summary>Whether an access was made good by somebody else, so that a repeated instruction had better let others in between.</summary>
    public bool HasWaited { get; protected set; }
}
