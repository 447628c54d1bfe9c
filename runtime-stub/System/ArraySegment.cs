namespace System;

/// <summary>A part of an array.</summary>
public readonly struct ArraySegment<T>
{
    /// <summary>The whole of an array.</summary>
    public ArraySegment(T[] array) : this(array, 0, array.Length) { }

    /// <summary>A part of an array.</summary>
    public ArraySegment(T[] array, int offset, int count)
    {
        if (offset < 0 || count < 0 || (uint)offset + (uint)count > (uint)array.Length)
            ThrowHelper.ThrowArgumentOutOfRange();
        Array = array;
        Offset = offset;
        Count = count;
    }

    /// <summary>The array.</summary>
    public T[]? Array { get; }
    /// <summary>Where the part starts.</summary>
    public int Offset { get; }
    /// <summary>How many elements it has.</summary>
    public int Count { get; }
    /// <summary>An element.</summary>
    public T this[int index]
    {
        get => ((Span<T>)this)[index];
        set => ((Span<T>)this)[index] = value;
    }
    /// <summary>The elements.</summary>
    public static implicit operator Span<T>(ArraySegment<T> segment) => new Span<T>(segment.Array, segment.Offset, segment.Count);
    /// <summary>The elements.</summary>
    public static implicit operator ReadOnlySpan<T>(ArraySegment<T> segment) => new ReadOnlySpan<T>(segment.Array, segment.Offset, segment.Count);
    /// <summary>The whole of an array.</summary>
    public static implicit operator ArraySegment<T>(T[] array) => new ArraySegment<T>(array);
}
