using System;

namespace Xenolith.Domains;

/// <summary>
/// The second section of a compressed Zstandard block: sequences, each of them some literals and then a match
/// (RFC 8878, 3.1.1.3.2), and their execution (3.1.1.4, 3.1.1.5).
/// </summary>
internal sealed class ZstdSequences
{
    private const int LiteralLengthLog = 9, MatchLengthLog = 9, OffsetLog = 8;
    private const int LiteralLengthCodes = 36, MatchLengthCodes = 53, OffsetCodes = 32;

    private readonly FseTable _literalLengths = new(LiteralLengthLog);
    private readonly FseTable _matchLengths = new(MatchLengthLog);
    private readonly FseTable _offsets = new(OffsetLog);

    // The last three offsets, the latest first.
    private uint _first, _second, _third;

    /// <summary>Forgets the tables and offsets of the frame before.</summary>
    public void StartFrame()
    {
        _literalLengths.Forget();
        _matchLengths.Forget();
        _offsets.Forget();
        _first = 1;
        _second = 4;
        _third = 8;
    }

    /// <summary>Executes the section, and appends what is left of the literals.</summary>
    /// <param name="section">From the section's header to the block's end.</param>
    /// <param name="room">The frame's output up to where this block may write, with the block's literals at its end.</param>
    /// <param name="literals">How many they are.</param>
    /// <param name="window">How far back a match may reach, in bytes.</param>
    /// <param name="written">Bytes of <paramref name="room"/> that are output.</param>
    public DecompressionResult Execute(ReadOnlySpan<byte> section, Span<byte> room, int literals, ulong window, ref int written)
    {
        if (!TryReadCount(section, out int count, out int at))
        {
            return DecompressionResult.Corrupt;
        }

        if (count == 0 && at != section.Length)
        {
            return DecompressionResult.Corrupt;
        }

        if (count != 0)
        {
            if (!TryReadTables(section, ref at) || !ReverseBitReader.TryOpen(section[at..], out ReverseBitReader bits))
            {
                return DecompressionResult.Corrupt;
            }

            DecompressionResult result = Run(ref bits, count, room, ref literals, window, ref written);
            if (result != DecompressionResult.Done)
            {
                return result;
            }
        }

        room[^literals..].CopyTo(room[written..]);
        written += literals;
        return DecompressionResult.Done;
    }

    private static bool TryReadCount(ReadOnlySpan<byte> section, out int count, out int size)
    {
        count = 0;
        size = section.Length == 0 ? 1 : section[0] switch { < 128 => 1, < 255 => 2, _ => 3 };
        if (size > section.Length)
        {
            return false;
        }

        count = size switch
        {
            1 => section[0],
            2 => ((section[0] - 128) << 8) + section[1],
            _ => section[1] + (section[2] << 8) + 0x7F00,
        };
        return true;
    }

    private bool TryReadTables(ReadOnlySpan<byte> section, ref int at)
    {
        // RFC 8878, 3.1.1.3.2.2: the distributions that a block need not describe.
        ReadOnlySpan<short> literalLengths =
            [4, 3, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 1, 1, 1, 2, 2, 2, 2, 2, 2, 2, 2, 2, 3, 2, 1, 1, 1, 1, 1, -1, -1, -1, -1];
        ReadOnlySpan<short> matchLengths =
            [1, 4, 3, 2, 2, 2, 2, 2, 2, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
                -1, -1, -1, -1, -1, -1, -1];
        ReadOnlySpan<short> offsets = [1, 1, 1, 1, 1, 1, 2, 2, 2, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, -1, -1, -1, -1, -1];
        if (at >= section.Length)
        {
            return false;
        }

        int modes = section[at++];
        return (modes & 3) == 0
            && TryReadTable(_literalLengths, modes >> 6, section, ref at, literalLengths, 6, LiteralLengthCodes)
            && TryReadTable(_offsets, (modes >> 4) & 3, section, ref at, offsets, 5, OffsetCodes)
            && TryReadTable(_matchLengths, (modes >> 2) & 3, section, ref at, matchLengths, 6, MatchLengthCodes);
    }

