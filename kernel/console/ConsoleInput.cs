using System.Threading;

namespace Xenolith.Kernel;

/// <summary>
/// Bytes typed on the console, from the interrupt handler (which runs only where interrupts are opened) to the run loop. When it is
/// full, what comes in is dropped and counted. Any CPU may read.
/// </summary>
public sealed class ConsoleInput
{
    private const int Size = 4096;

    private readonly byte[] _bytes = new byte[Size];
    private readonly SpinLock _lock = new(LockRank.Input, "typed input");
    private uint _head;
    private uint _tail;

    /// <summary>Bytes dropped for want of room.</summary>
    public ulong Dropped { get; private set; }

    /// <summary>Whether a byte waits.</summary>
    public bool HasInput => Volatile.Read(ref _head) != Volatile.Read(ref _tail);

    /// <summary>Bytes taken in so far, modulo 2^32: it changes whenever something was typed.</summary>
    public uint Received => _head;

    /// <summary>Adds a byte.</summary>
    public void Push(byte value)
    {
        _lock.Acquire();
        if (_head - _tail == Size)
        {
            Dropped++;
        }
        else
        {
            _bytes[(int)(_head % Size)] = value;
            Volatile.Write(ref _head, _head + 1);
        }

        _lock.Release();
    }

    /// <summary>The oldest byte, without taking it.</summary>
    public bool TryPeek(out byte value)
    {
        _lock.Acquire();
        bool any = HasInput;
        value = any ? _bytes[(int)(_tail % Size)] : (byte)0;
        _lock.Release();
        return any;
    }

    /// <summary>Takes the oldest byte.</summary>
    public bool TryRead(out byte value)
    {
        _lock.Acquire();
        bool any = HasInput;
        value = any ? _bytes[(int)(_tail % Size)] : (byte)0;
        if (any)
        {
            Volatile.Write(ref _tail, _tail + 1);
        }

        _lock.Release();
        return any;
    }
}
