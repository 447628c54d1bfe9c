using System.Threading;
using Xenolith.Hal;
using Xenolith.Kernel;

namespace Xenolith.Mm;

/// <summary>How a hypercall's buffer is found.</summary>
internal enum BufferPlace
{
    /// <summary>It is memory, or memory where what is written is dropped.</summary>
    Found,
    /// <summary>It can't be reached: -EFAULT.</summary>
    Missing,
    /// <summary>By the guest's page tables.</summary>
    Walk,
}

/// <summary>
/// The buffers of one vCPU's hypercalls where the guest's page tables are not the only way to them: those of a call that names them by
/// guest-physical address, and those that a hypercall TLB knows.
/// </summary>
/// <remarks>Table and policy may be changed by other CPUs, under the lock of <see cref="HypercallTlbs"/>; all else is the CPU's that runs the vCPU.</remarks>
public sealed unsafe class GuestBuffers
{
    // unsafe: passes on places that GuestFrames found, each good for one copy.
    private readonly VirtualCpu _cpu;
    private readonly GuestFrames _frames;
    private readonly GuestBufferLists _lists;
    private GuestBuffers _source;
    private bool _isStrict;
    private long _refusedWalks;

    internal GuestBuffers(VirtualCpu cpu, GuestMemory memory)
    {
        _cpu = cpu;
        _frames = new GuestFrames(memory);
        _lists = new GuestBufferLists(_frames);
        _source = this;
    }

    /// <summary>The vCPU's own table.</summary>
    internal HypercallTlb Own { get; } = new();

    /// <summary>Whose table is looked into: the vCPU's own, or another's.</summary>
    public GuestBuffers Source
    {
        get => Volatile.Read(ref _source);
        internal set => Volatile.Write(ref _source, value);
    }

    /// <summary>The table that is looked into.</summary>
    public HypercallTlb Table => Source.Own;

    /// <summary>How many other vCPUs look into <see cref="Own"/>.</summary>
    internal int Sharers { get; set; }

    /// <summary>Whether a buffer that the table does not know is out of reach, so that no page table is ever read for one.</summary>
    public bool IsStrict
    {
        get => Volatile.Read(ref _isStrict);
        internal set => Volatile.Write(ref _isStrict, value);
    }

    /// <summary>Whether the hypervisor declines to read the guest's page tables for calls, as if it could not: to show that none needs it.</summary>
    public bool RefusesWalks { get; internal set; }

    /// <summary>How often that has made a buffer unreachable.</summary>
    public long RefusedWalks => Volatile.Read(ref _refusedWalks);

    /// <summary>Whether the call in hand names its buffers by guest-physical address.</summary>
    public bool ArePhysical { get; internal set; }

    /// <summary>Whether such a call may name them by lists.</summary>
    public bool MayBeLists { get; internal set; }

    /// <summary>A call begins that names its buffers by guest-physical address.</summary>
    internal void BeginPhysical(bool mayBeLists)
    {
        ArePhysical = true;
        MayBeLists = mayBeLists;
        _lists.Begin();
    }

    /// <summary>Finds one byte of a buffer, whose page is all that the answer is good for.</summary>
    /// <param name="address">As the guest gave it.</param>
    /// <param name="place">The byte in the host; null: memory where what is written is dropped.</param>
    internal BufferPlace Find(ulong address, bool writes, out byte* place)
    {
        place = null;
        BufferPlace found = FindFrame(address, writes, out Gfn gfn);
        if (found != BufferPlace.Found)
            return found;
        if (!_frames.TryFind(gfn, writes, out place))
            return BufferPlace.Missing;
        if (place != null)
            place += address & Page.OffsetMask;
        return BufferPlace.Found;
    }

    /// <summary>Finds the guest frame that one byte of a buffer lies in. Whether memory is there is for the caller to find out.</summary>
    internal BufferPlace FindFrame(ulong address, bool writes, out Gfn gfn)
    {
        if (ArePhysical)
        {
            gfn = Gfn.Of(address);
            return !GuestBufferLists.IsIndirect(address) || (MayBeLists && _lists.TryResolve(address, out gfn)) ? BufferPlace.Found : BufferPlace.Missing;
        }
        _cpu.ReadPaging(out PagingState paging);
        ulong linear = paging.RunsLongCode ? address : (uint)address;
        if (Table.TryFind(linear >> Page.Shift, HypercallTlb.RootOf(in paging), out gfn, out bool isWritable) && (isWritable || !writes))
            return BufferPlace.Found;
        if (IsStrict)
            return BufferPlace.Missing;
        if (!RefusesWalks)
            return BufferPlace.Walk;
        Interlocked.Increment(ref _refusedWalks);
        return BufferPlace.Missing;
    }
}
