using System;
using System.Runtime.CompilerServices;

namespace Xenolith.Kernel;

/// <summary>
/// Entries of one kind in frames of the hypervisor's: a table that grows a frame at a time on exit paths, where no managed memory is to
/// be had. Entries start zeroed and never move. Growing is the caller's to serialise; reading an entry is not.
/// </summary>
/// <typeparam name="T">A structure whose size divides a frame's.</typeparam>
public sealed unsafe class FrameTable<T> where T : unmanaged
{
    // unsafe: an entry is looked at for every event; its frame is this table's own, in RAM, which does not move.
    private readonly ulong[] _entries;
    private readonly Mfn[] _frames;
    private readonly PhysicalMemory _memory;
    private readonly FrameAllocator _allocator;

    /// <param name="memory">RAM.</param>
    /// <param name="allocator">Where frames come from.</param>
    /// <param name="capacity">The most entries. Takes 16 bytes of managed memory for each frame that they would need.</param>
    public FrameTable(PhysicalMemory memory, FrameAllocator allocator, uint capacity)
    {
        _memory = memory;
        _allocator = allocator;
        Capacity = capacity;
        int frames = (int)((capacity + EntriesPerFrame - 1) / EntriesPerFrame);
        _entries = new ulong[frames];
        _frames = new Mfn[frames];
    }

    /// <summary>The most entries.</summary>
    public uint Capacity { get; }

    /// <summary>Entries that may be looked at.</summary>
    public uint Count { get; private set; }

    /// <summary>Frames taken.</summary>
    public int FrameCount { get; private set; }

    /// <summary>An entry. <paramref name="index"/>: 0 to <see cref="Count"/> - 1; any other faults as an array's does, so that it is contained like one.</summary>
    public ref T this[uint index]
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => ref ((T*)_entries[index < Count ? index / EntriesPerFrame : uint.MaxValue])[index % EntriesPerFrame];
    }

    /// <summary>Entries that a frame holds.</summary>
    public static uint EntriesPerFrame => (uint)(Page.Size / sizeof(T));

    /// <summary>Grows to that many entries, all zero; nothing happens when there are as many. False: past the capacity, or out of frames.</summary>
    public bool TryGrow(uint count)
    {
        if (count > Capacity)
            return false;
        for (; (uint)FrameCount * EntriesPerFrame < count; FrameCount++)
        {
            if (!_allocator.TryAllocate(0, FrameAllocator.HypervisorOwner, FrameType.Table, out Mfn mfn))
                return false;
            _frames[FrameCount] = mfn;
            _entries[FrameCount] = (ulong)Unsafe.AsPointer(ref _memory.Word64(mfn.Address));
        }
        Count = Math.Max(Count, count);
        return true;
    }

    /// <summary>Gives the frames back. The table is empty then.</summary>
    public void Release()
    {
        Count = 0;
        while (FrameCount != 0)
            _allocator.Free(_frames[--FrameCount], 0);
    }
}
