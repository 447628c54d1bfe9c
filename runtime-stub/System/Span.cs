using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Internal.Runtime;

namespace System;

/// <summary>A stretch of memory with its length.</summary>
[StructLayout(LayoutKind.Sequential)]
public readonly ref struct Span<T>
{
    internal readonly ref T _reference;
    private readonly int _length;

    /// <summary>All of an array.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Span(T[]? array)
    {
        if (array is null)
        {
            this = default;
            return;
        }
        RequireExactType(array);
        _reference = ref MemoryMarshal.GetArrayDataReference(array);
        _length = array.Length;
    }

    /// <summary>A part of an array.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Span(T[]? array, int start, int length)
    {
        if (array is null)
        {
            if (start != 0 || length != 0)
                ThrowHelper.ThrowArgumentOutOfRange();
            this = default;
            return;
        }
        RequireExactType(array);
        if ((ulong)(uint)start + (uint)length > (uint)array.Length)
            ThrowHelper.ThrowArgumentOutOfRange();
        _reference = ref Unsafe.Add(ref MemoryMarshal.GetArrayDataReference(array), (nint)(uint)start);
        _length = length;
    }

    // A string[] may pass for an object[], but not be written as one.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static unsafe void RequireExactType(T[] array)
    {
        if (default(T) is null && array.m_pEEType != MethodTable.Of<T[]>())
            ThrowHelper.ThrowArrayTypeMismatch();
    }

    /// <summary>Elements at an address.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public unsafe Span(void* pointer, int length)
    {
        if (length < 0)
            ThrowHelper.ThrowArgumentOutOfRange();
        _reference = ref *(T*)pointer;
        _length = length;
    }

    /// <summary>One element.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Span(ref T reference)
    {
        _reference = ref reference;
        _length = 1;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal Span(ref T reference, int length)
    {
        _reference = ref reference;
        _length = length;
    }

    /// <summary>An element.</summary>
    public ref T this[int index]
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
    public static Span<T> Empty => default;

    /// <summary>An array's elements.</summary>
    public static implicit operator Span<T>(T[]? array) => new Span<T>(array);
    /// <summary>The same, not to be written.</summary>
    public static implicit operator ReadOnlySpan<T>(Span<T> span) => new ReadOnlySpan<T>(ref span._reference, span._length);

    /// <summary>Whether both are the same memory.</summary>
    public static bool operator ==(Span<T> left, Span<T> right)
        => left._length == right._length && Unsafe.AreSame(ref left._reference, ref right._reference);
    /// <summary>Whether both are not the same memory.</summary>
    public static bool operator !=(Span<T> left, Span<T> right) => !(left == right);
    /// <summary>Not for spans.</summary>
    public override bool Equals(object? obj) => throw new NotSupportedException("Span.Equals");
    /// <summary>Not for spans.</summary>
    public override int GetHashCode() => throw new NotSupportedException("Span.GetHashCode");

    /// <summary>The part from an element to the end.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Span<T> Slice(int start)
    {
        if ((uint)start > (uint)_length)
            ThrowHelper.ThrowArgumentOutOfRange();
        return new Span<T>(ref Unsafe.Add(ref _reference, (nint)(uint)start), _length - start);
    }

    /// <summary>A part.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Span<T> Slice(int start, int length)
    {
        if ((ulong)(uint)start + (uint)length > (uint)_length)
            ThrowHelper.ThrowArgumentOutOfRange();
        return new Span<T>(ref Unsafe.Add(ref _reference, (nint)(uint)start), length);
    }

    /// <summary>Zeroes all elements.</summary>
    public void Clear() => SpanHelpers.ClearWithoutReferences(ref Unsafe.As<T, byte>(ref _reference), (nuint)(uint)_length * (nuint)Unsafe.SizeOf<T>());

    /// <summary>Sets all elements.</summary>
    public void Fill(T value)
    {
        for (int i = 0; i < _length; i++)
            Unsafe.Add(ref _reference, (nint)(uint)i) = value;
    }

    /// <summary>Copies to another span, which may overlap.</summary>
    /// <exception cref="ArgumentException">The other is shorter.</exception>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void CopyTo(Span<T> destination)
    {
        if ((uint)_length > (uint)destination._length)
            ThrowHelper.ThrowArgument();
        SpanHelpers.Memmove(ref destination._reference, ref _reference, (nuint)(uint)_length);
    }

    /// <summary>Copies to another span, or says false if that is shorter.</summary>
    public bool TryCopyTo(Span<T> destination)
    {
        if ((uint)_length > (uint)destination._length)
            return false;
        SpanHelpers.Memmove(ref destination._reference, ref _reference, (nuint)(uint)_length);
        return true;
    }

    /// <summary>A new array with the elements.</summary>
    public T[] ToArray() => ((ReadOnlySpan<T>)this).ToArray();

    /// <inheritdoc/>
    public override string ToString() => "Span";

    /// <summary>The first element's place, for <c>fixed</c>.</summary>
    public ref T GetPinnableReference() => ref _length != 0 ? ref _reference : ref Unsafe.NullRef<T>();

    /// <summary>For <c>foreach</c>.</summary>
    public Enumerator GetEnumerator() => new Enumerator(this);

    /// <summary>For <c>foreach</c>.</summary>
    public ref struct Enumerator
    {
        private readonly Span<T> _span;
        private int _index;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        internal Enumerator(Span<T> span)
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
        public ref T Current
        {
            [MethodImpl(MethodImplOptions.AggressiveInlining)]
            get => ref _span[_index];
        }
    }
}
