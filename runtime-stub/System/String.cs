using System.Diagnostics.CodeAnalysis;
using System.Runtime;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Internal.Runtime;
using Xenolith.Runtime;

namespace System;

/// <summary>A text of UTF-16 code units. Literals are in the image; every other string is made in the open arena.</summary>
[StructLayout(LayoutKind.Sequential)]
public sealed unsafe class String : IEquatable<string>, IComparable<string>, IComparable
{
    // The compiler writes literals in this layout.
    private readonly int _stringLength;
    private char _firstChar;

    /// <summary>The text of no characters.</summary>
    public static readonly string Empty = "";

    /// <summary>From characters.</summary>
    [MethodImpl(MethodImplOptions.InternalCall)]
    public extern String(char[]? value);
    private static string Ctor(char[]? value) => Ctor(new ReadOnlySpan<char>(value));

    /// <summary>From a part of characters.</summary>
    [MethodImpl(MethodImplOptions.InternalCall)]
    public extern String(char[] value, int startIndex, int length);
    private static string Ctor(char[] value, int startIndex, int length) => Ctor(new ReadOnlySpan<char>(value, startIndex, length));

    /// <summary>From characters.</summary>
    [MethodImpl(MethodImplOptions.InternalCall)]
    public extern String(ReadOnlySpan<char> value);
    private static string Ctor(ReadOnlySpan<char> value)
    {
        if (value.IsEmpty)
            return Empty;
        string result = Allocate(value.Length);
        SpanHelpers.Memmove(ref result._firstChar, ref value._reference, (nuint)(uint)value.Length);
        return result;
    }

    /// <summary>From characters that end in zero.</summary>
    [MethodImpl(MethodImplOptions.InternalCall)]
    public extern String(char* value);
    private static string Ctor(char* value)
    {
        int length = 0;
        while (value != null && value[length] != 0)
            length++;
        return Ctor(new ReadOnlySpan<char>(value, length));
    }

    /// <summary>A character repeated.</summary>
    [MethodImpl(MethodImplOptions.InternalCall)]
    public extern String(char c, int count);
    private static string Ctor(char c, int count)
    {
        if (count == 0)
            return Empty;
        string result = Allocate(count);
        new Span<char>(ref result._firstChar, count).Fill(c);
        return result;
    }

    /// <summary>A string of zeros, to be filled before anyone else sees it.</summary>
    internal static string Allocate(int length)
    {
        if (length < 0)
            ThrowHelper.ThrowArgumentOutOfRange();
        return Unsafe.As<string>(Allocation.NewArray(Empty.m_pEEType, length));
    }

    /// <summary>How many code units.</summary>
    public int Length
    {
        [Intrinsic]
        get => _stringLength;
    }

    /// <summary>A code unit.</summary>
    [IndexerName("Chars")]
    public char this[int index]
    {
        [Intrinsic]
        get
        {
            if ((uint)index >= (uint)_stringLength)
                ThrowHelper.ThrowIndexOutOfRange();
            return Unsafe.Add(ref _firstChar, (nint)(uint)index);
        }
    }

    /// <summary>The first code unit's place, for <c>fixed</c>.</summary>
    public ref readonly char GetPinnableReference() => ref _firstChar;

    internal ref char FirstCharacter => ref _firstChar;

    internal ReadOnlySpan<char> Span => new ReadOnlySpan<char>(ref _firstChar, _stringLength);

    /// <summary>The text.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static implicit operator ReadOnlySpan<char>(string? value) => value is null ? default : value.Span;

    /// <summary>Whether both are the same text.</summary>
    public static bool Equals(string? left, string? right)
    {
        if ((object?)left == right)
            return true;
        if (left is null || right is null || left._stringLength != right._stringLength)
            return false;
        return SpanHelpers.SequenceEqual(ref Unsafe.As<char, byte>(ref left._firstChar), ref Unsafe.As<char, byte>(ref right._firstChar), (nuint)(uint)left._stringLength * 2);
    }

    /// <summary>Whether both are the same text; only ordinal comparisons are known here.</summary>
    public static bool Equals(string? left, string? right, StringComparison comparisonType)
        => left is null || right is null ? (object?)left == right : left.Span.Equals(right.Span, comparisonType);

