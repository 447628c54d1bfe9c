using System.Collections.Concurrent;
using System.Threading;
using Xenolith.Kernel;
using Xunit;

namespace Xenolith.Tests.Unit.Kernel;

/// <summary>Messages between CPUs, and sets of CPUs.</summary>
public sealed class CpuMessagesTests
{
    [Fact]
    public void AKickInterruptsOthersOnly()
    {
        var interrupts = new Recorder();
        var messages = new CpuMessages(interrupts);
        messages.Kick(0);
        messages.Kick(2);
        messages.Kick(new CpuSet(0b1011));
        messages.Interrupt(new CpuSet(0b101));
        Assert.Equal([2, 1, 3, -2], interrupts.Sent);
    }

    [Fact]
    public void OneCpuNeedsNoInterrupts()
    {
        var work = new Counter();
        Assert.True(new CpuMessages(null).Call(CpuSet.Of(0), work, 0).IsEmpty);
        Assert.Equal(1, work.Count);
    }

    [Fact]
    public void WorkIsDoneByAllWhenTheCallReturns()
    {
        const int cpus = 4;
        var messages = new CpuMessages(new Recorder());
        var work = new Counter();
        using var stop = new CancellationTokenSource();
        Thread[] others = StartPolling(cpus, messages, stop.Token);
        for (int i = 1; i <= 500; i++)
        {
            Assert.True(messages.Call(new CpuSet(0b1111), work, CpuMessages.PatienceNanoseconds).IsEmpty);
            Assert.Equal(i * cpus, work.Count);
        }

        stop.Cancel();
        foreach (Thread other in others)
        {
            other.Join();
        }
    }

    [Fact]
    public void TwoThatCallEachOtherBothGetTheirAnswer()
    {
        var messages = new CpuMessages(new Recorder());
        var work = new Counter();
        CpuSet silent = CpuSet.None;
        var other = new Thread(() =>
        {
            CurrentCpu.Number = 1;
            for (int i = 0; i < 500; i++)
            {
                silent = new CpuSet(silent.Bits | messages.Call(CpuSet.Of(0), work, CpuMessages.PatienceNanoseconds).Bits);
            }

            // The last calls of the other side.
            while (work.Count < 1000)
            {
                messages.Poll();
                Thread.Yield();
            }
        });
        other.Start();
        for (int i = 0; i < 500; i++)
        {
            Assert.True(messages.Call(CpuSet.Of(1), work, CpuMessages.PatienceNanoseconds).IsEmpty);
        }

        while (work.Count < 1000)
        {
            messages.Poll();
            Thread.Yield();
        }

        other.Join();
        Assert.True(silent.IsEmpty);
        Assert.Equal(1000, work.Count);
    }

    [Fact]
    public void ACpuThatDoesNotAnswerIsNamedAndItsWorkWithdrawn()
    {
        var messages = new CpuMessages(new Recorder());
        var work = new Counter();
        Assert.Equal(CpuSet.Of(5), messages.Call(CpuSet.Of(5), work, 1_000_000));
        var late = new Thread(() =>
        {
            CurrentCpu.Number = 5;
            messages.Poll();
        });
        late.Start();
        late.Join();
        Assert.Equal(0, work.Count);
    }

    [Fact]
    public void ASetHasItsMembers()
    {
        CpuSet set = CpuSet.None.With(3).With(63).With(3);
        Assert.Equal(2, set.Count);
        Assert.Equal(3, set.First);
        Assert.True(set.Contains(63));
        Assert.False(set.Contains(62));
        Assert.Equal(CpuSet.Of(63), set.Without(3).Without(0));
        Assert.True(set.And(CpuSet.Of(4)).IsEmpty);
        Assert.Equal(64, CpuSet.None.First);
    }

    [Fact]
    public void OthersGetTheirWork()
    {
        var interrupts = new Recorder();
        var table = new CpuTable();
        Assert.Equal(1, table.Count);
        table.Add(1, 7);
        table.Add(2, 9);
        Assert.Equal(3, table.Count);
        Assert.Equal(9u, table.ApicIdOf(2));
        var work = new Counter();
        table.StartOthers(work, new CpuMessages(interrupts));
        Assert.Same(work, table.Work);
        Assert.Equal([1, 2], interrupts.Sent);
    }

    private static Thread[] StartPolling(int cpus, CpuMessages messages, CancellationToken stop)
    {
        var threads = new Thread[cpus - 1];
        for (int i = 1; i < cpus; i++)
        {
            int cpu = i;
            threads[i - 1] = new Thread(() =>
            {
                CurrentCpu.Number = cpu;
                while (!stop.IsCancellationRequested)
                {
                    messages.Poll();
                    Thread.Yield();
                }
            });
            threads[i - 1].Start();
        }

        return threads;
    }

    private sealed class Counter : CpuWork
    {
        private int _count;

        public int Count => Volatile.Read(ref _count);

        public override void Run() => Interlocked.Increment(ref _count);
    }

    /// <summary>Keeps whom it was to interrupt; an NMI as a negative number.</summary>
    private sealed class Recorder : InterprocessorInterrupts
    {
        public ConcurrentQueue<int> Sent { get; } = new();

        public override void Send(int cpu) => Sent.Enqueue(cpu);

        public override void SendNonMaskable(int cpu) => Sent.Enqueue(-cpu);
    }
}
