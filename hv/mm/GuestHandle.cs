using System;
using System.Runtime.CompilerServices;

namespace Xenolith.Mm;

/// <summary>
/// A pointer of a guest to one or more <typeparamref name="T"/>: a linear address, or whatever the call says that its pointers are. It can't be dereferenced, only
/// copied through, with the accessor of the vCPU whose address space it belongs to. Every copy reads guest memory once.
/// </summary>
/// <param name="address">As the guest gave it; the accessor truncates it for a 32-bit caller.</param>
public readonly struct GuestHandle<T>(ulong address) where T : unmanaged
{
    public ulong Address { get; } = address;

    /// <summary>Whether the guest passed no pointer.</summary>
    public bool IsNull => Address == 0;

    /// <summary>Copies the first element in.</summary>
    public bool TryRead(GuestAccess access, out T value) => access.TryCopyIn(Address, out value);

    /// <summary>Copies the value out to the first element.</summary>
    public bool TryWrite(GuestAccess access, in T value) => access.TryCopyOut(Address, in value);

    /// <summary>Copies element <paramref name="index"/> in. False also when its address overflows 64 bits.</summary>
    public bool TryReadElement(GuestAccess access, ulong index, out T value)
    {
        if (TryGetElement(index, out GuestHandle<T> element))
            return element.TryRead(access, out value);
        value = default;
        return false;
    }

    /// <summary>Copies the value out to element <paramref name="index"/>. False also when its address overflows 64 bits.</summary>
    public bool TryWriteElement(GuestAccess access, ulong index, in T value) =>
        TryGetElement(index, out GuestHandle<T> element) && element.TryWrite(access, in value);

    /// <summary>The handle of element <paramref name="index"/>; false when its first or last byte lies past 2^64.</summary>
    public bool TryGetElement(ulong index, out GuestHandle<T> element)
    {
        element = default;
        ulong size = (ulong)Unsafe.SizeOf<T>();
        ulong high = Math.BigMul(index, size, out ulong offset);
        if (high != 0 || offset > ulong.MaxValue - Address || ulong.MaxValue - Address - offset < size - 1)
            return false;
        element = new GuestHandle<T>(Address + offset);
        return true;
    }

    /// <summary>The same address taken for another type.</summary>
    public GuestHandle<TOther> As<TOther>() where TOther : unmanaged => new(Address);
}
