using System;
using System.Numerics;
using System.Runtime.CompilerServices;

namespace Xenolith.Kernel;

/// <summary>
/// The buddy allocator over the machine's RAM. Blocks are 2^order frames, naturally aligned, order 0 (4 KiB) to
/// <see cref="MaximumOrder"/> (1 GiB). Frames are handed out zeroed: what one owner wrote is gone before another gets it;
/// who takes them uncleared sees to that.
/// A frame with references is never reused.
/// </summary>
/// <remarks>Any CPU may use it. Frames from 1 TiB on are not managed (see <see cref="FrameInfo"/>).</remarks>
public sealed unsafe partial class FrameAllocator
{
    /// <summary>Owner of the hypervisor's own frames.</summary>
    public const ushort HypervisorOwner = 0xFFFF;

    /// <summary>What <see cref="OwnerOf"/> says of a frame that nobody owns: free, reserved, or not RAM.</summary>
    public const ushort NoOwner = 0xFFFE;

    /// <summary>Owner of frames that an ended domain has left, as long as somebody refers to them.</summary>
    public const ushort EndedOwner = 0xFFFD;

    /// <summary>RAM from this physical address on can't be managed.</summary>
    public const ulong ManageableBytes = (FrameInfo.NoLink - 1UL) << Page.Shift;

    /// <summary>The largest order of one allocation.</summary>
    public const int MaximumOrder = Page.Order1G;

    private readonly PhysicalMemory _memory;

    // unsafe: the frame table, in one range of RAM, which does not move. FrameAllocator.Table.cs alone looks into it.
    private readonly ulong* _infos;
    private readonly ulong _frames;
    private readonly uint[] _heads = new uint[MaximumOrder + 1];
    private readonly SpinLock _lock = new(LockRank.FrameAllocator, "frame allocator");

    /// <summary>An allocator that manages nothing yet.</summary>
    /// <param name="memory">RAM.</param>
    /// <param name="table">Physical address, 8-byte aligned, of the frame table: 8 bytes for each frame. The constructor clears it.</param>
    /// <param name="frames">Number of frames that the table covers, from frame 0 on.</param>
    public FrameAllocator(PhysicalMemory memory, ulong table, ulong frames)
    {
        if (frames >= FrameInfo.NoLink || (table & 7) != 0 || !memory.IsRam(table, frames * sizeof(ulong)))
        {
            throw new ArgumentOutOfRangeException(nameof(frames));
        }

        _memory = memory;
        _infos = (ulong*)Unsafe.AsPointer(ref memory.Word64(table));
        _frames = frames;
        Array.Fill(_heads, FrameInfo.NoLink);
        Fill(0, frames, default);
    }

    /// <summary>Frames free now.</summary>
    public ulong FreeFrames { get; private set; }

    /// <summary>Frames managed: free and allocated.</summary>
    public ulong TotalFrames { get; private set; }

    /// <summary>
    /// An allocator over the RAM of a memory map, less reserved ranges and frame 0. It puts its own table into the first RAM that is
    /// large enough. Null: no RAM range can hold the table.
    /// </summary>
    /// <param name="memory">RAM.</param>
    /// <param name="map">The memory map; only RAM ranges count, and overlapping ranges of another kind win.</param>
    /// <param name="reserved">Ranges to leave alone, whatever their kind says.</param>
    /// <param name="reach">RAM from this address on is covered by the table but not managed yet: <see cref="AddRange"/> adds it.</param>
    public static FrameAllocator? TryCreate(PhysicalMemory memory, ReadOnlySpan<MemoryRange> map, ReadOnlySpan<MemoryRange> reserved, ulong reach = ulong.MaxValue)
    {
        ulong frames = 0;
        foreach (MemoryRange range in map)
        {
            if (range.Kind == MemoryKind.Ram)
            {
                frames = Math.Max(frames, range.End >> Page.Shift);
            }
        }

        frames = Math.Min(frames, ManageableBytes >> Page.Shift);
        ulong tableBytes = Page.FramesFor(frames * sizeof(ulong)) << Page.Shift;
        if (!TryFindRoom(map, reserved, tableBytes, reach, out ulong table))
        {
            return null;
        }

        var allocator = new FrameAllocator(memory, table, frames);
        foreach (MemoryRange range in map)
        {
            if (range.Kind == MemoryKind.Ram)
            {
                ulong first = (range.Start + Page.OffsetMask) >> Page.Shift;
                ulong end = Math.Min(Math.Min(range.End, reach) >> Page.Shift, frames);
                if (first < end)
                {
                    allocator.AddRange(new Mfn(first), end - first);
                }
            }
        }

        foreach (MemoryRange range in map)
        {
            if (range.Kind != MemoryKind.Ram)
            {
                allocator.ReserveBytes(range);
            }
        }

        foreach (MemoryRange range in reserved)
        {
            allocator.ReserveBytes(range);
        }

        allocator.Reserve(new Mfn(0), 1);
        allocator.ReserveBytes(new MemoryRange(table, tableBytes, MemoryKind.Reserved));
        return allocator;
    }

