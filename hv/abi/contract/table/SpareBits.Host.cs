using System;
using System.Collections.Generic;
using System.Numerics;

namespace Xenolith.Abi.Contract.Table;

/// <summary>Bits of a call's structure that mean nothing to the operation: reserved, unknown, or between its fields.</summary>
/// <param name="Name">The field's; of what lies between fields: <see cref="Gap"/>.</param>
/// <param name="Offset">Bytes from the structure's start.</param>
/// <param name="Size">Bytes, 1 to 8.</param>
/// <param name="Bits">Which of them.</param>
/// <param name="Refusal">What 4.17 answers to each alone; null: nothing comes of them.</param>
public sealed record SpareBits(string Name, int Offset, int Size, ulong Bits, Errno? Refusal)
{
    /// <summary>The name of what lies between fields.</summary>
    public const string Gap = "gap";

    /// <summary>The spare bits of a row's structure: of its fields, then what lies between them.</summary>
    public static IReadOnlyList<SpareBits> Of(CallShape shape, bool is64Bit)
    {
        var spare = new List<SpareBits>();
        if (shape.StructureFor(is64Bit) is not { } structure || !HasStated(shape) || (!is64Bit && IsWideOnly(shape)))
            return spare;
        bool[] isTaken = new bool[structure.Size];
        foreach (CallField field in structure.Fields)
        {
            isTaken.AsSpan(field.Offset, field.Size).Fill(true);
            if (MayBeSpare(field) && SpareField.Find(shape, field) is { } stated)
                AddField(spare, field, stated);
        }
        AddGaps(spare, isTaken);
        return spare;
    }

    /// <summary>Fields of a row's structure that ought to be stated to have spare bits, or none, and are not.</summary>
    public static IEnumerable<CallField> Unstated(CallShape shape)
    {
        foreach (CallField field in HasStated(shape) ? shape.Wide?.Fields ?? [] : [])
        {
            if (MayBeSpare(field) && SpareField.Find(shape, field) is null)
                yield return field;
        }
    }

    /// <summary>
    /// arch_1 takes the whole of a domctl, and looks no further than its head. What views take is looked at only for a domain that has them: its own
    /// tests set that up.
    /// </summary>
    private static bool HasStated(CallShape shape) => shape.Group.Number != Hypercall.Arch1 && shape.Row.Operation is not (HvmOp.Altp2m or Altp2mOp);

    /// <summary>4.17 has claim_pages in the 64-bit ABI alone.</summary>
    private static bool IsWideOnly(CallShape shape) => MemoryOp.ClaimPages.Equals(shape.Row.Operation);

    private static bool MayBeSpare(CallField field) => field.Kind is ValueKind.Flags || (field.Kind is ValueKind.Padding && field.Name is not ("Status" or "SecurityLabel"));

    private static void AddField(List<SpareBits> spare, CallField field, SpareField stated)
    {
        // Arrays have no width that a register has.
        int step = BitOperations.IsPow2(field.Size) && field.Size <= sizeof(ulong) ? field.Size : 1;
        ulong bits = (step == sizeof(ulong) ? ulong.MaxValue : (1UL << (step * 8)) - 1) & ~stated.Meaning;
        for (int at = 0; at < field.Size && bits != 0; at += step)
            spare.Add(new SpareBits(field.Name, field.Offset + at, step, bits, stated.Refusal));
    }

    /// <summary>What lies between fields is never looked at; in runs of up to 8 bytes that cross no multiple of 8.</summary>
    private static void AddGaps(List<SpareBits> spare, bool[] isTaken)
    {
        for (int start = 0; start < isTaken.Length; start++)
        {
            if (isTaken[start])
                continue;
            int end = start + 1;
            while (end < isTaken.Length && !isTaken[end] && end % sizeof(ulong) != 0)
                end++;
            for (int at = start; at < end;)
            {
                int size = 1;
                while (at % (size * 2) == 0 && at + (size * 2) <= end && size < sizeof(ulong))
                    size *= 2;
                spare.Add(new SpareBits(Gap, at, size, size == sizeof(ulong) ? ulong.MaxValue : (1UL << (size * 8)) - 1, null));
                at += size;
            }
            start = end - 1;
        }
    }
}
