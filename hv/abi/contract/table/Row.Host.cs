using System;
using System.Reflection;

namespace Xenolith.Abi.Contract.Table;

/// <summary>Short ways to write rows.</summary>
public static class Row
{
    /// <summary>An operation that is done.</summary>
    public static HypercallRow Done(Enum operation, string handler) =>
        new() { Operation = operation, Name = NameOf(operation), Handler = handler, State = RowState.Done };

    /// <summary>An operation that is still to be written.</summary>
    public static HypercallRow NotYet(Enum operation, Errno answer = Errno.ENOSYS, string note = "") =>
        new() { Operation = operation, Name = NameOf(operation), State = RowState.NotYet, Answer = answer, Note = note };

    /// <summary>All operations of a number of which nothing is written.</summary>
    public static HypercallRow[] NotYet<T>() where T : struct, Enum
    {
        T[] operations = Enum.GetValues<T>();
        var rows = new HypercallRow[operations.Length];
        for (int i = 0; i < rows.Length; i++)
            rows[i] = NotYet(operations[i], Errno.ENOSYS);
        return rows;
    }

    /// <summary>An operation that 4.17 refuses to a PVH guest.</summary>
    public static HypercallRow Absent(Enum operation, string note = "", Errno answer = Errno.ENOSYS) =>
        new() { Operation = operation, Name = NameOf(operation), State = RowState.Absent, Answer = answer, Note = note };

    public static HypercallRow In<T>(this HypercallRow row) => row with { Argument = typeof(T), Direction = Direction.In };

    public static HypercallRow In<TWide, TNarrow>(this HypercallRow row) =>
        row with { Argument = typeof(TWide), NarrowArgument = typeof(TNarrow), Direction = Direction.In };

    public static HypercallRow Out<T>(this HypercallRow row) => row with { Argument = typeof(T), Direction = Direction.Out };

    public static HypercallRow Out<TWide, TNarrow>(this HypercallRow row) =>
        row with { Argument = typeof(TWide), NarrowArgument = typeof(TNarrow), Direction = Direction.Out };

    public static HypercallRow InOut<T>(this HypercallRow row) => row with { Argument = typeof(T), Direction = Direction.InOut };

    public static HypercallRow InOut<TWide, TNarrow>(this HypercallRow row) =>
        row with { Argument = typeof(TWide), NarrowArgument = typeof(TNarrow), Direction = Direction.InOut };

    public static HypercallRow Target(this HypercallRow row) => row with { Permission = Permission.Target };

    public static HypercallRow DeviceModel(this HypercallRow row) => row with { Permission = Permission.DeviceModel };

    public static HypercallRow Xenstore(this HypercallRow row) => row with { Permission = Permission.Xenstore };

    public static HypercallRow Privileged(this HypercallRow row) => row with { Permission = Permission.Privileged };

    /// <summary>All of the rows, for the control domain only.</summary>
    public static HypercallRow[] Privileged(HypercallRow[] rows)
    {
        for (int i = 0; i < rows.Length; i++)
            rows[i] = rows[i].Privileged();
        return rows;
    }

    /// <summary>All operations of a number that 4.17 refuses to a PVH guest.</summary>
    public static HypercallRow[] Absent<T>(string note, Errno answer) where T : struct, Enum
    {
        HypercallRow[] rows = NotYet<T>();
        for (int i = 0; i < rows.Length; i++)
            rows[i] = Absent(rows[i].Operation!, note, answer);
        return rows;
    }

    public static HypercallRow Preemptible(this HypercallRow row) => row with { Preemptible = true };

    public static HypercallRow Unlocked(this HypercallRow row) => row with { Unlocked = true };

    public static HypercallRow Allocates(this HypercallRow row) => row with { Allocates = true };

    /// <summary>Newer than the frozen set: shown to nobody unasked, and left out of the image of an older edition.</summary>
    public static HypercallRow Since(this HypercallRow row, string version) => row with { Since = version };

    /// <summary>Ours, and shown by a bit of exposure group 9.</summary>
    public static HypercallRow Of(this HypercallRow row, CallFeature feature) => row with { Since = HypercallRow.Own, Feature = feature };

    /// <summary>Ours, from 64 on, and shown with its number.</summary>
    public static HypercallRow V2(Enum operation, string handler) => Done(operation, handler) with { Since = HypercallRow.Own };

    /// <summary>A kernel may leave it to its user mode.</summary>
    public static HypercallRow User(this HypercallRow row, UserCalls bit) => row with { User = bit };

    /// <summary>A subop that a domain may make on itself.</summary>
    /// <param name="why">What was looked at.</param>
    public static HypercallRow Inside(this HypercallRow row, string why) => row with { Inside = new InsideVerdict(true, why) };

    /// <summary>The bit of an operation in its group: its number; of ours, which are far from all others, 32 and what they are past 0x4D00.</summary>
    public static int ExposureBit(Enum operation)
    {
        uint number = Convert.ToUInt32(operation);
        return (int)(number >= FirstOwn ? 32 + (number - FirstOwn) : number);
    }

    /// <summary>The first number of ours among a group's operations.</summary>
    public const uint FirstOwn = 0x4D00;

    /// <summary>The operation as the dispatch knows it: of a subop, its parent's, and its own in the upper half.</summary>
    public static uint NumberOf(HypercallGroup group, HypercallRow row) =>
        Convert.ToUInt32(row.Operation) << (group.Parent is null ? 0 : 16) | (group.Parent is { } parent ? Convert.ToUInt32(parent) : 0);

    /// <summary>What its arguments are, operation and all.</summary>
    public static HypercallRow Takes(this HypercallRow row, string parameters) => row with { Parameters = parameters };

    public static HypercallRow Errors(this HypercallRow row, string errors) => row with { Errors = errors };

    public static HypercallRow Note(this HypercallRow row, string note) => row with { Note = note };

    /// <summary>The C name that the enum member states.</summary>
    public static string NameOf(Enum value)
    {
        FieldInfo field = value.GetType().GetField(value.ToString()) ?? throw new ArgumentException($"{value} is no member of {value.GetType().Name}");
        return field.GetCustomAttribute<XenConstantAttribute>()?.Expression ?? field.GetCustomAttribute<XenUnstatedAttribute>()?.Name
            ?? $"{value.GetType().Name}.{value}";
    }
}
