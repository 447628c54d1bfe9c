using System.Runtime.CompilerServices;

namespace System.Runtime.InteropServices;

/// <summary>Memory seen as another type.</summary>
public static unsafe class MemoryMarshal
{
    /// <summary>The place of the first element; of an empty array, where it would be.</summary>
    [Intrinsic]
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ref T GetArrayDataReference<T>(T[] array) => ref Unsafe.As<byte, T>(ref Unsafe.As<RawArrayData>(array).Data);

    /// <summary>The place of the first element.</summary>
    public static ref T GetReference<T>(Span<T> span) => ref span._reference;
    /// <summary>The place of the first element.</summary>
    public static ref T GetReference<T>(ReadOnlySpan<T> span) => ref span._reference;

    /// <summary>Elements from a place on; the length is taken on trust.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Span<T> CreateSpan<T>(scoped ref T reference, int length) => new Span<T>(ref Unsafe.AsRef(in reference), length);
    /// <summary>Elements from a place on; the length is taken on trust.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ReadOnlySpan<T> CreateReadOnlySpan<T>(scoped ref readonly T reference, int length) => new ReadOnlySpan<T>(ref Unsafe.AsRef(in reference), length);
    /// <summary>The bytes of a text that ends in zero.</summary>
    public static ReadOnlySpan<byte> CreateReadOnlySpanFromNullTerminated(byte* value)
    {
        if (value == null)
            return default;
        int length = 0;
        while (value[length] != 0)
            length++;
        return new ReadOnlySpan<byte>(value, length);
    }

    /// <summary>The elements as bytes.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Span<byte> AsBytes<T>(Span<T> span) where T : struct
        => new Span<byte>(ref Unsafe.As<T, byte>(ref span._reference), checked(span.Length * Unsafe.SizeOf<T>()));
    /// <summary>The elements as bytes.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ReadOnlySpan<byte> AsBytes<T>(ReadOnlySpan<T> span) where T : struct
        => new ReadOnlySpan<byte>(ref Unsafe.As<T, byte>(ref span._reference), checked(span.Length * Unsafe.SizeOf<T>()));

    /// <summary>The memory as elements of another type, as many as are whole.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Span<TTo> Cast<TFrom, TTo>(Span<TFrom> span) where TFrom : struct where TTo : struct
        => new Span<TTo>(ref Unsafe.As<TFrom, TTo>(ref span._reference), CastLength<TFrom, TTo>(span.Length));
    /// <summary>The memory as elements of another type, as many as are whole.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ReadOnlySpan<TTo> Cast<TFrom, TTo>(ReadOnlySpan<TFrom> span) where TFrom : struct where TTo : struct
        => new ReadOnlySpan<TTo>(ref Unsafe.As<TFrom, TTo>(ref span._reference), CastLength<TFrom, TTo>(span.Length));

    private static int CastLength<TFrom, TTo>(int length)
        => Unsafe.SizeOf<TFrom>() == Unsafe.SizeOf<TTo>() ? length
            : checked((int)((ulong)(uint)length * (uint)Unsafe.SizeOf<TFrom>() / (uint)Unsafe.SizeOf<TTo>()));

    /// <summary>Reads a value from the start of bytes.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Read<T>(ReadOnlySpan<byte> source) where T : struct
    {
        if (Unsafe.SizeOf<T>() > source.Length)
            ThrowHelper.ThrowArgumentOutOfRange();
        return Unsafe.ReadUnaligned<T>(ref source._reference);
    }

    /// <summary>Reads a value from the start of bytes; false if they are too few.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryRead<T>(ReadOnlySpan<byte> source, out T value) where T : struct
    {
        if (Unsafe.SizeOf<T>() > source.Length)
        {
            value = default;
            return false;
        }
        value = Unsafe.ReadUnaligned<T>(ref source._reference);
        return true;
    }

    /// <summary>Writes a value to the start of bytes.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Write<T>(Span<byte> destination, in T value) where T : struct
    {
        if (Unsafe.SizeOf<T>() > destination.Length)
            ThrowHelper.ThrowArgumentOutOfRange();
        Unsafe.WriteUnaligned(ref destination._reference, value);
    }

    /// <summary>Writes a value to the start of bytes; false if they are too few.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryWrite<T>(Span<byte> destination, in T value) where T : struct
    {
        if (Unsafe.SizeOf<T>() > destination.Length)
            return false;
        Unsafe.WriteUnaligned(ref destination._reference, value);
        return true;
    }

    /// <summary>The start of bytes as a place of a type.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ref T AsRef<T>(Span<byte> span) where T : struct
    {
        if (Unsafe.SizeOf<T>() > span.Length)
            ThrowHelper.ThrowArgumentOutOfRange();
        return ref Unsafe.As<byte, T>(ref span._reference);
    }

    /// <summary>The start of bytes as a place of a type.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ref readonly T AsRef<T>(ReadOnlySpan<byte> span) where T : struct
    {
        if (Unsafe.SizeOf<T>() > span.Length)
            ThrowHelper.ThrowArgumentOutOfRange();
        return ref Unsafe.As<byte, T>(ref span._reference);
    }
}
