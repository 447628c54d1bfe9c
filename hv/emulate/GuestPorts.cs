using System;
using Xenolith.Kernel;

namespace Xenolith.Emulate;

/// <summary>
/// The I/O ports of a domain without devices: reads give all ones and writes go nowhere, but for port 0xE9, whose bytes come
/// out on the console, line by line. Lines beyond <see cref="LinesPerPeriod"/> in a period are dropped and counted, so that a
/// guest can't drown the console.
/// </summary>
public sealed class GuestPorts : PortDevice
{
    public const ushort DebugPort = 0xE9;

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
    public GuestPorts(Log log, Clock clock, ushort domainId)
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

    public override uint Read(ushort port, int size) => (uint)GuestGeneralRegister.MaskOf(size);

    public override void Write(ushort port, int size, uint value)
    {
        if (port == DebugPort && size == 1)
        {
            Put((byte)value);
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
                _log.Warning($"port 0xE9: {_dropped} lines of a guest were dropped");
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
