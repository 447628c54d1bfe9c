using System;
using Xenolith.Abi.Contract;
using Xenolith.Domains;
using Xenolith.Hal;
using Xenolith.Tests.Unit.Policy;
using Xunit;

namespace Xenolith.Tests.Unit.Hypervisor;

/// <summary>Waiting, time, interrupts, typed input, and faults of the hypervisor's own.</summary>
public sealed class RunLoopTests
{
    private const ulong InterruptsOn = 0x202;
    private const uint SpuriousVector = 0xF0, InterruptCommand = 0x300, TimerVector = 0x320, TimerCount = 0x380, TimerDivide = 0x3E0;
    private const ulong RingPage = 0xFEFF_F000;
    private const ulong InProducer = 3076, OutProducer = 3084;
    private const ulong SharedInfoPage = 0x21_0000, PendingPorts = 0x800;

    [Fact]
    public void HaltWithoutInterruptsIsTheEnd()
    {
        using var fixture = new HypervisorFixture();
        fixture.Then(guest => guest.Exit(ExitReason.Halt, 0xF4));
        Assert.True(fixture.Run());
        Assert.Equal(HypervisorFixture.Entry + 1, fixture.Cpu.Rip);
    }

    [Fact]
    public void HaltWithNothingToWaitForIsNoticed()
    {
        using var fixture = new HypervisorFixture();
        fixture.Then(guest =>
        {
            guest.Cpu.Rflags = InterruptsOn;
            guest.Exit(ExitReason.Halt, 0xF4);
        });
        Assert.False(fixture.Run());
        Assert.Contains("every vCPU waits and no timer is set", fixture.Console.Text, StringComparison.Ordinal);
    }

