using System;
using System.Collections.Generic;
using Xenolith.Abi.Contract;
using Xenolith.Domains;
using Xenolith.Hal;
using Xenolith.Kernel;
using Xenolith.Tests.Unit.Harness;
using Xunit;

namespace Xenolith.Tests.Unit.Domains;

/// <summary>vCPUs on two physical CPUs: where they go, and what is on whose behalf.</summary>
public sealed class RunQueueTests : IDisposable
{
    private const ulong Millisecond = 1_000_000;

    private readonly TestMachine _machine = new(cpus: 2);
    private readonly RunQueues _queues;

    public RunQueueTests() => _queues = new RunQueues(_machine.Services, 64);

    public void Dispose()
    {
        CurrentCpu.Number = 0;
        _machine.Dispose();
    }

    [Fact]
    public void A_new_domain_is_spread_over_the_cpus()
    {
        Domain domain = Create(1, vcpus: 2);
        Vcpu? first = On(0), second = On(1);
        Assert.NotNull(first);
        Assert.NotNull(second);
        Assert.NotEqual(first, second);
        Assert.Contains(first, domain.Vcpus);
        Assert.Contains(second, domain.Vcpus);
    }

    [Fact]
    public void A_domain_that_nobody_finds_any_more_has_no_timers()
    {
        using var machine = new TestMachine();
        var queues = new RunQueues(machine.Services, 64);
        Domain domain = machine.CreateDomain(4, vcpus: 2, id: 1);
        queues.Attach(domain);
        domain.Vcpus[0].SetPeriodic(Millisecond);
        domain.Vcpus[1].SetSingleShot(5 * Millisecond, 0);
        domain.Vcpus[1].Apic.Write(0x380, 1000);
        Assert.Equal(Errno.None, domain.Watchdog.Set(0, 3, out _));
        Assert.NotEqual(ulong.MaxValue, machine.Services.Timers.NextDeadline);
        queues.Detach(domain);
        queues.Retire(domain);
        Assert.Equal(ulong.MaxValue, machine.Services.Timers.NextDeadline);
        domain.Dispose();
    }

    [Fact]
    public void A_cpu_with_nothing_to_do_takes_one_that_waits_elsewhere()
    {
        Domain domain = Create(1, vcpus: 4);
        Vcpu busy = On(0)!;
        // Those of the other CPU go to sleep; one of the first CPU's still waits there.
        Vcpu other = On(1)!;
        Sleep(other);
        Vcpu second = On(1)!;
        Sleep(second);
        Vcpu taken = On(1)!;
        Assert.NotEqual(busy, taken);
        Assert.True(taken.IsRunnable);
        Sleep(taken);
        Assert.Null(On(1));
        Assert.Equal(4, domain.Vcpus.Length);
    }

    [Fact]
    public void Affinity_is_kept()
    {
        Domain domain = Create(1, vcpus: 3, cpus: CpuSet.Of(1));
        Assert.Null(On(0));
        Assert.NotNull(On(1));
        CurrentCpu.Number = 0;
        foreach (Vcpu vcpu in domain.Vcpus)
        {
            vcpu.Wake();
        }

        Assert.Null(On(0));
    }

    [Fact]
    public void Who_wakes_goes_to_a_cpu_that_has_nothing_to_do()
    {
        Domain a = Create(1, vcpus: 1), b = Create(2, vcpus: 1), c = Create(3, vcpus: 1);
        Vcpu first = On(0)!;
        Vcpu second = On(1)!;
        Vcpu third = first == c.Vcpus[0] ? a.Vcpus[0] : c.Vcpus[0];
        Sleep(third);
        Sleep(second);
        Assert.Null(On(1));
        CurrentCpu.Number = 0;
        third.Wake();
        Assert.Equal(third, On(1));
        Assert.NotEqual(b, third.Domain);
    }

