using System;
using System.Linq;
using System.Reflection;
using System.Text;
using System.Text.RegularExpressions;
using Xenolith.Abi.Contract;
using Xenolith.Abi.Contract.Table;

namespace Xenolith.Build.Abi;

/// <summary>include/xenolith.h: in C, what the contract has beyond Xen's ABI. Xen's own names are in Xen's headers, and not here.</summary>
internal static partial class HeaderWriter
{
    public static string Write()
    {
        var text = new StringBuilder();
        text.Append("/* SPDX-License-Identifier: MIT */\n");
        text.Append("/*\n * Generated from hv/abi/contract by build/Abi. Change that, not this.\n *\n");
        text.Append(" * What Xenolith has beyond Xen's ABI: which calls a domain is shown (docs/exposure.md), and ways to make them (docs/hypercall-tlb.md). Needs none of Xen's headers.\n */\n");
        text.Append("#ifndef XENOLITH_H\n#define XENOLITH_H\n\n#include <stdint.h>\n\n");
        text.Append("/* A domctl of the control domain: struct xenolith_domctl_exposure is in the union of struct xen_domctl. */\n");
        Number(text, DomctlOp.Exposure);
        text.Append("\n/* What it does; bits is in or out. */\n");
        Enumeration<ExposureOp>(text, AboutOperation);
        text.Append("\n/* The groups of calls that are told apart. Bit N of a group stands for hypercall, operation or feature N. */\n");
        Enumeration<ExposureGroup>(text, AboutGroup);
        text.Append("\n/* The rest of the union is not looked at. */\n");
        Structure<DomctlExposure>(text);
        text.Append("\n/* The type of a record in an HVM context, of instance 0: an entry for each group that differs from the default, and no record when none does. */\n");
        Number(text, HvmRecord.Exposure);
        text.Append('\n');
        Structure<ExposureEntry>(text);
        WriteRecords(text);
        text.Append("\n/* An operation of XEN_DOMCTL_monitor_op. With event not 0 the three words of padding of each event are its number, the low one first. */\n");
        Number(text, MonitorOp.NumberEvents);
        text.Append("\n/* Another. With event not 0 there are events of the reason behind, of remaps of views that are lost; none waits for an answer, which it needs all the same. */\n");
        Number(text, MonitorOp.TellLostRemaps);
        Number(text, VmEventReason.LostRemap);
        text.Append("\n/* In the union u of such an event. */\n");
        Structure<VmEventLostRemaps>(text);
        text.Append("\n/* For EVTCHNOP_bind_virq, once a domain, where its views' options say so. */\n");
        Number(text, Virq.LostRemap);
        WriteCalls(text);
        WriteViews(text);
        return text.Append("\n#endif\n").ToString();
    }

    private static void WriteRecords(StringBuilder text)
    {
        text.Append("\n/* Of the instance of a vCPU that makes its calls otherwise than a fresh one: the structure, and count of the other. */\n");
        Number(text, HvmRecord.HypercallTlb);
        text.Append('\n');
        Structure<HypercallTlbState>(text);
        text.Append('\n');
        Structure<HypercallTlbSaved>(text);
        text.Append("\n/* Of the instance of a view: the structure, and runs of the other. */\n");
        Number(text, HvmRecord.View);
        text.Append('\n');
        Structure<ViewState>(text);
        text.Append('\n');
        Structure<ViewRun>(text);
        text.Append("\n/* Of the instance of each vCPU of a domain that has views. */\n");
        Number(text, HvmRecord.VcpuView);
        text.Append('\n');
        Structure<VcpuViewState>(text);
    }

    private static void WriteViews(StringBuilder text)
    {
        text.Append("\n/* Subops of HVMOP_altp2m beside Xen's; each structure is in the union of struct xen_hvm_altp2m_op, whose rest is not looked at. docs/altp2m.md */\n");
        foreach (Altp2mOp operation in Enum.GetValues<Altp2mOp>().Where(operation => (uint)operation >= Row.FirstOwn))
            Number(text, operation);
        text.Append("\n/* A domctl of the control domain: struct xenolith_domctl_altp2m is in the union of struct xen_domctl, whose rest is not looked at. */\n");
        Number(text, DomctlOp.Altp2m);
        text.Append("\n/* What it does. */\n");
        Enumeration<Altp2mSettingOp>(text, operation => operation == Altp2mSettingOp.Get ? "out: how the domain's views are to be" : "in: that, once, before there are any");
        text.Append("\n/* How views are, otherwise than Xen's: bits. */\n");
        Enumeration<Altp2mOptions>(text, AboutOption);
        text.Append('\n');
        Structure<DomctlAltp2m>(text);
        text.Append("\n/* What there is of views: bits. */\n");
        Enumeration<Altp2mFeature>(text, feature => feature == Altp2mFeature.HardwareSwitch ? "VMFUNC by the processor alone" : "#VE by the processor alone");
        text.Append("\n/* What a change is about: bits. */\n");
        Enumeration<Altp2mWhat>(text, AboutChange);
        text.Append('\n');
        Structure<Altp2mCapabilities>(text);
        text.Append('\n');
        Structure<Altp2mViewDescription>(text);
        text.Append('\n');
        Structure<Altp2mSwitchVcpu>(text);
        text.Append('\n');
        Structure<Altp2mLost>(text);
        text.Append('\n');
        Structure<Altp2mTransaction>(text);
        text.Append('\n');
        Structure<Altp2mChange>(text);
    }

