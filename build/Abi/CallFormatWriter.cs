using System;
using System.Collections.Generic;
using System.Linq;
using System.Reflection;
using System.Runtime.CompilerServices;
using System.Text;
using System.Text.RegularExpressions;
using Xenolith.Abi.Contract;
using Xenolith.Abi.Contract.Table;

namespace Xenolith.Build.Abi;

/// <summary>
/// hv/abi/tracing/CallFormats.g.cs: what a call's registers are called and where the fields of its argument lie, as texts that the call trace
/// goes along. What they look like is said there, in their summaries.
/// </summary>
internal static partial class CallFormatWriter
{
    public static string Write()
    {
        var text = new StringBuilder();
        text.Append(AbiGenerator.Banner).Append('\n');
        text.Append("using System;\n\nnamespace Xenolith.Abi.Tracing;\n\n/// <summary>Names and places of the arguments of calls, for the trace.</summary>\ninternal static class CallFormats\n{\n");
        WriteRegisters(text);
        HypercallGroup[] described = [.. HypercallTable.Groups.Where(HasFields)];
        text.Append("\n    /// <summary>\n    /// The structure that the argument points at: i (in), o (out) or b (both), its bytes, and for each field name:offset:bytes; before the bytes i\n");
        text.Append("    /// for a signed number or s for text, behind them *count for an array. Empty: none that is known.\n    /// </summary>\n");
        text.Append("    public static ReadOnlySpan<byte> Argument(ulong number, uint operation, bool is64Bit) => number switch\n    {\n");
        foreach (HypercallGroup group in described)
            text.Append($"        {(uint)group.Number} => Of{group.Number}(operation, is64Bit),\n");
        text.Append("        _ => default,\n    };\n");
        foreach (HypercallGroup group in described)
            WriteGroup(text, group);
        return text.Append("}\n").ToString();
    }

    private static void WriteRegisters(StringBuilder text)
    {
        text.Append("    /// <summary>\n    /// What each register is called, in order. * before a name: a pointer to the argument; ** a pointer to a pointer to it; ! the operation; !6: the\n");
        text.Append("    /// operation in the low six bits, and the rest under that name; *! a pointer to an argument that begins with the operation.\n    /// </summary>\n");
        text.Append("    public static ReadOnlySpan<byte> Registers(ulong number, bool is64Bit) => number switch\n    {\n");
        foreach (HypercallGroup group in HypercallTable.Groups.Where(g => g.Parameters != ""))
        {
            string wide = Registers(group, narrow: false), narrow = Registers(group, narrow: true);
            text.Append($"        {(uint)group.Number} => {(wide == narrow ? Literal(wide) : $"is64Bit ? {Literal(wide)} : {Literal(narrow)}")},\n");
        }
        text.Append("        _ => default,\n    };\n");
    }

    /// <summary>The table's words for the parameters; behind a semicolon those of 32-bit callers, where they differ.</summary>
    private static string Registers(HypercallGroup group, bool narrow)
    {
        string[] widths = InParentheses().Replace(group.Parameters, "").Split(';');
        string[] words = [.. widths[narrow ? ^1 : 0].Split(',').Select(word => word.Trim())];
        if (!NameWriter.HasNames(group))
            return string.Join(' ', words);
        switch (group.Selector)
        {
            case Selector.First or Selector.FirstWide:
                words[0] = "!";
                break;
            case Selector.FirstLow6:
                words[0] = "!6:" + words[0].Split('|')[1].Split("<<")[0].Trim();
                break;
            case Selector.InArgument:
                int pointer = Array.FindIndex(words, word => word[0] == '*');
                words[pointer] = AfterStars().Replace(words[pointer], "$0!");
                break;
        }
        return string.Join(' ', words);
    }

    // The entries of a multicall are lines of their own.
    private static bool HasFields(HypercallGroup group) => NameWriter.HasNames(group) && group.Rows.Any(row => row.Argument is not null);

    private static void WriteGroup(StringBuilder text, HypercallGroup group)
    {
        text.Append($"\n    private static ReadOnlySpan<byte> Of{group.Number}(uint operation, bool is64Bit) => operation switch\n    {{\n");
        foreach (HypercallRow row in group.Rows.Where(r => r.Argument is not null))
        {
            string wide = Fields(group, row, row.Argument!), narrow = Fields(group, row, row.NarrowArgument ?? row.Argument!);
            text.Append($"        {Convert.ToUInt32(row.Operation)} => {(wide == narrow ? Literal(wide) : $"is64Bit\n            ? {Literal(wide)}\n            : {Literal(narrow)}")},\n");
        }
        string otherwise = group.Self.Argument is { } head ? Literal(Format(group.Self.Direction, StructureFields.SizeOf(head), Head(head))) : "default";
        text.Append($"        _ => {otherwise},\n    }};\n");
    }

    private static string Fields(HypercallGroup group, HypercallRow row, Type argument)
    {
        IEnumerable<StructureField> fields = StructureFields.Of(argument);
        int size = StructureFields.SizeOf(argument);
        if (group.Self.Argument is { } whole)
        {
            int union = whole.GetFields().Where(IsOfUnion).Min(StructureFields.OffsetOf);
            fields = Head(whole).Concat(fields.Select(f => f with { Offset = f.Offset + union }));
            size += union;
        }
        return Format(row.Direction, size, fields);
    }

    /// <summary>What stands before the union, but for the operation, which the line begins with, and the version, which is always the same.</summary>
    private static IEnumerable<StructureField> Head(Type whole) =>
        whole.GetFields().Where(f => !IsOfUnion(f)).Select(f => new StructureField(StructureFields.NameOf(f), StructureFields.OffsetOf(f), f.FieldType, 1))
            .Where(f => f.Name is not ("cmd" or "op" or "interface_version"));

    private static bool IsOfUnion(FieldInfo field) => StructureFields.NameOf(field).StartsWith("u.", StringComparison.Ordinal);

    private static string Format(Direction direction, int size, IEnumerable<StructureField> fields)
    {
        var words = new List<string> { $"{(direction switch { Direction.In => 'i', Direction.Out => 'o', _ => 'b' })}{size}" };
        foreach (StructureField field in fields)
        {
            Type type = field.Element.IsEnum ? Enum.GetUnderlyingType(field.Element) : field.Element;
            // An array that is the whole argument is text in all cases that there are.
            string kind = field.Name == "" ? "s" : type == typeof(short) || type == typeof(int) || type == typeof(long) ? "i" : "";
            words.Add($"{field.Name}:{field.Offset}:{kind}{field.Size}{(field.Count == 1 ? "" : $"*{field.Count}")}");
        }
        return string.Join(' ', words);
    }

    private static string Literal(string text) => $"\"{text}\"u8";

    [GeneratedRegex(@"^\*+")]
    private static partial Regex AfterStars();

    [GeneratedRegex(@"\s*\([^)]*\)")]
    private static partial Regex InParentheses();
}
