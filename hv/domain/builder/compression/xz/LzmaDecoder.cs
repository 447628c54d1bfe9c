using System;

namespace Xenolith.Domains;

/// <summary>
/// LZMA (LZMA specification in the LZMA SDK): literals and matches whose every bit has a probability that depends on what came
/// before. The output is the dictionary.
/// </summary>
internal sealed class LzmaDecoder
{
    /// <summary>What the position's low bits distinguish at most.</summary>
    public const int PositionStates = 1 << 4;

    private const int States = 12;
    private const int FirstStateAfterMatch = 7;
    private const int LiteralSize = 0x300;
    private const int MaximumLiteralBits = 4;
    private const int LengthStates = 4, SlotBits = 6, AlignBits = 4;
    private const int FirstModelledSlot = 4, FirstDirectSlot = 14, FullDistances = 128;

    private readonly ushort[] _isMatch = new ushort[States * PositionStates];
    private readonly ushort[] _isRepeat = new ushort[States];
    private readonly ushort[] _isNotFirst = new ushort[States];
    private readonly ushort[] _isNotSecond = new ushort[States];
    private readonly ushort[] _isNotThird = new ushort[States];
    private readonly ushort[] _isLong = new ushort[States * PositionStates];
    private readonly ushort[] _slots = new ushort[LengthStates << SlotBits];
    private readonly ushort[] _distances = new ushort[1 + FullDistances - FirstDirectSlot];
    private readonly ushort[] _align = new ushort[1 << AlignBits];
    private readonly ushort[] _literals = new ushort[LiteralSize << MaximumLiteralBits];
    private readonly LzmaLengthDecoder _matchLengths = new();
    private readonly LzmaLengthDecoder _repeatLengths = new();

    private int _literalContextBits;
    private int _literalPositionMask;
    private int _positionMask;
    private int _state;

    // The last four distances, the latest first; 0 is the byte before.
    private uint _first, _second, _third, _fourth;

    /// <summary>
    /// Takes the properties' byte, (pb * 5 + lp) * 9 + lc. False when it is none, or when lc + lp is above 4, which LZMA2
    /// does not allow.
    /// </summary>
    public bool TrySetProperties(byte properties)
    {
        int literalContextBits = properties % 9;
        int literalPositionBits = properties / 9 % 5;
        int positionBits = properties / 45;
        if (positionBits > 4 || literalContextBits + literalPositionBits > MaximumLiteralBits)
        {
            return false;
        }

        _literalContextBits = literalContextBits;
        _literalPositionMask = (1 << literalPositionBits) - 1;
        _positionMask = (1 << positionBits) - 1;
        return true;
    }

    /// <summary>Forgets probabilities and distances, not the properties.</summary>
    public void ResetState()
    {
        _isMatch.AsSpan().Fill(RangeDecoder.EvenOdds);
        _isRepeat.AsSpan().Fill(RangeDecoder.EvenOdds);
        _isNotFirst.AsSpan().Fill(RangeDecoder.EvenOdds);
        _isNotSecond.AsSpan().Fill(RangeDecoder.EvenOdds);
        _isNotThird.AsSpan().Fill(RangeDecoder.EvenOdds);
        _isLong.AsSpan().Fill(RangeDecoder.EvenOdds);
        _slots.AsSpan().Fill(RangeDecoder.EvenOdds);
        _distances.AsSpan().Fill(RangeDecoder.EvenOdds);
        _align.AsSpan().Fill(RangeDecoder.EvenOdds);
        _literals.AsSpan().Fill(RangeDecoder.EvenOdds);
        _matchLengths.Reset();
        _repeatLengths.Reset();
        _state = 0;
        _first = _second = _third = _fourth = 0;
    }

