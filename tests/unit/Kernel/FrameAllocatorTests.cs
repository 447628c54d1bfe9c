using System;
using System.Collections.Generic;
using System.Linq;
using Xenolith.Kernel;
using Xunit;

namespace Xenolith.Tests.Unit.Kernel;

public sealed class FrameAllocatorTests : IDisposable
{
    private const ulong Bytes = 24 << 20;
    private readonly HostPhysicalMemory _memory = new(Bytes);
    private readonly FrameAllocator _frames;

    public FrameAllocatorTests() => _frames = Create([new MemoryRange(0, Bytes, MemoryKind.Ram)], []);

    public void Dispose() => _memory.Dispose();

    private FrameAllocator Create(MemoryRange[] map, MemoryRange[] reserved) => FrameAllocator.TryCreate(_memory, map, reserved)!;

    [Fact]
    public void FrameZeroAndTheTableAreNeverGivenOut()
    {
        Assert.Equal((Bytes >> 12) - 1 - Page.FramesFor((Bytes >> 12) * 8), _frames.TotalFrames);
        while (_frames.TryAllocate(0, 1, FrameType.Guest, out Mfn mfn))
        {
            Assert.NotEqual(0UL, mfn.Value);
        }

        Assert.Equal(0UL, _frames.FreeFrames);
        Assert.Equal(_frames.TotalFrames, _frames.CountOwnedBy(1));
    }

    [Fact]
    public void RandomOperationsAgreeWithAModel()
    {
        var random = new Random(12345);
        var held = new List<(Mfn Mfn, int Order, ushort Owner)>();
        var taken = new bool[Bytes >> 12];
        ulong free = _frames.FreeFrames;
        for (int step = 0; step < 20_000; step++)
        {
            if (held.Count == 0 || random.Next(100) < 55)
            {
                int order = random.Next(100) < 80 ? random.Next(4) : random.Next(11);
                ushort owner = (ushort)random.Next(5);
                if (!_frames.TryAllocate(order, owner, FrameType.Guest, out Mfn mfn))
                {
                    continue;
                }

                Assert.Equal(0UL, mfn.Value & ((1UL << order) - 1));
                for (ulong i = 0; i < 1UL << order; i++)
                {
                    Assert.False(taken[mfn.Value + i]);
                    taken[mfn.Value + i] = true;
                    var frame = new Mfn(mfn.Value + i);
                    Assert.Equal(owner, _frames.OwnerOf(frame));
                    Assert.Equal(-1, _memory.Frame(frame).IndexOfAnyExcept((byte)0));
                    _memory.Frame(frame).Fill(0xA5);
                }

                free -= 1UL << order;
                held.Add((mfn, order, owner));
            }
            else
            {
                int index = random.Next(held.Count);
                (Mfn mfn, int order, _) = held[index];
                held.RemoveAt(index);
                if (order > 0 && random.Next(2) == 0)
                {
                    // Half of it only: the rest is freed later.
                    order--;
                    held.Add((new Mfn(mfn.Value + (1UL << order)), order, 0));
                }

                Assert.True(_frames.Free(mfn, order));
                free += 1UL << order;
                for (ulong i = 0; i < 1UL << order; i++)
                {
                    taken[mfn.Value + i] = false;
                    Assert.Equal(FrameAllocator.NoOwner, _frames.OwnerOf(new Mfn(mfn.Value + i)));
                }
            }

            Assert.Equal(free, _frames.FreeFrames);
        }

        foreach ((Mfn mfn, int order, _) in held)
        {
            Assert.True(_frames.Free(mfn, order));
        }

        // Everything has merged again: a 4-MiB block is there.
        Assert.Equal(_frames.TotalFrames, _frames.FreeFrames);
        Assert.True(_frames.TryAllocate(11, 1, FrameType.Guest, out _));
    }

    [Fact]
    public void RandomRangesTakenInAndOutOfManagementAgreeWithAModel()
    {
        var random = new Random(4711);
        ulong frames = Bytes >> 12;
        var allocator = new FrameAllocator(_memory, 1 << 12, frames);
        var managed = new bool[frames];
        for (int step = 0; step < 400; step++)
        {
            // The table lies in the frames from 1 on.
            ulong start = (ulong)random.Next(16, (int)frames), count = (ulong)(random.Next(4) == 0 ? random.Next(3000) : random.Next(20));
            bool adds = random.Next(2) == 0;
            if (adds)
            {
                allocator.AddRange(new Mfn(start), count);
            }
            else
            {
                allocator.Reserve(new Mfn(start), count);
            }

            managed.AsSpan((int)start, (int)Math.Min(count, frames - start)).Fill(adds);
            Assert.Equal((ulong)managed.Count(taken => taken), allocator.TotalFrames);
            Assert.Equal(allocator.TotalFrames, allocator.FreeFrames);
        }

        // What is left is handed out in the largest blocks that fit, each frame once, and none that is not managed.
        for (int order = FrameAllocator.MaximumOrder; order >= 0; order--)
        {
            while (allocator.TryAllocate(order, 1, FrameType.Guest, out Mfn mfn))
            {
                for (ulong i = 0; i < 1UL << order; i++)
                {
                    Assert.True(managed[mfn.Value + i]);
                    managed[mfn.Value + i] = false;
                }
            }

            Assert.False(HasAligned(managed, 1 << order));
        }
    }