    [Fact]
    public void Two_cpus_share_by_weight_as_one_does()
    {
        Domain a = Create(1, vcpus: 2, weight: 100), b = Create(2, vcpus: 2, weight: 300);
        ulong ofA = 0, ofB = 0;
        for (int i = 0; i < 4000; i++)
        {
            for (int cpu = 0; cpu < 2; cpu++)
            {
                CurrentCpu.Number = cpu;
                _machine.Services.Timers.Run(_machine.Clock.Nanoseconds);
                Scheduler scheduler = _queues[cpu];
                Vcpu runs = scheduler.MustChoose || scheduler.Current is null ? scheduler.Choose()! : scheduler.Current;
                ofA += runs.Domain == a ? 1UL : 0;
                ofB += runs.Domain == b ? 1UL : 0;
            }

            _machine.Clock.Advance(Millisecond);
        }

        Assert.InRange(ofA / (double)(ofA + ofB), 0.25 * 0.95, 0.25 * 1.05);
    }

    /// <summary>Nobody is pinned and all spin for a minute: each domain gets its part of both CPUs, and none more than its vCPUs can use.</summary>
    [Theory]
    [InlineData(new[] { 256, 256, 256 }, new[] { 0.667, 0.667, 0.667 })]
    [InlineData(new[] { 256, 256, 512 }, new[] { 0.5, 0.5, 1.0 })]
    [InlineData(new[] { 256, 512, 512 }, new[] { 0.4, 0.8, 0.8 })]
    [InlineData(new[] { 256, 256, 256, 256, 256 }, new[] { 0.4, 0.4, 0.4, 0.4, 0.4 })]
    [InlineData(new[] { 256, 4096, 256 }, new[] { 0.5, 1.0, 0.5 })]
    public void Spinners_share_two_cpus_by_weight(int[] weights, double[] shares)
    {
        var domains = new Domain[weights.Length];
        for (int i = 0; i < domains.Length; i++)
            domains[i] = Create((ushort)(i + 1), vcpus: 1, weight: weights[i]);
        Dictionary<Vcpu, double> ran = Spin(60_000);
        for (int i = 0; i < domains.Length; i++)
            Assert.InRange(ran[domains[i].Vcpus[0]], shares[i] * 0.95, shares[i] * 1.05);
    }

    [Fact]
    public void Three_spinning_vcpus_of_a_domain_share_two_cpus_evenly()
    {
        Domain domain = Create(1, vcpus: 3);
        Dictionary<Vcpu, double> ran = Spin(60_000);
        foreach (Vcpu vcpu in domain.Vcpus)
            Assert.InRange(ran[vcpu], 0.667 * 0.95, 0.667 * 1.05);
    }

    /// <summary>One sleeps for half of each second; while it is awake four want two CPUs, else three.</summary>
    [Fact]
    public void Who_slept_is_not_owed_for_it()
    {
        Domain[] spinners = [Create(1, vcpus: 1), Create(2, vcpus: 1), Create(3, vcpus: 1)];
        Vcpu sleeper = Create(4, vcpus: 1).Vcpus[0];
        Dictionary<Vcpu, double> ran = Spin(60_000, millisecond =>
        {
            if (millisecond % 1000 == 0)
                sleeper.Block();
            else if (millisecond % 1000 == 500)
                sleeper.Wake();
        });
        Assert.InRange(ran[sleeper], 0.25 * 0.93, 0.25 * 1.07);
        foreach (Domain spinner in spinners)
            Assert.InRange(ran[spinner.Vcpus[0]], 1.75 / 3 * 0.95, 1.75 / 3 * 1.05);
    }

    [Fact]
    public void Nobody_leaves_the_cpus_it_is_pinned_to()
    {
        Domain a = Create(1, vcpus: 1, cpus: CpuSet.Of(0)), b = Create(2, vcpus: 1, cpus: CpuSet.Of(0)), c = Create(3, vcpus: 1);
        Dictionary<Vcpu, double> ran = Spin(10_000);
        Assert.InRange(ran[a.Vcpus[0]], 0.475, 0.525);
        Assert.InRange(ran[b.Vcpus[0]], 0.475, 0.525);
        Assert.InRange(ran[c.Vcpus[0]], 0.95, 1);
    }

