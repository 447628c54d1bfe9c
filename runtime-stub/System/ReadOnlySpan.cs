using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace System;

/// <summary>A stretch of memory with its length, not to be written.</summary>
[StructLayout(LayoutKind.Sequential)]
public readonly ref struct ReadOnlySpan<T>
{
    internal readonly ref T _reference;
    private readonly int _length;

    /// <summary>All of an array.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public ReadOnlySpan(T[]? array)
    {
        if (array is null)
        {
            this = default;
            return;
        }
        _reference = ref MemoryMarshal.GetArrayDataReference(array);
        _length = array.Length;
    }

    /// <summary>A part of an array.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public ReadOnlySpan(T[]? array, int start, int length)
    {
        if (array is null)
        {
            if (start != 0 || length != 0)
                ThrowHelper.ThrowArgumentOutOfRange();
            this = default;
            return;
        }
        if ((ulong)(uint)start + (uint)length > (uint)array.Length)
            ThrowHelper.ThrowArgumentOutOfRange();
        _reference = ref Unsafe.Add(ref MemoryMarshal.GetArrayDataReference(array), (nint)(uint)start);
        _length = length;
    }

    /// <summary>Elements at an address.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public unsafe ReadOnlySpan(void* pointer, int length)
    {
        if (length < 0)
            ThrowHelper.ThrowArgumentOutOfRange();
        _reference = ref *(T*)pointer;
        _length = length;
    }

    /// <summary>One element.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public ReadOnlySpan(ref readonly T reference)
    {
        _reference = ref Unsafe.AsRef(in reference);
        _length = 1;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal ReadOnlySpan(ref T reference, int length)
    {
        _reference = ref reference;
        _length = length;
    }

    /// <summary>An element.</summary>
    public ref readonly T this[int index]
    {
        [Intrinsic]
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get
        {
            if ((uint)index >= (uint)_length)
                ThrowHelper.ThrowIndexOutOfRange();
            return ref Unsafe.Add(ref _reference, (nint)(uint)index);
        }
    }

    /// <summary>How many elements.</summary>
    public int Length
    {
        [Intrinsic]
        get => _length;
    }

    /// <summary>Whether there is none.</summary>
    public bool IsEmpty => _length == 0;

    /// <summary>No elements.</summary>
    public static ReadOnlySpan<T> Empty => default;

    /// <summary>An array's elements.</summary>
    public static implicit operator ReadOnlySpan<T>(T[]? array) => new ReadOnlySpan<T>(array);

    /// <summary>Whether both are the same memory.</summary>
    public static bool operator ==(ReadOnlySpan<T> left, ReadOnlySpan<T> right)
        => left._length == right._length && Unsafe.AreSame(ref left._reference, ref right._reference);
    /// <summary>Whether both are not the same memory.</summary>
    public static bool operator !=(ReadOnlySpan<T> left, ReadOnlySpan<T> right) => !(left == right);
    /// <summary>Not for spans.</summary>
    public override bool Equals(object? obj) => throw new NotSupportedException("ReadOnlySpan.Equals");
    /// <summary>Not for spans.</summary>
    public override int GetHashCode() => throw new NotSupportedException("ReadOnlySpan.GetHashCode");

    /// <summary>The part from an element to the end.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public ReadOnlySpan<T> Slice(int start)
    {
        if ((uint)start > (uint)_length)
            ThrowHelper.ThrowArgumentOutOfRange();
        return new ReadOnlySpan<T>(ref Unsafe.Add(ref _reference, (nint)(uint)start), _length - start);
    }

    /// <summary>A part.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public ReadOnlySpan<T> Slice(int start, int length)
    {
        if ((ulong)(uint)start + (uint)length > (uint)_length)
            ThrowHelper.ThrowArgumentOutOfRange();
        return new ReadOnlySpan<T>(ref Unsafe.Add(ref _reference, (nint)(uint)start), length);
    }

    /// <summary>Copies to another span, which may overlap.</summary>
    /// <exception cref="ArgumentException">The other is shorter.</exception>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void CopyTo(Span<T> destination)
    {
        if ((uint)_length > (uint)destination.Length)
            ThrowHelper.ThrowArgument();
        SpanHelpers.Memmove(ref destination._reference, ref _reference, (nuint)(uint)_length);
    }

    /// <summary>Copies to another span, or says false if that is shorter.</summary>
    public bool TryCopyTo(Span<T> destination)
    {
        if ((uint)_length > (uint)destination.Length)
            return false;
        SpanHelpers.Memmove(ref destination._reference, ref _reference, (nuint)(uint)_length);
        return true;
    }

    /// <summary>A new array with the elements.</summary>
    public T[] ToArray()
    {
        if (_length == 0)
            return [];
        T[] copy = new T[_length];
        CopyTo(copy);
        return copy;
    }

    /// <summary>The text, if the elements are characters.</summary>
    public override string ToString()
        => typeof(T) == typeof(char) ? new string(new ReadOnlySpan<char>(ref Unsafe.As<T, char>(ref _reference), _length)) : "ReadOnlySpan";

    /// <summary>The first element's place, for <c>fixed</c>.</summary>
    public ref readonly T GetPinnableReference() => ref _length != 0 ? ref _reference : ref Unsafe.NullRef<T>();

    /// <summary>For <c>foreach</c>.</summary>
    public Enumerator GetEnumerator() => new Enumerator(this);

    /// <summary>For <c>foreach</c>.</summary>
    public ref struct Enumerator
    {
        private readonly ReadOnlySpan<T> _span;
        private int _index;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        internal Enumerator(ReadOnlySpan<T> span)
        {
            _span = span;
            _index = -1;
        }

        /// <summary>Steps on.</summary>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public bool MoveNext()
        {
            int next = _index + 1;
            if (next >= _span.Length)
                return false;
            _index = next;
            return true;
        }

        /// <summary>The element.</summary>
        public ref readonly T Current
        {
            [MethodImpl(MethodImplOptions.AggressiveInlining)]
            get => ref _span[_index];
        }
    }
}
