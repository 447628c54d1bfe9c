using System.Collections.Generic;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace System;

/// <summary>Searches and comparisons of spans. Texts are compared by code units; case is that of ASCII letters.</summary>
public static partial class MemoryExtensions
{
    /// <summary>Where a value first is; -1 for nowhere.</summary>
    public static int IndexOf<T>(this ReadOnlySpan<T> span, T value) where T : IEquatable<T>?
    {
        for (int i = 0; i < span.Length; i++)
        {
            if (EqualityComparer<T>.Default.Equals(span[i], value))
                return i;
        }
        return -1;
    }
    /// <summary>Where a value first is; -1 for nowhere.</summary>
    [OverloadResolutionPriority(-1)]
    public static int IndexOf<T>(this Span<T> span, T value) where T : IEquatable<T>? => IndexOf((ReadOnlySpan<T>)span, value);

    /// <summary>Where a value last is; -1 for nowhere.</summary>
    public static int LastIndexOf<T>(this ReadOnlySpan<T> span, T value) where T : IEquatable<T>?
    {
        for (int i = span.Length - 1; i >= 0; i--)
        {
            if (EqualityComparer<T>.Default.Equals(span[i], value))
                return i;
        }
        return -1;
    }
    /// <summary>Where a value last is; -1 for nowhere.</summary>
    [OverloadResolutionPriority(-1)]
    public static int LastIndexOf<T>(this Span<T> span, T value) where T : IEquatable<T>? => LastIndexOf((ReadOnlySpan<T>)span, value);

    /// <summary>Where either value first is; -1 for nowhere.</summary>
    public static int IndexOfAny<T>(this ReadOnlySpan<T> span, T value0, T value1) where T : IEquatable<T>?
    {
        for (int i = 0; i < span.Length; i++)
        {
            if (EqualityComparer<T>.Default.Equals(span[i], value0) || EqualityComparer<T>.Default.Equals(span[i], value1))
                return i;
        }
        return -1;
    }
    /// <summary>Where either value first is; -1 for nowhere.</summary>
    [OverloadResolutionPriority(-1)]
    public static int IndexOfAny<T>(this Span<T> span, T value0, T value1) where T : IEquatable<T>? => IndexOfAny((ReadOnlySpan<T>)span, value0, value1);

    /// <summary>Where any of some values first is; -1 for nowhere.</summary>
    public static int IndexOfAny<T>(this ReadOnlySpan<T> span, ReadOnlySpan<T> values) where T : IEquatable<T>?
    {
        for (int i = 0; i < span.Length; i++)
        {
            if (values.IndexOf(span[i]) >= 0)
                return i;
        }
        return -1;
    }
    /// <summary>Where any of some values first is; -1 for nowhere.</summary>
    [OverloadResolutionPriority(-1)]
    public static int IndexOfAny<T>(this Span<T> span, ReadOnlySpan<T> values) where T : IEquatable<T>? => IndexOfAny((ReadOnlySpan<T>)span, values);

    /// <summary>Where anything but a value first is; -1 for nowhere.</summary>
    public static int IndexOfAnyExcept<T>(this ReadOnlySpan<T> span, T value) where T : IEquatable<T>?
    {
        for (int i = 0; i < span.Length; i++)
        {
            if (!EqualityComparer<T>.Default.Equals(span[i], value))
                return i;
        }
        return -1;
    }
    /// <summary>Where anything but a value first is; -1 for nowhere.</summary>
    [OverloadResolutionPriority(-1)]
    public static int IndexOfAnyExcept<T>(this Span<T> span, T value) where T : IEquatable<T>? => IndexOfAnyExcept((ReadOnlySpan<T>)span, value);

    /// <summary>Whether there is anything but a value.</summary>
    public static bool ContainsAnyExcept<T>(this ReadOnlySpan<T> span, T value) where T : IEquatable<T>?
    {
        return IndexOfAnyExcept(span, value) >= 0;
    }
    /// <summary>Whether there is anything but a value.</summary>
    [OverloadResolutionPriority(-1)]
    public static bool ContainsAnyExcept<T>(this Span<T> span, T value) where T : IEquatable<T>? => ContainsAnyExcept((ReadOnlySpan<T>)span, value);

    /// <summary>Where a sequence first is; -1 for nowhere.</summary>
    public static int IndexOf<T>(this ReadOnlySpan<T> span, ReadOnlySpan<T> value) where T : IEquatable<T>?
    {
        for (int i = 0; i <= span.Length - value.Length; i++)
        {
            if (span.Slice(i, value.Length).SequenceEqual(value))
                return i;
        }
        return -1;
    }
    /// <summary>Where a sequence first is; -1 for nowhere.</summary>
    [OverloadResolutionPriority(-1)]
    public static int IndexOf<T>(this Span<T> span, ReadOnlySpan<T> value) where T : IEquatable<T>? => IndexOf((ReadOnlySpan<T>)span, value);

    /// <summary>Whether a value is there.</summary>
    public static bool Contains<T>(this ReadOnlySpan<T> span, T value) where T : IEquatable<T>?
    {
        return IndexOf(span, value) >= 0;
    }
    /// <summary>Whether a value is there.</summary>
    [OverloadResolutionPriority(-1)]
    public static bool Contains<T>(this Span<T> span, T value) where T : IEquatable<T>? => Contains((ReadOnlySpan<T>)span, value);

