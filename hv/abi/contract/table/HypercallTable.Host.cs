using System;
using System.Collections.Generic;

namespace Xenolith.Abi.Contract.Table;

/// <summary>
/// All of 4.17's hypercall numbers, and ours from 64 on. Those without a group of their own are paravirtual guests' (absent, as on Xen), or still to be
/// written as a whole.
/// </summary>
public static class HypercallTable
{
    public static HypercallGroup[] Groups { get; } = Build();

    /// <summary>Subops: groups whose operations are those of one operation.</summary>
    public static HypercallGroup[] Subops { get; } = [Altp2mRows.Group];

    /// <summary>Groups and subops.</summary>
    public static HypercallGroup[] All => [.. Groups, .. Subops];

    /// <summary>Rows that can be called: of a group with operations its operations, else the number itself.</summary>
    public static List<HypercallRow> Rows
    {
        get
        {
            var rows = new List<HypercallRow>();
            foreach (HypercallGroup group in All)
            {
                if (group.Rows.Length == 0)
                    rows.Add(group.Self);
                rows.AddRange(group.Rows);
            }
            return rows;
        }
    }

    private static HypercallGroup[] Build()
    {
        HypercallGroup[] own =
        [
            MemoryRows.Group, VersionRows.Group, GrantTableRows.Group, VcpuRows.Group, SchedRows.Group, EventChannelRows.Group,
            PhysdevRows.Group, HvmRows.Group, SmallRows.Console, SmallRows.VmAssist, SmallRows.SetTimer, SmallRows.Multicall, SmallRows.Pmu,
            DomctlRows.Group, SysctlRows.Group, PlatformRows.Group, DmOpRows.Group, SmallRows.Mmuext, SmallRows.PagingContinuation,
            V2Rows.Query, V2Rows.Hctlb, V2Rows.Event, V2Rows.Vcpu, V2Rows.Memory,
        ];
        var groups = new List<HypercallGroup>();
        foreach (Hypercall number in Enum.GetValues<Hypercall>())
        {
            if (number is < Hypercall.Arch2 or > Hypercall.Arch7)
                groups.Add(Find(own, number) ?? Whole(number));
        }
        return [.. groups];
    }

    private static HypercallGroup? Find(HypercallGroup[] groups, Hypercall number)
    {
        foreach (HypercallGroup group in groups)
        {
            if (group.Number == number)
                return group;
        }
        return null;
    }

    private static HypercallGroup Whole(Hypercall number) => number switch
    {
        Hypercall.HypfsOp => Alone(number, "hypfs_op", RowState.Absent, "4.17's answer without hypfs"),
        Hypercall.Arch0 => Alone(number, "arch_0 (mca)", RowState.Absent, "for paravirtual guests"),
        Hypercall.XsmOp => Alone(number, NameOf(number), RowState.Absent, "4.17 is built without FLASK"),
        Hypercall.ArgoOp => Alone(number, NameOf(number), RowState.Absent, "4.17 is built without Argo"),
        Hypercall.TmemOp => Alone(number, NameOf(number), RowState.Absent, "gone since 4.13"),
        _ => Alone(number, NameOf(number), RowState.Absent, "for paravirtual guests"),
    };

    private static string NameOf(Hypercall number) => Row.NameOf(number)["__HYPERVISOR_".Length..];

    private static HypercallGroup Alone(Hypercall number, string name, RowState state, string note) =>
        new() { Number = number, Self = new() { Name = name, State = state, Note = note } };
}
