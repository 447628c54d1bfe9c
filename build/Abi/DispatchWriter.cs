using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using System.Text;
using Xenolith.Abi.Contract;
using Xenolith.Abi.Contract.Table;

namespace Xenolith.Build.Abi;

/// <summary>
/// hv/abi/Dispatch.g.cs: from number and operation to handler, as switches, which become jump tables without any initialised
/// static behind them.
/// </summary>
internal static class DispatchWriter
{
    public static string Write()
    {
        var text = new StringBuilder();
        text.Append(AbiGenerator.Banner).Append('\n');
        text.Append("using System.Runtime.CompilerServices;\nusing Xenolith.Abi.Calls;\nusing Xenolith.Abi.Contract;\nusing Xenolith.Domains;\n\nnamespace Xenolith.Abi;\n\n");
        text.Append("/// <summary>From number and operation to handler: exposure, then the group's own check, then the operation.</summary>\n");
        text.Append("internal static class Dispatch\n{\n");
        WriteInvoke(text);
        WriteUnlocked(text);
        WriteV2(text);
        WriteDefaults(text);
        WriteGroups(text);
        foreach (HypercallGroup group in HypercallTable.All.Where(IsOwnMethod))
        {
            if (group.Selector == Selector.InArgument)
                WriteFramedGroup(text, group);
            else
                WriteGroup(text, group);
        }
        return text.Append("}\n").ToString();
    }

    private static bool IsOwnMethod(HypercallGroup group) => group.Self.Handler is null && group.Rows.Any(r => r.Handler is not null);

    private static void WriteInvoke(StringBuilder text)
    {
        text.Append("    /// <summary>Handles one call whose number the domain is shown; the result goes into RAX.</summary>\n");
        text.Append("    [MethodImpl(MethodImplOptions.AggressiveInlining)]\n");
        text.Append("    public static long Invoke(ref HypercallCall call)\n    {\n");
        text.Append("        switch (unchecked((uint)call.Number))\n        {\n");
        foreach (HypercallGroup group in HypercallTable.Groups)
        {
            text.Append($"            case {(uint)group.Number}: // {group.Self.Name}\n");
            text.Append($"                return {GroupCall(group)};\n");
        }
        text.Append("            default:\n                return call.Unknown();\n        }\n    }\n");
    }

    private static void WriteUnlocked(StringBuilder text)
    {
        ulong numbers = HypercallTable.Groups.Where(g => !g.IsV2 && IsUnlocked(g)).Aggregate(0UL, (bits, g) => bits | 1UL << (int)g.Number);
        text.Append("\n    /// <summary>Whether a call below 64 whose number the domain is shown runs without the domain's lock.</summary>\n");
        text.Append("    [MethodImpl(MethodImplOptions.AggressiveInlining)]\n");
        text.Append("    public static bool IsUnlocked(in HypercallCall call)\n    {\n");
        text.Append("        int number = unchecked((int)call.Number);\n");
        text.Append($"        if (((0x{numbers:X16} >> number) & 1) != 0)\n            return true;\n");
        text.Append("        switch (number)\n        {\n");
        foreach (HypercallGroup group in HypercallTable.Groups.Where(g => !g.IsV2 && !IsUnlocked(g) && g.Rows.Any(r => r.Unlocked)))
        {
            if (group.Selector != Selector.First)
                throw new InvalidOperationException($"{group.Number}: only operations in the first argument can be told to be unlocked");
            // The shift takes the low six bits of an operation. Past 63 is what does not exist, and being refused needs no lock, and what is ours.
            if (group.Rows.Any(r => r.Feature is not null && !r.Unlocked))
                throw new InvalidOperationException($"{group.Number}: an operation past 63 has to do without the domain's lock");
            ulong operations = group.Rows.Where(r => r.Unlocked && r.Feature is null).Aggregate(0UL, (bits, r) => bits | 1UL << Convert.ToInt32(r.Operation));
            text.Append($"            case {(uint)group.Number}: // {group.Self.Name}\n");
            text.Append($"                return ((0x{operations:X16} >> unchecked((int)call.A0)) & 1) != 0;\n");
        }
        text.Append("            default:\n                return false;\n        }\n    }\n");
    }

