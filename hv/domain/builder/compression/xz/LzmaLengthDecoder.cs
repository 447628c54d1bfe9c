using System;

namespace Xenolith.Domains;

/// <summary>The lengths of LZMA's matches: 2 to 9 and 10 to 17 depend on the position, 18 to 273 do not (LZMA specification, "LenDecoder").</summary>
internal sealed class LzmaLengthDecoder
{
    /// <summary>No match is shorter.</summary>
    public const int Minimum = 2;

    private const int ShortBits = 3, LongBits = 8;

    private readonly ushort[] _choices = new ushort[2];
    private readonly ushort[] _low = new ushort[LzmaDecoder.PositionStates << ShortBits];
    private readonly ushort[] _middle = new ushort[LzmaDecoder.PositionStates << ShortBits];
    private readonly ushort[] _high = new ushort[1 << LongBits];

    public void Reset()
    {
        _choices.AsSpan().Fill(RangeDecoder.EvenOdds);
        _low.AsSpan().Fill(RangeDecoder.EvenOdds);
        _middle.AsSpan().Fill(RangeDecoder.EvenOdds);
        _high.AsSpan().Fill(RangeDecoder.EvenOdds);
    }

    public int Read(ref RangeDecoder range, int positionState)
    {
        if (range.Read(ref _choices[0]) == 0)
        {
            return Minimum + range.ReadTree(_low.AsSpan(positionState << ShortBits, 1 << ShortBits), ShortBits);
        }

        return range.Read(ref _choices[1]) == 0
            ? Minimum + (1 << ShortBits) + range.ReadTree(_middle.AsSpan(positionState << ShortBits, 1 << ShortBits), ShortBits)
            : Minimum + (2 << ShortBits) + range.ReadTree(_high, LongBits);
    }
}
