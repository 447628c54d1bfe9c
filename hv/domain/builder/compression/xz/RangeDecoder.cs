using System;
using System.Buffers.Binary;

namespace Xenolith.Domains;

/// <summary>
/// LZMA's range decoder (LZMA specification in the LZMA SDK, "The Range Decoder"): bits with an adaptive probability of 0, in
/// units of 1/2048. Past the input's end it reads zeros and <see cref="IsFinished"/> stays false.
/// </summary>
internal ref struct RangeDecoder
{
    /// <summary>A bit is as often 0 as 1.</summary>
    public const ushort EvenOdds = 1 << (ProbabilityBits - 1);

    private const int ProbabilityBits = 11;
    private const int AdaptionShift = 5;
    private const int HeaderSize = 5;

    private readonly ReadOnlySpan<byte> _input;
    private int _next;
    private uint _range;
    private uint _code;

    private RangeDecoder(ReadOnlySpan<byte> input)
    {
        _input = input;
        _next = HeaderSize;
        _range = uint.MaxValue;
        _code = BinaryPrimitives.ReadUInt32BigEndian(input[1..]);
    }

    /// <summary>Whether more was read than there is.</summary>
    public readonly bool IsOverrun => _next > _input.Length;

    /// <summary>False when the input is too short, or does not begin with the zero that every encoder writes.</summary>
    public static bool TryOpen(ReadOnlySpan<byte> input, out RangeDecoder decoder)
    {
        if (input.Length < HeaderSize || input[0] != 0)
        {
            decoder = default;
            return false;
        }

        decoder = new RangeDecoder(input);
        return true;
    }

    /// <summary>Whether, after the last bit, the input is used up and ended as an encoder ends it.</summary>
    public bool IsFinished()
    {
        Normalize();
        return _next == _input.Length && _code == 0;
    }

    public uint Read(ref ushort probability)
    {
        Normalize();
        uint bound = (_range >> ProbabilityBits) * probability;
        if (_code < bound)
        {
            _range = bound;
            probability += (ushort)(((1 << ProbabilityBits) - probability) >> AdaptionShift);
            return 0;
        }

        _range -= bound;
        _code -= bound;
        probability -= (ushort)(probability >> AdaptionShift);
        return 1;
    }

    /// <summary>Bits without probabilities, the highest first.</summary>
    public uint ReadDirect(int count)
    {
        uint value = 0;
        for (; count > 0; count--)
        {
            Normalize();
            _range >>= 1;
            uint bit = _code >= _range ? 1u : 0u;
            _code -= _range & (0 - bit);
            value = (value << 1) | bit;
        }

        return value;
    }

    /// <summary>A symbol of 2^<paramref name="bits"/> from a binary tree, the highest bit first.</summary>
    public int ReadTree(Span<ushort> tree, int bits)
    {
        uint node = 1;
        for (int i = 0; i < bits; i++)
        {
            node = (node << 1) | Read(ref tree[(int)node]);
        }

        return (int)node - (1 << bits);
    }

    /// <summary>The same, the lowest bit first.</summary>
    public int ReadReverseTree(Span<ushort> tree, int bits)
    {
        uint node = 1;
        uint value = 0;
        for (int i = 0; i < bits; i++)
        {
            uint bit = Read(ref tree[(int)node]);
            node = (node << 1) | bit;
            value |= bit << i;
        }

        return (int)value;
    }

    private void Normalize()
    {
        if (_range < 1u << 24)
        {
            byte next = _next < _input.Length ? _input[_next] : (byte)0;
            _next++;
            _range <<= 8;
            _code = (_code << 8) | next;
        }
    }
}
