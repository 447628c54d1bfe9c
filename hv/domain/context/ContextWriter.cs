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

    /// <summary>Writes a record of one structure.</summary>
    public void Add<T>(HvmRecord code, int instance, in T record) where T : unmanaged =>
        Add(code, instance, MemoryMarshal.AsBytes(new ReadOnlySpan<T>(in record)));

    /// <summary>Writes a record.</summary>
    public void Add(HvmRecord code, int instance, ReadOnlySpan<byte> record)
    {
        if (Only is { } only)
        {
            if (only.TypeCode != (ushort)code || only.Instance != instance)
                return;
            HasFound = true;
            Put(record);
            return;
        }
        var descriptor = new HvmSaveDescriptor { TypeCode = (ushort)code, Instance = (ushort)instance, Length = (uint)record.Length };
        Put(MemoryMarshal.AsBytes(new ReadOnlySpan<HvmSaveDescriptor>(in descriptor)));
        Put(record);
    }

    private void Put(ReadOnlySpan<byte> bytes)
    {
        ulong start = Length;
        Length += (ulong)bytes.Length;
        if (access is null || HasFailed)
            return;
        HasFailed = Length > capacity || !access.CopyOut(unchecked(address + start), bytes);
    }
}