    /// <inheritdoc/>
    public bool Equals([NotNullWhen(true)] string? other) => Equals(this, other);
    /// <summary>Whether both are the same text; only ordinal comparisons are known here.</summary>
    public bool Equals(string? other, StringComparison comparisonType) => Equals(this, other, comparisonType);
    /// <inheritdoc/>
    public override bool Equals([NotNullWhen(true)] object? obj) => obj is string other && Equals(this, other);
    /// <summary>Whether both are the same text.</summary>
    public static bool operator ==(string? left, string? right) => Equals(left, right);
    /// <summary>Whether both are different texts.</summary>
    public static bool operator !=(string? left, string? right) => !Equals(left, right);

    /// <summary>A hash of the text; the same in every run (FNV-1a).</summary>
    public override int GetHashCode()
    {
        uint hash = 2166136261;
        for (int i = 0; i < _stringLength; i++)
            hash = (hash ^ Unsafe.Add(ref _firstChar, (nint)(uint)i)) * 16777619;
        return (int)hash;
    }

    /// <summary>Order by code units.</summary>
    public int CompareTo(string? other) => CompareOrdinal(this, other);
    /// <inheritdoc/>
    public int CompareTo(object? obj) => CompareOrdinal(this, obj as string);
    /// <summary>Order by code units.</summary>
    public static int CompareOrdinal(string? left, string? right)
    {
        if ((object?)left == right)
            return 0;
        if (left is null)
            return -1;
        if (right is null)
            return 1;
        return left.Span.SequenceCompareTo(right.Span);
    }

    /// <inheritdoc/>
    public override string ToString() => this;

    /// <summary>Whether there is no text.</summary>
    public static bool IsNullOrEmpty([NotNullWhen(false)] string? value) => value is null || value._stringLength == 0;
    /// <summary>Whether there is nothing but white space.</summary>
    public static bool IsNullOrWhiteSpace([NotNullWhen(false)] string? value) => value is null || value.Span.IsWhiteSpace();

    /// <summary>One text after the other, as a new string.</summary>
    public static string Concat(string? first, string? second) => Concat((ReadOnlySpan<char>)first, (ReadOnlySpan<char>)second, default, default);
    /// <summary>One text after the other, as a new string.</summary>
    public static string Concat(string? first, string? second, string? third) => Concat((ReadOnlySpan<char>)first, (ReadOnlySpan<char>)second, (ReadOnlySpan<char>)third, default);
    /// <summary>One text after the other, as a new string.</summary>
    public static string Concat(string? first, string? second, string? third, string? fourth) => Concat((ReadOnlySpan<char>)first, (ReadOnlySpan<char>)second, (ReadOnlySpan<char>)third, (ReadOnlySpan<char>)fourth);
    /// <summary>One text after the other, as a new string.</summary>
    public static string Concat(ReadOnlySpan<char> first, ReadOnlySpan<char> second) => Concat(first, second, default, default);
    /// <summary>One text after the other, as a new string.</summary>
    public static string Concat(ReadOnlySpan<char> first, ReadOnlySpan<char> second, ReadOnlySpan<char> third) => Concat(first, second, third, default);
    /// <summary>One text after the other, as a new string.</summary>
    public static string Concat(ReadOnlySpan<char> first, ReadOnlySpan<char> second, ReadOnlySpan<char> third, ReadOnlySpan<char> fourth)
    {
        int length = checked(first.Length + second.Length + third.Length + fourth.Length);
        if (length == 0)
            return Empty;
        string result = Allocate(length);
        Span<char> rest = new Span<char>(ref result._firstChar, length);
        first.CopyTo(rest);
        rest = rest.Slice(first.Length);
        second.CopyTo(rest);
        rest = rest.Slice(second.Length);
        third.CopyTo(rest);
        fourth.CopyTo(rest.Slice(third.Length));
        return result;
    }
    /// <summary>One text after the other, as a new string.</summary>
    public static string Concat(params string?[] values)
    {
        int length = 0;
        foreach (string? value in values)
            length = checked(length + (value is null ? 0 : value.Length));
        if (length == 0)
            return Empty;
        string result = Allocate(length);
        Span<char> rest = new Span<char>(ref result._firstChar, length);
        foreach (string? value in values)
        {
            if (value is null)
                continue;
            value.Span.CopyTo(rest);
            rest = rest.Slice(value.Length);
        }
        return result;
    }

