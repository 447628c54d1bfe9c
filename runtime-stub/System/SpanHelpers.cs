using System.Runtime;
using System.Runtime.CompilerServices;

namespace System;

/// <summary>Block operations that the compiler calls by name. The bodies are stubs, so that no loop here is
/// turned by the compiler into a call of itself.</summary>
internal static class SpanHelpers
{
    /// <summary>Copies bytes; the areas may overlap.</summary>
    [RuntimeImport("*", "runtime_memmove")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    internal static extern void Memmove(ref byte destination, ref byte source, nuint count);

    /// <summary>Zeroes bytes that hold no references.</summary>
    [RuntimeImport("*", "runtime_clear")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    internal static extern void ClearWithoutReferences(ref byte destination, nuint count);

    /// <summary>Sets bytes.</summary>
    [RuntimeImport("*", "runtime_fill")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    internal static extern void Fill(ref byte destination, byte value, nuint count);

    /// <summary>Whether two areas hold the same bytes.</summary>
    [RuntimeImport("*", "runtime_equal")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    internal static extern bool SequenceEqual(ref byte left, ref byte right, nuint count);

    /// <summary>Copies elements; with references, through the write barrier.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static void Memmove<T>(ref T destination, ref T source, nuint count)
    {
        if (!RuntimeHelpers.IsReferenceOrContainsReferences<T>())
        {
            Memmove(ref Unsafe.As<T, byte>(ref destination), ref Unsafe.As<T, byte>(ref source), count * (nuint)Unsafe.SizeOf<T>());
        }
        else
        {
            Buffer.BulkMoveWithWriteBarrier(ref Unsafe.As<T, byte>(ref destination), ref Unsafe.As<T, byte>(ref source), count * (nuint)Unsafe.SizeOf<T>());
        }
    }
}
