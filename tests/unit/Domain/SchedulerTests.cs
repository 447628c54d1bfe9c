using System;
using System.Collections.Generic;
using Xenolith.Abi.Contract;
using Xenolith.Domains;
using Xenolith.Tests.Unit.Harness;
using Xunit;

namespace Xenolith.Tests.Unit.Domains;

/// <summary>Shares, caps and latencies over a minute of virtual time.</summary>
public sealed class SchedulerTests : IDisposable
{
    private const ulong Millisecond = 1_000_000;
    private const ulong Minute = 60_000 * Millisecond;

    private readonly TestMachine _machine = new();
    private readonly RunQueues _queues;
    private readonly Scheduler _scheduler;
    private readonly Dictionary<Vcpu, ulong> _ran = [];

    public SchedulerTests()
    {
        _queues = new RunQueues(_machine.Services, 64);
        _scheduler = _queues[0];
    }

    public void Dispose() => _machine.Dispose();

    [Theory]
    [InlineData(256, 256)]
    [InlineData(256, 512)]
    [InlineData(100, 300)]
    [InlineData(1, 64)]
    public void Shares_follow_the_weights(int one, int other)
    {
        Domain a = Create(1, one), b = Create(2, other);
        Run(Minute);
        AssertShare(a, (double)one / (one + other));
        AssertShare(b, (double)other / (one + other));
    }

    [Fact]
    public void A_domain_gains_nothing_by_more_vcpus()
    {
        Domain a = Create(1, 256, vcpus: 1), b = Create(2, 256, vcpus: 4), c = Create(3, 512, vcpus: 2);
        Run(Minute);
        AssertShare(a, 0.25);
        AssertShare(b, 0.25);
        AssertShare(c, 0.5);
        foreach (Vcpu vcpu in b.Vcpus)
            Assert.InRange(_ran[vcpu], Minute / 16 * 0.95, Minute / 16 * 1.05);
    }

    [Theory]
    [InlineData(10)]
    [InlineData(50)]
    [InlineData(99)]
    public void A_cap_holds_without_competition(int cap)
    {
        Domain a = Create(1, 256, cap: cap, vcpus: 2);
        Run(Minute);
        AssertShare(a, cap / 100.0);
    }

    [Fact]
    public void What_a_cap_leaves_goes_to_others()
    {
        Domain a = Create(1, 1024, cap: 20), b = Create(2, 256);
        Run(Minute);
        AssertShare(a, 0.2);
        AssertShare(b, 0.8);
    }

    /// <summary>The sleeper wants a tenth of the CPU, one millisecond in ten, and is entitled to a half.</summary>
    [Fact]
    public void Who_sleeps_is_served_soon_after_it_wakes()
    {
        Domain spinner = Create(1, 256, vcpus: 3);
        Domain sleeper = Create(2, 256);
        Vcpu vcpu = sleeper.Vcpus[0];
        ulong nextWake = 10 * Millisecond, worst = 0, wokeAt = 0, left = 0;
        vcpu.Block();
        Run(Minute, now =>
        {
            if (vcpu.IsBlocked && now >= nextWake)
            {
                wokeAt = now;
                left = Millisecond;
                vcpu.Wake();
            }

            return now + 50_000;
        }, (who, from, to) =>
        {
            if (who != vcpu)
                return;
            if (left == Millisecond)
                worst = Math.Max(worst, from - wokeAt);
            ulong used = Math.Min(left, to - from);
            left -= used;
            if (left == 0)
            {
                vcpu.Block();
                nextWake = to + 9 * Millisecond;
            }
        });
        Assert.True(worst <= 100_000, $"it waited up to {worst} ns");
        Assert.InRange(Ran(sleeper), Minute / 10 * 0.9, Minute / 10 * 1.05);
        Assert.InRange(Ran(spinner), Minute * 0.88, Minute * 0.92);
    }

    [Fact]
    public void Who_yields_is_passed_over_once()
    {
        Domain a = Create(1, 256, vcpus: 3);
        var seen = new List<int>();
        for (int i = 0; i < 6; i++)
        {
            Vcpu vcpu = _scheduler.Choose()!;
            seen.Add(vcpu.Id);
            _machine.Clock.Advance(1000);
            vcpu.Yield();
            Assert.True(_scheduler.MustChoose);
        }

        Assert.Equal(2, seen.FindAll(id => id == 0).Count);
        Assert.Equal(2, seen.FindAll(id => id == 1).Count);
        for (int i = 1; i < seen.Count; i++)
            Assert.NotEqual(seen[i - 1], seen[i]);
    }

    [Fact]
    public void Who_yields_alone_goes_on()
    {
        Domain a = Create(1, 256);
        Vcpu vcpu = _scheduler.Choose()!;
        vcpu.Yield();
        Assert.False(_scheduler.MustChoose);
        Assert.Equal(a.Vcpus[0], vcpu);
    }

    [Fact]
    public void A_yield_lets_another_domain_go_first()
    {
        Create(1, 256);
        Create(2, 256);
        Vcpu first = _scheduler.Choose()!;
        _machine.Clock.Advance(1000);
        first.Yield();
        Assert.True(_scheduler.MustChoose);
        Assert.NotEqual(first.Domain, _scheduler.Choose()!.Domain);
    }

