using Xenolith.Hal;
using Xunit;

namespace Xenolith.Tests.Unit.Hal;

public sealed class DoubleFaultTests
{
    [Theory]
    // Benign first or second: serial (SDM vol. 3, table 6-5).
    [InlineData(1, 13, FaultMerge.Serial)]
    [InlineData(6, 14, FaultMerge.Serial)]
    [InlineData(13, 6, FaultMerge.Serial)]
    [InlineData(14, 1, FaultMerge.Serial)]
    [InlineData(8, 6, FaultMerge.Serial)]
    // Contributory first.
    [InlineData(13, 13, FaultMerge.DoubleFault)]
    [InlineData(0, 10, FaultMerge.DoubleFault)]
    [InlineData(11, 12, FaultMerge.DoubleFault)]
    [InlineData(13, 14, FaultMerge.Serial)]
    [InlineData(21, 13, FaultMerge.DoubleFault)]
    // Page fault first.
    [InlineData(14, 13, FaultMerge.DoubleFault)]
    [InlineData(14, 14, FaultMerge.DoubleFault)]
    [InlineData(20, 14, FaultMerge.DoubleFault)]
    // Double fault first.
    [InlineData(8, 13, FaultMerge.TripleFault)]
    [InlineData(8, 14, FaultMerge.TripleFault)]
    public void TableOfTheManual(byte first, byte second, FaultMerge expected) =>
        Assert.Equal(expected, DoubleFault.Merge(first, second));

    [Fact]
    public void FaultDuringADoubleFaultIsATripleFault()
    {
        var queue = new EventQueue();
        queue.AddException(13, true, 0x10);
        queue.AddException(13, true, 0x20);
        Assert.Equal(PendingEvent.Fault(8, true, 0), queue.Next);
        queue.AddException(14, true, 2);
        Assert.True(queue.TripleFault);
        Assert.False(queue.Next.Valid);
    }

    [Fact]
    public void DisplacedInterruptIsKeptUntilItCanBeTaken()
    {
        var queue = new EventQueue();
        queue.Resume(PendingEvent.Interrupt(0x31));
        queue.AddException(14, true, 2);
        Assert.Equal(14, queue.Next.Vector);
        Assert.False(queue.IsEmpty);

        Assert.Equal(14, queue.Take().Vector);
        queue.Promote(canTakeInterrupt: false);
        Assert.False(queue.Next.Valid);
        queue.Promote(canTakeInterrupt: true);
        Assert.Equal(PendingEvent.Interrupt(0x31), queue.Next);
        Assert.False(queue.Displaced.Valid);
    }

    [Fact]
    public void SoftwareInterruptGivesWayBecauseItRunsAgain()
    {
        var queue = new EventQueue();
        queue.Resume(new PendingEvent(true, EventKind.SoftwareInterrupt, 0x80, false, 0, 2));
        queue.AddException(14, true, 0);
        Assert.Equal(14, queue.Next.Vector);
        Assert.False(queue.Displaced.Valid);
    }
}