    /// <summary>Puts frames under management, as free ones. Frames already managed, and frames beyond the table, stay as they are.</summary>
    public void AddRange(Mfn start, ulong count)
    {
        ulong end = Math.Min(SaturatingAdd(start.Value, count), _frames);
        ulong mfn = start.Value;
        _lock.Acquire();
        while (mfn < end)
        {
            ulong run = ReservedFrom(mfn, end);
            if (run == 0)
            {
                mfn++;
                continue;
            }

            Fill(mfn, run, FrameInfo.FreeTail);
            TotalFrames += run;
            FreeFrames += run;
            InsertRun(mfn, run);
            mfn += run;
        }

        _lock.Release();
    }

    /// <summary>Takes free frames out of management. Allocated frames in the range stay allocated.</summary>
    public void Reserve(Mfn start, ulong length)
    {
        ulong end = Math.Min(SaturatingAdd(start.Value, length), _frames);
        ulong mfn = start.Value;
        _lock.Acquire();
        while (mfn < end)
        {
            ulong count = 1;
            if (TryFindFreeBlock(mfn, out ulong block, out int blockOrder))
            {
                int order = Math.Min(LargestOrder(mfn, end - mfn), blockOrder);
                Split(block, blockOrder, mfn, order);
                count = 1UL << order;
                Fill(mfn, count, default);
                TotalFrames -= count;
                FreeFrames -= count;
            }

            mfn += count;
        }

        _lock.Release();
    }

    /// <summary>Allocates 2^order zeroed frames, naturally aligned. False: no such block is free.</summary>
    /// <param name="order">0 to <see cref="MaximumOrder"/>.</param>
    /// <param name="owner">Whose they become.</param>
    /// <param name="type">What for.</param>
    /// <param name="mfn">The first frame; <see cref="Mfn.Invalid"/> when false.</param>
    public bool TryAllocate(int order, ushort owner, FrameType type, out Mfn mfn) =>
        TryAllocateUncleared(order, owner, type, out mfn) && TryClear(mfn, order);

    /// <summary>
    /// As <see cref="TryAllocate"/>, but the frames hold what was in them: an earlier owner's data, or the firmware's. Nobody but the
    /// hypervisor may see them before it has cleared them.
    /// </summary>
    public bool TryAllocateUncleared(int order, ushort owner, FrameType type, out Mfn mfn)
    {
        mfn = Mfn.Invalid;
        _lock.Acquire();
        for (int from = order; from <= MaximumOrder; from++)
        {
            if (_heads[from] != FrameInfo.NoLink)
            {
                mfn = Take(_heads[from], from, _heads[from], order, owner, type);
                break;
            }
        }

        _lock.Release();
        return mfn != Mfn.Invalid;
    }

