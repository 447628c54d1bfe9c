using System;
using Xenolith.Kernel;

namespace Xenolith.Domains;

/// <summary>
/// What a domain writes, put together to lines: each comes out on the console whole, labelled with the domain, so that nothing
/// of another's is mixed in. Lines beyond <see cref="LinesPerPeriod"/> in a period are dropped and counted, so that a guest can't
/// drown the console.
/// </summary>
public sealed class GuestLines : ConsoleDevice
{
    /// <summary>Bytes of a line; a longer one is broken.</summary>
    public const int LineLength = 160;

    public const uint LinesPerPeriod = 2000;

    public const ulong PeriodNanoseconds = 5_000_000_000;

    private readonly byte[] _line = new byte[LineLength + 1];
    private readonly byte[] _prefix = new byte[8];
    private readonly int _prefixLength;
    private readonly Log _log;
    private readonly Clock _clock;
    private int _length;
    private uint _linesLeft;
    private ulong _periodEnd;
    private ulong _dropped;

    /// <param name="domainId">Comes before each line, as in "(d0) ".</param>
    public GuestLines(Log log, Clock clock, ushort domainId)
    {
        _log = log;
        _clock = clock;
        Span<byte> text = _prefix;
        text[0] = (byte)'(';
        text[1] = (byte)'d';
        int at = 2;
        ushort divisor = 10000;
        for (; divisor != 0; divisor /= 10)
        {
            if (domainId >= divisor || divisor == 1)
            {
                text[at++] = (byte)('0' + domainId / divisor % 10);
            }
        }

        text[at++] = (byte)')';
        _prefixLength = at;
    }

    public override void Write(ReadOnlySpan<byte> text)
    {
        for (int i = 0; i < text.Length; i++)
        {
            Put(text[i]);
        }
    }

    private void Put(byte character)
    {
        if (character == (byte)'\r' || character == 0)
        {
            return;
        }

        if (character != (byte)'\n')
        {
            _line[_length++] = IsPrintable(character) ? character : (byte)'?';
            if (_length < LineLength)
            {
                return;
            }
        }

        Flush();
    }

    // Escape sequences would reach the operator's terminal.
    private static bool IsPrintable(byte character) => character is >= 0x20 and < 0x7F or (byte)'\t';

    private void Flush()
    {
        int length = _length;
        _length = 0;
        ulong now = _clock.Nanoseconds;
        if (now >= _periodEnd)
        {
            _periodEnd = now + PeriodNanoseconds;
            _linesLeft = LinesPerPeriod;
            if (_dropped != 0)
            {
                _log.Warning($"{_prefix.AsSpan(0, _prefixLength)} {_dropped} lines were dropped");
                _dropped = 0;
            }
        }

        if (_linesLeft == 0)
        {
            _dropped++;
            return;
        }

        _linesLeft--;
        _line[length] = (byte)'\n';
        _log.Write(_prefix.AsSpan(0, _prefixLength));
        _log.Write(" "u8);
        _log.Write(_line.AsSpan(0, length + 1));
    }
}
