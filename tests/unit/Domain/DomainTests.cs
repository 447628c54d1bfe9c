using System;
using System.Linq;
using Xenolith.Abi.Contract;
using Xenolith.Domains;
using Xenolith.Kernel;
using Xenolith.Mm;
using Xenolith.Tests.Unit.Harness;
using Xunit;

namespace Xenolith.Tests.Unit.Domains;

public sealed class DomainTests
{
    [Fact]
    public void AnEndedDomainLeavesNoFrameBehind()
    {
        using var machine = new TestMachine();
        ulong free = machine.Frames.FreeFrames;
        Domain domain = machine.CreateDomain(8, vcpus: 3);
        Assert.Equal(Errno.None, domain.TryPopulate(Domain.DefaultConsoleFrame, 1));
        Assert.True(domain.Console.TryConnect(Domain.DefaultConsoleFrame, machine.Console));
        Assert.Equal(Errno.None, domain.Vcpus[0].RegisterInfo(new Gfn(0x300), 64, domain.Vcpus[0]));
        Assert.True(domain.Vcpus[0].RegisterRunStateArea(domain.Vcpus[0].Access, 0x30_1FF0));
        Assert.True(domain.Vcpus[1].RegisterTimeArea(domain.Vcpus[0].Access, 0x30_4FF8));
        Assert.Equal(Errno.None, domain.Lend(domain.SharedInfo.Frame, new Gfn(0x310)));
        Assert.True(domain.GrantTable.TryGrow(5));
        Assert.Equal(Errno.None, domain.GrantTable.SetVersion(2));
        Assert.Equal(Errno.None, domain.Lend(domain.GrantTable.Frame(3), new Gfn(0x4_0000)));
        // A page that is registered goes away, and a frame is moved.
        Assert.True(domain.P2m.TryDepopulate(new Gfn(0x300)));
        Assert.True(domain.P2m.TryDepopulate(new Gfn(0x304)));
        Assert.Equal(Errno.None, domain.Move(new Gfn(0x320), new Gfn(0x5_0000)));
        Assert.Equal(Errno.None, domain.Vcpus[1].Domain.EventChannels.BindIpi(1, out _));
        domain.Vcpus[0].SetSingleShot(1000, 0);
        domain.Vcpus[0].SetPeriodic(1_000_000);
        Assert.NotEqual(free, machine.Frames.FreeFrames);

        domain.Dispose();
        Assert.Equal(free, machine.Frames.FreeFrames);
        Assert.Equal(0UL, machine.Frames.CountOwnedBy(0));
        Assert.Null(machine.Services.Domains.Find(0));
        Assert.Equal(0, machine.Services.Timers.Count);
        Assert.All(domain.Vcpus, vcpu => Assert.True(TestMachine.Cpu(vcpu).IsReleased));
    }

    [Fact]
    public void AFailedCreationLeavesNothingBehind()
    {
        using var machine = new TestMachine(4);
        while (machine.Frames.FreeFrames > 0)
        {
            ulong free = machine.Frames.FreeFrames;
            var options = new DomainOptions { Id = 3, Name = "x", VcpuCount = 2 };
            Domain? domain = Domain.TryCreate(machine.Services, options);
            domain?.Dispose();
            Assert.Equal(free, machine.Frames.FreeFrames);
            Assert.Equal(0, machine.Services.Domains.Count);
            int take = free > 16 ? System.Numerics.BitOperations.Log2(free - 8) : 0;
            while (!machine.Frames.TryAllocate(take, FrameAllocator.HypervisorOwner, FrameType.Unspecified, out _))
                take--;
        }
    }

    [Fact]
    public void AnIdIsTakenOnce()
    {
        using var machine = new TestMachine();
        Domain first = machine.CreateDomain(4, id: 7);
        Assert.Null(Domain.TryCreate(machine.Services, new DomainOptions { Id = 7, Name = "again" }));
        Assert.Same(first, machine.Services.Domains.Find(7));
        Assert.Same(first, machine.Services.Domains.Resolve(DomainIds.Self, first));
        Assert.Null(machine.Services.Domains.Resolve(DomainIds.Xen, first));
    }

    [Fact]
    public void MemoryIsLimitedToTheMaximum()
    {
        using var machine = new TestMachine();
        Domain domain = machine.CreateDomain(4, maximumPages: 1025);
        Assert.Equal(1024UL, domain.TotalPages);
        Assert.Equal(Errno.ENOMEM, domain.TryPopulate(new Gfn(0x1000), 2));
        Assert.Equal(Errno.ENOMEM, domain.TryPopulate(new Gfn(0x1000), ulong.MaxValue));
        Assert.Equal(Errno.None, domain.TryPopulate(new Gfn(0x1000), 1));
        Assert.Equal(1025UL, domain.TotalPages);
    }

