using System;
using System.Collections.Generic;
using System.Linq;
using System.Reflection;
using System.Runtime.CompilerServices;
using System.Text;
using Xenolith.Abi.Contract;
using Xenolith.Abi.Contract.Table;

namespace Xenolith.Build.Abi;

/// <summary>
/// tests/guests/lib/NarrowArguments.g.cs: which operations have an argument that 32-bit callers lay out otherwise, and the way from one layout
/// to the other and back, so that guests that are compiled for 64 bits make 32-bit calls.
/// </summary>
internal static class NarrowArgumentWriter
{
    // Sysctl's one is within a structure that is the same in both; altp2m's is a union of structures, which the table does not tell apart.
    public static string Write()
    {
        (HypercallGroup Group, HypercallRow Row)[] rows =
        [
            .. from @group in HypercallTable.Groups
               from row in @group.Rows.Prepend(@group.Self)
               where row.NarrowArgument is not null && @group.Selector is not Selector.InArgument && row.Operation is not HvmOp.Altp2m
               select (@group, row),
        ];
        var narrow = rows.GroupBy(r => r.Row.Argument!).ToDictionary(r => r.Key, r => r.First().Row.NarrowArgument!);
        // What a dm_op points at; its operations' arguments are in there, and the same in both.
        narrow.Add(typeof(DmOpBuffer), typeof(DmOpBuffer32));
        Type[] shapes = [.. narrow.Keys];

        var text = new StringBuilder();
        text.Append(AbiGenerator.Banner).Append('\n');
        text.Append("using Xenolith.Abi.Contract;\n\nnamespace Xenolith.Guests;\n\n");
        text.Append("/// <summary>Arguments that 32-bit callers lay out otherwise, by the structure's name in 64-bit layout.</summary>\n");
        text.Append("internal enum NarrowArgument\n{\n    None,\n");
        text.Append(string.Concat(shapes.Select(shape => $"    {shape.Name},\n")));
        text.Append("}\n\n/// <summary>From the 64-bit layout of arguments to the 32-bit one and back.</summary>\n");
        text.Append("internal static unsafe class NarrowArguments\n{\n");
        text.Append("    // unsafe: both layouts are memory by address.\n\n");
        WriteKinds(text, rows);
        WriteSizes(text, shapes, narrow);
        WriteSwitch(text, "Narrow", "wide", "narrow", shapes, shape => $"Convert(in *({shape.Name}*)wide, ref *({narrow[shape].Name}*)narrow)");
        WriteSwitch(text, "Widen", "narrow", "wide", shapes, shape => $"Convert(in *({narrow[shape].Name}*)narrow, ref *({shape.Name}*)wide)");
        foreach (Type shape in shapes)
        {
            WriteConversion(text, shape, narrow[shape]);
            WriteConversion(text, narrow[shape], shape);
        }

        return text.Append("}\n").ToString();
    }

    private static void WriteKinds(StringBuilder text, IReadOnlyList<(HypercallGroup Group, HypercallRow Row)> rows)
    {
        text.Append("    public static NarrowArgument Of(Hypercall number, ulong operation) => number switch\n    {\n");
        foreach (var group in rows.GroupBy(r => r.Group.Number))
        {
            if (group.Any(r => r.Row.Operation is null))
            {
                text.Append($"        Hypercall.{group.Key} => NarrowArgument.{group.First().Row.Argument!.Name},\n");
                continue;
            }

            Type operations = group.First().Row.Operation!.GetType();
            // The bits above are progress.
            string operation = group.First().Group.Selector is Selector.FirstLow6 ? "operation & 63" : "operation";
            text.Append($"        Hypercall.{group.Key} => ({operations.Name})({operation}) switch\n        {{\n");
            foreach (var shape in group.GroupBy(r => r.Row.Argument!))
            {
                string members = string.Join(" or ", shape.Select(r => $"{operations.Name}.{r.Row.Operation}"));
                text.Append($"            {members} => NarrowArgument.{shape.Key.Name},\n");
            }

            text.Append("            _ => NarrowArgument.None,\n        },\n");
        }

        text.Append("        Hypercall.DmOp => NarrowArgument.DmOpBuffer,\n        _ => NarrowArgument.None,\n    };\n\n");
    }

    private static void WriteSizes(StringBuilder text, IReadOnlyList<Type> shapes, Dictionary<Type, Type> narrow)
    {
        foreach ((string name, Func<Type, Type> type) in new (string, Func<Type, Type>)[] { ("WideSize", shape => shape), ("NarrowSize", shape => narrow[shape]) })
        {
            text.Append($"    public static int {name}(NarrowArgument argument) => argument switch\n    {{\n");
            text.Append(string.Concat(shapes.Select(shape => $"        NarrowArgument.{shape.Name} => sizeof({type(shape).Name}),\n")));
            text.Append("        _ => 0,\n    };\n\n");
        }
    }

    private static void WriteSwitch(StringBuilder text, string name, string from, string to, IReadOnlyList<Type> shapes, Func<Type, string> call)
    {
        text.Append($"    public static void {name}(NarrowArgument argument, void* {from}, void* {to})\n    {{\n        switch (argument)\n        {{\n");
        text.Append(string.Concat(shapes.Select(shape => $"            case NarrowArgument.{shape.Name}:\n                {call(shape)};\n                break;\n")));
        text.Append("        }\n    }\n\n");
    }

    private static void WriteConversion(StringBuilder text, Type from, Type to)
    {
        text.Append($"    private static void Convert(in {from.Name} from, ref {to.Name} to)\n    {{\n");
        // Where fields of a union overlap, the widest is last.
        foreach (FieldInfo field in to.GetFields().OrderBy(field => System.Runtime.InteropServices.Marshal.SizeOf(field.FieldType)))
        {
            Type source = from.GetField(field.Name)?.FieldType ?? throw new InvalidOperationException($"{from.Name} has no field {field.Name}, {to.Name} has");
            text.Append(Assignment(field, source));
        }

        text.Append("    }\n\n");
    }

    private static string Assignment(FieldInfo field, Type source)
    {
        Type target = field.FieldType;
        if (source == target)
        {
            return $"        to.{field.Name} = from.{field.Name};\n";
        }

        if (target.GetCustomAttribute<InlineArrayAttribute>() is { } array)
        {
            string element = target.GetFields(BindingFlags.NonPublic | BindingFlags.Instance)[0].FieldType == typeof(uint) ? "unchecked((uint)from." : "(from.";
            return $"        for (int i = 0; i < {array.Length}; i++)\n        {{\n            to.{field.Name}[i] = {element}{field.Name}[i]);\n        }}\n\n";
        }

        return target == typeof(uint) && source == typeof(ulong)
            ? $"        to.{field.Name} = unchecked((uint)from.{field.Name});\n"
            : target == typeof(ulong) && source == typeof(uint)
                ? $"        to.{field.Name} = from.{field.Name};\n"
                : $"        Convert(in from.{field.Name}, ref to.{field.Name});\n";
    }
}
