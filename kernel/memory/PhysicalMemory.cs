using System;
using System.Runtime.InteropServices;

namespace Xenolith.Kernel;

/// <summary>
/// The seam to the machine's RAM. Every access to a frame that is not the hypervisor's own managed data goes through
/// here, so that parts of RAM can be left unmapped later, and so that the layers above run on a host over an array.
/// The image has one implementer (<c>DirectMapMemory</c>), the host another (<c>HostPhysicalMemory</c>).
/// </summary>
/// <remarks>
/// Addresses are physical, in bytes. An access outside RAM, or across the end of a frame run that is RAM, is a bug of
/// the caller and panics. Naturally aligned 8-, 16-, 32- and 64-bit accesses are single accesses (no tearing).
/// </remarks>
public abstract class PhysicalMemory
{
    /// <summary>One past the highest physical address that is RAM.</summary>
    public abstract ulong Limit { get; }

    /// <summary>Whether all of [address, address + length) is RAM that may be reached here.</summary>
    public abstract bool IsRam(ulong address, ulong length);

    /// <summary>A window onto [address, address + length). What others write changes under it: copy first, then judge.</summary>
    public abstract Span<byte> Bytes(ulong address, int length);

    /// <summary>The naturally aligned 64-bit word at the address, for single reads, writes and interlocked operations.</summary>
    public abstract ref ulong Word64(ulong address);

    /// <summary>As many 64-bit words as asked for, from a naturally aligned address on: for walking tables that the hypervisor alone writes.</summary>
    public Span<ulong> Words64(ulong address, int count)
    {
        if (count == 0)
        {
            return default;
        }

        // Both ends are checked by the implementer; what lies between is the same range of RAM.
        Bytes(address, checked(count * sizeof(ulong)));
        return MemoryMarshal.CreateSpan(ref Word64(address), count);
    }

    /// <summary>The naturally aligned 32-bit word at the address.</summary>
    public abstract ref uint Word32(ulong address);

    /// <summary>Zeroes [address, address + length), which may be of any size. Implementers may know a faster way for much memory.</summary>
    public virtual void Clear(ulong address, ulong length)
    {
        const int piece = 1 << 21;
        for (; length > piece; address += piece, length -= piece)
        {
            Bytes(address, piece).Clear();
        }

        Bytes(address, (int)length).Clear();
    }

    /// <summary>The frame as bytes.</summary>
    public Span<byte> Frame(Mfn mfn) => Bytes(mfn.Address, Page.Size);
}
