using System;
using System.Collections.Generic;
using System.Linq;
using System.Reflection;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text.RegularExpressions;
using Xenolith.Abi;
using Xenolith.Abi.Contract;
using Xenolith.Abi.Contract.Table;
using Xunit;

namespace Xenolith.Tests.Unit.Abi;

/// <summary>
/// An operation of the table as a call that can be made: where its number, its pointer and its counts go, what its structure looks like, and
/// which errors may come before which. All of it from the table, so that a new row needs nothing here.
/// </summary>
internal sealed partial class RowCall
{
    // What the other registers hold: counts of one, a vCPU that is there.
    private static readonly Dictionary<string, ulong> s_others = new()
    {
        ["count"] = 1, ["nr_calls"] = 1, ["nr_bufs"] = 1, ["vcpuid"] = 0, ["type"] = 0, ["domid"] = DomainIds.Self, ["foreigndom"] = DomainIds.Self, ["pdone"] = 0,
    };

    private readonly ulong[] _registers = new ulong[5];

    private RowCall(HypercallGroup group, HypercallRow row, bool is64Bit)
    {
        Group = group;
        Row = row;
        Is64Bit = is64Bit;
        ulong operation = (group.Parent ?? row.Operation) is { } first ? Convert.ToUInt64(first) : 0;
        string[] widths = InParentheses().Replace(group.Parameters, "").Split(';');
        string[] names = [.. widths[is64Bit ? 0 : ^1].Split(',').Select(name => name.Trim()).Where(name => name != "")];
        for (int i = 0; i < names.Length; i++)
        {
            bool isOperation = i == 0 && (group.Parent is not null || group.Selector is not (Selector.None or Selector.InArgument));
            if (names[i].StartsWith('*') && PointerIndex < 0)
                PointerIndex = i;
            else if (names[i] == "count" && group.Number == Hypercall.ConsoleIo)
                _registers[i] = 8;
            else
                _registers[i] = isOperation ? operation : s_others.GetValueOrDefault(names[i].TrimStart('*'));
        }
    }

    public HypercallGroup Group { get; }

    public HypercallRow Row { get; }

    public bool Is64Bit { get; }

    /// <summary>Which argument points at the structure; -1: none does.</summary>
    public int PointerIndex { get; } = -1;

    /// <summary>Whether the operation uses the pointer: it names a structure, or is one of a group where all do.</summary>
    public bool HasPointer => PointerIndex >= 0 && (Structure is not null || Group.Selector == Selector.InArgument || Group.Number == Hypercall.ConsoleIo);

    /// <summary>What the pointer points at; of a group with one structure for all, that.</summary>
    public Type? Structure
    {
        get
        {
            HypercallRow of = Group.Selector == Selector.InArgument ? Group.Self : Row;
            return Is64Bit ? of.Argument : of.NarrowArgument ?? of.Argument;
        }
    }

    public Direction Direction => Group.Selector == Selector.InArgument ? Group.Self.Direction : Row.Direction;

    /// <summary>Whether something is read by the pointer, so that nothing comes of the call when that fails.</summary>
    public bool Reads => Direction is Direction.In or Direction.InOut || (Group.Number == Hypercall.ConsoleIo && Row.Operation is ConsoleIoOp.Write);

    public int StructureSize => Structure is { } type ? SizeOf(type) : 8;

    /// <summary>All operations that are written, for both widths, by name.</summary>
    public static TheoryData<string, bool> Names(Func<RowCall, bool> which)
    {
        var data = new TheoryData<string, bool>();
        foreach (RowCall call in All.Where(which))
            data.Add(call.Row.Name, call.Is64Bit);
        return data;
    }

    public static RowCall Find(string name, bool is64Bit) => All.First(call => call.Row.Name == name && call.Is64Bit == is64Bit);

    public static IEnumerable<RowCall> All =>
        from width in (bool[])[true, false]
        from @group in HypercallTable.All
        from row in @group.Rows.Length == 0 ? [@group.Self] : @group.Rows
        where row.State == RowState.Done || (@group.Rows.Length == 0 && row.Handler is not null)
        select new RowCall(@group, row, width);

    /// <summary>Issues the call with its pointer there.</summary>
    public long Call(CallFixture guest, ulong pointer, ulong highHalves = 0, ulong flag = 0)
    {
        // What is newer than the default is shown only when a toolstack says so.
        if (Group.Exposure is { } exposed)
            guest.Domain.Exposure.Set(exposed, Dispatch.WholeExposure(exposed));
        if (Row.Feature is not null)
            guest.Domain.Exposure.Set(ExposureGroup.CallFeature, Dispatch.WholeExposure(ExposureGroup.CallFeature));
        if (Group.IsV2)
            guest.Domain.Exposure.Set(ExposureGroup.HighNumber, Dispatch.WholeExposure(ExposureGroup.HighNumber));
        ulong[] registers = [.. _registers];
        if (PointerIndex >= 0)
            registers[PointerIndex] = pointer;
        for (int i = 0; i < registers.Length; i++)
            registers[i] |= highHalves;
        return guest.Call((ulong)Group.Number | flag | highHalves, registers[0], registers[1], registers[2], registers[3], registers[4]);
    }

