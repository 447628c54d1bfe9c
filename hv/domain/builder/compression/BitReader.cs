using System;

namespace Xenolith.Domains;

/// <summary>Reads bits from the low end of each byte on, as DEFLATE packs them (RFC 1951, 3.1.1).</summary>
internal ref struct BitReader(ReadOnlySpan<byte> input)
{
    private readonly ReadOnlySpan<byte> _input = input;
    private int _next;
    private ulong _bits;
    private int _count;

    /// <summary>Whole bytes taken so far; a byte of which some bits were used counts.</summary>
    public readonly int BytesConsumed => _next - (_count >> 3);

    /// <summary>Whether every byte of the input has been fetched, so that a code that did not match was cut off.</summary>
    public readonly bool IsAtEnd => _next == _input.Length && _count < 15;

    /// <summary>Reads 0 to 16 bits.</summary>
    public bool TryRead(int count, out uint value)
    {
        Fill();
        if (count > _count)
        {
            value = 0;
            return false;
        }

        value = (uint)_bits & ((1u << count) - 1);
        Drop(count);
        return true;
    }

    public bool TryReadSymbol(HuffmanTable table, out int symbol)
    {
        Fill();
        int length = table.Find((uint)_bits, _count, out symbol);
        Drop(length);
        return length != 0;
    }

    public void AlignToByte() => Drop(_count & 7);

    /// <summary>Reads whole bytes; the reader must stand at a byte's start.</summary>
    public bool TryReadBytes(Span<byte> output)
    {
        int at = BytesConsumed;
        if (output.Length > _input.Length - at)
        {
            return false;
        }

        _input.Slice(at, output.Length).CopyTo(output);
        _next = at + output.Length;
        _bits = 0;
        _count = 0;
        return true;
    }

    private void Fill()
    {
        while (_count <= 48 && _next < _input.Length)
        {
            _bits |= (ulong)_input[_next++] << _count;
            _count += 8;
        }
    }

    private void Drop(int count)
    {
        _bits >>= count;
        _count -= count;
    }
}
