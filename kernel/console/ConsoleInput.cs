namespace Xenolith.Kernel;

/// <summary>
/// Bytes typed on the console, from the interrupt handler (which runs only where interrupts are opened) to the run loop. When it is
/// full, what comes in is dropped and counted.
/// </summary>
public sealed class ConsoleInput
{
    private const int Size = 4096;

    private readonly byte[] _bytes = new byte[Size];
    private uint _head;
    private uint _tail;

    /// <summary>Bytes dropped for want of room.</summary>
    public ulong Dropped { get; private set; }

    /// <summary>Whether a byte waits.</summary>
    public bool HasInput => _head != _tail;

    /// <summary>Bytes taken in so far, modulo 2^32: it changes whenever something was typed.</summary>
    public uint Received => _head;

    /// <summary>Adds a byte.</summary>
    public void Push(byte value)
    {
        if (_head - _tail == Size)
        {
            Dropped++;
            return;
        }

        _bytes[(int)(_head % Size)] = value;
        _head++;
    }

    /// <summary>The oldest byte, without taking it.</summary>
    public bool TryPeek(out byte value)
    {
        value = HasInput ? _bytes[(int)(_tail % Size)] : (byte)0;
        return HasInput;
    }

    /// <summary>Takes the oldest byte.</summary>
    public bool TryRead(out byte value)
    {
        if (!TryPeek(out value))
        {
            return false;
        }

        _tail++;
        return true;
    }
}
