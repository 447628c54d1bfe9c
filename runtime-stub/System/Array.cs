using System.Collections;
using System.Collections.Generic;
using System.Diagnostics.CodeAnalysis;
using System.Runtime;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Internal.Runtime;

namespace System;

/// <summary>The base of all arrays.</summary>
[StructLayout(LayoutKind.Sequential)]
public abstract unsafe class Array : IList, ICloneable
{
    // The compiler writes arrays in this layout; with several dimensions their bounds follow.
    private readonly int _length;

    /// <summary>How many elements, of all dimensions.</summary>
    public int Length
    {
        [Intrinsic]
        get => _length;
    }

    /// <summary>How many elements, of all dimensions.</summary>
    public long LongLength => _length;

    /// <summary>How many dimensions.</summary>
    public int Rank
    {
        [Intrinsic]
        get => m_pEEType->BaseSize == MethodTable.SimpleArrayBaseSize ? 1 : (int)(m_pEEType->BaseSize - MethodTable.SimpleArrayBaseSize) / 8;
    }

    /// <summary>How many elements a dimension has.</summary>
    public int GetLength(int dimension)
    {
        if ((uint)dimension >= (uint)Rank)
            ThrowHelper.ThrowIndexOutOfRange();
        return Rank == 1 ? _length : Unsafe.Add(ref Bounds, dimension);
    }

    /// <summary>The largest index of a dimension.</summary>
    public int GetUpperBound(int dimension) => GetLength(dimension) - 1;
    /// <summary>The smallest index of a dimension: always 0.</summary>
    public int GetLowerBound(int dimension) => 0;

    internal nuint NativeLength => (nuint)(uint)_length;
    internal uint ElementSize => m_pEEType->ComponentSize;

    // With one dimension the elements follow the length; with more, the lengths and lower bounds come first.
    internal ref byte FirstElement => ref Unsafe.Add(ref Unsafe.As<RawArrayData>(this).Data, (int)(m_pEEType->BaseSize - MethodTable.SimpleArrayBaseSize));
    internal ref int Bounds => ref Unsafe.As<byte, int>(ref Unsafe.As<RawArrayData>(this).Data);

    /// <summary>An array of no elements, in the image.</summary>
    public static T[] Empty<T>() => EmptyArray<T>.Value;

    private static class EmptyArray<T>
    {
        internal static readonly T[] Value = new T[0];
    }

    /// <summary>Copies elements between arrays of one type; they may overlap.</summary>
    public static void Copy(Array sourceArray, Array destinationArray, int length) => Copy(sourceArray, 0, destinationArray, 0, length);

    /// <summary>Copies elements between arrays of one type; they may overlap.</summary>
    public static void Copy(Array sourceArray, int sourceIndex, Array destinationArray, int destinationIndex, int length)
    {
        if (sourceArray.m_pEEType != destinationArray.m_pEEType
            && !TypeCast.IsAssignable(sourceArray.m_pEEType, destinationArray.m_pEEType))
            ThrowHelper.ThrowArrayTypeMismatch();
        if (sourceIndex < 0 || destinationIndex < 0 || length < 0
            || (uint)sourceIndex + (uint)length > (uint)sourceArray._length
            || (uint)destinationIndex + (uint)length > (uint)destinationArray._length)
            ThrowHelper.ThrowArgumentOutOfRange();
        nuint size = sourceArray.ElementSize;
        ref byte source = ref Unsafe.AddByteOffset(ref sourceArray.FirstElement, (nuint)(uint)sourceIndex * size);
        ref byte destination = ref Unsafe.AddByteOffset(ref destinationArray.FirstElement, (nuint)(uint)destinationIndex * size);
        if (sourceArray.m_pEEType->HasReferences)
            Buffer.BulkMoveWithWriteBarrier(ref destination, ref source, (nuint)(uint)length * size);
        else
            SpanHelpers.Memmove(ref destination, ref source, (nuint)(uint)length * size);
    }

    /// <summary>Zeroes all elements.</summary>
    public static void Clear(Array array)
        => SpanHelpers.ClearWithoutReferences(ref array.FirstElement, array.NativeLength * array.ElementSize);

