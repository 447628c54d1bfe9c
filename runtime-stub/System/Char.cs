namespace System;

/// <summary>A UTF-16 code unit.</summary>
public readonly struct Char : IEquatable<char>, IComparable<char>
{
    private readonly char _value;

    /// <summary>The largest value.</summary>
    public const char MaxValue = '\uFFFF';
    /// <summary>The smallest value.</summary>
    public const char MinValue = '\0';

    /// <inheritdoc/>
    public bool Equals(char other) => _value == other;
    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is char other && _value == other;
    /// <inheritdoc/>
    public override int GetHashCode() => _value | (_value << 16);
    /// <inheritdoc/>
    public int CompareTo(char other) => _value - other;
    /// <inheritdoc/>
    public override string ToString() => new string(_value, 1);
    /// <summary>A string of one character.</summary>
    public static string ToString(char value) => new string(value, 1);

    /// <summary>Whether the character is one of ASCII.</summary>
    public static bool IsAscii(char value) => value < 0x80;
    /// <summary>Whether the character is '0' to '9'. Other digits of Unicode are not known here.</summary>
    public static bool IsDigit(char value) => IsBetween(value, '0', '9');
    /// <summary>Whether the character is '0' to '9'.</summary>
    public static bool IsAsciiDigit(char value) => IsBetween(value, '0', '9');
    /// <summary>Whether the character is a letter of ASCII.</summary>
    public static bool IsAsciiLetter(char value) => IsBetween((char)(value | 0x20), 'a', 'z');
    /// <summary>Whether the character is 'a' to 'z'.</summary>
    public static bool IsAsciiLetterLower(char value) => IsBetween(value, 'a', 'z');
    /// <summary>Whether the character is 'A' to 'Z'.</summary>
    public static bool IsAsciiLetterUpper(char value) => IsBetween(value, 'A', 'Z');
    /// <summary>Whether the character is a letter or digit of ASCII.</summary>
    public static bool IsAsciiLetterOrDigit(char value) => IsAsciiLetter(value) || IsDigit(value);
    /// <summary>Whether the character is a hexadecimal digit.</summary>
    public static bool IsAsciiHexDigit(char value) => IsDigit(value) || IsBetween((char)(value | 0x20), 'a', 'f');
    /// <summary>Whether the character is '0'-'9' or 'a'-'f'.</summary>
    public static bool IsAsciiHexDigitLower(char value) => IsDigit(value) || IsBetween(value, 'a', 'f');
    /// <summary>Whether the character is '0'-'9' or 'A'-'F'.</summary>
    public static bool IsAsciiHexDigitUpper(char value) => IsDigit(value) || IsBetween(value, 'A', 'F');
    /// <summary>Whether the character is a letter; only those of ASCII are known here.</summary>
    public static bool IsLetter(char value) => IsAsciiLetter(value);
    /// <summary>Whether the character is a letter or digit; only those of ASCII are known here.</summary>
    public static bool IsLetterOrDigit(char value) => IsAsciiLetterOrDigit(value);
    /// <summary>Whether the character is white space of Latin-1.</summary>
    public static bool IsWhiteSpace(char value) => value == ' ' || IsBetween(value, '\t', '\r') || value == '\u0085' || value == '\u00A0';
    /// <summary>Whether the character is a control character of Latin-1.</summary>
    public static bool IsControl(char value) => value < 0x20 || IsBetween(value, '\u007F', '\u009F');
    /// <summary>Whether the character is an upper-case letter; only those of ASCII are known here.</summary>
    public static bool IsUpper(char value) => IsAsciiLetterUpper(value);
    /// <summary>Whether the character is a lower-case letter; only those of ASCII are known here.</summary>
    public static bool IsLower(char value) => IsAsciiLetterLower(value);
    /// <summary>Whether the character is from min to max, both included.</summary>
    public static bool IsBetween(char value, char minInclusive, char maxInclusive)
        => (uint)(value - minInclusive) <= (uint)(maxInclusive - minInclusive);
    /// <summary>Whether the code unit is half of a surrogate pair.</summary>
    public static bool IsSurrogate(char value) => IsBetween(value, '\uD800', '\uDFFF');
    /// <summary>Whether the code unit is the first half of a surrogate pair.</summary>
    public static bool IsHighSurrogate(char value) => IsBetween(value, '\uD800', '\uDBFF');
    /// <summary>Whether the code unit is the second half of a surrogate pair.</summary>
    public static bool IsLowSurrogate(char value) => IsBetween(value, '\uDC00', '\uDFFF');
    /// <summary>The lower-case letter; only those of ASCII change.</summary>
    public static char ToLowerInvariant(char value) => IsAsciiLetterUpper(value) ? (char)(value | 0x20) : value;
    /// <summary>The upper-case letter; only those of ASCII change.</summary>
    public static char ToUpperInvariant(char value) => IsAsciiLetterLower(value) ? (char)(value & ~0x20) : value;
    /// <summary>The lower-case letter; only those of ASCII change.</summary>
    public static char ToLower(char value) => ToLowerInvariant(value);
    /// <summary>The upper-case letter; only those of ASCII change.</summary>
    public static char ToUpper(char value) => ToUpperInvariant(value);
}
