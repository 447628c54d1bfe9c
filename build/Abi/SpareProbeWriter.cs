using System;
using System.Collections.Generic;
using System.Linq;
using System.Text;
using Xenolith.Abi.Contract;
using Xenolith.Abi.Contract.Table;

namespace Xenolith.Build.Abi;

/// <summary>tests/guests/probes/SpareProbes.g.cs: each row's bits that mean nothing, and what the table says comes of them, for a guest that asks a hypervisor.</summary>
internal static class SpareProbeWriter
{
    /// <summary>Rows that a guest can't call again and again, and why.</summary>
    private static readonly Enum[] s_leftOut =
    [
        // They end the child, or take it to pieces.
        DomctlOp.Destroydomain, DomctlOp.SoftReset, DomctlOp.SoftResetCont,
        // Xen 4.17.7 panics some calls after a line was set of a domain without interrupt controllers.
        DmOp.SetPciIntxLevel, DmOp.SetIsaIrqLevel, DmOp.SetPciLinkRoute,
        // Refused at once to a vCPU that runs; the guest smp asks for another.
        VcpuOp.Initialise,
        // The machine would sleep.
        PlatformOp.EnterAcpiSleep,
    ];

    public static string Write()
    {
        var text = new StringBuilder();
        text.Append(AbiGenerator.Banner).Append('\n');
        text.Append("using Xenolith.Abi.Contract;\n\nnamespace Xenolith.Guests.Probes;\n\n");
        text.Append("/// <summary>Bits of arguments that mean nothing to an operation, and what comes of them.</summary>\n");
        text.Append("internal static class SpareProbes\n{\n");
        WriteAll(text, "Wide", "As 64-bit callers lay arguments out.", is64Bit: true);
        text.Append('\n');
        WriteAll(text, "Narrow", "As 32-bit callers do.", is64Bit: false);
        return text.Append("}\n").ToString();
    }

    private static void WriteAll(StringBuilder text, string name, string summary, bool is64Bit)
    {
        text.Append($"    /// <summary>{summary}</summary>\n    public static void {name}(Probe probe)\n    {{\n");
        foreach (HypercallGroup group in HypercallTable.Groups)
        {
            CallShape[] shapes =
            [
                .. CallGrammar.Shapes.Where(shape => shape.Group.Number == group.Number && shape.Row.State == RowState.Done && !s_leftOut.Contains(shape.Row.Operation)
                    && shape.Row.Since == HypercallRow.Frozen && SpareBits.Of(shape, is64Bit).Count > 0),
            ];
            if (shapes.Length == 0)
                continue;
            text.Append($"        probe.Start(\"{group.Self.Name}\");\n");
            foreach (CallShape shape in shapes)
                WriteRow(text, shape, is64Bit);
        }
        text.Append("    }\n");
    }

    private static void WriteRow(StringBuilder text, CallShape shape, bool is64Bit)
    {
        CallStructure structure = shape.StructureFor(is64Bit)!;
        string words = string.Concat(shape.Words.Select(word => ", " + WordOf(shape, word)));
        text.Append($"        probe.Row(\"{shape.Row.Name}\", Hypercall.{shape.Group.Number}, {structure.Size}{words});\n");
        foreach (CallField field in structure.Fields)
        {
            string value = ValueOf(CallExample.Of(shape, field));
            if (value != "0")
                text.Append($"        probe.Value({field.Offset}, {Math.Min(field.Size, sizeof(ulong))}, {value});\n");
        }
        if (shape.Row.Errors.Contains("status ", StringComparison.Ordinal) && structure.Fields.FirstOrDefault(field => field.Name == "Status") is { } status)
            text.Append($"        probe.Status({status.Offset});\n");
        SpareBits[] all = [.. SpareBits.Of(shape, is64Bit)];
        foreach (SpareBits spare in all.Where(spare => spare.Name != SpareBits.Gap))
        {
            string refusal = spare.Refusal is { } error ? $", Errno.{error}" : "";
            text.Append($"        probe.Spare(\"{shape.Row.Name}, {spare.Name}\", {spare.Offset}, {spare.Size}, 0x{spare.Bits:X}{refusal});\n");
        }
        foreach ((int offset, int length) in Runs(all.Where(spare => spare.Name == SpareBits.Gap)))
            text.Append($"        probe.Gap(\"{shape.Row.Name}, gap\", {offset}, {length});\n");
    }

    /// <summary>Gaps that touch, as one.</summary>
    private static IEnumerable<(int Offset, int Length)> Runs(IEnumerable<SpareBits> gaps)
    {
        (int Offset, int Length) run = default;
        foreach (SpareBits gap in gaps.OrderBy(gap => gap.Offset))
        {
            if (run.Length > 0 && run.Offset + run.Length != gap.Offset)
            {
                yield return run;
                run = default;
            }
            run = run.Length == 0 ? (gap.Offset, gap.Size) : (run.Offset, run.Length + gap.Size);
        }
        if (run.Length > 0)
            yield return run;
    }

    private static string WordOf(CallShape shape, CallField word) => word.Kind switch
    {
        ValueKind.Operation => $"{word.Value}",
        ValueKind.Argument => "probe.Argument",
        ValueKind.BufferList => "probe.Buffers",
        ValueKind.Count => shape.Group.Number == Hypercall.DmOp ? $"{DmOpLimits.Buffers}" : "1",
        ValueKind.Domain => shape.Group.Number == Hypercall.DmOp ? "probe.Child" : "DomainIds.Self",
        ValueKind.Buffer => "probe.Buffer",
        _ => "0",
    };

    private static string ValueOf(ExampleValue value) => value.Thing == CallThing.None ? $"{value.Number}" : $"probe.{value.Thing}";
}
