using System;
using System.Collections.Generic;
using System.Reflection;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Xenolith.Abi.Contract.Table;

/// <summary>A field of a structure, or an argument in a register.</summary>
/// <param name="Name">As the structure, or C, calls it.</param>
/// <param name="Offset">Bytes from the structure's start; of an argument: its number, from 0.</param>
/// <param name="Size">Bytes: 1, 2, 4 or 8 for what is a number.</param>
/// <param name="Value">What it has to be; null: anything of its kind.</param>
public sealed record CallField(string Name, int Offset, int Size, ValueKind Kind, ulong? Value = null)
{
    /// <summary>The structure that states it, of which the call's may consist in part; null: a register.</summary>
    public Type? Owner { get; init; }
}

/// <summary>The structure that a call points at, in one layout. Members of a union that the operation does not use are left out.</summary>
public sealed record CallStructure(int Size, IReadOnlyList<CallField> Fields);

/// <summary>How one row of the table is called: registers, and the structure in both layouts.</summary>
public sealed record CallShape
{
    public required HypercallGroup Group { get; init; }

    public required HypercallRow Row { get; init; }

    /// <summary>Arguments in registers, in order.</summary>
    public required IReadOnlyList<CallField> Words { get; init; }

    /// <summary>As a 64-bit caller lays it out; null: the call points at no structure.</summary>
    public CallStructure? Wide { get; init; }

    /// <summary>The same of a 32-bit caller.</summary>
    public CallStructure? Narrow { get; init; }

    /// <summary>Whether the call takes an array of the structure, with a count in a register.</summary>
    public bool IsArray { get; init; }

    public CallStructure? StructureFor(bool is64Bit) => is64Bit ? Wide : Narrow;
}

/// <summary>
/// The grammar of hypercalls, made of the table: what each row takes in registers and in memory, and what every value names. Generators of
/// random calls draw from it.
/// </summary>
public static class CallGrammar
{
    /// <summary>A shape for each row that can be called.</summary>
    public static IReadOnlyList<CallShape> Shapes { get; } = Build();

    private static List<CallShape> Build()
    {
        var shapes = new List<CallShape>();
        foreach (HypercallGroup group in HypercallTable.All)
        {
            if (group.Rows.Length == 0)
                shapes.Add(ShapeOf(group, group.Self));
            foreach (HypercallRow row in group.Rows)
                shapes.Add(ShapeOf(group, row));
        }
        return shapes;
    }

    private static CallShape ShapeOf(HypercallGroup group, HypercallRow row)
    {
        List<CallField> words = WordsOf(group, row);
        return new CallShape
        {
            Group = group,
            Row = row,
            Words = words,
            Wide = StructureOf(group, row, row.Argument, group.Self.Argument),
            Narrow = StructureOf(group, row, row.NarrowArgument ?? row.Argument, group.Self.NarrowArgument ?? group.Self.Argument),
            IsArray = group.Number is Hypercall.GrantTableOp or Hypercall.Multicall or Hypercall.V2Hctlb,
        };
    }

    private static List<CallField> WordsOf(HypercallGroup group, HypercallRow row)
    {
        var words = new List<CallField>();
        Enum? first = group.Parent ?? (group.Selector is Selector.First or Selector.FirstWide or Selector.FirstLow6 ? row.Operation : null);
        foreach (string parameter in (row.Parameters ?? group.Parameters).Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            // "cmd | start_extent << 6", "timeout (64-bit callers)".
            string name = parameter.Split(' ')[0];
            words.Add(words.Count == 0 && first is not null
                ? new CallField(name, 0, sizeof(ulong), ValueKind.Operation, Convert.ToUInt64(first))
                : new CallField(name.TrimStart('*'), words.Count, sizeof(ulong), KindOfWord(name, row)));
        }
        return words;
    }

