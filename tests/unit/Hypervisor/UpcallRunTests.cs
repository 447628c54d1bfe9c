using Xenolith.Abi.Contract;
using Xenolith.Hal;
using Xunit;

namespace Xenolith.Tests.Unit.Hypervisor;

/// <summary>How events reach a guest by the domain's callback vector, from the call that brings them to the guest's handler.</summary>
public sealed class UpcallRunTests
{
    private const ulong InterruptsOn = 0x202;
    private const ulong SharedInfoPage = 0x21_0000, PendingPorts = 0x800, Port = Guest.Scratch + 0x44;

    /// <summary>
    /// A guest that clears evtchn_upcall_pending in its handler is watched doing so once, by a window after the injection. One that
    /// leaves it set is told again: by the window at once, or, when it was trusted to clear it, at its next exit.
    /// </summary>
    [Fact]
    public void TheMarkOfAnUpcallIsWatchedUntilTheGuestIsSeenToClearIt()
    {
        const byte vector = 0xE1;
        using var fixture = new HypervisorFixture();
        MapSharedInfo(fixture, vector);
        Upcall(fixture, vector, 1, window: true, takes: true);
        Upcall(fixture, vector, 2, window: false, takes: true);
        Upcall(fixture, vector, 3, window: false, takes: false);
        fixture.Then(guest =>
        {
            Assert.Equal(4, guest.Cpu.InjectedInterrupts.Count);
            Assert.True(guest.Cpu.WindowRequested);
            guest.Exit(ExitReason.InterruptWindow);
        });
        fixture.Then(guest =>
        {
            Assert.Equal(5, guest.Cpu.InjectedInterrupts.Count);
            Assert.True(guest.Cpu.WindowRequested);
            Take(guest);
            guest.Exit(ExitReason.InterruptWindow);
        });
        fixture.Then(guest =>
        {
            Assert.Equal(5, guest.Cpu.InjectedInterrupts.Count);
            Assert.False(guest.Cpu.WindowRequested);
            guest.PowerOff();
        });
        Assert.True(fixture.Run());
    }

    /// <summary>An event of the guest's own while its interrupts are off waits for a window, however much it is trusted.</summary>
    [Fact]
    public void AnUpcallWaitsForItsWindow()
    {
        const byte vector = 0xE1;
        using var fixture = new HypervisorFixture();
        MapSharedInfo(fixture, vector);
        Upcall(fixture, vector, 1, window: true, takes: true);
        fixture.Then(guest =>
        {
            guest.Cpu.Rflags = 2;
            guest.Call(Hypercall.EventChannelOp, (ulong)EventChannelOp.Send, Port);
        });
        fixture.Then(guest =>
        {
            Assert.Single(guest.Cpu.InjectedInterrupts);
            Assert.True(guest.Cpu.WindowRequested);
            guest.Cpu.Rflags = InterruptsOn;
            guest.Exit(ExitReason.InterruptWindow);
        });
        fixture.Then(guest =>
        {
            Assert.Equal(2, guest.Cpu.InjectedInterrupts.Count);
            Assert.False(guest.Cpu.WindowRequested);
            guest.PowerOff();
        });
        Assert.True(fixture.Run());
    }

    /// <summary>A single-shot timer whose time has come brings its upcall with the call that sets it.</summary>
    [Fact]
    public void ATimerInThePastFiresInItsCall()
    {
        const byte vector = 0xE1;
        using var fixture = new HypervisorFixture();
        MapSharedInfo(fixture, vector);
        fixture.Then(guest =>
        {
            guest.Write(Guest.Scratch, new EvtchnBindVirq { Virq = (uint)Virq.Timer });
            guest.Call(Hypercall.EventChannelOp, (ulong)EventChannelOp.BindVirq, Guest.Scratch);
        });
        fixture.Then(guest =>
        {
            fixture.Pass(1_000_000);
            guest.Cpu.Rflags = InterruptsOn;
            guest.Call(Hypercall.SetTimerOp, 999_999, 0);
        });
        fixture.Then(guest =>
        {
            Assert.Equal([vector], guest.Cpu.InjectedInterrupts);
            guest.PowerOff();
        });
        Assert.True(fixture.Run());
    }

    /// <summary>Gives the guest its shared_info, the callback vector, and an IPI on a port whose number lies at <see cref="Port"/>.</summary>
    private static void MapSharedInfo(HypervisorFixture fixture, byte vector)
    {
        fixture.Then(guest =>
        {
            guest.Write(Guest.Scratch, new AddToPhysmap32 { Domain = 0x7FF0, Gpfn = (uint)(SharedInfoPage >> 12) });
            guest.Call(Hypercall.MemoryOp, (ulong)MemoryOp.AddToPhysmap, Guest.Scratch);
        });
        fixture.Then(guest =>
        {
            guest.Write(Guest.Scratch, new HvmParam { Domain = 0x7FF0, Index = (uint)HvmParameter.CallbackIrq, Value = (2UL << 56) | vector });
            guest.Call(Hypercall.HvmOp, (ulong)HvmOp.SetParam, Guest.Scratch);
        });
        fixture.Then(guest =>
        {
            Assert.Equal(0u, (uint)guest.Registers.Rax);
            guest.Write(Port - 4, new EvtchnBindIpi());
            guest.Call(Hypercall.EventChannelOp, (ulong)EventChannelOp.BindIpi, Port - 4);
        });
    }

    /// <summary>The guest sends itself an event with interrupts on, and is told; it takes the event, or leaves all marked.</summary>
    private static void Upcall(HypervisorFixture fixture, byte vector, int count, bool window, bool takes)
    {
        fixture.Then(guest =>
        {
            guest.Cpu.Rflags = InterruptsOn;
            guest.Call(Hypercall.EventChannelOp, (ulong)EventChannelOp.Send, Port);
        });
        fixture.Then(guest =>
        {
            Assert.Equal(count, guest.Cpu.InjectedInterrupts.Count);
            Assert.Equal(vector, guest.Cpu.InjectedInterrupts[^1]);
            Assert.Equal(window, guest.Cpu.WindowRequested);
            if (takes)
                Take(guest);
            guest.Exit(window ? ExitReason.InterruptWindow : ExitReason.Interrupt);
        });
    }

    private static void Take(Guest guest)
    {
        guest.Write<byte>(SharedInfoPage, 0);
        guest.Write(SharedInfoPage + 4, 0u);
        guest.Write(SharedInfoPage + PendingPorts, 0u);
    }
}
