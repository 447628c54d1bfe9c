using System;

namespace Xenolith.Abi.Contract.Table;

/// <summary>What a row of the table promises.</summary>
public enum RowState
{
    /// <summary>Answers as Xen 4.17 does, but for what its note says.</summary>
    Done,

    /// <summary>4.17 has it for a PVH guest; here it fails with <see cref="HypercallRow.Answer"/>.</summary>
    NotYet,

    /// <summary>4.17 refuses it to a PVH guest as well, with <see cref="HypercallRow.Answer"/>.</summary>
    Absent,
}

/// <summary>Which way the argument goes.</summary>
public enum Direction { None, In, Out, InOut }

/// <summary>
/// One operation, or one number without operations. Data only: the build makes the dispatch, the names, the guests' stubs and
/// docs/abi.md of it, and nothing else states what stands here.
/// </summary>
public sealed record HypercallRow
{
    /// <summary>A member of the group's enum; null for a number without operations.</summary>
    public Enum? Operation { get; init; }

    /// <summary>The C name: XENMEM_add_to_physmap.</summary>
    public required string Name { get; init; }

    /// <summary>The structure that the pointer argument points at, as 64-bit callers lay it out; null: none, or not a structure.</summary>
    public Type? Argument { get; init; }

    /// <summary>The same for 32-bit callers, where it differs.</summary>
    public Type? NarrowArgument { get; init; }

    public Direction Direction { get; init; }

    public Permission Permission { get; init; }

    /// <summary>Does a bounded part and has the guest issue it again for the rest.</summary>
    public bool Preemptible { get; init; }

    /// <summary>Takes frames for the domain.</summary>
    public bool Allocates { get; init; }

    /// <summary>
    /// Runs without the domain's lock, because it touches nothing that the domain's vCPUs share but single words, or locks that itself.
    /// The handler's comment says why that is so.
    /// </summary>
    public bool Unlocked { get; init; }

    /// <summary>What the row's arguments are, where its group does not say: as <see cref="HypercallGroup.Parameters"/>.</summary>
    public string? Parameters { get; init; }

    /// <summary>Errors in the order in which they are checked for.</summary>
    public string Errors { get; init; } = "";

    /// <summary>Class and method in hv/abi/calls.</summary>
    public string? Handler { get; init; }

    public RowState State { get; init; }

    /// <summary>What a row that is not done answers.</summary>
    public Errno Answer { get; init; } = Errno.ENOSYS;

    /// <summary>The version whose rows every domain is shown unless told otherwise, for ever.</summary>
    public const string Frozen = "4.17";

    /// <summary>What is ours alone.</summary>
    public const string Own = "Xenolith";

    /// <summary>The first version of Xen's ABI that has it, of those from <see cref="Frozen"/> on: "4.18"; or <see cref="Own"/>.</summary>
    public string Since { get; init; } = Frozen;

    /// <summary>The bit of exposure group 9 that shows it, of a row of ours whose operation has no bit in its own group; null: its own bit does.</summary>
    public CallFeature? Feature { get; init; }

    /// <summary>The bit by which a kernel leaves it to its user mode; none: it can't.</summary>
    public UserCalls User { get; init; }

    /// <summary>What differs from 4.17, or what one should know.</summary>
    public string Note { get; init; } = "";

    /// <summary>Of a subop: whether a domain may make it on itself; null: nobody has looked.</summary>
    public InsideVerdict? Inside { get; init; }
}

/// <summary>What came of looking at a subop for a caller within the domain that it is about.</summary>
/// <param name="MayCall">Whether it is left to such a caller, where the mode and the administrator leave it.</param>
/// <param name="Why">What was looked at: what it can do to itself, what keeps the others safe, and the test that shows that.</param>
public sealed record InsideVerdict(bool MayCall, string Why);

/// <summary>Where a group's operation is found.</summary>
public enum Selector
{
    /// <summary>The number has no operations.</summary>
    None,

    /// <summary>The low 32 bits of the first argument.</summary>
    First,

    /// <summary>All of the first argument.</summary>
    FirstWide,

    /// <summary>The low six bits of the first argument; the rest is progress (memory_op).</summary>
    FirstLow6,

    /// <summary>In the structure that the argument points at.</summary>
    InArgument,
}

/// <summary>A hypercall number: itself a row, and the rows of its operations.</summary>
public sealed record HypercallGroup
{
    public required Hypercall Number { get; init; }

    /// <summary>The operation of the number whose subops these are; null: they are the number's own.</summary>
    public Enum? Parent { get; init; }

    /// <summary>The number's own row. Its handler, if it has one, takes the whole group.</summary>
    public required HypercallRow Self { get; init; }

    public Selector Selector { get; init; }

    /// <summary>A check before the operation is looked at; its method returns 0 or the result.</summary>
    public string? Prelude { get; init; }

    /// <summary>
    /// What takes the argument in and gives it back, of <see cref="Selector.InArgument"/>: a class of hv/abi/calls with a structure Frame, which every
    /// handler of the group gets, with TryOpen, which sets the call's operation and checks what comes before any, and Close.
    /// </summary>
    public string? Frame { get; init; }

    /// <summary>The group of exposure bits of the operations; null: only the number has one.</summary>
    public ExposureGroup? Exposure { get; init; }

    /// <summary>The same of subops for callers that are not the domain itself.</summary>
    public ExposureGroup? OutsideExposure { get; init; }

    /// <summary>
    /// What the arguments are, in C's words, * before a pointer: "cmd, *arg"; ** where the argument lies behind the first pointer there. Behind a semicolon: of 32-bit callers, where that differs. In parentheses: for
    /// people.
    /// </summary>
    public string Parameters { get; init; } = "";

    public HypercallRow[] Rows { get; init; } = [];

    /// <summary>Whether it is one of ours, from 64 on, whose arguments are numbers and guest-physical addresses.</summary>
    public bool IsV2 => (uint)Number >= V2Calls.First;
}
