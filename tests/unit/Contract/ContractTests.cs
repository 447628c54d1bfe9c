using System;
using System.Collections.Generic;
using System.Linq;
using System.Reflection;
using System.Runtime.InteropServices;
using Xenolith.Abi.Contract;
using Xunit;

namespace Xenolith.Tests.Unit.Contract;

/// <summary>The contract against the public headers of Xen: every structure, every field, every number, in both widths.</summary>
public sealed class ContractTests
{
    private static readonly Assembly Contract = typeof(Errno).Assembly;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Says_what_the_public_headers_say(bool narrow)
    {
        if (HeaderProbe.Missing(narrow) is { } missing)
            Assert.Skip(missing);
        var problems = new List<string>();
        problems.AddRange(Differences(ContractModel.Facts(Contract, problems), narrow));
        Assert.True(problems.Count == 0, string.Join('\n', problems));
    }

    [Fact]
    public void Leaves_nothing_out_silently()
    {
        var problems = new List<string>();
        List<ContractFact> facts = ContractModel.Facts(Contract, problems);
        Assert.Empty(problems);
        Assert.True(facts.Count(f => f.Where.StartsWith("offsetof", StringComparison.Ordinal)) > 300);
        Assert.True(facts.Count(f => !f.Where.Contains(' ')) > 400);
    }

    [Fact]
    public void A_wrong_statement_is_noticed()
    {
        if (HeaderProbe.Missing(narrow: false) is { } missing)
            Assert.Skip(missing);
        ContractFact[] wrong =
        [
            new("a size", "sizeof(struct evtchn_status)", false, 20),
            new("an offset", "offsetof(struct xen_add_to_physmap, gpfn)", false, 12),
            new("a number", "XENMEM_add_to_physmap", false, 8),
            new("a negative number", "GNTST_bad_domain", false, 2),
        ];
        Assert.Equal(wrong.Length, Differences([.. wrong], narrow: false).Count);
    }

    [Fact]
    public void Structures_are_what_the_image_copies_byte_for_byte()
    {
        foreach (Type type in ContractModel.Structures(Contract))
            Assert.False(type.IsAutoLayout, type.Name);
        Assert.Equal(64, Marshal.SizeOf<VcpuInfo>());
        Assert.Equal(64, Marshal.SizeOf<VcpuInfo32>());
    }

    private static List<string> Differences(List<ContractFact> facts, bool narrow)
    {
        ContractFact[] asked = facts.Where(f => f.Narrow == narrow).ToArray();
        decimal[] answers = HeaderProbe.Evaluate(asked.Select(f => f.Expression).ToArray(), narrow);
        return asked.Zip(answers).Where(pair => pair.First.Stated != pair.Second)
            .Select(pair => $"{pair.First.Where}: states {pair.First.Stated}, the headers say {pair.First.Expression} = {pair.Second}").ToList();
    }
}
