using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Reflection;
using Xenolith.Abi.Contract;
using Xenolith.Build.Abi;
using Xenolith.Tests.Unit.Architecture;
using Xunit;

namespace Xenolith.Tests.Unit.Contract;

/// <summary>include/xenolith.h against the contract, by a C compiler that takes nothing amiss and has seen no other header before.</summary>
public sealed class OwnHeaderTests
{
    private static readonly string[] Strict = ["-std=c99", "-Wall", "-Wextra", "-Werror", "-pedantic"];

    /// <summary>The names as programs write them: what is here was published, and stays.</summary>
    private static readonly (string Name, object Value)[] Numbers =
    [
        ("XENOLITH_DOMCTL_exposure", DomctlOp.Exposure),
        ("XENOLITH_HVM_SAVE_CODE_exposure", HvmRecord.Exposure),
        ("XENOLITH_HVM_SAVE_CODE_hctlb", HvmRecord.HypercallTlb),
        ("XENOLITH_HVM_SAVE_CODE_view", HvmRecord.View),
        ("XENOLITH_HVM_SAVE_CODE_vcpu_view", HvmRecord.VcpuView),
        ("XENOLITH_MONITOR_OP_number_events", MonitorOp.NumberEvents),
        ("XENOLITH_EXPOSURE_OP_LIST", ExposureOp.List),
        ("XENOLITH_EXPOSURE_OP_GET", ExposureOp.Get),
        ("XENOLITH_EXPOSURE_OP_SET", ExposureOp.Set),
        ("XENOLITH_EXPOSURE_OP_GET_MAXIMUM", ExposureOp.GetMaximum),
        ("XENOLITH_EXPOSURE_OP_FREEZE", ExposureOp.Freeze),
        ("XENOLITH_EXPOSURE_GROUP_NUMBER", ExposureGroup.Number),
        ("XENOLITH_EXPOSURE_GROUP_VCPU", ExposureGroup.Vcpu),
        ("XENOLITH_EXPOSURE_GROUP_HVM", ExposureGroup.Hvm),
        ("XENOLITH_EXPOSURE_GROUP_ALTP2M_INSIDE", ExposureGroup.Altp2mInside),
        ("XENOLITH_EXPOSURE_GROUP_ALTP2M_OUTSIDE", ExposureGroup.Altp2mOutside),
        ("XENOLITH_EXPOSURE_GROUP_DEVICE_MODEL", ExposureGroup.DeviceModel),
        ("XENOLITH_EXPOSURE_GROUP_FEATURE", ExposureGroup.Feature),
        ("XENOLITH_EXPOSURE_GROUP_MEMORY", ExposureGroup.Memory),
        ("XENOLITH_EXPOSURE_GROUP_EVENT_CHANNEL", ExposureGroup.EventChannel),
        ("XENOLITH_EXPOSURE_GROUP_GRANT_TABLE", ExposureGroup.GrantTable),
        ("XENOLITH_EXPOSURE_GROUP_SCHED", ExposureGroup.Sched),
        ("XENOLITH_EXPOSURE_GROUP_VERSION", ExposureGroup.Version),
        ("XENOLITH_EXPOSURE_GROUP_PHYSDEV", ExposureGroup.Physdev),
        ("XENOLITH_EXPOSURE_GROUP_HIGH_NUMBER", ExposureGroup.HighNumber),
        ("XENOLITH_EXPOSURE_GROUP_CALL_FEATURE", ExposureGroup.CallFeature),
        ("XENOLITH_CALL_FEATURE_TABLE", CallFeature.Table),
        ("XENOLITH_CALL_FEATURE_PHYSICAL", CallFeature.Physical),
        ("XENOLITH_CALL_FEATURE_HIGH_NUMBERS", CallFeature.HighNumbers),
        ("XENOLITH_CALL_FEATURE_LISTS", CallFeature.Lists),
        ("XENOLITH_CALL_FEATURE_STRICT", CallFeature.Strict),
        ("XENOLITH_CALL_FEATURE_USER", CallFeature.User),
        ("XENOLITH_CALL_F_GPA", CallFlags.Physical),
        ("XENOLITH_CPUID_FIRST_LEAF", OwnCpuid.FirstLeaf),
        ("XENOLITH_CPUID_SIGNATURE_EBX", OwnCpuid.SignatureEbx),
        ("XENOLITH_CPUID_SIGNATURE_ECX", OwnCpuid.SignatureEcx),
        ("XENOLITH_CPUID_SIGNATURE_EDX", OwnCpuid.SignatureEdx),
        ("XENOLITH_CPUID_NUM_LEAVES", OwnCpuid.LeafCount),
        ("XENOLITH_VCPUOP_hctlb_query", VcpuOp.HctlbQuery),
        ("XENOLITH_VCPUOP_hctlb_insert", VcpuOp.HctlbInsert),
        ("XENOLITH_VCPUOP_hctlb_purge", VcpuOp.HctlbPurge),
        ("XENOLITH_VCPUOP_hctlb_share", VcpuOp.HctlbShare),
        ("XENOLITH_VCPUOP_hctlb_policy", VcpuOp.HctlbPolicy),
        ("XENOLITH_HCTLB_QUERY_CAPACITY", HypercallTlbQuery.Capacity),
        ("XENOLITH_HCTLB_QUERY_USED", HypercallTlbQuery.Used),
        ("XENOLITH_HCTLB_QUERY_TABLE", HypercallTlbQuery.Table),
        ("XENOLITH_HCTLB_QUERY_POLICY", HypercallTlbQuery.Policy),
        ("XENOLITH_HCTLB_NONE", HypercallTlbFlags.None),
        ("XENOLITH_HCTLB_WRITABLE", HypercallTlbFlags.Writable),
        ("XENOLITH_HCTLB_OF_ADDRESS_SPACE", HypercallTlbFlags.OfAddressSpace),
        ("XENOLITH_HCTLB_REPLACE", HypercallTlbFlags.Replace),
        ("XENOLITH_HCTLB_PINNED", HypercallTlbFlags.Pinned),
        ("XENOLITH_HCTLB_ALL", HypercallTlbFlags.All),
        ("XENOLITH_V2_query", Hypercall.V2Query),
        ("XENOLITH_V2_event", Hypercall.V2Event),
        ("XENOLITH_V2_hctlb", Hypercall.V2Hctlb),
        ("XENOLITH_V2_HCTLB_batch", V2HctlbOp.Batch),
        ("XENOLITH_V2_memory", Hypercall.V2Memory),
        ("XENOLITH_V2_MEMORY_populate", V2MemoryOp.Populate),
        ("XENOLITH_V2_MEMORY_decrease", V2MemoryOp.Decrease),
        ("XENOLITH_V2_MEMORY_pages", V2MemoryOp.Pages),
        ("XENOLITH_V2_MEMORY_most_pages", V2MemoryOp.MostPages),
        ("XENOLITH_V2_MEMORY_maximum_gfn", V2MemoryOp.MaximumGfn),
        ("XENOLITH_V2_vcpu", Hypercall.V2Vcpu),
        ("XENOLITH_V2_QUERY_version", V2QueryOp.Version),
        ("XENOLITH_V2_QUERY_operations", V2QueryOp.Operations),
        ("XENOLITH_V2_QUERY_user_calls", V2QueryOp.UserCalls),
        ("XENOLITH_V2_QUERY_set_user_calls", V2QueryOp.SetUserCalls),
        ("XENOLITH_V2_EVENT_bind_interdomain", V2EventOp.BindInterdomain),
        ("XENOLITH_V2_EVENT_bind_virq", V2EventOp.BindVirq),
        ("XENOLITH_V2_EVENT_close", V2EventOp.Close),
        ("XENOLITH_V2_EVENT_send", V2EventOp.Send),
        ("XENOLITH_V2_EVENT_status", V2EventOp.Status),
        ("XENOLITH_V2_EVENT_alloc_unbound", V2EventOp.AllocUnbound),
        ("XENOLITH_V2_EVENT_bind_ipi", V2EventOp.BindIpi),
        ("XENOLITH_V2_EVENT_bind_vcpu", V2EventOp.BindVcpu),
        ("XENOLITH_V2_EVENT_unmask", V2EventOp.Unmask),
        ("XENOLITH_V2_VCPU_up", V2VcpuOp.Up),
        ("XENOLITH_V2_VCPU_down", V2VcpuOp.Down),
        ("XENOLITH_V2_VCPU_is_up", V2VcpuOp.IsUp),
        ("XENOLITH_V2_VCPU_send_nmi", V2VcpuOp.SendNmi),
        ("XENOLITH_V2_VCPU_own", V2VcpuOp.Own),
        ("XENOLITH_V2_VCPU_switch_view", V2VcpuOp.SwitchView),
        ("XENOLITH_V2_FIRST", V2Calls.First),
        ("XENOLITH_V2_VERSION", V2Calls.Version),
        ("XENOLITH_V2_HCTLB_MOST", V2Calls.MostTlbCalls),
        ("XENOLITH_V2_MEMORY_MOST", V2Calls.MostFrames),
        ("XENOLITH_V2_PAUSED_MOST", V2Calls.MostPaused),
        ("XENOLITH_USER_CALL_NONE", UserCalls.None),
        ("XENOLITH_USER_CALL_QUERY_VERSION", UserCalls.QueryVersion),
        ("XENOLITH_USER_CALL_QUERY_OPERATIONS", UserCalls.QueryOperations),
        ("XENOLITH_USER_CALL_EVENT_SEND", UserCalls.EventSend),
        ("XENOLITH_USER_CALL_EVENT_STATUS", UserCalls.EventStatus),
        ("XENOLITH_USER_CALL_EVENT_UNMASK", UserCalls.EventUnmask),
        ("XENOLITH_USER_CALL_VCPU_IS_UP", UserCalls.VcpuIsUp),
        ("XENOLITH_USER_CALL_VCPU_OWN", UserCalls.VcpuOwn),
        ("XENOLITH_USER_CALL_ALL", UserCalls.All),
        ("XENOLITH_ALTP2M_capabilities", Altp2mOp.Capabilities),
        ("XENOLITH_ALTP2M_describe", Altp2mOp.Describe),
        ("XENOLITH_ALTP2M_switch_vcpu", Altp2mOp.SwitchVcpu),
        ("XENOLITH_ALTP2M_next_lost", Altp2mOp.NextLost),
        ("XENOLITH_ALTP2M_transaction", Altp2mOp.Transaction),
        ("XENOLITH_DOMCTL_altp2m", DomctlOp.Altp2m),
        ("XENOLITH_ALTP2M_SETTING_OP_GET", Altp2mSettingOp.Get),
        ("XENOLITH_ALTP2M_SETTING_OP_SET", Altp2mSettingOp.Set),
        ("XENOLITH_ALTP2M_OPTION_SELF_FIRST", Altp2mOptions.SelfFirst),
        ("XENOLITH_ALTP2M_OPTION_LOST_VIRQ", Altp2mOptions.LostVirq),
        ("XENOLITH_MONITOR_OP_tell_lost_remaps", MonitorOp.TellLostRemaps),
        ("XENOLITH_VM_EVENT_REASON_lost_remap", VmEventReason.LostRemap),
        ("XENOLITH_VIRQ_lost_remap", Virq.LostRemap),
        ("XENOLITH_ALTP2M_FEATURE_HARDWARE_SWITCH", Altp2mFeature.HardwareSwitch),
        ("XENOLITH_ALTP2M_FEATURE_HARDWARE_EXCEPTION", Altp2mFeature.HardwareException),
        ("XENOLITH_ALTP2M_WHAT_TARGET", Altp2mWhat.Target),
        ("XENOLITH_ALTP2M_WHAT_ACCESS", Altp2mWhat.Access),
        ("XENOLITH_ALTP2M_WHAT_SUPPRESS_VE", Altp2mWhat.SuppressVe),
    ];

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Says_in_C_what_the_contract_says(bool narrow)
    {
        if (HeaderProbe.Missing(narrow) is { } missing)
            Assert.Skip(missing);
        (string Expression, decimal Stated)[] facts =
        [
            .. Numbers.Select(n => (n.Name, Convert.ToDecimal(n.Value, CultureInfo.InvariantCulture))),
            .. Structures().SelectMany(Layout),
        ];
        string header = $"#include \"{Path.Combine(SourceTree.Root, "include", "xenolith.h")}\"\n";
        decimal[] answers = HeaderProbe.Evaluate([.. facts.Select(f => f.Expression)], header + header, Strict, narrow);
        Assert.Equal(facts, facts.Zip(answers, (fact, answer) => (fact.Expression, answer)));
    }