    /// <summary>As <see cref="TryAllocate"/>, but every byte of the block lies below the physical address.</summary>
    public bool TryAllocateBelow(ulong limit, int order, ushort owner, FrameType type, out Mfn mfn)
    {
        mfn = Mfn.Invalid;
        ulong limitFrame = limit >> Page.Shift;
        _lock.Acquire();
        for (int from = order; from <= MaximumOrder && mfn == Mfn.Invalid; from++)
        {
            for (uint block = _heads[from]; block != FrameInfo.NoLink; block = At(block).Next)
            {
                if (block + (1UL << order) <= limitFrame)
                {
                    mfn = Take(block, from, block, order, owner, type);
                    break;
                }
            }
        }

        _lock.Release();
        return TryClear(mfn, order);
    }

    /// <summary>
    /// Gives 2^order frames back; they need not have been allocated together. False, and nothing happens: one of them is
    /// referenced. Freeing a frame that is not allocated is a bug and panics.
    /// </summary>
    public bool Free(Mfn mfn, int order)
    {
        ulong count = 1UL << order;
        if (order is < 0 or > MaximumOrder || (mfn.Value & (count - 1)) != 0 || mfn.Value >= _frames || count > _frames - mfn.Value)
        {
            throw new ArgumentOutOfRangeException(nameof(mfn));
        }

        _lock.Acquire();
        bool areAllocated = AreAllocated(mfn.Value, count, out bool isFree);
        if (isFree)
        {
            Fill(mfn.Value, count, FrameInfo.FreeTail);
            FreeFrames += count;
            InsertAndMerge(mfn.Value, order);
        }

        _lock.Release();
        return areAllocated ? isFree : throw new InvalidOperationException("a frame is freed that is not allocated");
    }

    /// <summary>Whose frame it is; <see cref="NoOwner"/> when it is not allocated.</summary>
    public ushort OwnerOf(Mfn mfn) => IsAllocated(mfn) ? At(mfn.Value).Owner : NoOwner;

    /// <summary>What an allocated frame is for; <see cref="FrameType.Unspecified"/> when it is not allocated.</summary>
    public FrameType TypeOf(Mfn mfn) => IsAllocated(mfn) ? At(mfn.Value).Type : FrameType.Unspecified;

    /// <summary>Frames that the owner holds. Walks the whole table: for reports and tests.</summary>
    public ulong CountOwnedBy(ushort owner)
    {
        ulong count = 0;
        for (ulong mfn = 0; mfn < _frames; mfn++)
        {
            FrameInfo info = At(mfn);
            if (info.State == FrameState.Allocated && info.Owner == owner)
            {
                count++;
            }
        }

        return count;
    }

    /// <summary>Uses the reference count of a frame that nobody references as a link of a list (retired page tables).</summary>
    internal void SetLink(Mfn mfn, uint link) => Info(mfn.Value) = At(mfn.Value).WithReferences(link).Value;

    private static bool TryFindRoom(ReadOnlySpan<MemoryRange> map, ReadOnlySpan<MemoryRange> reserved, ulong bytes, ulong reach, out ulong start)
    {
        foreach (MemoryRange range in map)
        {
            if (range.Kind != MemoryKind.Ram)
            {
                continue;
            }

            start = Math.Max((range.Start + Page.OffsetMask) & ~Page.OffsetMask, Page.Size);
            ulong end = Math.Min(range.End, reach);
            while (start < end && bytes <= end - start)
            {
                ulong next = EndOfOverlap(map, start, bytes, skipRam: true);
                next = Math.Max(next, EndOfOverlap(reserved, start, bytes, skipRam: false));
                if (next == 0)
                {
                    return true;
                }

                start = (next + Page.OffsetMask) & ~Page.OffsetMask;
            }
        }

        start = 0;
        return false;
    }

    private static ulong EndOfOverlap(ReadOnlySpan<MemoryRange> ranges, ulong start, ulong bytes, bool skipRam)
    {
        ulong end = 0;
        foreach (MemoryRange range in ranges)
        {
            if (!(skipRam && range.Kind == MemoryKind.Ram) && range.Start < start + bytes && start < range.End)
            {
                end = Math.Max(end, range.End);
            }
        }

        return end;
    }

