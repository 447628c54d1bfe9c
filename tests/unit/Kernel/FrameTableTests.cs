using System;
using Xenolith.Kernel;
using Xenolith.Tests.Unit.Harness;
using Xunit;

namespace Xenolith.Tests.Unit.Kernel;

/// <summary>Tables in frames of the hypervisor.</summary>
public sealed class FrameTableTests
{
    private const uint PerFrame = 512;

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(PerFrame)]
    [InlineData(uint.MaxValue)]
    public void An_entry_past_the_end_faults_as_an_array_does(uint beyond)
    {
        using var machine = new TestMachine();
        var table = new FrameTable<ulong>(machine.Memory, machine.Frames, 3 * PerFrame);
        Assert.True(table.TryGrow(PerFrame + 5));
        uint index = uint.MaxValue - beyond < table.Count ? uint.MaxValue : table.Count + beyond;
        Assert.Throws<IndexOutOfRangeException>(() => table[index]);
        table.Release();
        Assert.Throws<IndexOutOfRangeException>(() => table[0]);
    }

    [Fact]
    public void Entries_stay_where_they_are_when_it_grows_and_the_frames_come_back()
    {
        using var machine = new TestMachine();
        ulong free = machine.Frames.FreeFrames;
        var table = new FrameTable<ulong>(machine.Memory, machine.Frames, 2 * PerFrame);
        Assert.True(table.TryGrow(PerFrame));
        table[PerFrame - 1] = 7;
        Assert.True(table.TryGrow(PerFrame + 1));
        Assert.Equal(7UL, table[PerFrame - 1]);
        Assert.Equal(0UL, table[PerFrame]);
        Assert.False(table.TryGrow(2 * PerFrame + 1));
        Assert.Equal((PerFrame + 1, 2), (table.Count, table.FrameCount));
        table.Release();
        Assert.Equal(free, machine.Frames.FreeFrames);
    }
}
