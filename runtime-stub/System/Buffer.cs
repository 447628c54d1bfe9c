using System.Runtime.CompilerServices;
using Xenolith.Runtime;

namespace System;

/// <summary>Copies of memory.</summary>
public static unsafe class Buffer
{
    /// <summary>Copies bytes; the areas may overlap.</summary>
    public static void MemoryCopy(void* source, void* destination, long destinationSizeInBytes, long sourceBytesToCopy)
    {
        if ((ulong)sourceBytesToCopy > (ulong)destinationSizeInBytes)
            ThrowHelper.ThrowArgumentOutOfRange();
        SpanHelpers.Memmove(ref *(byte*)destination, ref *(byte*)source, (nuint)sourceBytesToCopy);
    }

    /// <summary>Copies bytes; the areas may overlap.</summary>
    public static void MemoryCopy(void* source, void* destination, ulong destinationSizeInBytes, ulong sourceBytesToCopy)
    {
        if (sourceBytesToCopy > destinationSizeInBytes)
            ThrowHelper.ThrowArgumentOutOfRange();
        SpanHelpers.Memmove(ref *(byte*)destination, ref *(byte*)source, (nuint)sourceBytesToCopy);
    }

    /// <summary>Copies elements of arrays of primitives, counted in bytes.</summary>
    public static void BlockCopy(Array src, int srcOffset, Array dst, int dstOffset, int count)
    {
        nuint sourceBytes = src.NativeLength * src.ElementSize;
        nuint destinationBytes = dst.NativeLength * dst.ElementSize;
        if (srcOffset < 0 || dstOffset < 0 || count < 0
            || (nuint)srcOffset + (nuint)count > sourceBytes || (nuint)dstOffset + (nuint)count > destinationBytes)
            ThrowHelper.ThrowArgumentOutOfRange();
        SpanHelpers.Memmove(ref Unsafe.Add(ref dst.FirstElement, dstOffset), ref Unsafe.Add(ref src.FirstElement, srcOffset), (nuint)count);
    }

    /// <summary>Copies memory that holds references; each is checked as a store of it would be.</summary>
    internal static void BulkMoveWithWriteBarrier(ref byte destination, ref byte source, nuint byteCount)
    {
        StoreCheck.Bulk((nint)Unsafe.AsPointer(ref destination), (nint)Unsafe.AsPointer(ref source), byteCount);
        SpanHelpers.Memmove(ref destination, ref source, byteCount);
    }
}