    private static ulong SaturatingAdd(ulong a, ulong b) => a + b < a ? ulong.MaxValue : a + b;

    private void ReserveBytes(MemoryRange range)
    {
        ulong first = range.Start >> Page.Shift;
        ulong end = Page.FramesFor(SaturatingAdd(range.Start, range.Length));
        if (first < end)
        {
            Reserve(new Mfn(first), end - first);
        }
    }

    // Takes the part [part, part + 2^order) out of the free block; the rest stays free in halves.
    private Mfn Take(ulong block, int blockOrder, ulong part, int order, ushort owner, FrameType type)
    {
        Split(block, blockOrder, part, order);
        ulong count = 1UL << order;
        Fill(part, count, FrameInfo.Allocated(owner, type));
        FreeFrames -= count;
        return new Mfn(part);
    }

    // Without the lock: nobody else has the frames any more, or yet.
    private bool TryClear(Mfn mfn, int order)
    {
        if (mfn == Mfn.Invalid)
        {
            return false;
        }

        _memory.Clear(mfn.Address, (ulong)Page.Size << order);
        return true;
    }

    // Removes the block from its list and inserts all of it but [part, part + 2^order) again, as smaller blocks.
    private void Split(ulong block, int blockOrder, ulong part, int order)
    {
        Remove(block, blockOrder);
        while (blockOrder > order)
        {
            blockOrder--;
            ulong upper = block + (1UL << blockOrder);
            if (part >= upper)
            {
                Insert(block, blockOrder);
                block = upper;
            }
            else
            {
                Insert(upper, blockOrder);
            }
        }
    }

    private bool TryFindFreeBlock(ulong mfn, out ulong block, out int blockOrder)
    {
        block = 0;
        blockOrder = 0;
        if (StateOf(mfn) is not (FrameState.FreeHead or FrameState.FreeTail))
        {
            return false;
        }

        for (int order = 0; order <= MaximumOrder; order++)
        {
            block = mfn & ~((1UL << order) - 1);
            FrameInfo info = At(block);
            if (info.State == FrameState.FreeHead && info.Order >= order)
            {
                blockOrder = info.Order;
                return true;
            }
        }

        throw new InvalidOperationException("a free frame belongs to no free block");
    }

    // The largest naturally aligned block that begins at the frame and has no more than that many.
    private static int LargestOrder(ulong mfn, ulong count) =>
        Math.Min(Math.Min(BitOperations.TrailingZeroCount(mfn), BitOperations.Log2(count)), MaximumOrder);

    private void InsertAndMerge(ulong mfn, int order)
    {
        while (order < MaximumOrder)
        {
            ulong buddy = mfn ^ (1UL << order);
            if (buddy >= _frames)
            {
                break;
            }

            FrameInfo info = At(buddy);
            if (info.State != FrameState.FreeHead || info.Order != order)
            {
                break;
            }

            Remove(buddy, order);
            mfn &= ~(1UL << order);
            order++;
        }

        Insert(mfn, order);
    }

    private void Insert(ulong mfn, int order)
    {
        uint next = _heads[order];
        Info(mfn) = FrameInfo.FreeHead(order, FrameInfo.NoLink, next).Value;
        if (next != FrameInfo.NoLink)
        {
            FrameInfo neighbour = At(next);
            Info(next) = neighbour.WithLinks((uint)mfn, neighbour.Next).Value;
        }

        _heads[order] = (uint)mfn;
    }

    private void Remove(ulong mfn, int order)
    {
        FrameInfo info = At(mfn);
        if (info.Previous == FrameInfo.NoLink)
        {
            _heads[order] = info.Next;
        }
        else
        {
            FrameInfo previous = At(info.Previous);
            Info(info.Previous) = previous.WithLinks(previous.Previous, info.Next).Value;
        }

        if (info.Next != FrameInfo.NoLink)
        {
            FrameInfo next = At(info.Next);
            Info(info.Next) = next.WithLinks(info.Previous, next.Next).Value;
        }

        Info(mfn) = FrameInfo.FreeTail.Value;
    }
}