    [Fact]
    public void Leaves_nothing_out_that_is_ours()
    {
        Assert.Equal(17, Structures().Count());
        object[] named = [.. ContractModel.Constants(typeof(Errno).Assembly).Where(IsOwn).Select(f => f.GetValue(null)!)];
        Assert.Equal(named.Where(value => value is not (ExposureGroup.Count or Permission)).ToHashSet(), Numbers.Select(n => n.Value).ToHashSet());
    }

    private static bool IsOwn(FieldInfo constant) =>
        new[] { constant.GetCustomAttribute<XenUnstatedAttribute>(), constant.DeclaringType!.GetCustomAttribute<XenUnstatedAttribute>() }
            .Any(attribute => attribute is not null && attribute.Source.StartsWith("ours", StringComparison.Ordinal));

    private static IEnumerable<Type> Structures() => ContractModel.Structures(typeof(Errno).Assembly)
        .Where(type => type.GetCustomAttribute<XenLayoutFromAttribute>() is { } layout && layout.Source.StartsWith("ours", StringComparison.Ordinal));

    /// <summary>In C the structure ends behind its last field: the domctl's, in C#, fills the union.</summary>
    private static IEnumerable<(string Expression, decimal Stated)> Layout(Type type)
    {
        string name = type.GetCustomAttribute<XenLayoutFromAttribute>()!.Name!;
        int end = 0, alignment = 4;
        foreach (FieldInfo field in type.GetFields())
        {
            string member = field.GetCustomAttribute<XenFieldAttribute>()!.Name;
            int offset = StructureFields.OffsetOf(field);
            int size = StructureFields.SizeOf(field.FieldType);
            yield return ($"offsetof({name}, {member})", offset);
            yield return ($"sizeof((({name} *)0)->{member})", size);
            end = offset + size;
            alignment = size == 8 ? 8 : alignment;
        }
        yield return ($"sizeof({name})", end);
        // As a member behind 4 bytes too, in either width.
        yield return ($"offsetof(struct {{ uint32_t before; {name} it; }}, it)", alignment);
    }
}
