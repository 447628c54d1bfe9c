using System;
using System.Collections.Generic;
using System.Linq;
using System.Reflection;
using System.Text;
using Xenolith.Abi.Contract;
using Xenolith.Abi.Contract.Table;

namespace Xenolith.Build.Abi;

/// <summary>docs/abi.md: the table for people.</summary>
internal static class DocumentWriter
{
    public static string Write(RowTests tests)
    {
        var text = new StringBuilder();
        List<HypercallRow> rows = HypercallTable.Rows;
        text.Append("# The hypercall table\n\n");
        text.Append("<!-- Generated from hv/abi/contract/table by build/Abi. Change that, not this. -->\n\n");
        text.Append("Xen 4.17's hypercalls as a PVH guest meets them. Numbers: RAX or EAX; arguments: RDI RSI RDX R10 R8 R9, or EBX ECX EDX ESI EDI EBP.\n");
        text.Append("A call from privilege level above 0, or from virtual-8086 mode, answers EPERM, but for [what a kernel leaves to its user mode](v2-calls.md#from-user-mode);\n");
        text.Append("an unknown one ENOSYS. Argument registers keep their values,\n");
        text.Append("but for a preemptible call that is not finished: it leaves its progress there and the guest issues it again.\n\n");
        text.Append("Each row: what the pointer argument points at (a second name: the layout of 32-bit callers), which way it goes, who may call, errors in the\n");
        text.Append("order of their checks. **done** answers as 4.17 does but for its note; **not yet** exists in 4.17 and fails here with the error given;\n");
        text.Append("*absent* fails on 4.17 too. Errors were compared with what Xen 4.17.7 answered to the same calls.\n\n");
        text.Append($"{Count(rows, RowState.Done)} done, {Count(rows, RowState.NotYet)} not yet, {Count(rows, RowState.Absent)} absent, of {rows.Count}.\n\n");
        text.Append("**Tests**, as `unit + guest`: how many tests name the row, on the host (methods under tests/unit) and in guests (under tests/guests, what one\n");
        text.Append("`tests.Start` or `test` begins). A test names what its text does, or a helper of its file or behind a type's name, or one that this uses. A fixture's\n");
        text.Append("method is a helper when it answers with a call's result; what only sets a test up does not count. Nor do tests that go over the table by themselves:\n");
        text.Append("`RowPointerTests`, `RowVanishingTests`, `RowDomainTests`, `HeldResourceTests`, the machines at random of tests/unit/Machines ([testing](testing.md)).\n");
        List<HypercallRow> written = [.. rows.Where(row => row.Handler is not null)];
        text.Append($"{tests.All.Unit} + {tests.All.Guest} tests name a row; of {written.Count} written rows {written.Count(row => tests.Of(row) == (0, 0))} are named by none,\n");
        text.Append($"{written.Count(row => tests.Of(row).Unit == 0)} by none on the host, {written.Count(row => tests.Of(row).Guest == 0)} by none in a guest.\n\n");
        text.Append("| nr | name | state | rows done | tests | arguments | note |\n|--|--|--|--|--|--|--|\n");
        foreach (HypercallGroup group in HypercallTable.Groups)
        {
            text.Append($"| {(uint)group.Number} | {group.Self.Name} | {StateOf(group)} | {Fraction(group)} | {(group.Rows.Length == 0 ? Tests(tests, group.Self) : "")} | {Code(group.Parameters)} | {NoteOf(group.Self)} |\n");
        }
        foreach (HypercallGroup group in HypercallTable.Groups.Where(g => g.Rows.Length != 0))
            WriteGroup(text, group, tests);
        foreach (HypercallGroup group in HypercallTable.Subops)
            WriteSubops(text, group, tests);
        return text.ToString();
    }

    private static void WriteGroup(StringBuilder text, HypercallGroup group, RowTests tests)
    {
        text.Append($"\n## {(uint)group.Number} {group.Self.Name}\n\n");
        if (group.Self.Errors != "")
            text.Append($"Before any operation: {group.Self.Errors}.\n\n");
        if (group.Exposure is { } exposure)
            text.Append($"Exposure bits: group {(int)exposure}, the operation's number.\n\n");
        if (group.IsV2)
            text.Append($"Exposure bit: group {(int)ExposureGroup.HighNumber}, bit {(uint)group.Number - V2Calls.First}; not in the default.\n\n");
        text.Append("| op | name | state | tests | argument | who | errors | note |\n|--|--|--|--|--|--|--|--|\n");
        foreach (HypercallRow row in group.Rows)
        {
            text.Append($"| {Convert.ToUInt32(row.Operation)} | {row.Name} | {StateName(row)} | {Tests(tests, row)} | {Argument(row)} | {Who(row)} | {row.Errors} | {NoteOf(row)} |\n");
        }
    }

