using System.Collections.Generic;
using System.Linq;
using Xenolith.Abi.Contract.Table;
using Xunit;

namespace Xenolith.Tests.Unit.Abi;

/// <summary>
/// Each row's counts, sizes and orders with values that no caller means: none, all there are, one with the sign bit alone, and such whose bytes come round to
/// few. The call answers with one of its row's errors, or does what it says, or goes on a pass at a time; it does not end the caller.
/// </summary>
public sealed class RowCountTests
{
    public static TheoryData<string, bool> InStructures => RowExample.Names((shape, is64Bit) => Counts(shape, is64Bit).Any());

    public static TheoryData<string, bool> InRegisters => RowExample.Names((shape, _) => shape.Words.Any(word => word.Kind == ValueKind.Count));

    [Theory]
    [MemberData(nameof(InStructures))]
    public void A_count_in_a_structure_may_be_anything(string name, bool is64Bit)
    {
        CallShape shape = RowExample.Find(name);
        foreach (CallField field in Counts(shape, is64Bit))
        {
            foreach (ulong value in Values(field.Size))
            {
                using var example = new RowExample(shape, is64Bit);
                example.Put(field.Offset, field.Size, value);
                Judge(example, RowCall.Find(name, is64Bit), 1, $"{name}, {field.Name} {value:x}");
            }
        }
    }

    [Theory]
    [MemberData(nameof(InRegisters))]
    public void A_count_in_a_register_may_be_anything(string name, bool is64Bit)
    {
        CallShape shape = RowExample.Find(name);
        foreach (ulong value in Values(is64Bit ? sizeof(ulong) : sizeof(uint)))
        {
            using var example = new RowExample(shape, is64Bit, countsAsGiven: true);
            Judge(example, RowCall.Find(name, is64Bit), value, $"{name}, {value:x}");
        }
    }

    private static void Judge(RowExample example, RowCall row, ulong count, string what)
    {
        long? result = example.Begin(count);
        Assert.False(example.Guest.Domain.IsShutDown, $"{what}: the caller has ended");
        Assert.True(result is null or >= 0 || row.Errors.Contains(result.Value), $"{what}: {result}");
    }

    private static IEnumerable<CallField> Counts(CallShape shape, bool is64Bit) => (shape.StructureFor(is64Bit)?.Fields ?? [])
        .Where(field => field.Kind is ValueKind.Count or ValueKind.Bytes or ValueKind.Order && field.Size <= sizeof(ulong));

    private static IEnumerable<ulong> Values(int size)
    {
        int bits = size * 8;
        ulong all = ulong.MaxValue >> (64 - bits);
        yield return 0;
        yield return all;
        yield return all - 1;
        yield return all >> 1;
        // By elements of 2, 4, 8 and 16 bytes these are none at all, and one more is one.
        for (int shift = 1; shift <= 4; shift++)
        {
            yield return 1UL << (bits - shift);
            yield return (1UL << (bits - shift)) + 1;
        }
        // What an int, or a number of pages times their size, has no room for.
        if (size == sizeof(ulong))
        {
            yield return 1UL << 32;
            yield return 1UL << 52;
        }
    }
}