    [Fact]
    public void Alone_there_is_no_time_slice()
    {
        Create(1, 256);
        _scheduler.Choose();
        Assert.Equal(ulong.MaxValue, _machine.Services.Timers.NextDeadline);
    }

    [Fact]
    public void Nobody_who_waits_is_chosen()
    {
        Domain a = Create(1, 256, vcpus: 2);
        a.Vcpus[0].Block();
        Assert.Equal(a.Vcpus[1], _scheduler.Choose());
        a.Vcpus[1].Block();
        Assert.Null(_scheduler.Choose());
        a.Vcpus[0].Wake();
        Assert.Equal(a.Vcpus[0], _scheduler.Choose());
        a.Pause();
        Assert.Null(_scheduler.Choose());
        a.Unpause();
        Assert.Equal(a.Vcpus[0], _scheduler.Choose());
        a.Shutdown(ShutdownReason.Poweroff);
        Assert.Null(_scheduler.Choose());
    }

    /// <summary>The four times of each vCPU, and the times it was given, agree to the nanosecond.</summary>
    [Fact]
    public void Run_states_add_up()
    {
        Domain a = Create(1, 256, vcpus: 2), b = Create(2, 300, vcpus: 2, cap: 30);
        ulong start = _machine.Clock.Nanoseconds;
        var random = new Random(7);
        Run(2_000 * Millisecond, now =>
        {
            Vcpu vcpu = random.Next(2) == 0 ? a.Vcpus[random.Next(2)] : b.Vcpus[random.Next(2)];
            switch (random.Next(3))
            {
                case 0 when !vcpu.IsRunning:
                    vcpu.Block();
                    break;
                default:
                    vcpu.Wake();
                    break;
            }

            return now + (ulong)random.Next(1, 3_000_000);
        });
        ulong elapsed = _machine.Clock.Nanoseconds - start;
        foreach (Domain domain in (Domain[])[a, b])
        {
            foreach (Vcpu vcpu in domain.Vcpus)
            {
                RunStateAccount account = vcpu.RunStateNow;
                ulong sum = account.TimeIn(RunState.Running) + account.TimeIn(RunState.Runnable) + account.TimeIn(RunState.Blocked)
                    + account.TimeIn(RunState.Offline);
                Assert.Equal(elapsed, sum);
                Assert.Equal(_ran[vcpu], account.TimeIn(RunState.Running));
            }
        }
    }

    [Fact]
    public void A_detached_domain_is_forgotten()
    {
        Domain a = Create(1, 256, vcpus: 2), b = Create(2, 256);
        _queues.Detach(a);
        for (int i = 0; i < 5; i++)
        {
            Assert.Equal(b.Vcpus[0], _scheduler.Choose());
            _machine.Clock.Advance(20 * Millisecond);
        }
    }

    private Domain Create(ushort id, int weight, int vcpus = 1, int cap = 0)
    {
        var options = new DomainOptions { Id = id, Name = $"d{id}", VcpuCount = vcpus, Weight = weight, Cap = cap, MaximumPages = 16 };
        Domain domain = Domain.TryCreate(_machine.Services, options)!;
        foreach (Vcpu vcpu in domain.Vcpus)
        {
            vcpu.Cpu.Rflags = 0x202;
            vcpu.IsInitialised = true;
            vcpu.Up();
            _ran[vcpu] = 0;
        }

        _queues.Attach(domain);

        return domain;
    }

    private ulong Ran(Domain domain)
    {
        ulong sum = 0;
        foreach (Vcpu vcpu in domain.Vcpus)
            sum += _ran[vcpu];
        return sum;
    }

    private void AssertShare(Domain domain, double share)
    {
        double part = Ran(domain) / (double)Minute;
        Assert.InRange(part, share * 0.95, share * 1.05);
    }

    /// <summary>The run loop without guests: who is chosen runs to the next alarm or to the next thing that happens.</summary>
    /// <param name="happen">Something happens now; says when the next does.</param>
    /// <param name="ran">Who ran from when to when.</param>
    private void Run(ulong nanoseconds, Func<ulong, ulong>? happen = null, Action<Vcpu, ulong, ulong>? ran = null)
    {
        Xenolith.Kernel.VirtualClock clock = _machine.Clock;
        ulong end = clock.Nanoseconds + nanoseconds;
        ulong next = clock.Nanoseconds;
        Vcpu? on = null;
        while (clock.Nanoseconds < end)
        {
            if (happen is not null && clock.Nanoseconds >= next)
                next = happen(clock.Nanoseconds);
            _machine.Services.Timers.Run(clock.Nanoseconds);
            if (on is null || !on.IsRunnable || _scheduler.MustChoose)
            {
                on?.EndRun();
                on = _scheduler.Choose();
                on?.BeginRun();
            }

            ulong until = Math.Min(end, _machine.Services.Timers.NextDeadline);
            if (happen is not null)
                until = Math.Min(until, next);
            // A guest exits now and then of its own; the sleeper's millisecond ends in time.
            until = Math.Max(clock.Nanoseconds + 1, Math.Min(until, clock.Nanoseconds + Millisecond));
            ulong from = clock.Nanoseconds;
            clock.Set(until);
            if (on is not null)
            {
                _ran[on] += until - from;
                ran?.Invoke(on, from, until);
            }
        }

        on?.EndRun();
        _scheduler.Leave();
    }
}
