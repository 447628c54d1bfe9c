using System;
using Xenolith.Kernel;

namespace Xenolith.Domains;

/// <summary>
/// What a domain writes, put together to lines: each comes out on the console whole, labelled with the domain, so that nothing
/// of another's is mixed in. While a person types to the domain, what it writes is shown at once, prompts too. Lines beyond
/// <see cref="LinesPerPeriod"/> in a period are dropped and counted, so that a guest can't drown the console.
/// </summary>
public sealed class GuestLines : ConsoleDevice
{
    /// <summary>Bytes of a line; a longer one is broken.</summary>
    public const int LineLength = 160;

    public const uint LinesPerPeriod = 2000;

    public const ulong PeriodNanoseconds = 5_000_000_000;

    private const byte Escape = 0x1B, Backspace = 0x08;

    private readonly byte[] _line = new byte[LineLength + 1];
    private readonly byte[] _label = new byte[9];
    private readonly Log _log;
    private readonly Clock _clock;
    private readonly uint _writer;
    private int _labelLength;
    private int _length;

    /// <summary>Bytes of the line that are on the screen already.</summary>
    private int _shown;
    private Sequence _sequence;
    private bool _isLive;
    private uint _linesLeft = LinesPerPeriod;
    private ulong _periodEnd;
    private ulong _dropped;

    /// <param name="domainId">Comes before each line, as in "(d0) ".</param>
    /// <param name="writer">Which of the log's labelled writers it is; not 0.</param>
    public GuestLines(Log log, Clock clock, ushort domainId, uint writer = 1)
    {
        _log = log;
        _clock = clock;
        _writer = writer;
        Begin(domainId);
    }

    /// <summary>Where in an escape sequence the text stands (ECMA-48: ESC, or ESC [ up to a final byte from @ to ~).</summary>
    private enum Sequence : byte
    {
        None,
        Started,
        Control,
    }

    /// <summary>Whether a person types to the domain, and sees each byte as it comes.</summary>
    public bool IsLive
    {
        get => _isLive;
        set
        {
            _isLive = value;
            ShowRest();
        }
    }

    /// <summary>From now on the lines are another domain's. What the last one left of a line is shown.</summary>
    public void Begin(ushort domainId)
    {
        if (_length != 0)
        {
            Flush();
        }

        _sequence = Sequence.None;
        Span<byte> text = _label;
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
        text[at++] = (byte)' ';
        _labelLength = at;
    }

    public override void Write(ReadOnlySpan<byte> text)
    {
        for (int i = 0; i < text.Length; i++)
        {
            Put(text[i]);
        }

        ShowRest();
    }

    private void Put(byte character)
    {
        // Escape sequences would reach the operator's terminal, and a carriage return would write over the label.
        if (IsInSequence(character) || character == (byte)'\r' || character == 0)
        {
            return;
        }

        if (character == Backspace)
        {
            if (_isLive && _length > 0 && _length < LineLength)
            {
                _line[_length++] = character;
            }

            return;
        }

        if (character != (byte)'\n')
        {
            _line[_length++] = character is >= 0x20 and < 0x7F or (byte)'\t' ? character : (byte)'?';
            if (_length < LineLength)
            {
                return;
            }
        }

        Flush();
    }

    private bool IsInSequence(byte character)
    {
        switch (_sequence)
        {
            case Sequence.None:
                _sequence = character == Escape ? Sequence.Started : Sequence.None;
                return character == Escape;
            case Sequence.Started:
                _sequence = character == (byte)'[' ? Sequence.Control : Sequence.None;
                return character != (byte)'\n';
            default:
                bool goesOn = character is >= 0x20 and < 0x40;
                _sequence = goesOn ? Sequence.Control : Sequence.None;
                return goesOn || character is >= 0x40 and < 0x7F;
        }
    }

    private void Flush()
    {
        int length = _length;
        int shown = _shown;
        _length = 0;
        _shown = 0;
        ulong now = _clock.Nanoseconds;
        if (now >= _periodEnd)
        {
            _periodEnd = now + PeriodNanoseconds;
            _linesLeft = LinesPerPeriod;
            if (_dropped != 0)
            {
                _log.Warning($"{_label.AsSpan(0, _labelLength)}{_dropped} lines were dropped: more than {LinesPerPeriod} in {PeriodNanoseconds / 1_000_000_000} s");
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
        Show(shown, length + 1);
    }

    /// <summary>Shows what there is of a line when somebody waits for it. In a flood only whole lines count, and are dropped.</summary>
    private void ShowRest()
    {
        if (_isLive && _shown < _length && _linesLeft != 0)
        {
            Show(_shown, _length);
            _shown = _length;
        }
    }

    private void Show(int start, int end) => _log.WritePart(_writer, _label.AsSpan(0, _labelLength), _line.AsSpan(start, end - start));
}
