namespace System.Text;

/// <summary>A text that grows, in the open arena. For boot and for reports; nothing on an exit path makes texts.</summary>
public sealed class StringBuilder
{
    private char[] _characters;
    private int _length;

    /// <summary>Empty.</summary>
    public StringBuilder() => _characters = new char[16];
    /// <summary>Empty, with room.</summary>
    public StringBuilder(int capacity) => _characters = new char[capacity < 16 ? 16 : capacity];
    /// <summary>With a text.</summary>
    public StringBuilder(string? value) : this() => Append(value);

    /// <summary>How many characters.</summary>
    public int Length
    {
        get => _length;
        set
        {
            EnsureCapacity(value);
            if (value > _length)
                new Span<char>(_characters, _length, value - _length).Clear();
            _length = value;
        }
    }

    /// <summary>A character.</summary>
    public char this[int index]
    {
        get => new ReadOnlySpan<char>(_characters, 0, _length)[index];
        set => new Span<char>(_characters, 0, _length)[index] = value;
    }

    /// <summary>Makes room.</summary>
    public int EnsureCapacity(int capacity)
    {
        if (capacity > _characters.Length)
        {
            char[] larger = new char[Math.Max(capacity, _characters.Length * 2)];
            new ReadOnlySpan<char>(_characters, 0, _length).CopyTo(larger);
            _characters = larger;
        }
        return _characters.Length;
    }

    /// <summary>Appends a character.</summary>
    public StringBuilder Append(char value)
    {
        EnsureCapacity(_length + 1);
        _characters[_length++] = value;
        return this;
    }

    /// <summary>Appends a character, repeated.</summary>
    public StringBuilder Append(char value, int repeatCount)
    {
        for (int i = 0; i < repeatCount; i++)
            Append(value);
        return this;
    }

    /// <summary>Appends a text.</summary>
    public StringBuilder Append(ReadOnlySpan<char> value)
    {
        EnsureCapacity(_length + value.Length);
        value.CopyTo(new Span<char>(_characters).Slice(_length));
        _length += value.Length;
        return this;
    }

    /// <summary>Appends a text.</summary>
    public StringBuilder Append(string? value) => Append((ReadOnlySpan<char>)value);
    /// <summary>Appends an object's text.</summary>
    public StringBuilder Append(object? value) => Append((ReadOnlySpan<char>)value?.ToString());
    /// <summary>Appends true or false.</summary>
    public StringBuilder Append(bool value) => Append(value.ToString());
    /// <summary>Appends a number.</summary>
    public StringBuilder Append(byte value) => Append((ulong)value);
    /// <summary>Appends a number.</summary>
    public StringBuilder Append(ushort value) => Append((ulong)value);
    /// <summary>Appends a number.</summary>
    public StringBuilder Append(short value) => Append((long)value);
    /// <summary>Appends a number.</summary>
    public StringBuilder Append(int value) => Append((long)value);
    /// <summary>Appends a number.</summary>
    public StringBuilder Append(uint value) => Append((ulong)value);

    /// <summary>Appends a number.</summary>
    public StringBuilder Append(long value)
    {
        Span<char> digits = stackalloc char[20];
        value.TryFormat(digits, out int written);
        return Append((ReadOnlySpan<char>)digits.Slice(0, written));
    }

    /// <summary>Appends a number.</summary>
    public StringBuilder Append(ulong value)
    {
        Span<char> digits = stackalloc char[20];
        value.TryFormat(digits, out int written);
        return Append((ReadOnlySpan<char>)digits.Slice(0, written));
    }

    /// <summary>Appends a line's end.</summary>
    public StringBuilder AppendLine() => Append('\n');
    /// <summary>Appends a line.</summary>
    public StringBuilder AppendLine(string? value) => Append(value).Append('\n');

    /// <summary>Removes all; the room stays.</summary>
    public StringBuilder Clear()
    {
        _length = 0;
        return this;
    }

    /// <summary>The text, as a new string.</summary>
    public override string ToString() => new string(new ReadOnlySpan<char>(_characters, 0, _length));
}
