using System;
using Xenolith.Hal.Svm;
using Xenolith.Hal.Vmx;
using Xenolith.Kernel;
using Xenolith.Mm;
using Xenolith.Tests.Unit.Mm.Model;
using Xunit;

namespace Xenolith.Tests.Unit.Mm;

/// <summary>Large pages: where they come from, and when small ones become large again.</summary>
public sealed class P2mMergeTests : IDisposable
{
    private const ushort Owner = 5;
    private const int Frames = 3 << Page.Order1G;
    private const ulong Chunks = 512, ChunkFrames = 512;

    private readonly WatchedMemory _memory = new(Frames);
    private readonly FrameAllocator _frames;

    public P2mMergeTests()
    {
        _frames = new FrameAllocator(_memory, Page.Size, Frames);
        const ulong first = 0x2000;
        _frames.AddRange(new Mfn(first), Frames - first);
    }

    public void Dispose() => _memory.Dispose();

    private P2m Create(bool has1GPages = true) => new(_memory, _frames, new EptFormat(true, has1GPages), Owner);

    [Fact]
    public void AGibibyteThatIsAlignedLiesTogetherAndIsOnePageWhenAllOfItIsCleared()
    {
        ulong before = _frames.FreeFrames;
        P2m p2m = Create();
        var start = new Gfn(1UL << Page.Order1G);
        Assert.True(p2m.TryPopulate(start, (1UL << Page.Order1G) + ChunkFrames));
        for (ulong chunk = Chunks; chunk-- > 0;)
        {
            Assert.True(p2m.IsUncleared(new Gfn(start.Value + chunk * ChunkFrames), out _));
            P2mEntry entry = p2m.Lookup(new Gfn(start.Value + chunk * ChunkFrames + 7));
            Assert.Equal(Page.Order2M, entry.Order);
            ulong generation = p2m.Generation;
            p2m.Merge(start);
            Assert.Equal(chunk == 0, p2m.Generation != generation);
        }

        P2mEntry last = p2m.Lookup(new Gfn(start.Value * 2 - 1));
        Assert.Equal((Page.Order1G, P2mType.Ram), (last.Order, last.Type));
        Assert.Equal((1UL << Page.Order1G) - 1, last.Mfn.Value & ((1UL << Page.Order1G) - 1));
        Assert.True(p2m.HasRetiredTables);
        p2m.Settle();

        // A frame that goes splits it down to single pages, and nothing makes it whole again while that one lacks.
        Assert.True(p2m.TryDepopulate(new Gfn(start.Value + 0x234)));
        Assert.Equal(0, p2m.Lookup(new Gfn(start.Value + 0x235)).Order);
        Assert.Equal(Page.Order2M, p2m.Lookup(new Gfn(start.Value + 0x400)).Order);
        p2m.Merge(new Gfn(start.Value + 0x235));
        Assert.Equal(0, p2m.Lookup(new Gfn(start.Value + 0x235)).Order);
        while (!p2m.ReleaseStep(2048))
        {
        }

        Assert.Equal(before, _frames.FreeFrames);
    }

    /// <summary>Where no such leaf can be, or no such memory is, it is 2 MiB at a time.</summary>
    [Theory]
    [InlineData(true, true)]
    [InlineData(false, false)]
    public void WithoutAGibibyteInOnePieceItComesInTwoMebibytes(bool has1GPages, bool isScattered)
    {
        if (isScattered)
        {
            _frames.Reserve(new Mfn((1UL << Page.Order1G) + 5), 1);
            _frames.Reserve(new Mfn((2UL << Page.Order1G) + 5), 1);
        }

        P2m p2m = Create(has1GPages);
        Assert.True(p2m.TryPopulate(new Gfn(0), 1UL << Page.Order1G));
        Assert.Equal(1UL << Page.Order1G, p2m.PopulatedFrames);
        for (ulong chunk = 0; chunk < Chunks; chunk++)
            Assert.Equal(Page.Order2M, p2m.Lookup(new Gfn(chunk * ChunkFrames)).Order);
        p2m.Merge(new Gfn(0));
        Assert.Equal(Page.Order2M, p2m.Lookup(new Gfn(0)).Order);
    }

    /// <summary>The tables that clearing needs are there from the start, or nothing is.</summary>
    [Fact]
    public void AGibibyteWithoutFramesForItsTablesIsGivenBack()
    {
        P2m p2m = Create();
        Assert.True(_frames.TryAllocate(Page.Order1G, 9, FrameType.Unspecified, out _));
        while (_frames.FreeFrames > 1UL << Page.Order1G)
        {
            int order = 0;
            while (order < Page.Order2M && _frames.FreeFrames - (1UL << Page.Order1G) >= 2UL << order)
                order++;
            Assert.True(_frames.TryAllocateUncleared(order, 9, FrameType.Unspecified, out _));
        }

        p2m.TableLimit = 1;
        ulong before = _frames.FreeFrames;
        Assert.False(p2m.TryPopulate(new Gfn(0), 1UL << Page.Order1G));
        Assert.Equal((0UL, before), (p2m.PopulatedFrames, _frames.FreeFrames));
        Assert.False(p2m.IsUncleared(new Gfn(0), out _));
    }

    /// <summary>A frame that is lent may lie where the domain's own did: it is to be found by itself when the domain ends.</summary>
    [Fact]
    public void NothingOfOthersIsMergedWithTheDomainsOwn()
    {
        P2m p2m = Create();
        Assert.True(p2m.TryPopulate(new Gfn(0), ChunkFrames));
        Mfn mfn = p2m.Lookup(new Gfn(0x123)).Mfn;
        Assert.True(p2m.TryDepopulate(new Gfn(0x123)));
        Assert.True(_frames.TryAllocate(0, FrameAllocator.HypervisorOwner, FrameType.Shared, out Mfn lent));
        Assert.Equal(mfn, lent);
        Assert.True(p2m.TrySet(new Gfn(0x123), lent, 0, P2mType.Ram));
        p2m.Merge(new Gfn(0));
        Assert.Equal(0, p2m.Lookup(new Gfn(0)).Order);
        p2m.Release();
        Assert.Equal(FrameAllocator.HypervisorOwner, _frames.OwnerOf(lent));
    }

    [Theory]
    [InlineData(P2mType.Foreign)]
    [InlineData(P2mType.Grant)]
    public void OtherTypesStayApart(P2mType type)
    {
        P2m p2m = new(_memory, _frames, new NptFormat(true), Owner);
        Assert.True(p2m.TryPopulate(new Gfn(0), ChunkFrames));
        Mfn mfn = p2m.Lookup(new Gfn(0x123)).Mfn;
        Assert.True(p2m.TrySet(new Gfn(0x123), mfn, 0, type));
        p2m.Merge(new Gfn(0));
        Assert.Equal((0, type), (p2m.Lookup(new Gfn(0x123)).Order, p2m.Lookup(new Gfn(0x123)).Type));
        Assert.True(p2m.TrySet(new Gfn(0x123), mfn, 0, P2mType.Ram));
        p2m.Merge(new Gfn(0));
        Assert.Equal((Page.Order2M, P2mType.Ram), (p2m.Lookup(new Gfn(0x123)).Order, p2m.Lookup(new Gfn(0x123)).Type));
        ulong tables = p2m.TableFrames;
        p2m.Settle();
        Assert.Equal(tables - 2, p2m.TableFrames);
    }
}
