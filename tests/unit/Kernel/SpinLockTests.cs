using System;
using System.Threading;
using Xenolith.Kernel;
using Xunit;
using SpinLock = Xenolith.Kernel.SpinLock;

namespace Xenolith.Tests.Unit.Kernel;

/// <summary>Locks: exclusion, the order of ranks, what is said of a violation.</summary>
public sealed class SpinLockTests
{
    [Fact]
    public void ALockExcludes()
    {
        const int threads = 4;
        const int rounds = 20_000;
        var spinLock = new SpinLock(LockRank.Log, "counter");
        int counter = 0;
        RunOnCpus(threads, () =>
        {
            for (int i = 0; i < rounds; i++)
            {
                spinLock.Acquire();
                counter++;
                spinLock.Release();
            }
        });
        Assert.Equal(threads * rounds, counter);
    }

    [Fact]
    public void ItKnowsItsHolder()
    {
        var spinLock = new SpinLock(LockRank.Sharing, "grant");
        Assert.False(spinLock.IsHeld);
        spinLock.Acquire();
        Assert.True(spinLock.IsHeld);
        Assert.Equal(1, CurrentCpu.LocksHeld);
        bool elsewhere = true;
        bool taken = true;
        OnCpu(1, () => (elsewhere, taken) = (spinLock.IsHeld, spinLock.TryAcquire()));
        Assert.False(elsewhere);
        Assert.False(taken);
        spinLock.Release();
        Assert.Equal(0, CurrentCpu.LocksHeld);
        Assert.True(spinLock.TryAcquire());
        spinLock.Release();
    }

    [Fact]
    public void ALowerRankAfterAHigherOneIsAViolationThatNamesBoth()
    {
        var p2m = new SpinLock(LockRank.Memory, "p2m");
        var log = new SpinLock(LockRank.Log, "log");
        log.Acquire();
        string message = Assert.Throws<InvalidOperationException>(p2m.Acquire).Message;
        Assert.Contains("lock order", message, StringComparison.Ordinal);
        Assert.Contains("\"p2m\"", message, StringComparison.Ordinal);
        Assert.Contains("\"log\"", message, StringComparison.Ordinal);
        log.Release();
        p2m.Acquire();
        log.Acquire();
        p2m.Release();
        log.Release();
        Assert.Equal(0, CurrentCpu.LocksHeld);
    }

    [Theory]
    [InlineData(1u, 2u, true)]
    [InlineData(2u, 1u, false)]
    [InlineData(0u, 0u, false)]
    public void APairOfOneRankGoesByItsOrder(uint first, uint second, bool isRight)
    {
        var one = new SpinLock(LockRank.Domain, "domain", first);
        var other = new SpinLock(LockRank.Domain, "domain", second);
        one.Acquire();
        if (isRight)
        {
            other.Acquire();
            other.Release();
        }
        else
        {
            Assert.Contains("lock order", Assert.Throws<InvalidOperationException>(other.Acquire).Message, StringComparison.Ordinal);
        }

        one.Release();
    }

    [Fact]
    public void TakingALockTwiceIsADeadlock()
    {
        var spinLock = new SpinLock(LockRank.Timer, "timers");
        spinLock.Acquire();
        string message = Assert.Throws<InvalidOperationException>(spinLock.Acquire).Message;
        Assert.Equal("deadlock: CPU 0 waits for the lock \"timers\" (rank 7), which it holds already", message);
        spinLock.Release();
    }

    [Fact]
    public void OnlyTheHolderReleases()
    {
        var spinLock = new SpinLock(LockRank.Timer, "timers");
        spinLock.Acquire();
        string message = "";
        OnCpu(3, () => message = Assert.Throws<InvalidOperationException>(spinLock.Release).Message);
        Assert.Equal("CPU 3 releases the lock \"timers\" (rank 7), which it does not hold", message);
        spinLock.Release();
    }

    [Fact]
    public void TheOrderOfAskingIsTheOrderOfGetting()
    {
        var spinLock = new SpinLock(LockRank.Timer, "timers");
        spinLock.Acquire();
        int order = 0;
        int second = 0;
        int third = 0;
        Thread one = Start(1, () =>
        {
            spinLock.Acquire();
            second = ++order;
            spinLock.Release();
        });
        Thread.Sleep(100);
        Thread other = Start(2, () =>
        {
            spinLock.Acquire();
            third = ++order;
            spinLock.Release();
        });
        Thread.Sleep(100);
        Assert.False(spinLock.TryAcquire());
        spinLock.Release();
        one.Join();
        other.Join();
        Assert.Equal(1, second);
        Assert.Equal(2, third);
    }

    private static void RunOnCpus(int count, Action body)
    {
        var threads = new Thread[count];
        for (int i = 0; i < count; i++)
        {
            threads[i] = Start(i, body);
        }

        foreach (Thread thread in threads)
        {
            thread.Join();
        }
    }

    private static void OnCpu(int cpu, Action body) => Start(cpu, body).Join();

    private static Thread Start(int cpu, Action body)
    {
        var thread = new Thread(() =>
        {
            CurrentCpu.Number = cpu;
            body();
        });
        thread.Start();
        return thread;
    }
}
