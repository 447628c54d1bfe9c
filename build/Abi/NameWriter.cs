using System;
using System.Linq;
using System.Text;
using Xenolith.Abi.Contract;
using Xenolith.Abi.Contract.Table;

namespace Xenolith.Build.Abi;

/// <summary>hv/abi/HypercallNames.g.cs: names for the log, literals in switches.</summary>
internal static class NameWriter
{
    public static string Write()
    {
        var text = new StringBuilder();
        text.Append(AbiGenerator.Banner).Append('\n');
        text.Append("using System;\n\nnamespace Xenolith.Abi;\n\n/// <summary>Names of calls, for the log, and for options that name calls.</summary>\ninternal static class HypercallNames\n{\n");
        text.Append("    /// <summary>The operation's C name, or the number's where it has none that is known.</summary>\n");
        text.Append("    public static string Of(ulong number, uint operation) => number switch\n    {\n");
        HypercallGroup[] named = [.. HypercallTable.Groups.Where(HasNames)];
        foreach (HypercallGroup group in named)
            text.Append($"        {(uint)group.Number} => Of{group.Number}(operation),\n");
        text.Append("        _ => OfGroup(number),\n    };\n");
        text.Append("\n    /// <summary>The number's own name.</summary>\n");
        text.Append("    public static string OfGroup(ulong number) => number switch\n    {\n");
        foreach (HypercallGroup group in HypercallTable.Groups)
            text.Append($"        {(uint)group.Number} => \"{group.Self.Name}\",\n");
        text.Append("        _ => \"no hypercall\",\n    };\n");
        text.Append("\n    /// <summary>The C name of a bit of xen_version's get_features; empty: none that is shown to anybody.</summary>\n");
        text.Append("    public static string OfFeature(int bit) => bit switch\n    {\n");
        foreach (FeatureRow row in FeatureRows.All)
            text.Append($"        {(int)row.Feature} => \"{Row.NameOf(row.Feature)}\",\n");
        text.Append("        _ => \"\",\n    };\n");
        text.Append("\n    /// <summary>The C name of a way to make calls; empty: there is none with that bit.</summary>\n");
        text.Append("    public static string OfCallFeature(int bit) => bit switch\n    {\n");
        foreach (CallFeature feature in CallFeatureRows.All)
            text.Append($"        {(int)feature} => \"{Row.NameOf(feature)}\",\n");
        text.Append("        _ => \"\",\n    };\n");
        text.Append("\n    /// <summary>Every number that there is, and every operation that has a name: the number in the upper half.</summary>\n");
        text.Append("    public static ReadOnlySpan<ulong> All =>\n    [\n");
        foreach (HypercallGroup group in HypercallTable.Groups)
        {
            ulong[] calls = HasNames(group) ? [.. group.Rows.Select(r => (ulong)group.Number << 32 | Convert.ToUInt32(r.Operation))] : [(ulong)group.Number << 32];
            text.Append($"        {string.Join(", ", calls.Select(call => $"0x{call:X}"))},\n");
        }
        foreach (HypercallGroup group in HypercallTable.Subops)
            text.Append($"        {string.Join(", ", group.Rows.Select(row => $"0x{(ulong)group.Number << 32 | Row.NumberOf(group, row):X}"))},\n");
        text.Append("    ];\n");
        foreach (HypercallGroup group in named)
        {
            text.Append($"\n    private static string Of{group.Number}(uint operation) => operation switch\n    {{\n");
            foreach (HypercallRow row in group.Rows)
                text.Append($"        {Convert.ToUInt32(row.Operation)} => \"{row.Name}\",\n");
            foreach (HypercallGroup subops in HypercallTable.Subops.Where(s => s.Number == group.Number))
                text.Append(string.Concat(subops.Rows.Select(row => $"        0x{Row.NumberOf(subops, row):X} => \"{row.Name}\",\n")));
            text.Append($"        _ => \"{group.Self.Name}\",\n    }};\n");
        }
        return text.Append("}\n").ToString();
    }

    /// <summary>Whether the dispatch knows the operation when it writes a line about it.</summary>
    public static bool HasNames(HypercallGroup group) => group.Rows.Any(r => r.Handler is not null) && group.Self.Handler is null;
}
