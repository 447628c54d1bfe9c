using System;
using System.Collections.Generic;
using System.Linq;
using System.Reflection;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Xenolith.Abi.Contract;

namespace Xenolith.Build.Abi;

/// <summary>A number, or several of one kind, in a structure of the contract.</summary>
/// <param name="Name">The C member designator, from the structure that was asked for.</param>
/// <param name="Offset">Bytes from its beginning.</param>
/// <param name="Element">The C# type of one.</param>
/// <param name="Count">How many; more than one: an array.</param>
public sealed record StructureField(string Name, int Offset, Type Element, int Count)
{
    /// <summary>Bytes of one.</summary>
    public int Size => StructureFields.SizeOf(Element);
}

/// <summary>The layout of structures of the contract, as code uses it, by reflection.</summary>
public static class StructureFields
{
    private const BindingFlags Fields = BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly;

    /// <summary>All numbers of the structure, those of structures in it included, in the order of their statement.</summary>
    public static IEnumerable<StructureField> Of(Type structure) => Of(structure, "", 0);

    public static int SizeOf(Type type) => (int)typeof(Unsafe).GetMethod(nameof(Unsafe.SizeOf))!.MakeGenericMethod(type).Invoke(null, null)!;

    /// <summary>
    /// Bytes from a structure's beginning to its field: the field is set to ones in zeroes, and looked for. Marshal.OffsetOf knows no inline arrays.
    /// </summary>
    public static int OffsetOf(FieldInfo field) =>
        (int)typeof(StructureFields).GetMethod(nameof(OffsetIn), BindingFlags.NonPublic | BindingFlags.Static)!
            .MakeGenericMethod(field.DeclaringType!).Invoke(null, [field])!;

    private static IEnumerable<StructureField> Of(Type type, string name, int offset)
    {
        if (type.IsPrimitive || type.IsEnum)
            return [new StructureField(name, offset, type, 1)];
        if (type.GetCustomAttribute<InlineArrayAttribute>() is { } array)
        {
            Type element = type.GetFields(Fields)[0].FieldType;
            return element.IsPrimitive ? [new StructureField(name, offset, element, array.Length)] : [];
        }
        return type.GetFields(Fields).SelectMany(f => Of(f.FieldType, name == "" ? NameOf(f) : $"{name}.{NameOf(f)}", offset + OffsetOf(f)));
    }

    public static string NameOf(FieldInfo field) => field.GetCustomAttribute<XenFieldAttribute>()?.Name ?? field.Name.ToLowerInvariant();

    private static int OffsetIn<T>(FieldInfo field) where T : unmanaged
    {
        object boxed = default(T);
        field.SetValue(boxed, typeof(StructureFields).GetMethod(nameof(Ones), BindingFlags.NonPublic | BindingFlags.Static)!
            .MakeGenericMethod(field.FieldType).Invoke(null, null));
        var value = (T)boxed;
        return MemoryMarshal.AsBytes(MemoryMarshal.CreateSpan(ref value, 1)).IndexOf((byte)0xFF);
    }

    private static T Ones<T>() where T : unmanaged
    {
        T value = default;
        MemoryMarshal.AsBytes(MemoryMarshal.CreateSpan(ref value, 1)).Fill(0xFF);
        return value;
    }
}