    /// <summary>SCHEDOP_poll until a time: the machine idles, and time passes to just there.</summary>
    [Theory]
    [InlineData(1_000)]
    [InlineData(5_000_000_000)]
    public void IdleTimePassesToTheNextTimer(ulong timeout)
    {
        using var fixture = new HypervisorFixture();
        fixture.Then(guest =>
        {
            guest.Write(Guest.Scratch, new SchedPoll32 { Timeout = timeout });
            guest.Call(Hypercall.SchedOp, (ulong)SchedOp.Poll, Guest.Scratch);
        });
        fixture.Then(guest =>
        {
            Assert.Equal(0u, (uint)guest.Registers.Rax);
            Assert.Equal(timeout, fixture.Now);
            guest.PowerOff();
        });
        Assert.True(fixture.Run());
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void TheApicTimerFiresWhileTheGuestWaitsOrRuns(bool waits)
    {
        const byte vector = 0x51;
        const uint count = 100_000;
        using var fixture = new HypervisorFixture();
        EnableApic(fixture);
        Write(fixture, TimerDivide, 0xB);
        Write(fixture, TimerVector, vector);
        Write(fixture, TimerCount, count);
        fixture.Then(guest =>
        {
            guest.Cpu.Rflags = InterruptsOn;
            if (waits)
            {
                guest.Exit(ExitReason.Halt, 0xF4);
                return;
            }

            // It spins, until an interrupt of the host lets the hypervisor see that the time has come.
            fixture.Pass(1_000_000_000);
            guest.Exit(ExitReason.Interrupt);
        });
        fixture.Then(guest =>
        {
            Assert.Equal([vector], guest.Cpu.InjectedInterrupts);
            Assert.True(fixture.Now > 0);
            guest.PowerOff();
        });
        Assert.True(fixture.Run());
    }

    [Fact]
    public void AnInterruptWaitsForItsWindow()
    {
        const byte vector = 0x40;
        using var fixture = new HypervisorFixture();
        EnableApic(fixture);

        // To itself, by the shorthand.
        Write(fixture, InterruptCommand, (1 << 18) | vector);
        fixture.Then(guest =>
        {
            Assert.True(guest.Cpu.WindowRequested);
            Assert.Empty(guest.Cpu.InjectedInterrupts);
            guest.Cpu.Rflags = InterruptsOn;
            guest.Exit(ExitReason.InterruptWindow);
        });
        fixture.Then(guest =>
        {
            Assert.Equal([vector], guest.Cpu.InjectedInterrupts);
            Assert.False(guest.Cpu.WindowRequested);
            guest.PowerOff();
        });
        Assert.True(fixture.Run());
    }

    [Fact]
    public void WhatWaitsEndsAHaltBehindStiAtOnce()
    {
        using var fixture = new HypervisorFixture();
        EnableApic(fixture);
        Write(fixture, InterruptCommand, (1 << 18) | 0x40);
        fixture.Then(guest =>
        {
            guest.Cpu.Rflags = InterruptsOn;
            guest.Cpu.InterruptShadow = true;
            guest.Exit(ExitReason.Halt, 0xF4);
        });
        fixture.Then(guest =>
        {
            Assert.Equal([0x40], guest.Cpu.InjectedInterrupts);
            guest.PowerOff();
        });
        Assert.True(fixture.Run());
    }

    [Fact]
    public void ACpuThatKeepsTheApicIsToldOfItsRequestsAndDeliversThem()
    {
        using var fixture = new HypervisorFixture { Virtualisation = new ScenarioVirtualisation { Keeps = true } };
        EnableApic(fixture);
        Write(fixture, InterruptCommand, (1 << 18) | 0x40);
        fixture.Then(guest =>
        {
            Assert.Equal(new ApicKeeping(ApicInterface.Page, true, 0x40, 0), guest.Cpu.Keeping);
            Assert.False(guest.Cpu.WindowRequested);
            guest.Cpu.Rflags = InterruptsOn;
            guest.Exit(ExitReason.Halt, 0xF4);
        });
        fixture.Then(guest =>
        {
            Assert.Empty(guest.Cpu.InjectedInterrupts);
            guest.PowerOff();
        });
        Assert.True(fixture.Run());
    }

    [Fact]
    public void TwoInterruptsTakeTwoEntries()
    {
        using var fixture = new HypervisorFixture();
        EnableApic(fixture);
        Write(fixture, InterruptCommand, (1 << 18) | 0x40);
        Write(fixture, InterruptCommand, (1 << 18) | 0x80);
        fixture.Then(guest =>
        {
            guest.Cpu.Rflags = InterruptsOn;
            guest.Exit(ExitReason.InterruptWindow);
        });
        fixture.Then(guest =>
        {
            // The higher one first; the lower one has lower priority than what is in service, so no window is asked for.
            Assert.Equal([0x80], guest.Cpu.InjectedInterrupts);
            guest.ApicAccess(0xB0, isWrite: true);
            guest.Registers.Rax = 0;
        });
        fixture.Then(guest =>
        {
            Assert.Equal([0x80, 0x40], guest.Cpu.InjectedInterrupts);
            guest.PowerOff();
        });
        Assert.True(fixture.Run());
    }

    [Fact]
    public void ANonMaskableInterruptWaitsForTheEndOfTheLastOne()
    {
        using var fixture = new HypervisorFixture();
        fixture.Then(guest =>
        {
            guest.Cpu.NmiBlocked = true;
            guest.Call(Hypercall.VcpuOp, (ulong)VcpuOp.SendNmi, 0);
        });
        fixture.Then(guest =>
        {
            Assert.Equal(0, guest.Cpu.InjectedNmis);
            guest.Cpu.NmiBlocked = false;
            guest.Exit(ExitReason.Interrupt);
        });
        fixture.Then(guest =>
        {
            Assert.Equal(1, guest.Cpu.InjectedNmis);
            guest.Exit(ExitReason.Interrupt);
        });
        fixture.Then(guest =>
        {
            Assert.Equal(1, guest.Cpu.InjectedNmis);
            guest.PowerOff();
        });
        Assert.True(fixture.Run());
    }

    [Fact]
    public void TypedTextGoesIntoTheRingOfAGuestThatUsesIt()
    {
        using var fixture = new HypervisorFixture();
        fixture.Then(guest =>
        {
            "hello\n"u8.CopyTo(guest.At(RingPage + 1024, 6));
            guest.Write(RingPage + OutProducer, 6u);
            guest.Write(Guest.Scratch, 1u);
            guest.Call(Hypercall.EventChannelOp, (ulong)EventChannelOp.Send, Guest.Scratch);
        });
        fixture.Then(guest =>
        {
            Assert.Equal(0u, (uint)guest.Registers.Rax);
            Type(fixture, "typed");
            guest.Exit(ExitReason.Interrupt);
        });
        fixture.Then(guest =>
        {
            Assert.Equal(5u, guest.Read<uint>(RingPage + InProducer));
            Assert.Equal("typed"u8.ToArray(), guest.At(RingPage, 5).ToArray());
            guest.PowerOff();
        });
        Assert.True(fixture.Run());
        Assert.Contains("hello\n", fixture.Console.Text, StringComparison.Ordinal);
    }

    [Fact]
    public void TypedTextBeyondTheRingWaits()
    {
        const int typed = 1500, ring = 1024;
        using var fixture = new HypervisorFixture();
        fixture.Then(guest =>
        {
            guest.Write(RingPage + OutProducer, 1u);
            Type(fixture, new string('x', typed));
            guest.Exit(ExitReason.Interrupt);
        });
        fixture.Then(guest =>
        {
            Assert.Equal((uint)ring, guest.Read<uint>(RingPage + InProducer));
            guest.Write(RingPage + 3072, (uint)ring);
            guest.Exit(ExitReason.Interrupt);
        });
        fixture.Then(guest =>
        {
            Assert.Equal((uint)typed, guest.Read<uint>(RingPage + InProducer));
            Assert.False(fixture.Kernel.Input.HasInput);
            guest.PowerOff();
        });
        Assert.True(fixture.Run());
    }

    [Fact]
    public void AGuestThatUsesConsoleIoIsTold()
    {
        using var fixture = new HypervisorFixture();
        fixture.Then(guest =>
        {
            guest.Write(Guest.Scratch, new EvtchnBindVirq { Virq = (uint)Virq.Console });
            guest.Call(Hypercall.EventChannelOp, (ulong)EventChannelOp.BindVirq, Guest.Scratch);
        });
        fixture.Then(guest =>
        {
            Assert.Equal(0u, (uint)guest.Registers.Rax);
            guest.Write(Guest.Scratch + 0x100, new AddToPhysmap32 { Domain = 0x7FF0, Gpfn = (uint)(SharedInfoPage >> 12) });
            guest.Call(Hypercall.MemoryOp, (ulong)MemoryOp.AddToPhysmap, Guest.Scratch + 0x100);
        });
        fixture.Then(guest =>
        {
            Assert.Equal(0u, (uint)guest.Registers.Rax);
            Assert.Equal(0u, guest.Read<uint>(SharedInfoPage + PendingPorts) & Bit(guest));
            Type(fixture, "y");
            guest.Exit(ExitReason.Interrupt);
        });
        fixture.Then(guest =>
        {
            Assert.NotEqual(0u, guest.Read<uint>(SharedInfoPage + PendingPorts) & Bit(guest));
            guest.Call(Hypercall.ConsoleIo, (ulong)ConsoleIoOp.Read, 16, Guest.Scratch + 0x200);
        });
        fixture.Then(guest =>
        {
            Assert.Equal(1u, (uint)guest.Registers.Rax);
            Assert.Equal((byte)'y', guest.Read<byte>(Guest.Scratch + 0x200));
            guest.PowerOff();
        });
        Assert.True(fixture.Run());

        static uint Bit(Guest guest) => 1u << (int)guest.Read<EvtchnBindVirq>(Guest.Scratch).Port;
    }

    /// <summary>Faults of the hypervisor's code while it works for a guest end that guest, and nothing else.</summary>
    [Theory]
    [InlineData(typeof(IndexOutOfRangeException))]
    [InlineData(typeof(OverflowException))]
    [InlineData(typeof(NullReferenceException))]
    [InlineData(typeof(DivideByZeroException))]
    [InlineData(typeof(ArgumentOutOfRangeException))]
    public void AFaultOnAGuestsBehalfEndsTheGuest(Type fault)
    {
        using var fixture = new HypervisorFixture();
        fixture.Then(guest => guest.Exit(ExitReason.Interrupt));
        fixture.Then(_ => throw (Exception)Activator.CreateInstance(fault)!);
        Assert.False(fixture.Run());
        Assert.Contains("domain 0 (initial) is ended", fixture.Console.Text, StringComparison.Ordinal);
        Assert.Contains("the fault was contained", fixture.Console.Text, StringComparison.Ordinal);
        Assert.Equal(2, fixture.Cpu.Entries);
    }

    /// <summary>What is thrown on purpose is a bug that nobody may hide.</summary>
    [Fact]
    public void AThrowIsNotContained()
    {
        using var fixture = new HypervisorFixture();
        fixture.Then(_ => throw new InvalidOperationException("a bug"));
        Assert.Equal("a bug", Assert.Throws<InvalidOperationException>(() => fixture.Run()).Message);
    }

    [Fact]
    public void NobodyIsBlamedOutsideAGuestsWork()
    {
        using var fixture = new HypervisorFixture();
        var machine = new Machine(fixture.Kernel, fixture.Virtualisation, HostCpuidTable.Intel());
        var request = new InitialDomainRequest
        {
            Services = machine.Services, Boot = fixture.Kernel.Information, Cpuid = machine.HostCpuid,
            Console = fixture.Console, DomainOption = "pvh", MemoryOption = "8M",
        };
        Assert.Null(InitialDomainBuilder.TryBuild(request, out Domain? initial));
        machine.Initial = initial;
        var loop = new RunLoop(machine);
        Assert.False(loop.TryBlame("a fault of nobody's"));
        Assert.False(initial!.IsShutDown);
        initial.Dispose();
    }

    private static void Type(HypervisorFixture fixture, string text)
    {
        foreach (char character in text)
            fixture.Kernel.Input.Push((byte)character);
    }

    private static void EnableApic(HypervisorFixture fixture) => Write(fixture, SpuriousVector, 0x1FF);

    private static void Write(HypervisorFixture fixture, uint register, uint value) => fixture.Then(guest =>
    {
        guest.Registers.Rax = value;
        guest.ApicAccess(register, isWrite: true);
    });
}