    private static ValueKind KindOfWord(string name, HypercallRow row) => name switch
    {
        "*buffer" or "*pdone" => ValueKind.Buffer,
        _ when name.StartsWith("**", StringComparison.Ordinal) => ValueKind.BufferList,
        _ when name[0] == '*' => ValueKind.Argument,
        "count" or "nr_calls" or "nr_bufs" => ValueKind.Count,
        "vcpuid" or "owner" => ValueKind.Vcpu,
        "port" => ValueKind.Port,
        "virq" => ValueKind.Virq,
        "bits" or "flags" => ValueKind.Flags,
        "page" or "gfn" => ValueKind.Frame,
        "pages" => ValueKind.TablePages,
        "list" => row.Argument is null ? ValueKind.PhysicalFrameList : ValueKind.Argument,
        "cookie" => ValueKind.Cookie,
        "domid" or "foreigndom" => ValueKind.Domain,
        "timeout" or "low" or "high" => ValueKind.Time,
        "type" or "cmd" or "what" or "view" => ValueKind.Small,
        _ => ValueKind.Plain,
    };

    /// <summary>The structure; of a group whose operation stands in the argument: its head, and the member of its union that the operation uses.</summary>
    private static CallStructure? StructureOf(HypercallGroup group, HypercallRow row, Type? argument, Type? head)
    {
        Type? envelope = group.Selector == Selector.InArgument ? head : null;
        Type? whole = envelope ?? argument;
        if (whole is null)
            return null;
        var fields = new List<CallField>();
        bool hasMember = envelope is not null && argument is not null && argument != envelope;
        foreach (FieldInfo field in FieldsOf(whole))
        {
            int offset = OffsetOf(whole, field);
            bool isHead = envelope is null || !IsUnion(envelope, offset);
            if (isHead && envelope is not null && field.Name is "Command" or "Operation")
                fields.Add(new CallField(field.Name, offset, sizeof(uint), ValueKind.Operation, Convert.ToUInt64(row.Operation)));
            else if (isHead && envelope is not null && field.Name is "InterfaceVersion" or "Version")
                fields.Add(new CallField(field.Name, offset, sizeof(uint), ValueKind.Operation, VersionOf(group.Number)));
            else if (isHead || (hasMember ? field.FieldType == argument : field.FieldType.IsPrimitive))
                Add(fields, whole, field, offset);
        }
        // A member that the envelope does not state, as it is laid out in two ways.
        if (hasMember && !States(whole, argument!))
            Add(fields, argument!, UnionOf(whole));
        return new CallStructure(SizeOf(whole), fields);
    }

    private static ulong VersionOf(Hypercall number) => number switch
    {
        Hypercall.Domctl => InterfaceVersions.Domctl,
        Hypercall.Sysctl => InterfaceVersions.Sysctl,
        Hypercall.HvmOp => InterfaceVersions.Altp2m,
        _ => InterfaceVersions.Platform,
    };

    private static bool States(Type structure, Type member)
    {
        foreach (FieldInfo field in FieldsOf(structure))
        {
            if (field.FieldType == member)
                return true;
        }
        return false;
    }

    /// <summary>Where the structure's union begins.</summary>
    private static int UnionOf(Type structure)
    {
        foreach (FieldInfo field in FieldsOf(structure))
        {
            if (IsUnion(structure, OffsetOf(structure, field)))
                return OffsetOf(structure, field);
        }
        throw new ArgumentException($"{structure.Name} has no union");
    }

    /// <summary>Whether more than one field of the structure lies at the offset.</summary>
    private static bool IsUnion(Type structure, int offset)
    {
        int count = 0;
        foreach (FieldInfo field in FieldsOf(structure))
            count += OffsetOf(structure, field) == offset ? 1 : 0;
        return count > 1;
    }

    private static void Add(List<CallField> fields, Type structure, int offset)
    {
        foreach (FieldInfo field in FieldsOf(structure))
            Add(fields, structure, field, offset + OffsetOf(structure, field));
    }

