using System;
using Xenolith.Abi.Contract;

namespace Xenolith.Mm;

/// <summary>What can be done with a domain's memory as a whole, or is done to it.</summary>
[Flags]
public enum MemoryFeatures : ushort
{
    None = 0,

    /// <summary>All that is written is logged (XEN_DOMCTL_shadow_op).</summary>
    DirtyLog = 1 << 0,

    /// <summary>What is written to a range is (XEN_DMOP_track_dirty_vram).</summary>
    TrackedRange = 1 << 1,

    /// <summary>Writes to some frames go to a device model (HVMMEM_ioreq_server).</summary>
    ForwardedMemory = 1 << 2,

    /// <summary>Alternative views (HVMOP_altp2m).</summary>
    Views = 1 << 3,

    /// <summary>The guest is itself a hypervisor (HVM_PARAM_NESTEDHVM).</summary>
    NestedVirtualisation = 1 << 4,

    /// <summary>Frames are given when they are first used (XENMEM_set_pod_target).</summary>
    PopulateOnDemand = 1 << 5,

    /// <summary>Frames are kept elsewhere (XENMEM_paging_op).</summary>
    Paging = 1 << 6,

    /// <summary>Frames are shared with other domains until they are written (XENMEM_sharing_op).</summary>
    Sharing = 1 << 7,

    /// <summary>Devices reach the memory by themselves (XEN_DOMCTL_assign_device).</summary>
    Devices = 1 << 8,

    /// <summary>Frames had rights of their own (XENMEM_access_op), or there were views; for good.</summary>
    AccessRights = 1 << 9,
}

/// <summary>Two features that a domain can't have at a time.</summary>
/// <param name="Wanted">The one that is to be switched on.</param>
/// <param name="Active">The one that is on.</param>
/// <param name="Error">What who asks is told.</param>
/// <param name="Reason">For the log, and docs/memory.md.</param>
public readonly record struct FeatureConflict(MemoryFeatures Wanted, MemoryFeatures Active, Errno Error, string Reason);

/// <summary>
/// Which features of a domain's memory can't be combined, and why: the one place that knows. Whatever switches a feature on asks here first. Two
/// that are not listed go together.
/// </summary>
public static class FeatureMatrix
{
    /// <summary>What this hypervisor never has on, so that asking for it is refused by itself; the rules for it stand all the same.</summary>
    public const MemoryFeatures NeverOn = MemoryFeatures.NestedVirtualisation | MemoryFeatures.PopulateOnDemand | MemoryFeatures.Paging
        | MemoryFeatures.Sharing | MemoryFeatures.Devices;

    /// <summary>
    /// While there is any of these, CPUs do nothing for the log, which is by the rights of leaves alone: a CPU that logs notes the frame of the view that was
    /// written through, not the host p2m's, and takes its walks of the guest's page tables for writes, which rights would forbid. What comes while a log is on
    /// ends the CPUs' part of it, until there is no log any more.
    /// </summary>
    public const MemoryFeatures AgainstCpuLog = MemoryFeatures.Views | MemoryFeatures.AccessRights | MemoryFeatures.NestedVirtualisation;

    /// <summary>How many rules there are.</summary>
    public const int Count = 13;

    private const string Unlogged = "what devices write is in no log";
    private const string NestedTables = "a guest's own nested tables are made from one view of its memory only";
    private const string FrameMoves = "a view would keep a frame that is given, moved or taken without its knowledge";

    /// <summary>A rule: 0 to <see cref="Count"/> - 1.</summary>
    public static FeatureConflict Rule(int index) => index switch
    {
        0 => new(MemoryFeatures.DirtyLog, MemoryFeatures.DirtyLog, Errno.EINVAL, "there is one log, and who asked for it would lose marks to another"),
        1 => new(MemoryFeatures.DirtyLog, MemoryFeatures.ForwardedMemory, Errno.EBUSY, "what a device model does with a write is not known to the log"),
        2 => new(MemoryFeatures.ForwardedMemory, MemoryFeatures.DirtyLog, Errno.EINVAL, "a frame whose next write is to be logged can't be a device model's"),
        3 => new(MemoryFeatures.ForwardedMemory, MemoryFeatures.TrackedRange, Errno.EINVAL, "a frame whose next write is to be logged can't be a device model's"),
        4 => new(MemoryFeatures.DirtyLog, MemoryFeatures.Devices, Errno.EINVAL, Unlogged),
        5 => new(MemoryFeatures.Devices, MemoryFeatures.DirtyLog, Errno.EXDEV, Unlogged),
        6 => new(MemoryFeatures.Views, MemoryFeatures.NestedVirtualisation, Errno.EINVAL, NestedTables),
        7 => new(MemoryFeatures.NestedVirtualisation, MemoryFeatures.Views, Errno.EINVAL, NestedTables),
        8 => new(MemoryFeatures.Views, MemoryFeatures.PopulateOnDemand, Errno.EINVAL, FrameMoves),
        9 => new(MemoryFeatures.PopulateOnDemand, MemoryFeatures.Views, Errno.EINVAL, FrameMoves),
        10 => new(MemoryFeatures.Views, MemoryFeatures.Paging, Errno.EINVAL, FrameMoves),
        11 => new(MemoryFeatures.Paging, MemoryFeatures.Views, Errno.EXDEV, FrameMoves),
        12 => new(MemoryFeatures.Sharing, MemoryFeatures.Views, Errno.EINVAL, FrameMoves),
        _ => throw new ArgumentOutOfRangeException(nameof(index)),
    };

    /// <summary>Whether a feature can be switched on beside those that are. The first rule against it says why not.</summary>
    /// <param name="wanted">One feature.</param>
    /// <param name="active">Those that the domain has on.</param>
    /// <param name="reason">Why not; empty: nothing is against it.</param>
    public static Errno Check(MemoryFeatures wanted, MemoryFeatures active, out string reason)
    {
        for (int i = 0; i < Count; i++)
        {
            FeatureConflict rule = Rule(i);
            if (rule.Wanted != wanted || (rule.Active & active) == 0)
                continue;
            reason = rule.Reason;
            return rule.Error;
        }
        reason = "";
        return Errno.None;
    }
}
