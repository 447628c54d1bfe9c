using System;
using System.Linq;
using System.Text;
using Xenolith.Abi.Contract.Table;

namespace Xenolith.Build.Abi;

/// <summary>hv/abi/HypercallNames.g.cs: names for the log, literals in switches.</summary>
internal static class NameWriter
{
    public static string Write()
    {
        var text = new StringBuilder();
        text.Append(AbiGenerator.Banner).Append('\n');
        text.Append("namespace Xenolith.Abi;\n\n/// <summary>Names of calls, for the log.</summary>\ninternal static class HypercallNames\n{\n");
        text.Append("    /// <summary>The operation's C name, or the number's where it has none that is known.</summary>\n");
        text.Append("    public static string Of(ulong number, uint operation) => number switch\n    {\n");
        HypercallGroup[] named = [.. HypercallTable.Groups.Where(HasNames)];
        foreach (HypercallGroup group in HypercallTable.Groups)
        {
            string name = named.Contains(group) ? $"Of{group.Number}(operation)" : $"\"{group.Self.Name}\"";
            text.Append($"        {(uint)group.Number} => {name},\n");
        }
        text.Append("        _ => \"no hypercall\",\n    };\n");
        foreach (HypercallGroup group in named)
        {
            text.Append($"\n    private static string Of{group.Number}(uint operation) => operation switch\n    {{\n");
            foreach (HypercallRow row in group.Rows)
                text.Append($"        {Convert.ToUInt32(row.Operation)} => \"{row.Name}\",\n");
            text.Append($"        _ => \"{group.Self.Name}\",\n    }};\n");
        }
        return text.Append("}\n").ToString();
    }

    /// <summary>Whether the dispatch knows the operation when it writes a line about it.</summary>
    private static bool HasNames(HypercallGroup group) => group.Rows.Any(r => r.Handler is not null) && group.Self.Handler is null;
}
