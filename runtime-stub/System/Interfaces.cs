namespace System;

/// <summary>Equality with values of a type.</summary>
public interface IEquatable<T> where T : allows ref struct
{
    /// <summary>Whether both are equal.</summary>
    bool Equals(T? other);
}

/// <summary>Order among values of a type.</summary>
public interface IComparable<in T> where T : allows ref struct
{
    /// <summary>Negative, zero or positive as this comes before, with or after the other.</summary>
    int CompareTo(T? other);
}

/// <summary>Order among objects.</summary>
public interface IComparable
{
    /// <summary>Negative, zero or positive as this comes before, with or after the other.</summary>
    int CompareTo(object? obj);
}

/// <summary>Something that is let go of at the end of a <c>using</c>.</summary>
public interface IDisposable
{
    /// <summary>Lets go.</summary>
    void Dispose();
}

/// <summary>Something that makes a copy of itself.</summary>
public interface ICloneable
{
    /// <summary>The copy.</summary>
    object Clone();
}

/// <summary>A culture. There is one here, the invariant one, so that null is always meant.</summary>
public interface IFormatProvider
{
    /// <summary>A formatter of a type, or null.</summary>
    object? GetFormat(Type? formatType);
}

/// <summary>A value that has texts in formats.</summary>
public interface IFormattable
{
    /// <summary>The text, as a new string.</summary>
    string ToString(string? format, IFormatProvider? formatProvider);
}

/// <summary>A value that writes its text without allocating.</summary>
public interface ISpanFormattable : IFormattable
{
    /// <summary>Writes the text; false if it does not fit.</summary>
    bool TryFormat(Span<char> destination, out int charsWritten, ReadOnlySpan<char> format, IFormatProvider? provider);
}

/// <summary>A value that writes its text in UTF-8 without allocating.</summary>
public interface IUtf8SpanFormattable
{
    /// <summary>Writes the text; false if it does not fit.</summary>
    bool TryFormat(Span<byte> utf8Destination, out int bytesWritten, ReadOnlySpan<char> format, IFormatProvider? provider);
}