    /// <summary>What user mode may be left, and what there is, of the calls from 64 on.</summary>
    private static void WriteV2(StringBuilder text)
    {
        HypercallGroup[] groups = [.. HypercallTable.Groups.Where(g => g.IsV2)];
        text.Append("\n    /// <summary>The bit by which a kernel leaves a call from 64 on to its user mode; none: it can't.</summary>\n");
        text.Append("    public static UserCalls UserCallOf(ulong number, ulong operation) => (number, operation) switch\n    {\n");
        foreach ((HypercallGroup group, HypercallRow row) in groups.SelectMany(g => g.Rows, (g, r) => (g, r)).Where(pair => pair.r.User != UserCalls.None))
            text.Append($"        ({(uint)group.Number}, {Convert.ToUInt32(row.Operation)}) => UserCalls.{row.User},\n");
        text.Append("        _ => UserCalls.None,\n    };\n");
        text.Append("\n    /// <summary>Whether a call from 64 on that the domain is shown runs without the domain's lock, and has no pointer.</summary>\n");
        text.Append("    public static bool IsUnlockedV2(in HypercallCall call) => call.A0 < 64 && ((UnlockedOf(call.Number) >> unchecked((int)call.A0)) & 1) != 0;\n");
        text.Append("\n    private static ulong UnlockedOf(ulong number) => number switch\n    {\n");
        foreach (HypercallGroup group in groups.Where(g => g.Rows.Any(r => r.Unlocked)))
        {
            if (group.Rows.Any(r => r.Unlocked && (r.Argument is not null || r.Preemptible || r.Allocates || Convert.ToUInt32(r.Operation) > 63)))
                throw new InvalidOperationException($"{group.Number}: only operations below 64 without a pointer can be told to be unlocked");
            text.Append($"        {(uint)group.Number} => 0x{group.Rows.Where(r => r.Unlocked).Aggregate(0UL, (bits, r) => bits | 1UL << Convert.ToInt32(r.Operation)):X},\n");
        }
        text.Append("        _ => 0,\n    };\n");
        text.Append("\n    /// <summary>The operations of a number from 64 on that a domain is shown with it, a bit each.</summary>\n");
        text.Append("    public static long OperationsOf(Exposure exposure, uint number) => number switch\n    {\n");
        foreach (HypercallGroup group in groups)
        {
            var parts = group.Rows.GroupBy(r => r.Feature).Select(rows => (rows.Key, Bits: rows.Aggregate(0UL, (bits, r) => bits | 1UL << Convert.ToInt32(r.Operation))));
            text.Append($"        {(uint)group.Number} => {string.Join(" | ", parts.Select(p => p.Key is { } feature ? $"(exposure.Shows(ExposureGroup.CallFeature, {(int)feature}) ? 0x{p.Bits:X}L : 0)" : $"0x{p.Bits:X}L"))},\n");
        }
        text.Append("        _ => 0,\n    };\n");
    }

    // What is only refused looks at nothing.
    private static bool IsUnlocked(HypercallGroup group) => group.Self.Unlocked || (group.Self.Handler is null && !IsOwnMethod(group));

    private static string GroupCall(HypercallGroup group)
    {
        if (group.Self.Handler is { } handler)
            return $"{handler}(ref call)";
        return IsOwnMethod(group) ? $"{MethodOf(group)}(ref call)" : Refusal(group.Self);
    }

    private static string Refusal(HypercallRow row) => (row.State, row.Answer) switch
    {
        (RowState.NotYet, _) => $"call.NotYet(Errno.{row.Answer})",
        (_, Errno.ENOSYS) => "call.Absent()",
        _ => $"call.Fail(Errno.{row.Answer}, \"not for this kind of guest\")",
    };

    private static string MethodOf(HypercallGroup group) => $"{group.Number}{group.Parent}";