    /// <summary>Zeroes elements.</summary>
    public static void Clear(Array array, int index, int length)
    {
        if (index < 0 || length < 0 || (uint)index + (uint)length > (uint)array._length)
            ThrowHelper.ThrowIndexOutOfRange();
        nuint size = array.ElementSize;
        SpanHelpers.ClearWithoutReferences(ref Unsafe.AddByteOffset(ref array.FirstElement, (nuint)(uint)index * size), (nuint)(uint)length * size);
    }

    /// <summary>Sets all elements.</summary>
    public static void Fill<T>(T[] array, T value) => new Span<T>(array).Fill(value);
    /// <summary>Where a value first is; -1 for nowhere.</summary>
    public static int IndexOf<T>(T[] array, T value)
    {
        for (int i = 0; i < array.Length; i++)
        {
            if (EqualityComparer<T>.Default.Equals(array[i], value))
                return i;
        }
        return -1;
    }
    /// <summary>Reverses the order.</summary>
    public static void Reverse<T>(T[] array) => new Span<T>(array).Reverse();
    /// <summary>Sorts by a comparison.</summary>
    public static void Sort<T>(T[] array, Comparison<T> comparison) => new Span<T>(array).Sort(comparison);
    /// <summary>Sorts by the elements' own order.</summary>
    public static void Sort<T>(T[] array) => new Span<T>(array).Sort();
    /// <summary>Makes an array longer or shorter: a new one takes its place.</summary>
    public static void Resize<T>([NotNull] ref T[]? array, int newSize)
    {
        T[] resized = new T[newSize];
        if (array is not null)
            new ReadOnlySpan<T>(array, 0, Math.Min(newSize, array.Length)).CopyTo(resized);
        array = resized;
    }
    /// <summary>Copies all elements to another array.</summary>
    public void CopyTo(Array array, int index) => Copy(this, 0, array, index, _length);

    /// <summary>A new array with the same elements.</summary>
    public object Clone()
    {
        if (Rank != 1)
            ThrowHelper.ThrowNotSupported();
        Array copy = Unsafe.As<Array>(Allocation.NewArray(m_pEEType, _length));
        Copy(this, copy, _length);
        return copy;
    }

    int ICollection.Count => _length;
    object? IList.this[int index]
    {
        get => throw new NotSupportedException("an element of an untyped array");
        set => throw new NotSupportedException("an element of an untyped array");
    }
    IEnumerator IEnumerable.GetEnumerator() => throw new NotSupportedException("a walk through an untyped array");
}

/// <summary>The interfaces of arrays of one dimension: the compiler lets T[] borrow these methods, so that
/// <c>this</c> is the array in all of them.</summary>
internal sealed class Array<T> : Array, IList<T>, IReadOnlyList<T>
{
    private T[] Elements => Unsafe.As<T[]>(this);

    public IEnumerator<T> GetEnumerator() => new ArrayEnumerator<T>(Elements);
    public int Count => Length;
    public bool IsReadOnly => true;
    public T this[int index]
    {
        get => Elements[index];
        set => Elements[index] = value;
    }
    public void Add(T item) => ThrowHelper.ThrowNotSupported();
    public void Clear() => ThrowHelper.ThrowNotSupported();
    public bool Contains(T item) => IndexOf(Elements, item) >= 0;
    public void CopyTo(T[] array, int arrayIndex) => Copy(this, 0, array, arrayIndex, Length);
    public bool Remove(T item)
    {
        ThrowHelper.ThrowNotSupported();
        return false;
    }
    public int IndexOf(T item) => IndexOf(Elements, item);
    public void Insert(int index, T item) => ThrowHelper.ThrowNotSupported();
    public void RemoveAt(int index) => ThrowHelper.ThrowNotSupported();
}

/// <summary>A walk through an array.</summary>
internal sealed class ArrayEnumerator<T> : IEnumerator<T>
{
    private readonly T[] _array;
    private int _index = -1;

    internal ArrayEnumerator(T[] array) => _array = array;
    public bool MoveNext() => ++_index < _array.Length;
    public T Current => _array[_index];
    object? IEnumerator.Current => Current;
    public void Reset() => _index = -1;
    public void Dispose() { }
}
