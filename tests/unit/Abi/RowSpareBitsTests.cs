using System;
using System.Collections.Generic;
using System.Linq;
using Xenolith.Abi.Contract;
using Xenolith.Abi.Contract.Table;
using Xunit;

namespace Xenolith.Tests.Unit.Abi;

/// <summary>
/// Each row's reserved fields, unknown flags and gaps, as the table states them: a bit that is not looked at changes nothing of what the call
/// does and answers, one that is refused is refused alone, and nothing is done.
/// </summary>
public sealed class RowSpareBitsTests
{
    public static TheoryData<string, bool> Ignoring => RowExample.Names((shape, is64Bit) => SpareBits.Of(shape, is64Bit).Any(spare => spare.Refusal is null));

    public static TheoryData<string, bool> Refusing => RowExample.Names((shape, is64Bit) => SpareBits.Of(shape, is64Bit).Any(spare => spare.Refusal is not null));

    [Fact]
    public void Every_reserved_field_and_every_flag_is_stated()
    {
        string[] unstated =
        [
            .. from shape in CallGrammar.Shapes
               where shape.Row.State == RowState.Done
               from field in SpareBits.Unstated(shape)
               select $"{field.Owner?.Name}.{field.Name} of {shape.Row.Name}",
        ];
        Assert.True(unstated.Length == 0, string.Join('\n', unstated));
    }

    [Theory]
    [MemberData(nameof(Ignoring))]
    public void What_is_not_looked_at_changes_nothing(string name, bool is64Bit)
    {
        CallShape shape = RowExample.Find(name);
        SpareBits[] ignored = [.. SpareBits.Of(shape, is64Bit).Where(spare => spare.Refusal is null)];
        (long result, byte[] structure, Holdings holdings) = Try(shape, is64Bit, []);
        // All of a field, and all gaps; the guest probes sets each bit alone.
        foreach (SpareBits[] set in ignored.GroupBy(spare => spare.Name).Select(field => field.ToArray()))
        {
            (long other, byte[] left, Holdings held) = Try(shape, is64Bit, set);
            string which = $"{name}: {set[0].Name}";
            Assert.True(result == other, $"{which}: {other} instead of {result}");
            Assert.Equal(holdings, held);
            foreach (SpareBits spare in set)
            {
                for (int i = 0; i < spare.Size; i++)
                    left[spare.Offset + i] = structure[spare.Offset + i];
            }
            Assert.True(structure.AsSpan().SequenceEqual(left), $"{which}: another answer in the structure");
        }
    }

    [Theory]
    [MemberData(nameof(Refusing))]
    public void What_has_to_be_zero_is_refused_bit_by_bit(string name, bool is64Bit)
    {
        CallShape shape = RowExample.Find(name);
        SpareBits[] refused = [.. SpareBits.Of(shape, is64Bit).Where(spare => spare.Refusal is not null)];
        long result = Try(shape, is64Bit, []).Result;
        Assert.All(refused, spare => Assert.NotEqual(-(long)spare.Refusal!, result));
        using var example = new RowExample(shape, is64Bit);
        byte[] before = [.. example.Structure];
        Holdings holdings = example.Holdings();
        foreach (SpareBits spare in refused.SelectMany(Single))
        {
            before.CopyTo(example.Structure.AsSpan());
            example.Set(spare.Offset, spare.Size, spare.Bits);
            long answer = example.Call();
            Assert.True(answer == -(long)spare.Refusal!, $"{name}: {spare.Name}, bits {spare.Bits:x}: {answer} instead of {spare.Refusal}");
            Assert.Equal(holdings, example.Holdings());
        }
    }

    private static IEnumerable<SpareBits> Single(SpareBits spare)
    {
        for (int bit = 0; bit < spare.Size * 8; bit++)
        {
            if ((spare.Bits >> bit & 1) != 0)
                yield return spare with { Bits = 1UL << bit };
        }
    }

    private static (long Result, byte[] Structure, Holdings Holdings) Try(CallShape shape, bool is64Bit, IEnumerable<SpareBits> set)
    {
        using var example = new RowExample(shape, is64Bit);
        foreach (SpareBits spare in set)
            example.Set(spare.Offset, spare.Size, spare.Bits);
        return (example.Call(), example.Structure, example.Holdings());
    }
}