    /// <summary>
    /// Writes a structure of zeroes to where a call's argument lies, with what every operation of the group has to say first, and the domain in
    /// each field for one.
    /// </summary>
    public void WriteStructure(CallFixture guest, ulong at, ushort domain)
    {
        if (Structure is not { } type)
            return;
        byte[] bytes = new byte[SizeOf(type)];
        foreach (FieldInfo field in DomainFields(type))
            BitConverter.TryWriteBytes(bytes.AsSpan(OffsetOf(type, field)), domain);
        if (Group.Selector == Selector.InArgument && Group.Number != Hypercall.DmOp)
        {
            // altp2m's version stands before its operation.
            BitConverter.TryWriteBytes(bytes.AsSpan(Group.Parent is null ? 0 : 4), Convert.ToUInt32(Row.Operation));
            BitConverter.TryWriteBytes(bytes.AsSpan(Group.Parent is null ? 4 : 0), VersionOf(Group.Number));
            if (Group.Number == Hypercall.Domctl)
                BitConverter.TryWriteBytes(bytes.AsSpan(8), domain);
        }
        guest.WriteArray<byte>(at, bytes);
    }

    /// <summary>Whether a field of the structure names a domain.</summary>
    public bool NamesADomain => Group.Number == Hypercall.Domctl || (Structure is { } type && DomainFields(type).Any());

    /// <summary>
    /// The errors that the row may answer when one is called for: it and those that it lists before. All of them, when it does not list it.
    /// </summary>
    public HashSet<long> UpTo(Errno error)
    {
        string listed = (Group.Selector is Selector.InArgument || Group.Prelude is not null ? Group.Self.Errors + " " : "") + Row.Errors;
        var allowed = new HashSet<long> { -(long)error };
        foreach (Match match in ErrorName().Matches(listed))
        {
            var named = Enum.Parse<Errno>(match.Value);
            if (named == error)
                break;
            allowed.Add(-(long)named);
        }
        return allowed;
    }

    /// <summary>Every error of the row.</summary>
    public HashSet<long> Errors => [.. ErrorName().Matches(Group.Self.Errors + " " + Row.Errors).Select(match => -(long)Enum.Parse<Errno>(match.Value))];

    /// <summary>Whether each element has a status of its own, and where in the structure; the call itself succeeds.</summary>
    public int? StatusOffset => Row.Errors.Contains("status ") && Structure?.GetField("Status") is { } status ? OffsetOf(Structure, status) : null;

    /// <summary>Whether the result is a number of what was done, which is no error when it is 0.</summary>
    public bool CountsExtents => Row.Errors.Contains("number of extents");

    public override string ToString() => $"{Row.Name} ({(Is64Bit ? 64 : 32)} bits)";

    private static IEnumerable<FieldInfo> DomainFields(Type type) =>
        type.GetFields(BindingFlags.Public | BindingFlags.Instance).Where(field => field.FieldType == typeof(ushort) && field.Name.EndsWith("Domain", StringComparison.Ordinal)
            && field.GetCustomAttribute<XenFieldAttribute>() is { } name && !AnswerName().IsMatch(name.Name));

    private static uint VersionOf(Hypercall number) => number switch
    {
        Hypercall.Domctl => InterfaceVersions.Domctl,
        Hypercall.Sysctl => InterfaceVersions.Sysctl,
        Hypercall.HvmOp => InterfaceVersions.Altp2m,
        _ => InterfaceVersions.Platform,
    };

    private static int SizeOf(Type type) =>
        (int)typeof(Unsafe).GetMethod(nameof(Unsafe.SizeOf))!.MakeGenericMethod(type).Invoke(null, null)!;

    private static int OffsetOf(Type type, FieldInfo field) => (int)Marshal.OffsetOf(type, field.Name);

    [GeneratedRegex(@"\([^)]*\)")]
    private static partial Regex InParentheses();

    [GeneratedRegex(@"\bE[A-Z0-9]{2,}\b")]
    private static partial Regex ErrorName();

    // What evtchn_status says of a port's other end.
    [GeneratedRegex(@"^u\.(interdomain|unbound)\.")]
    private static partial Regex AnswerName();
}