    private static bool TryReadTable(FseTable table, int mode, ReadOnlySpan<byte> section, ref int at, ReadOnlySpan<short> predefined, int log, int codes)
    {
        switch (mode)
        {
            case 0:
                table.Build(predefined, log);
                return true;
            case 1:
                if (at >= section.Length || section[at] >= codes)
                {
                    return false;
                }

                table.BuildSingle(section[at++]);
                return true;
            case 2:
                bool good = table.TryRead(section[at..], codes, out int size);
                at += size;
                return good;
            default:
                return table.IsBuilt;
        }
    }

    private DecompressionResult Run(ref ReverseBitReader bits, int count, Span<byte> room, ref int literals, ulong window, ref int written)
    {
        // RFC 8878, 3.1.1.3.2.1.1: bases and extra bits of literal length and match length codes.
        ReadOnlySpan<int> literalBase =
            [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 18, 20, 22, 24, 28, 32, 40, 48, 64, 128, 256, 512, 1024, 2048, 4096, 8192, 16384, 32768, 65536];
        ReadOnlySpan<byte> literalExtra = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 3, 3, 4, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16];
        ReadOnlySpan<int> matchBase =
            [3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 32, 33, 34,
                35, 37, 39, 41, 43, 47, 51, 59, 67, 83, 99, 131, 259, 515, 1027, 2051, 4099, 8195, 16387, 32771, 65539];
        ReadOnlySpan<byte> matchExtra =
            [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
                1, 1, 1, 1, 2, 2, 3, 3, 4, 4, 5, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16];
        uint literalState = bits.Read(_literalLengths.Log);
        uint offsetState = bits.Read(_offsets.Log);
        uint matchState = bits.Read(_matchLengths.Log);
        for (int i = 0; i < count; i++)
        {
            int offsetCode = _offsets.SymbolOf(offsetState);
            int matchCode = _matchLengths.SymbolOf(matchState);
            int literalCode = _literalLengths.SymbolOf(literalState);
            ulong offsetValue = (1UL << offsetCode) + bits.Read(offsetCode);
            int length = matchBase[matchCode] + (int)bits.Read(matchExtra[matchCode]);
            int run = literalBase[literalCode] + (int)bits.Read(literalExtra[literalCode]);
            if (i + 1 < count)
            {
                _literalLengths.Advance(ref literalState, ref bits);
                _matchLengths.Advance(ref matchState, ref bits);
                _offsets.Advance(ref offsetState, ref bits);
            }

            uint offset = TakeOffset(offsetValue, run);
            if (bits.Left < 0 || run > literals)
            {
                return DecompressionResult.Corrupt;
            }

            // Output never catches up with the literals that wait at the end, for each of them makes a byte of it.
            int from = room.Length - literals;
            room.Slice(from, run).CopyTo(room[written..]);
            literals -= run;
            written += run;
            if (offset == 0 || offset > (uint)written || offset > window)
            {
                return DecompressionResult.Corrupt;
            }

            if (length > room.Length - literals - written)
            {
                return DecompressionResult.OutputOverrun;
            }

            BackReference.Copy(room, written, (int)offset, length);
            written += length;
        }

        return bits.Left == 0 ? DecompressionResult.Done : DecompressionResult.Corrupt;
    }

    /// <summary>
    /// Finds the offset that a value says, and moves it to the front. Above 3 it is the offset plus 3; 1 to 3 mean one of the
    /// last three, or, after no literals, the second, the third and the first less 1 (3.1.1.5).
    /// </summary>
    private uint TakeOffset(ulong value, int literals)
    {
        uint offset;
        if (value > 3)
        {
            offset = (uint)Math.Min(value - 3, uint.MaxValue);
        }
        else
        {
            int which = (int)value - (literals != 0 ? 1 : 0);
            if (which == 0)
            {
                return _first;
            }

            offset = which switch { 1 => _second, 2 => _third, _ => _first - 1 };
            if (which == 1)
            {
                _second = _first;
                _first = offset;
                return offset;
            }
        }

        _third = _second;
        _second = _first;
        _first = offset;
        return offset;
    }
}
