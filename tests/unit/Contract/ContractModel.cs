using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using System.Reflection;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Xenolith.Abi.Contract;

namespace Xenolith.Tests.Unit.Contract;

/// <summary>A number to compare: the C expression, and what the contract says it is.</summary>
internal sealed record ContractFact(string Where, string Expression, bool Narrow, decimal Stated);

/// <summary>Everything that the contract states, by reflection, as facts that a C compiler can check.</summary>
internal static class ContractModel
{
    private const BindingFlags Fields = BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly;

    public static IEnumerable<Type> Structures(Assembly assembly) =>
        assembly.GetTypes().Where(t => t is { IsValueType: true, IsEnum: false, IsPrimitive: false }
            && t.GetCustomAttribute<InlineArrayAttribute>() is null
            && t.GetCustomAttribute<CompilerGeneratedAttribute>() is null
            && t.DeclaringType is null && t.Namespace == "Xenolith.Abi.Contract");

    public static IEnumerable<FieldInfo> Constants(Assembly assembly) =>
        assembly.GetTypes().Where(t => t.IsPublic && t.Namespace == "Xenolith.Abi.Contract" && !IsOwn(t))
            .SelectMany(t => t.GetFields(BindingFlags.Static | BindingFlags.Public | BindingFlags.DeclaredOnly))
            .Where(f => f.IsLiteral);

    /// <summary>What describes the contract itself is no part of Xen's ABI.</summary>
    private static bool IsOwn(Type type) => type == typeof(XenLayout);

    public static List<ContractFact> Facts(Assembly assembly, List<string> problems)
    {
        var facts = new List<ContractFact>();
        foreach (Type type in Structures(assembly))
            AddStructure(type, facts, problems);
        foreach (FieldInfo constant in Constants(assembly))
            AddConstant(constant, facts, problems);
        return facts;
    }

    private static void AddStructure(Type type, List<ContractFact> facts, List<string> problems)
    {
        if (type.GetCustomAttribute<XenLayoutFromAttribute>() is { } own)
        {
            if (Marshal.SizeOf(type) != own.Size)
                problems.Add($"{type.Name}: {Marshal.SizeOf(type)} bytes, stated {own.Size}");
            return;
        }
        if (type.GetCustomAttribute<XenStructAttribute>() is not { } mirrored)
        {
            problems.Add($"{type.Name}: names neither the C type that it mirrors nor another source");
            return;
        }
        FieldInfo[] fields = type.GetFields(Fields);
        foreach (bool narrow in Widths(mirrored.Layout))
        {
            string typeName = $"{type.Name} ({(narrow ? "32" : "64")}-bit)";
            facts.Add(new ContractFact($"sizeof {typeName}", $"sizeof({mirrored.Name})", narrow, SizeOf(type)));
            foreach (FieldInfo field in fields)
            {
                if (field.GetCustomAttribute<XenFieldAttribute>() is not { } member)
                {
                    problems.Add($"{type.Name}.{field.Name}: names no C member");
                    continue;
                }
                facts.Add(new ContractFact($"offsetof {typeName}.{field.Name}", $"offsetof({mirrored.Name}, {member.Name})", narrow,
                    OffsetOf(type, field)));
                facts.Add(new ContractFact($"sizeof {typeName}.{field.Name}", $"sizeof((({mirrored.Name} *)0)->{member.Name})", narrow,
                    SizeOf(field.FieldType)));
            }
        }
    }

    private static bool[] Widths(XenLayout layout) => layout switch
    {
        XenLayout.Both => [false, true],
        XenLayout.Wide => [false],
        _ => [true],
    };

    private static void AddConstant(FieldInfo constant, List<ContractFact> facts, List<string> problems)
    {
        string where = $"{constant.DeclaringType!.Name}.{constant.Name}";
        if (constant.GetCustomAttribute<XenConstantAttribute>() is { } stated)
        {
            decimal value = Convert.ToDecimal(constant.GetRawConstantValue(), CultureInfo.InvariantCulture);
            facts.Add(new ContractFact(where, stated.Expression, stated.Layout == XenLayout.Narrow, value));
        }
        else if (constant.GetCustomAttribute<XenUnstatedAttribute>() is null
            && constant.DeclaringType.GetCustomAttribute<XenUnstatedAttribute>() is null)
        {
            problems.Add($"{where}: names no C constant and no other source");
        }
    }

    private static int SizeOf(Type type) =>
        (int)typeof(Unsafe).GetMethod(nameof(Unsafe.SizeOf))!.MakeGenericMethod(type).Invoke(null, null)!;

    /// <summary>
    /// The offset that code uses, not the one of marshalling: the distance between a structure and its field when both are
    /// addressed (Marshal.OffsetOf agrees for blittable types, but does not know inline arrays).
    /// </summary>
    private static int OffsetOf(Type type, FieldInfo field) =>
        (int)typeof(ContractModel).GetMethod(nameof(OffsetIn), BindingFlags.NonPublic | BindingFlags.Static)!
            .MakeGenericMethod(type).Invoke(null, [field])!;

    /// <summary>
    /// Sets the field to all ones in an otherwise zero structure and looks where the ones begin.
    /// </summary>
    private static int OffsetIn<T>(FieldInfo field) where T : unmanaged
    {
        object boxed = default(T);
        object ones = AllOnes(field.FieldType);
        field.SetValue(boxed, ones);
        T value = (T)boxed;
        Span<byte> bytes = MemoryMarshal.AsBytes(MemoryMarshal.CreateSpan(ref value, 1));
        return bytes.IndexOf((byte)0xFF);
    }

    private static object AllOnes(Type type) =>
        typeof(ContractModel).GetMethod(nameof(Ones), BindingFlags.NonPublic | BindingFlags.Static)!.MakeGenericMethod(type).Invoke(null, null)!;

    private static T Ones<T>() where T : unmanaged
    {
        T value = default;
        MemoryMarshal.AsBytes(MemoryMarshal.CreateSpan(ref value, 1)).Fill(0xFF);
        return value;
    }
}