    private static void Add(List<CallField> fields, Type structure, FieldInfo field, int offset)
    {
        Type type = field.FieldType;
        if (!type.IsPrimitive && !type.IsEnum && type.GetCustomAttribute<InlineArrayAttribute>() is null)
        {
            Add(fields, type, offset);
            return;
        }
        fields.Add(new CallField(field.Name, offset, SizeOf(type), KindOf(structure, field)) { Owner = structure });
    }

    private static ValueKind KindOf(Type structure, FieldInfo field)
    {
        string name = field.Name;
        string of = structure.Name;
        if (field.FieldType.IsEnum)
            return ValueKind.Small;
        if (name.StartsWith("Pad", StringComparison.Ordinal) || name.Contains("Reserved") || name is "Status" or "SecurityLabel")
            return ValueKind.Padding;
        if (Ends(name, "Domain") || (name == "First" && of == nameof(SysctlDomainList)) || (name == "Target" && of == nameof(DomctlTarget)))
            return ValueKind.Domain;
        if (Ends(name, "Port") && name != "MaximumPort")
            return ValueKind.Port;
        if (name is "Vcpu" or "Instance")
            return ValueKind.Vcpu;
        if (name == "Virq")
            return ValueKind.Virq;
        if (name.Contains("Reference"))
            return ValueKind.Reference;
        if (name == "Handle" && field.FieldType == typeof(uint))
            return ValueKind.Mapping;
        if (name is "ExtentStart" or "Gpfns" or "Indices" or "FrameList")
            return ValueKind.FrameList;
        if (name == "Ports")
            return ValueKind.PortList;
        if (name is "HostAddress" or "NewAddress" or "DeviceBusAddress")
            return ValueKind.FrameAddress;
        if (Ends(name, "Gfn") || Ends(name, "Gmfn") || Ends(name, "Pfn") || name is "Gpfn" or "Frame" || (name == "Index" && of.StartsWith("AddToPhysmap", StringComparison.Ordinal)))
            return ValueKind.Frame;
        if (Ends(name, "Order"))
            return ValueKind.Order;
        if (name is "SourceOffset" or "DestinationOffset" or "Offset" || (name == "Length" && field.FieldType == typeof(ushort)))
            return ValueKind.Bytes;
        if (Ends(name, "Count") || Ends(name, "Bits") || Ends(name, "Length") || Ends(name, "Pages") || Ends(name, "bytes") || Ends(name, "Frames")
            || Ends(name, "Vcpus") || name is "Size" or "Maximum" or "MaximumExtents" or "MaximumPort" or "BufferSize")
        {
            return ValueKind.Count;
        }
        if (Ends(name, "Flags") || Ends(name, "Options") || name == "Miscellaneous")
            return ValueKind.Flags;
        if (name is "Timeout" or "Deadline" or "Period" or "Elapsed")
            return ValueKind.Time;
        if (name is "Buffer" or "Bytes" or "Address" or "Errors" or "Bitmap" or "Map" or "Leaves" or "Msrs" or "Distances" or "VcpuToNode" or "Ranges" or "Context"
            or "CpuMask" or "Devices" or "Keys" or "Nodes" or "Memory" or "ResourceEntries" or "Microcode")
        {
            return ValueKind.Buffer;
        }
        return SizeOf(field.FieldType) <= sizeof(uint) ? ValueKind.Small : ValueKind.Plain;
    }

    private static bool Ends(string name, string end) => name.EndsWith(end, StringComparison.Ordinal);

    private static FieldInfo[] FieldsOf(Type structure) => structure.GetFields(BindingFlags.Instance | BindingFlags.Public);

    private static int OffsetOf(Type structure, FieldInfo field) => (int)Marshal.OffsetOf(structure, field.Name);

    private static int SizeOf(Type type) => type.IsEnum ? SizeOf(Enum.GetUnderlyingType(type)) : type switch
    {
        { IsPrimitive: true } => Marshal.SizeOf(type),
        _ when type.GetCustomAttribute<InlineArrayAttribute>() is { } array => array.Length * SizeOf(type.GetFields(BindingFlags.Instance | BindingFlags.NonPublic)[0].FieldType),
        _ => Marshal.SizeOf(type),
    };
}