    /// <summary>
    /// Fills <paramref name="output"/> from <paramref name="at"/> to its end. False when the stream does not say exactly that
    /// many bytes, or reaches back before the output's start or further than <paramref name="dictionary"/> bytes.
    /// </summary>
    /// <param name="output">From the dictionary's start to the end of what this stream writes.</param>
    public bool TryDecode(ReadOnlySpan<byte> stream, Span<byte> output, int at, uint dictionary)
    {
        if (!RangeDecoder.TryOpen(stream, out RangeDecoder range))
        {
            return false;
        }

        while (at < output.Length && !range.IsOverrun)
        {
            int positionState = at & _positionMask;
            if (range.Read(ref _isMatch[_state * PositionStates + positionState]) == 0)
            {
                if (!TryReadLiteral(ref range, output, at))
                {
                    return false;
                }

                at++;
                continue;
            }

            int length = range.Read(ref _isRepeat[_state]) == 0
                ? ReadMatch(ref range, positionState)
                : ReadRepeat(ref range, positionState);
            // As unsigned numbers: the marker of an end, which LZMA2 does not use, is the largest distance.
            if (_first >= (uint)at || _first >= dictionary || length > output.Length - at)
            {
                return false;
            }

            BackReference.Copy(output, at, (int)_first + 1, length);
            at += length;
        }

        return range.IsFinished();
    }

    private bool TryReadLiteral(ref RangeDecoder range, Span<byte> output, int at)
    {
        int before = at == 0 ? 0 : output[at - 1];
        int context = ((at & _literalPositionMask) << _literalContextBits) + (before >> (8 - _literalContextBits));
        Span<ushort> tree = _literals.AsSpan(context * LiteralSize, LiteralSize);
        uint symbol = 1;
        if (_state >= FirstStateAfterMatch)
        {
            if (_first >= (uint)at)
            {
                return false;
            }

            // After a match the byte that would have continued it takes part, up to where the literal differs.
            uint expected = output[at - 1 - (int)_first];
            uint same = 0x100;
            while (symbol < 0x100)
            {
                expected <<= 1;
                uint hint = expected & same;
                uint bit = range.Read(ref tree[(int)(same + hint + symbol)]);
                symbol = (symbol << 1) | bit;
                same &= bit != 0 ? hint : ~hint;
            }
        }
        else
        {
            while (symbol < 0x100)
            {
                symbol = (symbol << 1) | range.Read(ref tree[(int)symbol]);
            }
        }

        output[at] = (byte)symbol;
        _state = _state < 4 ? 0 : _state < 10 ? _state - 3 : _state - 6;
        return true;
    }

    /// <summary>A match at a distance of its own. Returns its length.</summary>
    private int ReadMatch(ref RangeDecoder range, int positionState)
    {
        _fourth = _third;
        _third = _second;
        _second = _first;
        int length = _matchLengths.Read(ref range, positionState);
        _state = _state < FirstStateAfterMatch ? 7 : 10;
        int lengthState = Math.Min(length - LzmaLengthDecoder.Minimum, LengthStates - 1);
        int slot = range.ReadTree(_slots.AsSpan(lengthState << SlotBits, 1 << SlotBits), SlotBits);
        if (slot < FirstModelledSlot)
        {
            _first = (uint)slot;
            return length;
        }

        int bits = (slot >> 1) - 1;
        uint distance = (2u | ((uint)slot & 1)) << bits;
        if (slot < FirstDirectSlot)
        {
            // The trees of these slots share an array; a tree's first node is number 1.
            distance += (uint)range.ReadReverseTree(_distances.AsSpan((int)distance - slot), bits);
        }
        else
        {
            distance += range.ReadDirect(bits - AlignBits) << AlignBits;
            distance += (uint)range.ReadReverseTree(_align, AlignBits);
        }

        _first = distance;
        return length;
    }

    /// <summary>A match at one of the last four distances, which moves to the front. Returns its length.</summary>
    private int ReadRepeat(ref RangeDecoder range, int positionState)
    {
        if (range.Read(ref _isNotFirst[_state]) == 0)
        {
            if (range.Read(ref _isLong[_state * PositionStates + positionState]) == 0)
            {
                _state = _state < FirstStateAfterMatch ? 9 : 11;
                return 1;
            }
        }
        else
        {
            uint distance = _second;
            if (range.Read(ref _isNotSecond[_state]) != 0)
            {
                distance = _third;
                if (range.Read(ref _isNotThird[_state]) != 0)
                {
                    distance = _fourth;
                    _fourth = _third;
                }

                _third = _second;
            }

            _second = _first;
            _first = distance;
        }

        _state = _state < FirstStateAfterMatch ? 8 : 11;
        return _repeatLengths.Read(ref range, positionState);
    }
}