    private static string AboutOption(Altp2mOptions option) => option switch
    {
        Altp2mOptions.SelfFirst => "what the domain itself restricts is told to itself first, and what nobody is told of ends it",
        Altp2mOptions.LostVirq => "the domain can bind XENOLITH_VIRQ_lost_remap, the VIRQ of its own remaps that are lost",
        _ => throw new InvalidOperationException($"{option} has no comment for C"),
    };

    private static string AboutChange(Altp2mWhat what) => what switch
    {
        Altp2mWhat.Target => "target, before the others",
        Altp2mWhat.Access => "access",
        _ => "suppress_ve",
    };

    private static string AboutOperation(ExposureOp operation) => operation switch
    {
        ExposureOp.List => "out: which groups there are, by their numbers; group is not looked at",
        ExposureOp.Get => "out: what the group shows",
        ExposureOp.Set => "in: that, until the domain runs",
        ExposureOp.GetMaximum => "out: the most that the group can show here",
        ExposureOp.Freeze => "nothing is set from now on; group and bits are not looked at",
        _ => throw new InvalidOperationException($"{operation} has no comment for C"),
    };

    private static string AboutGroup(ExposureGroup group) => group switch
    {
        ExposureGroup.Number => "hypercalls 0 to 63",
        ExposureGroup.HighNumber => "hypercalls 64 to 127",
        ExposureGroup.CallFeature => "ways to make calls: enum xenolith_call_feature",
        ExposureGroup.Feature => "features of XENVER_get_features",
        ExposureGroup.Altp2mInside => "subops of HVMOP_altp2m, of the domain itself; ours are bits 32 and up",
        ExposureGroup.Altp2mOutside => "the same of other domains on it",
        _ => HypercallTable.Groups.Single(g => g.Exposure == group).Self.Name,
    };

    private static void Number(StringBuilder text, Enum value) => text.Append($"#define {Row.NameOf(value)} 0x{Convert.ToUInt32(value):X}\n");

    /// <summary>Members are named after the enumeration. <see cref="ExposureGroup.Count"/> is the hypervisor's own matter, and left out.</summary>
    private static void Enumeration<T>(StringBuilder text, Func<T, string> about) where T : struct, Enum
    {
        string name = typeof(T).GetCustomAttribute<XenUnstatedAttribute>()!.Name!;
        string prefix = name["enum ".Length..].ToUpperInvariant();
        T[] members = [.. Enum.GetValues<T>().Where(member => member is not ExposureGroup.Count)];
        text.Append($"{name} {{\n");
        foreach (T member in members)
        {
            string comma = member.Equals(members[^1]) ? "" : ",";
            text.Append($"    {prefix}_{WordStart().Replace(member.ToString(), "_").ToUpperInvariant()} = {Convert.ToUInt32(member)}{comma} /* {about(member)} */\n");
        }
        text.Append("};\n");
    }

    /// <summary>An i386 compiler aligns 8 bytes to 4 unasked; ours is one layout for callers of both widths.</summary>
    private static void Structure<T>(StringBuilder text) where T : unmanaged
    {
        text.Append($"{typeof(T).GetCustomAttribute<XenLayoutFromAttribute>()!.Name} {{\n");
        foreach (StructureField field in StructureFields.Of(typeof(T)))
            text.Append($"    {(field.Element == typeof(long) ? "" : "u")}int{8 * field.Size}_t {field.Name}{(field.Count == 1 ? "" : $"[{field.Count}]")}{(field.Size == 8 ? " __attribute__((__aligned__(8)))" : "")};\n");
        text.Append("};\n");
    }

    [GeneratedRegex("(?<=[a-z])(?=[A-Z])")]
    private static partial Regex WordStart();
}