    /// <summary>INIT reaches a vCPU on another CPU; its registers are its CPU's to load.</summary>
    [Fact]
    public void Init_of_one_that_runs_elsewhere_waits_until_it_has_left()
    {
        Domain domain = Create(1, vcpus: 2);
        Vcpu target = domain.Vcpus[1];
        CurrentCpu.Number = 1;
        target.BeginRun();
        ulong rip = target.Cpu.Rip;
        CurrentCpu.Number = 0;
        domain.Vcpus[0].Apic.Write(0x310, 2u << 24);
        domain.Vcpus[0].Apic.Write(0x300, 0x4500);
        Assert.False(target.IsOnline);
        Assert.NotEqual(Attention.None, target.Attention & Attention.Schedule);
        domain.Vcpus[0].Apic.Write(0x300, 0x4698);
        Assert.False(target.IsOnline);
        Assert.Equal(rip, target.Cpu.Rip);
        CurrentCpu.Number = 1;
        target.EndRun();
        Assert.True(target.IsOnline);
        target.BeginRun();
        Assert.Equal(0x9_8000UL, target.Cpu.GetSegment(SegmentName.Cs).Base);
        target.EndRun();
    }

    /// <summary>The alarm came on the CPU where the timer was set; the registers are for the CPU that has the vCPU.</summary>
    [Fact]
    public void An_apic_timer_that_fires_elsewhere_is_left_to_the_cpu_that_runs_the_vcpu()
    {
        Domain domain = Create(1, vcpus: 1);
        Vcpu vcpu = domain.Vcpus[0];
        CurrentCpu.Number = 0;
        vcpu.Apic.Write(0xF0, 0x1FF);
        vcpu.Apic.Write(0x320, 0x50);
        vcpu.Apic.Write(0x3E0, 0xB);
        vcpu.Apic.Write(0x380, 1000);
        CurrentCpu.Number = 1;
        vcpu.BeginRun();
        vcpu.TakeAttention();
        CurrentCpu.Number = 0;
        _machine.Clock.Advance(Millisecond);
        _machine.Services.Timers.Run(_machine.Clock.Nanoseconds);
        Assert.False(vcpu.Apic.TryGetInterrupt(out _));
        Assert.NotEqual(Attention.None, vcpu.TakeAttention() & Attention.ApicTimer);
        CurrentCpu.Number = 1;
        vcpu.Apic.TimerFired(_machine.Clock.Nanoseconds);
        Assert.True(vcpu.Apic.TryGetInterrupt(out byte vector));
        Assert.Equal(0x50, vector);
        vcpu.EndRun();
    }

    /// <summary>Runs both CPUs for a number of milliseconds; the part of one CPU that each vCPU had.</summary>
    private Dictionary<Vcpu, double> Spin(int milliseconds, Action<int>? each = null)
    {
        var ran = new Dictionary<Vcpu, double>();
        for (int i = 0; i < milliseconds; i++)
        {
            CurrentCpu.Number = 0;
            each?.Invoke(i);
            for (int cpu = 0; cpu < 2; cpu++)
            {
                CurrentCpu.Number = cpu;
                _machine.Services.Timers.Run(_machine.Clock.Nanoseconds);
                Scheduler scheduler = _queues[cpu];
                Vcpu? runs = scheduler.Current is null || scheduler.MustChoose || !scheduler.Current.IsRunnable ? scheduler.Choose() : scheduler.Current;
                if (runs is not null)
                    ran[runs] = ran.GetValueOrDefault(runs) + (1.0 / milliseconds);
            }

            _machine.Clock.Advance(Millisecond);
        }

        return ran;
    }

