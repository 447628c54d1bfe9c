namespace Xenolith.Emulate;

/// <summary>What answers at a guest's I/O ports.</summary>
public abstract class PortDevice
{
    /// <summary>Reads <paramref name="size"/> bytes (1, 2 or 4); nobody there reads as all ones.</summary>
    public abstract uint Read(ushort port, int size);

    public abstract void Write(ushort port, int size, uint value);
}
