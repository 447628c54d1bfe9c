using System;
using Xenolith.Hal;
using Xunit;

namespace Xenolith.Tests.Unit.Hypervisor;

/// <summary>Exits by way of the local APIC's registers, emulated or left over by a CPU that keeps them.</summary>
public sealed class ApicExitTests
{
    [Fact]
    public void TheApicPageIsTheVcpusOwn()
    {
        using var fixture = new HypervisorFixture();
        fixture.Then(guest => guest.ApicAccess(0x30, isWrite: false));
        fixture.Then(guest =>
        {
            // Version register: an integrated APIC.
            Assert.InRange((byte)guest.Registers.Rax, 0x10, 0x15);
            guest.Registers.Rax = 0x30;
            guest.ApicAccess(0x80, isWrite: true);
        });
        fixture.Then(guest =>
        {
            guest.Registers.Rax = 0;
            guest.ApicAccess(0x80, isWrite: false);
        });
        fixture.Then(guest =>
        {
            Assert.Equal(0x30u, (uint)guest.Registers.Rax);
            guest.PowerOff();
        });
        Assert.True(fixture.Run());
    }

    [Fact]
    public void WhatTheCpuLeavesOfItsApicPageIsEmulatedAtItsOffset()
    {
        using var fixture = new HypervisorFixture();
        fixture.Then(guest => Access(guest, 0x30));
        fixture.Then(guest =>
        {
            Assert.InRange((byte)guest.Registers.Rax, 0x10, 0x15);
            // WRMSR: the APIC is switched off, and its page is nothing any more.
            guest.Exit(ExitReason.MsrWrite, 0x0F, 0x30);
            (guest.Registers.Rcx, guest.Registers.Rax, guest.Registers.Rdx) = (0x1B, 0xFEE0_0100, 0);
        });
        fixture.Then(guest => Access(guest, 0x30));
        fixture.Then(guest =>
        {
            Assert.Equal(uint.MaxValue, (uint)guest.Registers.Rax);
            guest.PowerOff();
        });
        Assert.True(fixture.Run());

        static void Access(Guest guest, uint offset)
        {
            guest.ApicAccess(offset, isWrite: false);
            guest.Cpu.Exit.Reason = ExitReason.ApicAccess;
            guest.Cpu.Exit.GuestPhysical = offset;
        }
    }

    [Fact]
    public void AnEventsDeliveryByWayOfTheApicPageEndsTheDomain()
    {
        using var fixture = new HypervisorFixture();
        fixture.Then(guest =>
        {
            guest.ApicAccess(0x30, isWrite: false);
            guest.Cpu.Exit.Reason = ExitReason.ApicAccess;
            guest.Cpu.Exit.GuestPhysical = 0x30;
            guest.Cpu.Exit.DuringDelivery = true;
        });
        Assert.False(fixture.Run());
        Assert.Contains("guest-physical fee00030", fixture.Console.Text, StringComparison.Ordinal);
    }

    [Fact]
    public void AWriteOfTheApicThatTheCpuMadeIsCompleted()
    {
        using var fixture = new HypervisorFixture { Virtualisation = new ScenarioVirtualisation { Keeps = true } };
        fixture.Then(guest =>
        {
            guest.MachineWord(guest.Cpu.ApicRegisters.Address + 0xF0) = 0x1FF;
            guest.Exit(ExitReason.ApicWrite).GuestPhysical = 0xF0;
        });
        fixture.Then(guest =>
        {
            Assert.Equal(HypervisorFixture.Entry, guest.Cpu.Rip);
            Assert.Equal(new ApicKeeping(ApicInterface.Page, true, 0, 0), guest.Cpu.Keeping);
            guest.PowerOff();
        });
        Assert.True(fixture.Run());
    }
}