    [Fact]
    public void ALentFrameIsAtOnePlaceAndReplacesWhatWasThere()
    {
        using var machine = new TestMachine();
        Domain domain = machine.CreateDomain();
        ulong pages = domain.TotalPages;
        LentFrame frame = domain.SharedInfo.Frame;
        Assert.Equal(Errno.None, domain.Lend(frame, new Gfn(0x300)));
        Assert.Equal(pages - 1, domain.TotalPages);
        Assert.Equal(frame.Mfn, domain.P2m.Lookup(new Gfn(0x300)).Mfn);
        Assert.Equal(Errno.None, domain.Lend(frame, new Gfn(0x300)));
        Assert.Equal(Errno.None, domain.Lend(frame, new Gfn(0x301)));
        Assert.Equal(P2mType.None, domain.P2m.Lookup(new Gfn(0x300)).Type);
        Assert.Equal(frame.Mfn, domain.P2m.Lookup(new Gfn(0x301)).Mfn);
        // The guest gives the place up: the frame is unmapped and stays the hypervisor's.
        Assert.True(domain.P2m.TryDepopulate(new Gfn(0x301)));
        Assert.Equal(FrameAllocator.HypervisorOwner, machine.Frames.OwnerOf(frame.Mfn));
        Assert.Equal(pages - 2, domain.TotalPages);
        Assert.Equal(Errno.None, domain.Lend(frame, new Gfn(0x9_0000)));
        // One lent frame over another.
        Assert.Equal(Errno.None, domain.Lend(domain.GrantTable.Frame(0), new Gfn(0x9_0000)));
        Assert.Equal(domain.GrantTable.Frame(0).Mfn, domain.P2m.Lookup(new Gfn(0x9_0000)).Mfn);
        Assert.True(domain.P2m.TrySet(new Gfn(0xFEE00), new Mfn(0xFEE00), 0, P2mType.Mmio));
        Assert.Equal(Errno.EINVAL, domain.Lend(frame, new Gfn(0xFEE00)));
    }

    [Fact]
    public void NothingOfADomainThatHasLeftMapsWhatItWasLent()
    {
        using var machine = new TestMachine();
        Domain domain = machine.CreateDomain();
        Assert.Equal(Errno.None, domain.Lend(domain.SharedInfo.Frame, new Gfn(0x300)));
        Assert.Equal(Errno.None, domain.Lend(domain.GrantTable.Frame(0), new Gfn(0x9_0000)));
        domain.Leave();
        Assert.Equal(P2mType.None, domain.P2m.Lookup(new Gfn(0x300)).Type);
        Assert.Equal(P2mType.None, domain.P2m.Lookup(new Gfn(0x9_0000)).Type);
        while (!domain.ReleaseStep(512))
        {
        }
    }

    [Fact]
    public void MovingAFrameLeavesNothingAtTheOldPlace()
    {
        using var machine = new TestMachine();
        Domain domain = machine.CreateDomain();
        Mfn mfn = domain.P2m.Lookup(new Gfn(0x300)).Mfn;
        Assert.Equal(Errno.None, domain.Move(new Gfn(0x300), new Gfn(0x301)));
        Assert.Equal(P2mType.None, domain.P2m.Lookup(new Gfn(0x300)).Type);
        Assert.Equal(mfn, domain.P2m.Lookup(new Gfn(0x301)).Mfn);
        Assert.Equal(1023UL, domain.TotalPages);
        Assert.Equal(Errno.EINVAL, domain.Move(new Gfn(0x300), new Gfn(0x302)));
        Assert.Equal(Errno.None, domain.Move(new Gfn(0x301), new Gfn(0x301)));
    }

    [Fact]
    public void ShutdownHoldsEveryVcpuAndSaysWhyOnce()
    {
        using var machine = new TestMachine();
        Domain domain = machine.CreateDomain(4, vcpus: 2);
        domain.Shutdown(ShutdownReason.Reboot);
        domain.Shutdown(ShutdownReason.Crash);
        Assert.True(domain.IsShutDown);
        Assert.Equal(ShutdownReason.Reboot, domain.ShutdownReason);
        Assert.False(domain.Vcpus[0].IsRunnable);
        Assert.Single(machine.Console.Text.Split('\n', StringSplitOptions.RemoveEmptyEntries));
        Assert.Contains("domain 0 (test0) asks for a reboot", machine.Console.Text);
    }

