using System;
using System.Linq;
using Xenolith.Abi;
using Xenolith.Abi.Contract;
using Xenolith.Abi.Contract.Table;
using Xunit;

namespace Xenolith.Tests.Unit.Abi;

/// <summary>What the administrator shows a domain and hides from it by names of calls and features.</summary>
public sealed class ExposureWordsTests
{
    [Theory]
    [InlineData("VCPUOP_register_runstate_phys_area", "", ExposureGroup.Vcpu, 14, true)]
    [InlineData("XENFEAT_vcpu_time_phys_area,VCPUOP_up", "", ExposureGroup.Feature, 19, true)]
    [InlineData("", "VCPUOP_up,XENFEAT_dom0", ExposureGroup.Feature, 11, false)]
    [InlineData("", "vm_assist", ExposureGroup.Number, 21, false)]
    [InlineData("", "domctl", ExposureGroup.Number, 36, false)]
    [InlineData("XENMEM_memory_map", "XENMEM_memory_map", ExposureGroup.Memory, 9, false)]
    [InlineData("", "XEN_DMOP_inject_msi", ExposureGroup.DeviceModel, (int)DmOp.InjectMsi, false)]
    public void Names_set_and_clear_bits_and_no_others(string expose, string hide, ExposureGroup group, int bit, bool isShown)
    {
        ulong[] shown = HypercallDispatcher.FrozenExposure(), before = HypercallDispatcher.FrozenExposure();
        Assert.Null(ExposureWords.TryApply(expose, hide, shown, out _));
        Assert.Equal(isShown, (shown[(int)group] & 1UL << bit) != 0);
        Assert.Equal(before[(int)group] | 1UL << bit, shown[(int)group] | 1UL << bit);
        Assert.Equal(before[(int)ExposureGroup.Sched], shown[(int)ExposureGroup.Sched]);
    }

    [Theory]
    [InlineData("all", "", "all", "neither a call nor a feature")]
    [InlineData("VCPUOP_up,,VCPUOP_down", "", "", "neither a call nor a feature")]
    [InlineData("", "vcpuop_up", "vcpuop_up", "neither a call nor a feature")]
    [InlineData("", "XEN_DOMCTL_pausedomain", "XEN_DOMCTL_pausedomain", "an operation of a call whose operations are not told apart")]
    public void A_wrong_name_is_named_with_what_would_be_right(string expose, string hide, string at, string problem)
    {
        Assert.StartsWith(problem, ExposureWords.TryApply(expose, hide, HypercallDispatcher.FrozenExposure(), out ReadOnlySpan<char> word), StringComparison.Ordinal);
        Assert.Equal(at, word.ToString());
    }

    /// <summary>Each row of a group whose operations are told apart, and each feature, can be hidden by its name, and shown again.</summary>
    [Fact]
    public void Every_bit_has_a_name()
    {
        foreach (HypercallGroup group in HypercallTable.Groups)
        {
            foreach (HypercallRow row in group.Exposure is null ? [] : group.Rows.Where(r => r.Feature is null))
                Expect(row.Name, group.Exposure!.Value, Convert.ToInt32(row.Operation));
        }
        foreach (FeatureRow row in FeatureRows.All)
            Expect(Row.NameOf(row.Feature), ExposureGroup.Feature, (int)row.Feature);
        foreach (CallFeature feature in CallFeatureRows.All)
            Expect(Row.NameOf(feature), ExposureGroup.CallFeature, (int)feature);
    }

    private static void Expect(string name, ExposureGroup group, int bit)
    {
        ulong[] shown = HypercallDispatcher.WholeExposure();
        Assert.True(ExposureWords.TryApply("", name, shown, out _) is null, name);
        Assert.True(shown[(int)group] == (HypercallDispatcher.WholeExposure()[(int)group] & ~(1UL << bit)), name);
        Assert.Null(ExposureWords.TryApply(name, "", shown, out _));
        Assert.Equal(HypercallDispatcher.WholeExposure(), shown);
    }
}
