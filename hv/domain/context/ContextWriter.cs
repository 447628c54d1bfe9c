using System;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Xenolith.Abi.Contract;
using Xenolith.Mm;

namespace Xenolith.Domains;

/// <summary>
/// Writes the records of an HVM context one after the other into a guest's buffer, or only counts their bytes. Nothing lies in between:
/// a domain of many vCPUs has more than a stack holds.
/// </summary>
/// <param name="access">The address space of the buffer; null: count.</param>
/// <param name="address">Where the buffer begins.</param>
/// <param name="capacity">Its bytes.</param>
public struct ContextWriter(GuestAccess? access, ulong address, ulong capacity)
{
    /// <summary>A writer that only counts.</summary>
    public static ContextWriter Counter => new(null, 0, ulong.MaxValue);

    /// <summary>Bytes of the records so far, their descriptors included.</summary>
    public ulong Length { get; private set; }

    /// <summary>A record did not fit, or the buffer is not writable memory; nothing is written any more.</summary>
    public bool HasFailed { get; private set; }

    /// <summary>The record to hand out alone, without its descriptor, and none of the others; null: all, with theirs.</summary>
    public HvmSaveDescriptor? Only { get; init; }

    /// <summary>Whether the record of <see cref="Only"/> came by.</summary>
    public bool HasFound { get; private set; }

    /// <summary>Whether records of the kind are handed out.</summary>
    public readonly bool Wants(HvmRecord code) => Only is not { } only || only.TypeCode == (ushort)code;

    /// <summary>Writes a record of one structure.</summary>
    public void Add<T>(HvmRecord code, int instance, in T record) where T : unmanaged =>
        Add(code, instance, MemoryMarshal.AsBytes(new ReadOnlySpan<T>(in record)));

    /// <summary>Writes a record.</summary>
    public void Add(HvmRecord code, int instance, ReadOnlySpan<byte> record)
    {
        if (TryBegin(code, instance, (uint)record.Length))
            Put(record);
    }

    /// <summary>Begins a record that follows in parts. False: nobody wants it, and no part may follow.</summary>
    /// <param name="length">Bytes of all the parts.</param>
    public bool TryBegin(HvmRecord code, int instance, uint length)
    {
        if (Only is { } only)
        {
            bool isWanted = only.TypeCode == (ushort)code && only.Instance == instance;
            HasFound |= isWanted;
            return isWanted;
        }
        var descriptor = new HvmSaveDescriptor { TypeCode = (ushort)code, Instance = (ushort)instance, Length = length };
        Put(MemoryMarshal.AsBytes(new ReadOnlySpan<HvmSaveDescriptor>(in descriptor)));
        return true;
    }

    /// <summary>Writes a part of the record that was begun.</summary>
    public void Append<T>(in T part) where T : unmanaged => Put(MemoryMarshal.AsBytes(new ReadOnlySpan<T>(in part)));

    private void Put(ReadOnlySpan<byte> bytes)
    {
        ulong start = Length;
        Length += (ulong)bytes.Length;
        if (access is null || HasFailed)
            return;
        HasFailed = Length > capacity || !access.CopyOut(unchecked(address + start), bytes);
    }
}
