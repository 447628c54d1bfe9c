using System;
using System.Runtime.InteropServices;
using Xenolith.Abi.Contract;
using Xenolith.Kernel;

namespace Xenolith.Domains;

/// <summary>
/// The NUMA topology that a toolstack tells a domain of (XEN_DOMCTL_setvnumainfo): for the domain to read, and for nothing else. Kept in
/// frames of the hypervisor, one for each list.
/// </summary>
public sealed class VirtualNodes
{
    /// <summary>The most virtual nodes, ranges of memory and vCPUs: as many as Xen takes.</summary>
    public const int MaximumNodes = 32, MaximumRanges = 170;

    private readonly DomainServices _services;
    private Mfn _distances = Mfn.Invalid, _ranges = Mfn.Invalid, _vcpus = Mfn.Invalid;

    internal VirtualNodes(DomainServices services) => _services = services;

    /// <summary>Virtual nodes; 0: the domain was told of none.</summary>
    public int NodeCount { get; private set; }

    /// <summary>Ranges of memory.</summary>
    public int RangeCount { get; private set; }

    /// <summary>vCPUs.</summary>
    public int VcpuCount { get; private set; }

    /// <summary>How far nodes are from each other: a row a node.</summary>
    public Span<uint> Distances => In<uint>(_distances, NodeCount * NodeCount);

    public Span<VirtualMemoryRange> Ranges => In<VirtualMemoryRange>(_ranges, RangeCount);

    /// <summary>The node of each vCPU.</summary>
    public Span<uint> VcpuNodes => In<uint>(_vcpus, VcpuCount);

    /// <summary>Makes room for a topology, whose lists are zero. False: the machine has no memory.</summary>
    /// <param name="nodes">At most <see cref="MaximumNodes"/>.</param>
    /// <param name="ranges">At most <see cref="MaximumRanges"/>.</param>
    /// <param name="vcpus">At most 1,024.</param>
    public bool TryMake(int nodes, int ranges, int vcpus)
    {
        if (!TryTake(ref _distances) || !TryTake(ref _ranges) || !TryTake(ref _vcpus))
        {
            Release();
            return false;
        }
        (NodeCount, RangeCount, VcpuCount) = (nodes, ranges, vcpus);
        return true;
    }

    /// <summary>Gives another's place to this one, and this one's to the other.</summary>
    public void Exchange(VirtualNodes other)
    {
        (_distances, other._distances) = (other._distances, _distances);
        (_ranges, other._ranges) = (other._ranges, _ranges);
        (_vcpus, other._vcpus) = (other._vcpus, _vcpus);
        (NodeCount, other.NodeCount) = (other.NodeCount, NodeCount);
        (RangeCount, other.RangeCount) = (other.RangeCount, RangeCount);
        (VcpuCount, other.VcpuCount) = (other.VcpuCount, VcpuCount);
    }

    /// <summary>Gives the frames back; there is no topology any more.</summary>
    public void Release()
    {
        Free(ref _distances);
        Free(ref _ranges);
        Free(ref _vcpus);
        NodeCount = RangeCount = VcpuCount = 0;
    }

    private Span<T> In<T>(Mfn frame, int count) where T : unmanaged =>
        count == 0 ? default : MemoryMarshal.Cast<byte, T>(_services.Memory.Frame(frame)).Slice(0, count);

    private bool TryTake(ref Mfn frame)
    {
        if (!_services.Frames.TryAllocate(0, FrameAllocator.HypervisorOwner, FrameType.Control, out Mfn taken))
            return false;
        frame = taken;
        _services.Memory.Frame(frame).Clear();
        return true;
    }

    private void Free(ref Mfn frame)
    {
        if (frame != Mfn.Invalid)
            _services.Frames.Free(frame, 0);
        frame = Mfn.Invalid;
    }
}