    private static void WriteSubops(StringBuilder text, HypercallGroup group, RowTests tests)
    {
        text.Append($"\n## {(uint)group.Number}, operation {Convert.ToUInt32(group.Parent)}: {group.Self.Name}\n\n");
        text.Append($"Before any subop: {group.Self.Errors}.\n\n");
        text.Append($"Exposure bits: group {(int)group.Exposure!} for the domain itself, {(int)group.OutsideExposure!} for others, the subop's number, of ours 32 and the place behind\n");
        text.Append("0x4D00. What views are: [altp2m](altp2m.md).\n\n");
        text.Append("| op | name | state | tests | argument | from inside | errors | note |\n|--|--|--|--|--|--|--|--|\n");
        foreach (HypercallRow row in group.Rows)
        {
            string inside = row.Inside is { } verdict ? verdict.MayCall ? "yes" : "no" : "not looked at";
            text.Append($"| {Convert.ToUInt32(row.Operation)} | {row.Name} | {StateName(row)} | {Tests(tests, row)} | {Argument(row)} | {inside} | {row.Errors} | {NoteOf(row)} |\n");
        }
        text.Append("\nWhat came of looking at each for a caller within the domain:\n\n| name | may call | why |\n|--|--|--|\n");
        foreach (HypercallRow row in group.Rows)
            text.Append(row.Inside is { } verdict ? $"| {row.Name} | {(verdict.MayCall ? "yes" : "no")} | {verdict.Why} |\n" : $"| {row.Name} | | not looked at |\n");
    }

    private static string Tests(RowTests tests, HypercallRow row) => $"{tests.Of(row).Unit} + {tests.Of(row).Guest}";

    private static int Count(IEnumerable<HypercallRow> rows, RowState state) => rows.Count(r => r.State == state);

    private static string StateOf(HypercallGroup group) =>
        group.Rows.Any(r => r.State == RowState.Done) || group.Self.Handler is not null ? "**done**" : StateName(group.Self);

    private static string Fraction(HypercallGroup group) =>
        group.Rows.Length == 0 ? "" : $"{Count(group.Rows, RowState.Done)} of {group.Rows.Length}";

    private static string StateName(HypercallRow row) => row.State switch
    {
        RowState.Done => "**done**",
        RowState.NotYet => $"**not yet** ({row.Answer})",
        _ => $"*absent* ({row.Answer})",
    };

    private static string Argument(HypercallRow row)
    {
        if (row.Argument is null)
            return "";
        string narrow = row.NarrowArgument is null ? "" : $", `{row.NarrowArgument.Name}`";
        return $"{Arrow(row.Direction)} `{CName(row.Argument)}`{narrow}";
    }

    private static string CName(Type type) => type.GetCustomAttribute<XenStructAttribute>()?.Name
        ?? type.GetCustomAttribute<XenLayoutFromAttribute>()?.Name ?? type.Name;

    private static string Arrow(Direction direction) => direction switch
    {
        Direction.In => "in",
        Direction.Out => "out",
        Direction.InOut => "in, out",
        _ => "",
    };

    private static string Who(HypercallRow row) => row.Permission switch
    {
        Permission.Target => "itself; another domain: control domain",
        Permission.Xenstore => "control domain; xenstore's; the domain's device model",
        Permission.DeviceModel => "control domain; the domain's device model",
        Permission.Privileged => "control domain",
        _ => "any",
    };

    private static string NoteOf(HypercallRow row)
    {
        var parts = new List<string>();
        if (row.Preemptible)
            parts.Add("preemptible");
        if (row.Allocates)
            parts.Add("allocates");
        if (row.Unlocked)
            parts.Add("takes no lock of the domain's");
        if (row.Since is not (HypercallRow.Frozen or HypercallRow.Own))
            parts.Add($"of {row.Since}, hidden unless [exposed](exposure.md)");
        if (row.Feature is { } feature)
            parts.Add($"hidden unless bit {(int)feature} of group 9 [exposes](exposure.md) it");
        if (row.User != UserCalls.None)
            parts.Add("a kernel can leave it to its user mode");
        if (row.Note != "")
            parts.Add(row.Note);
        return string.Join("; ", parts);
    }

    private static string Code(string text) => text == "" ? "" : $"`{text.Replace("|", "\\|")}`";
}
