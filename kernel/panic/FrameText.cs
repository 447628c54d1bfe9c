using System;

namespace Xenolith.Kernel;

/// <summary>Text built up in a caller's buffer; what does not fit is dropped.</summary>
internal ref struct FrameText
{
    private readonly Span<byte> _buffer;

    /// <summary>Starts an empty line.</summary>
    public FrameText(Span<byte> buffer)
    {
        _buffer = buffer;
    }

    /// <summary>Bytes written so far.</summary>
    public int Length { get; private set; }

    /// <summary>Appends text.</summary>
    public void Add(scoped ReadOnlySpan<byte> text)
    {
        for (int i = 0; i < text.Length && Length < _buffer.Length; i++)
        {
            _buffer[Length++] = text[i];
        }
    }

    /// <summary>Appends a number in base ten.</summary>
    public void AddDecimal(uint value)
    {
        Span<byte> digits = stackalloc byte[10];
        int at = digits.Length;
        do
        {
            digits[--at] = (byte)('0' + (value % 10));
            value /= 10;
        }
        while (value != 0);

        Add(digits.Slice(at));
    }

    /// <summary>Appends a number in base sixteen with at least <paramref name="least"/> digits (at most 16).</summary>
    public void AddHexadecimal(ulong value, int least)
    {
        Span<byte> digits = stackalloc byte[16];
        int at = digits.Length;
        do
        {
            int digit = (int)(value & 0xF);
            digits[--at] = (byte)(digit < 10 ? '0' + digit : 'a' + digit - 10);
            value >>= 4;
        }
        while (value != 0 || digits.Length - at < least);

        Add(digits.Slice(at));
    }
}