    [Fact]
    public void ACrashNamesItsReason()
    {
        using var machine = new TestMachine();
        Domain domain = machine.CreateDomain();
        domain.Crash("triple fault");
        Assert.Equal(ShutdownReason.Crash, domain.ShutdownReason);
        Assert.Contains("triple fault", machine.Console.Text);
    }

    [Fact]
    public void HaltWithInterruptsOffPowersOffWithTheLastVcpu()
    {
        using var machine = new TestMachine();
        Domain domain = machine.CreateDomain(4, vcpus: 2);
        domain.Vcpus[1].Up();
        domain.Vcpus[0].Cpu.Rflags = 2;
        domain.Vcpus[0].Halt();
        Assert.False(domain.Vcpus[0].IsOnline);
        Assert.False(domain.IsShutDown);
        domain.Vcpus[1].Cpu.Rflags = 2;
        domain.Vcpus[1].Halt();
        Assert.True(domain.IsShutDown);
        Assert.Equal(ShutdownReason.Poweroff, domain.ShutdownReason);
        Assert.Contains("powers off", machine.Console.Text);
    }

    [Fact]
    public void NestedTranslationsAreForgottenOnceForEachChange()
    {
        using var machine = new TestMachine();
        Domain domain = machine.CreateDomain(4, vcpus: 2);
        ScriptedCpu first = TestMachine.Cpu(domain.Vcpus[0]);
        domain.Vcpus[0].SynchroniseNested();
        domain.Vcpus[1].SynchroniseNested();
        int before = first.NestedInvalidations;
        domain.Vcpus[0].SynchroniseNested();
        Assert.Equal(before, first.NestedInvalidations);
        Assert.True(domain.P2m.TryRemove(new Gfn(0x200), 9));
        Assert.True(domain.P2m.TryDepopulate(new Gfn(0x10)));
        domain.Vcpus[0].SynchroniseNested();
        Assert.Equal(before + 1, first.NestedInvalidations);
        domain.Vcpus[1].SynchroniseNested();
        Assert.False(domain.P2m.HasRetiredTables);
        Assert.Equal(domain.P2m.Root, first.NestedRoot);
    }

    [Fact]
    public void AssistsAreBits()
    {
        using var machine = new TestMachine();
        Domain domain = machine.CreateDomain();
        domain.SetAssist(VmAssistType.RunstateUpdateFlag, true);
        Assert.True(domain.HasAssist(VmAssistType.RunstateUpdateFlag));
        Assert.False(domain.HasAssist(VmAssistType.M2pStrict));
        domain.SetAssist(VmAssistType.RunstateUpdateFlag, false);
        Assert.False(domain.HasAssist(VmAssistType.RunstateUpdateFlag));
    }

    [Fact]
    public void WatchdogsAreTakenStartedAgainAndGivenBack()
    {
        using var machine = new TestMachine();
        Domain domain = machine.CreateDomain();
        Assert.Equal(Errno.EINVAL, domain.Watchdog.Set(1, 5, out _));
        Assert.Equal(Errno.EINVAL, domain.Watchdog.Set(3, 5, out _));
        Assert.Equal(Errno.EINVAL, domain.Watchdog.Set(99, 5, out _));
        Assert.Equal(Errno.None, domain.Watchdog.Set(0, 30, out uint first));
        Assert.Equal(1u, first);
        Assert.Equal(Errno.None, domain.Watchdog.Set(0, 40, out uint second));
        Assert.Equal(2u, second);
        Assert.Equal(Errno.ENOSPC, domain.Watchdog.Set(0, 40, out _));
        machine.Advance(29_000_000_000);
        Assert.Equal(Errno.None, domain.Watchdog.Set(1, 30, out uint none));
        Assert.Equal(0u, none);
        Assert.Equal(Errno.None, domain.Watchdog.Set(2, 0, out _));
        Assert.Equal(Errno.EINVAL, domain.Watchdog.Set(2, 0, out _));
        machine.Advance(29_999_999_999);
        Assert.False(domain.IsShutDown);
        machine.Advance(1);
        Assert.Equal(ShutdownReason.Watchdog, domain.ShutdownReason);
        Assert.Contains("stopped by its watchdog", machine.Console.Text);
    }
}
