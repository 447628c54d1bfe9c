using System;
using System.Collections.Generic;
using System.Linq;
using FsCheck;
using FsCheck.Fluent;
using Xenolith.Domains;
using Xenolith.Kernel;
using Xunit;
using Timer = Xenolith.Domains.Timer;

namespace Xenolith.Tests.Unit.Domains;

public sealed class TimerTests
{
    private sealed class Recorder(List<int> fired, int id, TimerQueue? again = null) : Timer
    {
        protected internal override void Fire(ulong now)
        {
            fired.Add(id);
            again?.Set(this, now);
        }
    }

    [Fact]
    public void TheAlarmIsTheEarliestDeadline()
    {
        var clock = new VirtualClock();
        var queue = new TimerQueue(clock, 8);
        var fired = new List<int>();
        Timer a = new Recorder(fired, 1), b = new Recorder(fired, 2);
        queue.Set(a, 300);
        Assert.Equal(300UL, clock.Alarm);
        queue.Set(b, 100);
        Assert.Equal(100UL, clock.Alarm);
        queue.Set(b, 500);
        Assert.Equal(300UL, clock.Alarm);
        queue.Stop(a);
        Assert.Equal(500UL, clock.Alarm);
        queue.Stop(b);
        Assert.Equal(ulong.MaxValue, clock.Alarm);
        queue.Stop(b);
        Assert.Equal(0, queue.Count);
    }

    [Fact]
    public void ATimerThatSetsItselfToThePastDoesNotHoldTheCallUp()
    {
        var clock = new VirtualClock();
        var queue = new TimerQueue(clock, 8);
        var fired = new List<int>();
        queue.Set(new Recorder(fired, 1, queue), 0);
        queue.Run(10);
        Assert.Single(fired);
        queue.Run(10);
        Assert.Equal(2, fired.Count);
    }

    [Fact]
    public void AFullQueueIsABug()
    {
        var queue = new TimerQueue(new VirtualClock(), 1);
        queue.Set(new Recorder([], 1), 5);
        Assert.Throws<InvalidOperationException>(() => queue.Set(new Recorder([], 2), 5));
    }

    /// <summary>Random sets, stops and runs against a sorted list.</summary>
    [Fact]
    public void AgreesWithAModel()
    {
        Gen<(int Timer, int Operation, int Time)> step =
            from timer in Gen.Choose(0, 15) from operation in Gen.Choose(0, 4) from time in Gen.Choose(0, 1000) select (timer, operation, time);
        Prop.ForAll(Gen.ArrayOf(step).ToArbitrary(), steps =>
        {
            var clock = new VirtualClock();
            var queue = new TimerQueue(clock, 16);
            var fired = new List<int>();
            Timer[] timers = Enumerable.Range(0, 16).Select(i => (Timer)new Recorder(fired, i)).ToArray();
            var model = new Dictionary<int, ulong>();
            ulong now = 0;
            foreach ((int timer, int operation, int time) in steps)
            {
                switch (operation)
                {
                    case 0:
                        queue.Stop(timers[timer]);
                        model.Remove(timer);
                        break;
                    case 1:
                        now += (ulong)time / 4;
                        queue.Run(now);
                        List<int> due = model.Where(m => m.Value <= now).Select(m => m.Key).ToList();
                        Assert.Equal(due.Order(), fired.Order());
                        Assert.Equal(fired.Select(f => model[f]).Order(), fired.Select(f => model[f]));
                        due.ForEach(d => model.Remove(d));
                        fired.Clear();
                        break;
                    default:
                        queue.Set(timers[timer], now + (ulong)time);
                        model[timer] = now + (ulong)time;
                        break;
                }
                Assert.Equal(model.Count == 0 ? ulong.MaxValue : model.Values.Min(), queue.NextDeadline);
                Assert.Equal(queue.NextDeadline, clock.Alarm);
                Assert.Equal(model.Count, queue.Count);
            }
        }).QuickCheckThrowOnFailure();
    }
}