    private static void WriteGroup(StringBuilder text, HypercallGroup group)
    {
        text.Append($"\n    private static long {MethodOf(group)}(ref HypercallCall call)\n    {{\n");
        if (group.Selector == Selector.FirstWide)
        {
            // Narrowing must not turn a number past 32 bits into a known one.
            text.Append("        if (call.A0 > uint.MaxValue)\n            return call.Unknown();\n");
        }
        text.Append($"        uint operation = unchecked((uint)call.A0){(group.Selector == Selector.FirstLow6 ? " & 0x3F" : "")};\n        call.Operation = operation;\n");
        if (group.Exposure is { } exposure)
        {
            text.Append($"        if (!call.Domain.Exposure.Shows(ExposureGroup.{exposure}, operation))\n");
            text.Append(group.Prelude is null ? "            return call.Unknown();\n" : $"            return RefuseAfter{MethodOf(group)}Check(ref call);\n");
        }
        if (group.Prelude is { } prelude)
            text.Append($"        long refused = {prelude}(ref call);\n        if (refused != 0)\n            return refused;\n");
        text.Append("        switch (operation)\n        {\n");
        foreach (HypercallRow row in group.Rows.Where(r => r.Feature is null || group.Exposure is null))
        {
            string result = row.Handler is { } handler ? $"{handler}(ref call)" : Refusal(row);
            string guard = row.Feature is { } feature ? $" when call.Domain.Exposure.Shows(ExposureGroup.CallFeature, {(int)feature})" : "";
            text.Append($"            case {Convert.ToUInt32(row.Operation)}{guard}: // {row.Name}\n                return {InEdition(row, result)};\n");
        }
        text.Append("            default:\n                return call.Unknown();\n        }\n    }\n");
        if (group is { Exposure: not null, Prelude: { } check })
        {
            text.Append($"\n    private static long RefuseAfter{MethodOf(group)}Check(ref HypercallCall call)\n    {{\n");
            HypercallRow[] own = [.. group.Rows.Where(r => r.Feature is not null)];
            if (own.Length == 0)
            {
                text.Append($"        long refused = {check}(ref call);\n        return refused != 0 ? refused : call.Unknown();\n    }}\n");
                return;
            }
            text.Append($"        long refused = {check}(ref call);\n        if (refused != 0)\n            return refused;\n");
            text.Append("        switch (call.Operation)\n        {\n");
            foreach (HypercallRow row in own)
            {
                text.Append($"            case 0x{Convert.ToUInt32(row.Operation):X} when call.Domain.Exposure.Shows(ExposureGroup.CallFeature, {(int)row.Feature!}): // {row.Name}\n");
                text.Append($"                return {row.Handler}(ref call);\n");
            }
            text.Append("            default:\n                return call.Unknown();\n        }\n    }\n");
        }
    }

    /// <summary>A group whose operation stands in its argument: the frame takes that in, before the operation, and gives it back after.</summary>
    private static void WriteFramedGroup(StringBuilder text, HypercallGroup group)
    {
        string frame = group.Frame ?? throw new InvalidOperationException($"{group.Number} has operations in its argument and no frame for them");
        string method = MethodOf(group);
        text.Append($"\n    private static long {method}(ref HypercallCall call)\n    {{\n");
        text.Append($"        if (!{frame}.TryOpen(ref call, out {frame}.Frame frame, out long result))\n            return result;\n");
        text.Append($"        result = {method}Row(ref call, ref frame);\n");
        text.Append($"        return {frame}.Close(ref call, ref frame, result);\n    }}\n");
        text.Append($"\n    private static long {method}Row(ref HypercallCall call, ref {frame}.Frame frame)\n    {{\n");
        text.Append($"        switch (call.Operation{(group.Parent is null ? "" : " >> 16")})\n        {{\n");
        foreach (HypercallRow row in group.Rows)
        {
            string result = row.Handler is { } handler ? $"{handler}(ref call, ref frame)" : Refusal(row);
            text.Append($"            case {Convert.ToUInt32(row.Operation)}: // {row.Name}\n                return {InEdition(row, result)};\n");
        }
        text.Append("            default:\n                return call.Unknown();\n        }\n    }\n");
        if (group.Parent is null)
            WritePermission(text, group, method);
    }

