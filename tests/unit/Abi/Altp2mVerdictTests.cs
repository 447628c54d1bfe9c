using System.Collections.Generic;
using System.IO;
using System.Linq;
using Xenolith.Abi.Contract;
using Xenolith.Abi.Contract.Table;
using Xenolith.Tests.Unit.Architecture;
using Xunit;

namespace Xenolith.Tests.Unit.Abi;

/// <summary>The verdict of each subop of HVMOP_altp2m for a caller within the domain has a test in the guest that plays it.</summary>
public sealed class Altp2mVerdictTests
{
    public static TheoryData<string> Subops => [.. HypercallTable.Rows.Where(row => row.Operation is Altp2mOp).Select(row => row.Name)];

    [Theory]
    [MemberData(nameof(Subops))]
    public void Each_claim_has_a_test(string subop)
    {
        HypercallRow row = HypercallTable.Rows.Single(row => row.Name == subop);
        Assert.False(string.IsNullOrEmpty(row.Inside?.Why));
        string name = subop.Replace("HVMOP_altp2m_", "", System.StringComparison.Ordinal).Replace("XENOLITH_ALTP2M_", "", System.StringComparison.Ordinal);
        IEnumerable<string> tests = File.ReadLines(Path.Combine(SourceTree.Root, "tests", "guests", "builder", "ViewsAudit.cs")).Where(line => line.Contains("tests.Start(\"altp2m from inside, "));
        Assert.Contains(tests, line => line.Contains(name));
    }
}
