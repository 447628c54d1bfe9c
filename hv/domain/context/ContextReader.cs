using System;
using System.Runtime.InteropServices;
using Xenolith.Abi.Contract;
using Xenolith.Mm;

namespace Xenolith.Domains;

/// <summary>Reads the records of an HVM context from a guest's buffer, each byte once.</summary>
/// <param name="access">The address space of the buffer.</param>
/// <param name="address">Where it begins.</param>
/// <param name="length">Its bytes.</param>
public struct ContextReader(GuestAccess access, ulong address, ulong length)
{
    private ulong _position;

    /// <summary>The descriptor of the record that <see cref="TryNext"/> came to.</summary>
    public HvmSaveDescriptor Descriptor { get; private set; }

    /// <summary>Where the record begins in the buffer; for messages.</summary>
    public readonly ulong Position => _position;

    private readonly ulong Left => length - _position;

    /// <summary>Goes to the next record. False: the buffer ends, or can't be read.</summary>
    public bool TryNext()
    {
        HvmSaveDescriptor descriptor = default;
        if (!TryTake(MemoryMarshal.AsBytes(new Span<HvmSaveDescriptor>(ref descriptor))))
            return false;
        Descriptor = descriptor;
        return true;
    }

    /// <summary>Takes the record. False: it has another length, or the buffer ends before it does.</summary>
    public bool TryTake<T>(out T record) where T : unmanaged
    {
        record = default;
        Span<byte> bytes = MemoryMarshal.AsBytes(new Span<T>(ref record));
        return Descriptor.Length == (uint)bytes.Length && TryTake(bytes);
    }

    /// <summary>Takes a record that an older version wrote shorter: what is missing is zero.</summary>
    public bool TryTakeExtended<T>(out T record) where T : unmanaged
    {
        record = default;
        Span<byte> bytes = MemoryMarshal.AsBytes(new Span<T>(ref record));
        return Descriptor.Length <= (uint)bytes.Length && TryTake(bytes.Slice(0, (int)Descriptor.Length));
    }

    /// <summary>Takes a part of the record.</summary>
    public bool TryTakePart<T>(out T part) where T : unmanaged
    {
        part = default;
        return TryTake(MemoryMarshal.AsBytes(new Span<T>(ref part)));
    }

    /// <summary>Takes the next bytes of the record.</summary>
    public bool TryTake(Span<byte> bytes)
    {
        if ((ulong)bytes.Length > Left || !access.CopyIn(unchecked(address + _position), bytes))
            return false;
        _position += (ulong)bytes.Length;
        return true;
    }
}