    private static bool HasAligned(bool[] frames, int size)
    {
        for (int start = 0; start + size <= frames.Length; start += size)
        {
            if (frames.AsSpan(start, size).IndexOf(false) < 0)
            {
                return true;
            }
        }

        return false;
    }

    [Fact]
    public void AReferencedFrameIsNotFreed()
    {
        Assert.True(_frames.TryAllocate(1, 7, FrameType.Shared, out Mfn mfn));
        var second = new Mfn(mfn.Value + 1);
        Assert.True(_frames.Reference(second));
        Assert.False(_frames.Free(mfn, 1));
        Assert.Equal(7, _frames.OwnerOf(mfn));
        Assert.Equal(1U, _frames.ReferencesTo(second));
        _frames.Release(second);
        Assert.True(_frames.Free(mfn, 1));
        Assert.False(_frames.Reference(second));
        Assert.Throws<InvalidOperationException>(() => _frames.Release(second));
        Assert.Throws<InvalidOperationException>(() => _frames.Free(mfn, 1));
    }

    [Fact]
    public void OnlyWhatAnOwnerHasLetGoOfChangesHands()
    {
        var frames = new Mfn[4];
        for (int i = 0; i < frames.Length; i++)
        {
            Assert.True(_frames.TryAllocate(0, (ushort)(i == 3 ? 8 : 7), FrameType.Guest, out frames[i]));
            Assert.True(_frames.Reference(frames[i]));
        }

        Assert.False(_frames.FreeOrLeave(frames[0], 7));
        Assert.False(_frames.FreeOrLeave(frames[2], 7));
        Assert.False(_frames.FreeOrLeave(frames[3], 8));
        ulong at = 0;
        int steps = 1;
        for (; !_frames.LeaveAll(7, FrameAllocator.EndedOwner, ref at, 100); steps++)
        {
            Assert.Equal((ulong)steps * 100, at);
        }

        Assert.Equal(((Bytes >> 12) + 99) / 100, (ulong)steps);
        Assert.True(_frames.LeaveAll(7, FrameAllocator.EndedOwner, ref at, 100));
        Assert.Equal([FrameAllocator.EndedOwner, 7, FrameAllocator.EndedOwner, 8], Array.ConvertAll(frames, _frames.OwnerOf));
        Assert.True(_frames.Release(frames[0]));
        Assert.False(_frames.Release(frames[1]));
        Assert.True(_frames.Release(frames[2]));
    }

    [Fact]
    public void FramesBelowALimitAreFoundWhateverIsFree()
    {
        for (int i = 0; i < 64; i++)
        {
            Assert.True(_frames.TryAllocateBelow(1 << 20, 1, 1, FrameType.Control, out Mfn mfn));
            Assert.True(mfn.Address + (2 * Page.Size) <= 1 << 20);
        }

        Assert.False(_frames.TryAllocateBelow(Page.Size, 0, 1, FrameType.Control, out Mfn none));
        Assert.Equal(Mfn.Invalid, none);
    }

    [Fact]
    public void ReservedAndForeignRangesStayOut()
    {
        MemoryRange[] map =
        [
            new(0, 0x9FC00, MemoryKind.Ram),
            new(0x100000, 0x700000, MemoryKind.Ram),
            new(0x300000, 0x1800, MemoryKind.Reserved),
        ];
        FrameAllocator frames = Create(map, [new MemoryRange(0x200800, 0x1000, MemoryKind.Reserved)]);
        while (frames.TryAllocate(0, 1, FrameType.Guest, out Mfn mfn))
        {
            ulong address = mfn.Address;
            Assert.True(address is < 0x9F000 or >= 0x100000 and < 0x800000);
            Assert.False(address is >= 0x300000 and < 0x302000);
            Assert.False(address is >= 0x200000 and < 0x202000);
        }
    }

    [Fact]
    public void ReservingTakesFreeFramesOnly()
    {
        Assert.True(_frames.TryAllocateBelow(Bytes, 0, 1, FrameType.Guest, out Mfn held));
        ulong total = _frames.TotalFrames;
        ulong block = held.Value & ~7UL;
        ulong free = 0;
        for (ulong i = 0; i < 8; i++)
        {
            free += _frames.OwnerOf(new Mfn(block + i)) == FrameAllocator.NoOwner && block + i != 0 ? 1UL : 0;
        }

        _frames.Reserve(new Mfn(block), 8);
        Assert.Equal(1, _frames.OwnerOf(held));
        Assert.True(total - _frames.TotalFrames <= free);
        _frames.AddRange(new Mfn(block), 8);
        Assert.Equal(1, _frames.OwnerOf(held));
    }
}
