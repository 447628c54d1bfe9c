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
        int count = 0;
        while (Peek(position + (uint)count, (uint)(destination.Length - count)) is { IsEmpty: false } piece)
        {
            piece.CopyTo(destination.Slice(count));
            count += piece.Length;
        }

        return count;
    }

    /// <summary>
    /// Bytes from a position on (from the oldest, when that one is gone) where they lie, up to the end of the ring at most. They change when more is
    /// written than there is room for.
    /// </summary>
    /// <param name="most">How many at most.</param>
    public ReadOnlySpan<byte> Peek(ulong position, ulong most)
    {
        position = Math.Max(position, Start);
        int at = (int)(position & (uint)(_bytes.Length - 1));
        ulong count = Math.Min(position < End ? End - position : 0, most);
        return _bytes.AsSpan(at, (int)Math.Min(count, (uint)(_bytes.Length - at)));
    }

    /// <summary>Forgets everything.</summary>
    public void Clear() => Start = End;
}
