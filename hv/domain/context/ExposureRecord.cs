using System;
using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Xenolith.Abi.Contract;

namespace Xenolith.Domains;

/// <summary>
/// The record of which calls a domain is shown: each group that differs from the default. A hypervisor that lacks the record, or a call of
/// it, refuses the context, and with it the domain, before that runs.
/// </summary>
internal static class ExposureRecord
{
    private const int MostEntries = (int)ExposureGroup.Count;

    public static void Save(Domain domain, ref ContextWriter writer)
    {
        Span<byte> record = stackalloc byte[MostEntries * Unsafe.SizeOf<ExposureEntry>()];
        int length = 0;
        for (ExposureGroup group = 0; group < ExposureGroup.Count; group++)
        {
            if (domain.Exposure.IsDefault(group))
                continue;
            var entry = new ExposureEntry { Group = group, Bits = domain.Exposure[group] };
            MemoryMarshal.Write(record.Slice(length), in entry);
            length += Unsafe.SizeOf<ExposureEntry>();
        }
        if (length != 0)
            writer.Add(HvmRecord.Exposure, 0, record.Slice(0, length));
    }

    /// <summary>Takes the record over; why it can't be, or null.</summary>
    public static string? TryLoad(Domain domain, ref ContextReader reader)
    {
        uint length = reader.Descriptor.Length, size = (uint)Unsafe.SizeOf<ExposureEntry>();
        if (length % size != 0 || length > MostEntries * size)
            return HvmContext.CutShort;
        for (uint at = 0; at < length; at += size)
        {
            ExposureEntry entry = default;
            if (!reader.TryTake(MemoryMarshal.AsBytes(new Span<ExposureEntry>(ref entry))))
                return HvmContext.CutShort;
            if (entry.Reserved != 0)
                return "a record of shown calls that is not zero where it has to be";
            if (domain.Exposure.Set(entry.Group, entry.Bits, domain.HasBegun) is var error and not Errno.None)
                return Refuse(domain, in entry, error);
        }
        return null;
    }

    private static string Refuse(Domain domain, in ExposureEntry entry, Errno error)
    {
        if (error == Errno.EBUSY)
            return "other calls than are shown already, to a domain that has run or is frozen";
        if (error == Errno.ENOENT)
        {
            domain.Services.Log.Guest(ref domain.LogLimit, $"d{domain.Id}: its context shows it exposure group {(uint)entry.Group}, which this hypervisor does not have");
            return "a group of calls that this hypervisor does not have";
        }
        int bit = BitOperations.TrailingZeroCount(entry.Bits & ~domain.Exposure.MaximumOf(entry.Group));
        domain.Services.Log.Guest(ref domain.LogLimit, $"d{domain.Id}: its context shows it bit {bit} of exposure group {(uint)entry.Group}, which this hypervisor does not have");
        return "calls that this hypervisor does not have";
    }
}