    /// <summary>The part from a place to the end, as a new string.</summary>
    public string Substring(int startIndex) => new string(Span.Slice(startIndex));
    /// <summary>A part, as a new string.</summary>
    public string Substring(int startIndex, int length) => new string(Span.Slice(startIndex, length));
    /// <summary>Without white space at both ends, as a new string.</summary>
    public string Trim() => new string(Span.Trim());
    /// <summary>With the letters of ASCII in lower case, as a new string.</summary>
    public string ToLowerInvariant()
    {
        string result = new string(Span);
        for (int i = 0; i < result._stringLength; i++)
        {
            ref char character = ref Unsafe.Add(ref result._firstChar, (nint)(uint)i);
            character = char.ToLowerInvariant(character);
        }
        return result;
    }
    /// <summary>With the letters of ASCII in upper case, as a new string.</summary>
    public string ToUpperInvariant()
    {
        string result = new string(Span);
        for (int i = 0; i < result._stringLength; i++)
        {
            ref char character = ref Unsafe.Add(ref result._firstChar, (nint)(uint)i);
            character = char.ToUpperInvariant(character);
        }
        return result;
    }
    /// <summary>The characters, as a new array.</summary>
    public char[] ToCharArray() => Span.ToArray();

    /// <summary>Whether the text starts with another; ordinal.</summary>
    public bool StartsWith(char value) => _stringLength != 0 && _firstChar == value;
    /// <summary>Whether the text ends with another; ordinal.</summary>
    public bool EndsWith(char value) => _stringLength != 0 && this[_stringLength - 1] == value;
    /// <summary>Whether the text starts with another; ordinal.</summary>
    public bool StartsWith(string value) => Span.StartsWith(value.Span);
    /// <summary>Whether the text ends with another; ordinal.</summary>
    public bool EndsWith(string value) => Span.EndsWith(value.Span);
    /// <summary>Whether the text starts with another; only ordinal comparisons are known here.</summary>
    public bool StartsWith(string value, StringComparison comparisonType) => Span.StartsWith(value.Span, comparisonType);
    /// <summary>Whether the text ends with another; only ordinal comparisons are known here.</summary>
    public bool EndsWith(string value, StringComparison comparisonType)
        => value.Length <= _stringLength && Span.Slice(_stringLength - value.Length).Equals(value.Span, comparisonType);
    /// <summary>Whether a character is in the text.</summary>
    public bool Contains(char value) => Span.IndexOf(value) >= 0;
    /// <summary>Whether another text is in this one; ordinal.</summary>
    public bool Contains(string value) => Span.IndexOf(value.Span) >= 0;
    /// <summary>Where a character first is; -1 for nowhere.</summary>
    public int IndexOf(char value) => Span.IndexOf(value);
    /// <summary>Where another text first is, ordinal; -1 for nowhere.</summary>
    public int IndexOf(string value) => Span.IndexOf(value.Span);
    /// <summary>Where a character last is; -1 for nowhere.</summary>
    public int LastIndexOf(char value) => Span.LastIndexOf(value);
    /// <summary>Copies to a span.</summary>
    public void CopyTo(Span<char> destination) => Span.CopyTo(destination);
    /// <summary>Copies to a span, or says false if that is shorter.</summary>
    public bool TryCopyTo(Span<char> destination) => Span.TryCopyTo(destination);

    /// <summary>For <c>foreach</c>.</summary>
    public ReadOnlySpan<char>.Enumerator GetEnumerator() => Span.GetEnumerator();
}

/// <summary>How texts are compared. There are no cultures here: everything is ordinal.</summary>
public enum StringComparison
{
    /// <summary>As the invariant culture would; here, ordinal.</summary>
    InvariantCulture = 2,
    /// <summary>As the invariant culture would without case; here, ordinal in ASCII.</summary>
    InvariantCultureIgnoreCase = 3,
    /// <summary>By code units.</summary>
    Ordinal = 4,
    /// <summary>By code units, without the case of ASCII letters.</summary>
    OrdinalIgnoreCase = 5,
}