    private static void WritePermission(StringBuilder text, HypercallGroup group, string method)
    {
        text.Append($"\n    /// <summary>Who may call an operation of {group.Self.Name}; one that there is not: the control domain, which is told so.</summary>\n");
        text.Append($"    public static Permission {method}Permission(uint operation) => operation switch\n    {{\n");
        foreach (IGrouping<Permission, HypercallRow> rows in group.Rows.Where(r => r.Permission != Permission.Privileged).GroupBy(r => r.Permission))
            text.Append($"        {string.Join(" or ", rows.Select(r => Convert.ToUInt32(r.Operation)))} => Permission.{rows.Key},\n");
        text.Append("        _ => Permission.Privileged,\n    };\n");
    }

    private static void WriteDefaults(StringBuilder text)
    {
        WriteExposure(text, "DefaultExposure", "The bits of 4.17's set: a bit a row.", since => since == HypercallRow.Frozen);
        WriteExposure(text, "WholeExposure", "All bits that this edition has: a bit a row.", _ => true);
    }

    private static void WriteGroups(StringBuilder text)
    {
        text.Append("\n    /// <summary>The group of exposure bits of a call's operations; that of the numbers: they are not told apart.</summary>\n");
        text.Append("    public static ExposureGroup GroupOf(ulong number) => number switch\n    {\n");
        foreach (HypercallGroup group in HypercallTable.Groups.Where(g => g.Exposure is not null))
            text.Append($"        {(uint)group.Number} => ExposureGroup.{group.Exposure},\n");
        text.Append("        _ => ExposureGroup.Number,\n    };\n");
    }

    private static void WriteExposure(StringBuilder text, string method, string summary, Func<string, bool> counts)
    {
        text.Append($"\n    /// <summary>{summary}</summary>\n");
        text.Append($"    public static ulong {method}(ExposureGroup group) => group switch\n    {{\n");
        Write(ExposureGroup.Number, HypercallTable.Groups.Where(g => !g.IsV2).Select(g => (g.Self.Since, (int)g.Number)));
        if (counts(HypercallRow.Own))
            Write(ExposureGroup.HighNumber, HypercallTable.Groups.Where(g => g.IsV2).Select(g => (g.Self.Since, (int)(g.Number - V2Calls.First))));
        if (CallFeatureRows.All.Length != 0 && counts(HypercallRow.Own))
            Write(ExposureGroup.CallFeature, CallFeatureRows.All.Select(f => (HypercallRow.Own, (int)f)));
        Write(ExposureGroup.Feature, FeatureRows.All.Select(r => (r.Since, (int)r.Feature)));
        foreach (HypercallGroup group in HypercallTable.All)
        {
            foreach (ExposureGroup exposure in new[] { group.Exposure, group.OutsideExposure }.OfType<ExposureGroup>())
                Write(exposure, group.Rows.Where(r => r.Feature is null).Select(r => (r.Since, Row.ExposureBit(r.Operation!))));
        }
        text.Append("        _ => 0,\n    };\n");

        void Write(ExposureGroup group, IEnumerable<(string Since, int Bit)> bits)
        {
            var editions = bits.Where(b => counts(b.Since)).GroupBy(b => MinorOf(b.Since)).OrderBy(e => e.Key)
                .Select(e => (Minor: e.Key, Bits: e.Aggregate(0UL, (all, b) => all | 1UL << b.Bit)));
            text.Append($"        ExposureGroup.{group} => {string.Join(" | ", editions.Select(e => e.Minor is { } minor ? $"(Edition.Minor >= {minor} ? 0x{e.Bits:X16} : 0)" : $"0x{e.Bits:X16}"))},\n");
        }
    }

    /// <summary>The edition from which on there is the row; null: every one has it.</summary>
    private static int? MinorOf(string since) =>
        since is HypercallRow.Frozen or HypercallRow.Own ? null : int.Parse(since.AsSpan(since.IndexOf('.') + 1), NumberStyles.None, CultureInfo.InvariantCulture);

    /// <summary>What a row answers: a newer one is unknown to an image of an older edition, which is built without its handler.</summary>
    private static string InEdition(HypercallRow row, string result) => MinorOf(row.Since) is { } minor ? $"Edition.Minor >= {minor} ? {result} : call.Unknown()" : result;
}
