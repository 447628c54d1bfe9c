using System;
using System.Collections.Generic;
using System.Linq;
using System.Text;
using Xenolith.Abi.Contract;
using Xenolith.Abi.Contract.Table;

namespace Xenolith.Build.Abi;

/// <summary>tests/guests/lib/Hypercalls.g.cs: a method an operation, so that a guest can't pair one with another's structure.</summary>
internal static class GuestStubWriter
{
    public static string Write()
    {
        var text = new StringBuilder();
        text.Append(AbiGenerator.Banner).Append('\n');
        text.Append("using Xenolith.Abi.Contract;\n\nnamespace Xenolith.Guests;\n\n");
        text.Append("/// <summary>Xen's calls as methods, for 64-bit guests; each returns 0 or more, or a negated <see cref=\"Errno\"/>.</summary>\n");
        text.Append("public static class Hypercalls\n{\n");
        bool first = true;
        foreach (HypercallGroup group in HypercallTable.Groups)
        {
            foreach (HypercallRow row in RowsWithStub(group))
            {
                text.Append(first ? "" : "\n");
                first = false;
                text.Append($"    /// <summary>{row.Name}.</summary>\n");
                text.Append($"    public static long {MethodName(group, row)}({Parameters(group, row)}) =>\n        {Call(group, row)};\n");
            }
        }
        return text.Append("}\n").ToString();
    }

    /// <summary>The rows of a group that a method is made for.</summary>
    public static IEnumerable<HypercallRow> RowsWithStub(HypercallGroup group) =>
        group.Rows.Where(r => r.Operation is not null && r.Feature is null && !group.IsV2 && group.Selector is not Selector.InArgument);

    public static string MethodName(HypercallGroup group, HypercallRow row) => $"{Prefix(group)}{row.Operation}";

    private static string Prefix(HypercallGroup group) => group.Number switch
    {
        Hypercall.MemoryOp => "Memory",
        Hypercall.XenVersion => "Version",
        Hypercall.GrantTableOp => "Grant",
        Hypercall.VcpuOp => "Vcpu",
        Hypercall.SchedOp => "Sched",
        Hypercall.EventChannelOp => "Event",
        Hypercall.PhysdevOp => "Physdev",
        Hypercall.HvmOp => "Hvm",
        Hypercall.ConsoleIo => "Console",
        Hypercall.VmAssist => "VmAssist",
        _ => throw new InvalidOperationException($"{group.Number} has operations and no prefix for stubs"),
    };

    private static string Parameters(HypercallGroup group, HypercallRow row)
    {
        string argument = row.Argument is { } type ? $"ref {type.Name} argument" : "";
        return group.Number switch
        {
            Hypercall.VcpuOp => argument == "" ? "uint vcpu" : $"uint vcpu, {argument}",
            Hypercall.GrantTableOp => argument == "" ? "uint count" : $"{argument}, uint count = 1",
            Hypercall.ConsoleIo => "uint count, ulong buffer",
            Hypercall.VmAssist => "VmAssistType type",
            _ => argument,
        };
    }

    private static string Call(HypercallGroup group, HypercallRow row)
    {
        string operation = $"(ulong){row.Operation!.GetType().Name}.{row.Operation}";
        string address = row.Argument is null ? "0" : "Xen.AddressOf(ref argument)";
        return group.Number switch
        {
            Hypercall.VcpuOp => $"Xen.Call(Hypercall.{group.Number}, {operation}, vcpu, {address})",
            Hypercall.GrantTableOp => $"Xen.Call(Hypercall.{group.Number}, {operation}, {address}, count)",
            Hypercall.ConsoleIo => $"Xen.Call(Hypercall.{group.Number}, {operation}, count, buffer)",
            Hypercall.VmAssist => $"Xen.Call(Hypercall.{group.Number}, {operation}, (ulong)type)",
            _ => $"Xen.Call(Hypercall.{group.Number}, {operation}, {address})",
        };
    }
}
