using System.Runtime.CompilerServices;

namespace System;

/// <summary>A place in a sequence, from the start or from the end.</summary>
public readonly struct Index : IEquatable<Index>
{
    private readonly int _value;

    /// <summary>Says where.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Index(int value, bool fromEnd = false)
    {
        if (value < 0)
            ThrowHelper.ThrowArgumentOutOfRange();
        _value = fromEnd ? ~value : value;
    }

    private Index(int value) => _value = value;

    /// <summary>The start.</summary>
    public static Index Start => new Index(0);
    /// <summary>The end.</summary>
    public static Index End => new Index(~0);
    /// <summary>So far from the start.</summary>
    public static Index FromStart(int value) => new Index(value, false);
    /// <summary>So far from the end.</summary>
    public static Index FromEnd(int value) => new Index(value, true);
    /// <summary>The distance.</summary>
    public int Value => _value < 0 ? ~_value : _value;
    /// <summary>Whether it counts from the end.</summary>
    public bool IsFromEnd => _value < 0;
    /// <summary>The place in a sequence of a length.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public int GetOffset(int length) => _value < 0 ? _value + length + 1 : _value;
    /// <inheritdoc/>
    public bool Equals(Index other) => _value == other._value;
    /// <inheritdoc/>
    public override bool Equals(object? value) => value is Index other && _value == other._value;
    /// <inheritdoc/>
    public override int GetHashCode() => _value;
    /// <summary>From the start.</summary>
    public static implicit operator Index(int value) => FromStart(value);
}

/// <summary>A stretch of a sequence.</summary>
public readonly struct Range : IEquatable<Range>
{
    /// <summary>Says from where to where, the end not included.</summary>
    public Range(Index start, Index end)
    {
        Start = start;
        End = end;
    }

    /// <summary>The first.</summary>
    public Index Start { get; }
    /// <summary>The one after the last.</summary>
    public Index End { get; }
    /// <summary>From an index to the end.</summary>
    public static Range StartAt(Index start) => new Range(start, Index.End);
    /// <summary>From the start to an index.</summary>
    public static Range EndAt(Index end) => new Range(Index.Start, end);
    /// <summary>The whole.</summary>
    public static Range All => new Range(Index.Start, Index.End);

    /// <summary>Start and length in a sequence of a length.</summary>
    /// <exception cref="ArgumentOutOfRangeException">It reaches outside.</exception>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public (int Offset, int Length) GetOffsetAndLength(int length)
    {
        int start = Start.GetOffset(length);
        int end = End.GetOffset(length);
        if ((uint)end > (uint)length || (uint)start > (uint)end)
            ThrowHelper.ThrowArgumentOutOfRange();
        return (start, end - start);
    }

    /// <inheritdoc/>
    public bool Equals(Range other) => Start.Equals(other.Start) && End.Equals(other.End);
    /// <inheritdoc/>
    public override bool Equals(object? value) => value is Range other && Equals(other);
    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Start.GetHashCode(), End.GetHashCode());
}