    [Fact]
    public void A_vcpu_that_pins_itself_elsewhere_leaves_its_cpu_for_that_one()
    {
        Vcpu vcpu = Create(1, vcpus: 1).Vcpus[0];
        int here = vcpu.HomeCpu, there = 1 - here;
        Assert.Same(vcpu, On(here));
        vcpu.BeginRun();
        Assert.Equal(Errno.EINVAL, vcpu.Unpin());
        Assert.Equal(Errno.EINVAL, vcpu.Pin(2));
        Assert.Equal(Errno.None, vcpu.Pin(there));
        Assert.Equal(Errno.EBUSY, vcpu.Pin(here));
        Assert.False(vcpu.IsRunnable);
        Leave(vcpu);
        Assert.Null(On(here));
        Assert.Same(vcpu, On(there));
        Assert.Equal((there, RunState.Runnable), (vcpu.HomeCpu, vcpu.RunStateNow.State));

        // Where it is it stays when it may run anywhere again.
        vcpu.BeginRun();
        Assert.Equal(Errno.None, vcpu.Unpin());
        Assert.True(vcpu.IsRunnable);
        Assert.Equal(there, vcpu.HomeCpu);
        Assert.Equal(Errno.None, vcpu.Pin(there));
        Assert.True(vcpu.IsRunnable);
        Leave(vcpu);
        Assert.Null(On(here));
        Assert.Same(vcpu, On(there));
    }

    [Fact]
    public void A_vcpu_that_was_about_to_leave_and_need_not_is_queued_again()
    {
        Vcpu vcpu = Create(1, vcpus: 1).Vcpus[0];
        int here = vcpu.HomeCpu;
        On(here);
        vcpu.BeginRun();
        Assert.Equal(Errno.None, vcpu.Pin(1 - here));
        Assert.Equal(Errno.None, vcpu.Unpin());
        Assert.Equal((true, RunState.Running), (vcpu.IsRunnable, vcpu.RunStateNow.State));
        Leave(vcpu);
        Assert.Same(vcpu, On(here));
    }

    [Fact]
    public void A_vcpu_that_is_pinned_no_more_goes_where_its_affinity_says()
    {
        Vcpu vcpu = Create(1, vcpus: 1, cpus: new CpuSet(1)).Vcpus[0];
        On(0);
        vcpu.BeginRun();
        Assert.Equal(Errno.None, vcpu.Pin(1));
        Leave(vcpu);
        Assert.Same(vcpu, On(1));
        vcpu.BeginRun();
        Assert.Equal(Errno.None, vcpu.Unpin());
        Leave(vcpu);
        Assert.Null(On(1));
        Assert.Same(vcpu, On(0));
        Assert.Equal(new CpuSet(1), vcpu.Affinity);
    }

    /// <summary>As the run loop of the CPU that ran it last.</summary>
    private void Leave(Vcpu vcpu)
    {
        vcpu.EndRun();
        _queues[CurrentCpu.Number].Leave();
    }

    private Vcpu? On(int cpu)
    {
        CurrentCpu.Number = cpu;
        return _queues[cpu].Choose();
    }

    private void Sleep(Vcpu vcpu)
    {
        vcpu.Block();
        _queues[CurrentCpu.Number].Leave();
    }

    private Domain Create(ushort id, int vcpus, int weight = 256, CpuSet? cpus = null)
    {
        CurrentCpu.Number = 0;
        var options = new DomainOptions
        {
            Id = id, Name = $"d{id}", VcpuCount = vcpus, Weight = weight, MaximumPages = 16, Cpus = cpus ?? new CpuSet(ulong.MaxValue),
        };
        Domain domain = Domain.TryCreate(_machine.Services, options)!;
        foreach (Vcpu vcpu in domain.Vcpus)
        {
            vcpu.Cpu.Rflags = 0x202;
            vcpu.IsInitialised = true;
            vcpu.Up();
        }

        _queues.Attach(domain);
        return domain;
    }
}
