using System;

namespace Xenolith.Drivers;

/// <summary>
/// The text of a console on a grid of characters. It is kept in memory and compared with what is shown, so that scrolling never reads the
/// video memory, which is slow, and writes only cells that change.
/// </summary>
/// <remarks>
/// Understood are line feed, carriage return, backspace and tab; escape sequences (ECMA-48, 5.4) are left out. Characters other than ASCII
/// are question marks.
/// </remarks>
public sealed class TextGrid
{
    private const int TabWidth = 8;
    private const byte Escape = 0x1B;

    // Never a character: a cell that holds it has to be drawn.
    private const byte Unknown = 0;

    private readonly byte[] _wanted;
    private readonly byte[] _shown;
    private int _column;
    private int _row;
    private int _firstChanged;
    private int _lastChanged;
    private int _nextColumn;
    private EscapeState _escape;

    /// <summary>An empty grid; every cell has yet to be shown.</summary>
    /// <param name="columns">Characters in a row, at least 1.</param>
    /// <param name="rows">Rows, at least 1.</param>
    public TextGrid(int columns, int rows)
    {
        Columns = columns;
        Rows = rows;
        _wanted = new byte[columns * rows];
        _shown = new byte[columns * rows];
        _wanted.AsSpan().Fill((byte)' ');
        _shown.AsSpan().Fill(Unknown);
        _lastChanged = rows - 1;
    }

    private enum EscapeState : byte { None, Started, Sequence }

    /// <summary>Characters in a row.</summary>
    public int Columns { get; }

    /// <summary>Rows.</summary>
    public int Rows { get; }

    /// <summary>Appends text.</summary>
    public void Write(ReadOnlySpan<byte> text)
    {
        for (int i = 0; i < text.Length; i++)
        {
            Put(text[i]);
        }
    }

    /// <summary>Takes a cell whose character differs from what is shown, which then counts as shown. False: there is none.</summary>
    /// <param name="column">0, the left one, to <see cref="Columns"/> - 1.</param>
    /// <param name="row">0, the top, to <see cref="Rows"/> - 1.</param>
    /// <param name="character">Printable ASCII.</param>
    public bool TryTakeChange(out int column, out int row, out byte character)
    {
        for (; _firstChanged <= _lastChanged; _firstChanged++)
        {
            int start = _firstChanged * Columns;
            while (_nextColumn < Columns)
            {
                int at = start + _nextColumn++;
                if (_shown[at] != _wanted[at])
                {
                    character = _wanted[at];
                    _shown[at] = character;
                    column = _nextColumn - 1;
                    row = _firstChanged;
                    return true;
                }
            }

            _nextColumn = 0;
        }

        _firstChanged = Rows;
        _lastChanged = -1;
        column = 0;
        row = 0;
        character = 0;
        return false;
    }

    private void Put(byte value)
    {
        if (_escape != EscapeState.None || value == Escape)
        {
            PutEscape(value);
            return;
        }

        switch (value)
        {
            case (byte)'\n':
                _column = 0;
                NextRow();
                break;
            case (byte)'\r':
                _column = 0;
                break;
            case (byte)'\b':
                _column -= _column > 0 ? 1 : 0;
                break;
            case (byte)'\t':
                PutSpaces(TabWidth - (_column % TabWidth));
                break;

            // What follows the first byte of a character in UTF-8, and the other control characters, show nothing.
            case < 0x20 or 0x7F or (>= 0x80 and <= 0xBF):
                break;
            default:
                PutCharacter(value < 0x7F ? value : (byte)'?');
                break;
        }
    }

    // ESC [ parameters final, or ESC and one character.
    private void PutEscape(byte value)
    {
        _escape = _escape switch
        {
            EscapeState.None => EscapeState.Started,
            EscapeState.Started when value == (byte)'[' => EscapeState.Sequence,
            EscapeState.Sequence when value is >= 0x20 and < 0x40 => EscapeState.Sequence,
            _ => EscapeState.None,
        };
    }

    private void PutSpaces(int count)
    {
        for (int i = 0; i < count && _column < Columns; i++)
        {
            PutCharacter((byte)' ');
        }
    }

    private void PutCharacter(byte character)
    {
        // A full row is left when the next character comes, so that a line as long as the row is not followed by an empty one.
        if (_column == Columns)
        {
            _column = 0;
            NextRow();
        }

        _wanted[(_row * Columns) + _column] = character;
        _column++;
        Changed(_row, _row);
    }

    private void NextRow()
    {
        if (_row + 1 < Rows)
        {
            _row++;
            return;
        }

        Span<byte> cells = _wanted;
        cells.Slice(Columns).CopyTo(cells);
        cells.Slice(cells.Length - Columns).Fill((byte)' ');
        Changed(0, Rows - 1);
    }

    private void Changed(int first, int last)
    {
        // A row that is being gone through starts again.
        _nextColumn = 0;
        _firstChanged = Math.Min(_firstChanged, first);
        _lastChanged = Math.Max(_lastChanged, last);
    }
}
