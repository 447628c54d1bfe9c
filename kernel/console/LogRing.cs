using System;

namespace Xenolith.Kernel;

/// <summary>The last bytes written to the console. Positions count all bytes ever written, so a reader sees what it missed.</summary>
public sealed class LogRing
{
    private readonly byte[] _bytes;

    /// <param name="size">Bytes kept; rounded up to a power of two, 256 at least, 64 MiB at most.</param>
    public LogRing(ulong size)
    {
        int rounded = 256;
        while ((ulong)rounded < size && rounded < 1 << 26)
        {
            rounded <<= 1;
        }

        _bytes = new byte[rounded];
    }

    /// <summary>Bytes kept at most.</summary>
    public int Size => _bytes.Length;

    /// <summary>Bytes ever written: one past the newest.</summary>
    public ulong End { get; private set; }

    /// <summary>The oldest byte still there.</summary>
    public ulong Start { get; private set; }

    /// <summary>Appends, forgetting the oldest bytes when full.</summary>
    public void Write(ReadOnlySpan<byte> text)
    {
        for (int i = 0; i < text.Length; i++)
        {
            _bytes[(int)(End & (uint)(_bytes.Length - 1))] = text[i];
            End++;
        }

        if (End - Start > (uint)_bytes.Length)
        {
            Start = End - (uint)_bytes.Length;
        }
    }

    /// <summary>Copies bytes from a position on (from the oldest, when that one is gone); returns how many.</summary>
    public int Read(ulong position, Span<byte> destination)
    {
        position = Math.Max(position, Start);
        int count = (int)Math.Min((ulong)destination.Length, position < End ? End - position : 0);
        int at = (int)(position & (uint)(_bytes.Length - 1));
        int first = Math.Min(count, _bytes.Length - at);
        _bytes.AsSpan(at, first).CopyTo(destination);
        _bytes.AsSpan(0, count - first).CopyTo(destination.Slice(first));
        return count;
    }

    /// <summary>Forgets everything.</summary>
    public void Clear() => Start = End;
}
