using System.Diagnostics.CodeAnalysis;

namespace System.Runtime.CompilerServices;

/// <summary>What C# cannot say about references and pointers. The compiler supplies every body.
/// Never write <c>Unsafe.Add(ref staticField, constant)</c>: the compiler of 10.0.12 gets it wrong; the scan of the image finds it.</summary>
public static unsafe class Unsafe
{
    /// <summary>The address of a place. It stays valid: objects do not move.</summary>
    [Intrinsic] public static extern void* AsPointer<T>(ref readonly T value) where T : allows ref struct;
    /// <summary>Bytes of a value.</summary>
    [Intrinsic] public static extern int SizeOf<T>() where T : allows ref struct;
    /// <summary>The object as another class, unchecked.</summary>
    [Intrinsic][return: NotNullIfNotNull(nameof(value))] public static extern T As<T>(object? value) where T : class?;
    /// <summary>The place as one of another type, unchecked.</summary>
    [Intrinsic] public static extern ref TTo As<TFrom, TTo>(ref TFrom source) where TFrom : allows ref struct where TTo : allows ref struct;
    /// <summary>The place some elements further.</summary>
    [Intrinsic] public static extern ref T Add<T>(ref T source, int elementOffset) where T : allows ref struct;
    /// <summary>The place some elements further.</summary>
    [Intrinsic] public static extern ref T Add<T>(ref T source, nint elementOffset) where T : allows ref struct;
    /// <summary>The place some elements further.</summary>
    [Intrinsic] public static extern ref T Add<T>(ref T source, nuint elementOffset) where T : allows ref struct;
    /// <summary>The address some elements further.</summary>
    [Intrinsic] public static extern void* Add<T>(void* source, int elementOffset) where T : allows ref struct;
    /// <summary>The place some bytes further.</summary>
    [Intrinsic] public static extern ref T AddByteOffset<T>(ref T source, nuint byteOffset) where T : allows ref struct;
    /// <summary>The place some bytes further.</summary>
    [Intrinsic] public static extern ref T AddByteOffset<T>(ref T source, nint byteOffset) where T : allows ref struct;
    /// <summary>The place some elements before.</summary>
    [Intrinsic] public static extern ref T Subtract<T>(ref T source, int elementOffset) where T : allows ref struct;
    /// <summary>Whether both are the same place.</summary>
    [Intrinsic] public static extern bool AreSame<T>(ref readonly T left, ref readonly T right) where T : allows ref struct;
    /// <summary>Whether one place is above the other.</summary>
    [Intrinsic] public static extern bool IsAddressGreaterThan<T>(ref readonly T left, ref readonly T right) where T : allows ref struct;
    /// <summary>Whether one place is below the other.</summary>
    [Intrinsic] public static extern bool IsAddressLessThan<T>(ref readonly T left, ref readonly T right) where T : allows ref struct;
    /// <summary>Bytes from one place to the other.</summary>
    [Intrinsic] public static extern nint ByteOffset<T>(ref readonly T origin, ref readonly T target) where T : allows ref struct;
    /// <summary>The place at an address.</summary>
    [Intrinsic] public static extern ref T AsRef<T>(void* source) where T : allows ref struct;
    /// <summary>The place, writable.</summary>
    [Intrinsic] public static extern ref T AsRef<T>(scoped ref readonly T source) where T : allows ref struct;
    /// <summary>No place.</summary>
    [Intrinsic] public static extern ref T NullRef<T>() where T : allows ref struct;
    /// <summary>Whether it is no place.</summary>
    [Intrinsic] public static extern bool IsNullRef<T>(ref readonly T source) where T : allows ref struct;
    /// <summary>Leaves a variable as it is while the compiler takes it as set.</summary>
    [Intrinsic] public static extern void SkipInit<T>(out T value) where T : allows ref struct;

    /// <summary>Reads a value from any address.</summary>
    [Intrinsic]
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T ReadUnaligned<T>(void* source) where T : allows ref struct => *(T*)source;
    /// <summary>Reads a value from any place.</summary>
    [Intrinsic]
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T ReadUnaligned<T>(scoped ref readonly byte source) where T : allows ref struct => As<byte, T>(ref AsRef(in source));
    /// <summary>Writes a value to any address.</summary>
    [Intrinsic]
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void WriteUnaligned<T>(void* destination, T value) where T : allows ref struct => *(T*)destination = value;
    /// <summary>Writes a value to any place.</summary>
    [Intrinsic]
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void WriteUnaligned<T>(ref byte destination, T value) where T : allows ref struct => As<byte, T>(ref destination) = value;
    /// <summary>Reads a value.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Read<T>(void* source) where T : allows ref struct => *(T*)source;
    /// <summary>Writes a value.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Write<T>(void* destination, T value) where T : allows ref struct => *(T*)destination = value;
    /// <summary>The bits of a value as another type of the same size.</summary>
    [Intrinsic]
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TTo BitCast<TFrom, TTo>(TFrom source) where TFrom : allows ref struct where TTo : allows ref struct
        => ReadUnaligned<TTo>(ref As<TFrom, byte>(ref source));
    /// <summary>Copies bytes between places that do not overlap.</summary>
    public static void CopyBlock(ref byte destination, ref readonly byte source, uint byteCount)
        => SpanHelpers.Memmove(ref destination, ref AsRef(in source), byteCount);
    /// <summary>Copies bytes between places that do not overlap.</summary>
    public static void CopyBlock(void* destination, void* source, uint byteCount)
        => SpanHelpers.Memmove(ref *(byte*)destination, ref *(byte*)source, byteCount);
    /// <summary>Copies bytes between unaligned places that do not overlap.</summary>
    public static void CopyBlockUnaligned(ref byte destination, ref readonly byte source, uint byteCount)
        => SpanHelpers.Memmove(ref destination, ref AsRef(in source), byteCount);
    /// <summary>Copies bytes between unaligned places that do not overlap.</summary>
    public static void CopyBlockUnaligned(void* destination, void* source, uint byteCount)
        => SpanHelpers.Memmove(ref *(byte*)destination, ref *(byte*)source, byteCount);
    /// <summary>Fills bytes.</summary>
    public static void InitBlock(void* start, byte value, uint byteCount)
        => SpanHelpers.Fill(ref *(byte*)start, value, byteCount);
    /// <summary>Fills bytes.</summary>
    public static void InitBlockUnaligned(void* start, byte value, uint byteCount)
        => SpanHelpers.Fill(ref *(byte*)start, value, byteCount);
    /// <summary>Fills bytes.</summary>
    public static void InitBlockUnaligned(ref byte start, byte value, uint byteCount)
        => SpanHelpers.Fill(ref start, value, byteCount);
}
