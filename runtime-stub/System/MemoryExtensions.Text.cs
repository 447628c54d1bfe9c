using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace System;

public static partial class MemoryExtensions
{
    /// <summary>An array's elements.</summary>
    public static Span<T> AsSpan<T>(this T[]? array) => new Span<T>(array);
    /// <summary>An array's elements from a place to the end.</summary>
    public static Span<T> AsSpan<T>(this T[]? array, int start) => new Span<T>(array).Slice(start);
    /// <summary>A part of an array.</summary>
    public static Span<T> AsSpan<T>(this T[]? array, int start, int length) => new Span<T>(array, start, length);
    /// <summary>A part of an array.</summary>
    public static Span<T> AsSpan<T>(this T[]? array, Range range)
    {
        (int start, int length) = range.GetOffsetAndLength(array is null ? 0 : array.Length);
        return new Span<T>(array, start, length);
    }
    /// <summary>Copies an array's elements to a span.</summary>
    public static void CopyTo<T>(this T[]? source, Span<T> destination) => new ReadOnlySpan<T>(source).CopyTo(destination);

    /// <summary>A text's characters.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ReadOnlySpan<char> AsSpan(this string? text) => text is null ? default : text.Span;
    /// <summary>A text's characters from a place to the end.</summary>
    public static ReadOnlySpan<char> AsSpan(this string? text, int start) => AsSpan(text).Slice(start);
    /// <summary>A part of a text's characters.</summary>
    public static ReadOnlySpan<char> AsSpan(this string? text, int start, int length) => AsSpan(text).Slice(start, length);

    /// <summary>Reverses the order of the elements.</summary>
    public static void Reverse<T>(this Span<T> span)
    {
        for (int low = 0, high = span.Length - 1; low < high; low++, high--)
            (span[low], span[high]) = (span[high], span[low]);
    }

    /// <summary>Sorts by the elements' own order (insertion sort: for the short tables of boot).</summary>
    public static void Sort<T>(this Span<T> span)
    {
        for (int i = 1; i < span.Length; i++)
        {
            T value = span[i];
            int place = i;
            while (place > 0 && System.Collections.Generic.Comparer<T>.Default.Compare(span[place - 1], value) > 0)
            {
                span[place] = span[place - 1];
                place--;
            }
            span[place] = value;
        }
    }

    /// <summary>Sorts by a comparison (insertion sort: for the short tables of boot).</summary>
    public static void Sort<T>(this Span<T> span, Comparison<T> comparison)
    {
        for (int i = 1; i < span.Length; i++)
        {
            T value = span[i];
            int place = i;
            while (place > 0 && comparison(span[place - 1], value) > 0)
            {
                span[place] = span[place - 1];
                place--;
            }
            span[place] = value;
        }
    }

    /// <summary>Whether both hold memory in common.</summary>
    public static bool Overlaps<T>(this ReadOnlySpan<T> span, ReadOnlySpan<T> other)
    {
        if (span.IsEmpty || other.IsEmpty)
            return false;
        nuint distance = (nuint)Unsafe.ByteOffset(ref span._reference, ref other._reference);
        return distance < (nuint)(uint)span.Length * (nuint)Unsafe.SizeOf<T>()
            || distance > (nuint)0 - (nuint)(uint)other.Length * (nuint)Unsafe.SizeOf<T>();
    }

    /// <summary>Whether both are the same text; the case of ASCII letters counts unless told otherwise.</summary>
    public static bool Equals(this ReadOnlySpan<char> span, ReadOnlySpan<char> other, StringComparison comparisonType)
    {
        if (comparisonType is StringComparison.Ordinal or StringComparison.InvariantCulture)
            return span.SequenceEqual(other);
        if (span.Length != other.Length)
            return false;
        for (int i = 0; i < span.Length; i++)
        {
            if (char.ToLowerInvariant(span[i]) != char.ToLowerInvariant(other[i]))
                return false;
        }
        return true;
    }

    /// <summary>Whether a text starts with another.</summary>
    public static bool StartsWith(this ReadOnlySpan<char> span, ReadOnlySpan<char> value, StringComparison comparisonType)
        => value.Length <= span.Length && Equals(span.Slice(0, value.Length), value, comparisonType);

    /// <summary>Whether there is nothing but white space.</summary>
    public static bool IsWhiteSpace(this ReadOnlySpan<char> span)
    {
        for (int i = 0; i < span.Length; i++)
        {
            if (!char.IsWhiteSpace(span[i]))
                return false;
        }
        return true;
    }

    /// <summary>Without white space at the start.</summary>
    public static ReadOnlySpan<char> TrimStart(this ReadOnlySpan<char> span)
    {
        int start = 0;
        while (start < span.Length && char.IsWhiteSpace(span[start]))
            start++;
        return span.Slice(start);
    }

    /// <summary>Without white space at the end.</summary>
    public static ReadOnlySpan<char> TrimEnd(this ReadOnlySpan<char> span)
    {
        int end = span.Length;
        while (end > 0 && char.IsWhiteSpace(span[end - 1]))
            end--;
        return span.Slice(0, end);
    }

    /// <summary>Without white space at both ends.</summary>
    public static ReadOnlySpan<char> Trim(this ReadOnlySpan<char> span) => TrimEnd(TrimStart(span));

    /// <summary>Without a value at the start.</summary>
    public static ReadOnlySpan<T> TrimStart<T>(this ReadOnlySpan<T> span, T trimElement) where T : IEquatable<T>?
    {
        int start = span.IndexOfAnyExcept(trimElement);
        return start < 0 ? default : span.Slice(start);
    }

    /// <summary>Without a value at the end.</summary>
    public static ReadOnlySpan<T> TrimEnd<T>(this ReadOnlySpan<T> span, T trimElement) where T : IEquatable<T>?
    {
        int end = span.Length;
        while (end > 0 && System.Collections.Generic.EqualityComparer<T>.Default.Equals(span[end - 1], trimElement))
            end--;
        return span.Slice(0, end);
    }
}