    /// <summary>How often a value is there.</summary>
    public static int Count<T>(this ReadOnlySpan<T> span, T value) where T : IEquatable<T>?
    {
        int count = 0;
        for (int i = 0; i < span.Length; i++)
        {
            if (EqualityComparer<T>.Default.Equals(span[i], value))
                count++;
        }
        return count;
    }
    /// <summary>How often a value is there.</summary>
    [OverloadResolutionPriority(-1)]
    public static int Count<T>(this Span<T> span, T value) where T : IEquatable<T>? => Count((ReadOnlySpan<T>)span, value);

    /// <summary>Whether both hold equal elements.</summary>
    public static bool SequenceEqual<T>(this ReadOnlySpan<T> span, ReadOnlySpan<T> other) where T : IEquatable<T>?
    {
        if (span.Length != other.Length)
            return false;
        if (RuntimeHelpers.IsBitwiseEquatable<T>())
        {
            return SpanHelpers.SequenceEqual(ref Unsafe.As<T, byte>(ref span._reference), ref Unsafe.As<T, byte>(ref other._reference),
                (nuint)(uint)span.Length * (nuint)Unsafe.SizeOf<T>());
        }
        for (int i = 0; i < span.Length; i++)
        {
            if (!EqualityComparer<T>.Default.Equals(span[i], other[i]))
                return false;
        }
        return true;
    }
    /// <summary>Whether both hold equal elements.</summary>
    [OverloadResolutionPriority(-1)]
    public static bool SequenceEqual<T>(this Span<T> span, ReadOnlySpan<T> other) where T : IEquatable<T>? => SequenceEqual((ReadOnlySpan<T>)span, other);

    /// <summary>Order by the first elements that differ, then by length.</summary>
    public static int SequenceCompareTo<T>(this ReadOnlySpan<T> span, ReadOnlySpan<T> other) where T : IComparable<T>?
    {
        int length = span.Length < other.Length ? span.Length : other.Length;
        for (int i = 0; i < length; i++)
        {
            int order = Comparer<T>.Default.Compare(span[i], other[i]);
            if (order != 0)
                return order;
        }
        return span.Length - other.Length;
    }
    /// <summary>Order by the first elements that differ, then by length.</summary>
    [OverloadResolutionPriority(-1)]
    public static int SequenceCompareTo<T>(this Span<T> span, ReadOnlySpan<T> other) where T : IComparable<T>? => SequenceCompareTo((ReadOnlySpan<T>)span, other);

    /// <summary>Whether the span starts with a sequence.</summary>
    public static bool StartsWith<T>(this ReadOnlySpan<T> span, ReadOnlySpan<T> value) where T : IEquatable<T>?
    {
        return value.Length <= span.Length && span.Slice(0, value.Length).SequenceEqual(value);
    }
    /// <summary>Whether the span starts with a sequence.</summary>
    [OverloadResolutionPriority(-1)]
    public static bool StartsWith<T>(this Span<T> span, ReadOnlySpan<T> value) where T : IEquatable<T>? => StartsWith((ReadOnlySpan<T>)span, value);

    /// <summary>Whether the span ends with a sequence.</summary>
    public static bool EndsWith<T>(this ReadOnlySpan<T> span, ReadOnlySpan<T> value) where T : IEquatable<T>?
    {
        return value.Length <= span.Length && span.Slice(span.Length - value.Length).SequenceEqual(value);
    }
    /// <summary>Whether the span ends with a sequence.</summary>
    [OverloadResolutionPriority(-1)]
    public static bool EndsWith<T>(this Span<T> span, ReadOnlySpan<T> value) where T : IEquatable<T>? => EndsWith((ReadOnlySpan<T>)span, value);

    /// <summary>Whether the span starts with a value.</summary>
    public static bool StartsWith<T>(this ReadOnlySpan<T> span, T value) where T : IEquatable<T>?
    {
        return span.Length != 0 && EqualityComparer<T>.Default.Equals(span[0], value);
    }
    /// <summary>Whether the span starts with a value.</summary>
    [OverloadResolutionPriority(-1)]
    public static bool StartsWith<T>(this Span<T> span, T value) where T : IEquatable<T>? => StartsWith((ReadOnlySpan<T>)span, value);

    /// <summary>Whether the span ends with a value.</summary>
    public static bool EndsWith<T>(this ReadOnlySpan<T> span, T value) where T : IEquatable<T>?
    {
        return span.Length != 0 && EqualityComparer<T>.Default.Equals(span[span.Length - 1], value);
    }
    /// <summary>Whether the span ends with a value.</summary>
    [OverloadResolutionPriority(-1)]
    public static bool EndsWith<T>(this Span<T> span, T value) where T : IEquatable<T>? => EndsWith((ReadOnlySpan<T>)span, value);

    /// <summary>Where a value is in a sorted span; if nowhere, the complement of where it belongs.</summary>
    public static int BinarySearch<T>(this ReadOnlySpan<T> span, T value) where T : IComparable<T>
    {
        int low = 0;
        int high = span.Length - 1;
        while (low <= high)
        {
            int middle = low + ((high - low) >> 1);
            int order = Comparer<T>.Default.Compare(span[middle], value);
            if (order == 0)
                return middle;
            if (order < 0)
                low = middle + 1;
            else
                high = middle - 1;
        }
        return ~low;
    }
    /// <summary>Where a value is in a sorted span; if nowhere, the complement of where it belongs.</summary>
    [OverloadResolutionPriority(-1)]
    public static int BinarySearch<T>(this Span<T> span, T value) where T : IComparable<T> => BinarySearch((ReadOnlySpan<T>)span, value);
}
