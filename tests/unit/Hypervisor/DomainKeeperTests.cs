using Xenolith.Abi.Contract;
using Xenolith.Domains;
using Xenolith.Kernel;
using Xenolith.Tests.Unit.Builder;
using Xenolith.Tests.Unit.Policy;
using Xunit;

namespace Xenolith.Tests.Unit.Hypervisor;

/// <summary>The end of a boot module's domain.</summary>
public sealed class DomainKeeperTests
{
    private static Machine MachineWithModule(HypervisorFixture fixture)
    {
        var machine = new Machine(fixture.Kernel, fixture.Virtualisation, HostCpuidTable.Intel());
        Assert.Null(DomainPlan.TryMake(fixture.Kernel.Information, out DomainPlan? plan));
        Assert.Null(machine.Keeper.TryPrepare(plan!));
        Assert.True(machine.Keeper.TryMakeAll(), fixture.Console.Text);
        return machine;
    }

    private static HypervisorFixture Fixture() =>
        new(modules: [ElfFactory.Simple(HypervisorFixture.Entry).Build(), ElfFactory.Simple(HypervisorFixture.Entry).Build()], words: "file domain name=other memory=4M");

    /// <summary>A toolstack lets it go on before the keeper looks, and once more while a CPU is still leaving it.</summary>
    [Fact]
    public void What_is_taken_apart_does_not_go_on()
    {
        using HypervisorFixture fixture = Fixture();
        Machine machine = MachineWithModule(fixture);
        ModuleDomain module = machine.Keeper.All[0];
        Domain domain = module.Domain!;
        Vcpu vcpu = domain.Vcpus[0];
        domain.Shutdown(ShutdownReason.Poweroff);
        domain.Resume();
        Assert.True(vcpu.IsRunnable);
        vcpu.BeginRun();
        Assert.True(machine.Keeper.Step());
        Assert.Equal((ModuleDomainState.Stopping, true, false), (module.State, domain.IsDying, vcpu.IsRunnable));
        Assert.False(machine.Services.ControlLock.IsHeld);
        domain.Shutdown(ShutdownReason.Suspend);
        domain.Resume();
        Assert.Equal((true, false), (domain.IsShutDown, vcpu.IsRunnable));
        vcpu.EndRun();
        Assert.True(machine.Keeper.Step());
        Assert.Equal(ModuleDomainState.Releasing, module.State);
        // Nobody gets its id while its memory is not back.
        Assert.Null(machine.Services.Domains.Find(module.Id));
        Assert.False(machine.Services.Toolstack!.IsFree(module.Id));
        while (machine.Keeper.Step())
        {
        }
        Assert.True(machine.Services.Toolstack.IsFree(module.Id));
        Assert.Equal(ModuleDomainState.Gone, module.State);
        Assert.Null(machine.Services.Domains.Find(module.Id));
    }

    /// <summary>Its module says paused: a control domain lets it run, once.</summary>
    [Fact]
    public void What_is_to_wait_runs_when_a_control_domain_says_so()
    {
        using var fixture = new HypervisorFixture(modules: [ElfFactory.Simple(HypervisorFixture.Entry).Build(), ElfFactory.Simple(HypervisorFixture.Entry).Build()],
            words: "file domain name=other memory=4M paused");
        Domain domain = MachineWithModule(fixture).Keeper.All[0].Domain!;
        Assert.Equal((1, 1, false, false), (domain.PauseCount, domain.ControllerPauses, domain.HasBegun, domain.Vcpus[0].IsRunnable));
        Assert.Equal(Errno.None, domain.UnpauseByController());
        Assert.True(domain.Vcpus[0].IsRunnable);
        Assert.Equal(Errno.EINVAL, domain.UnpauseByController());
    }

    /// <summary>Calls of control and the keeper don't meet in a domain.</summary>
    [Fact]
    public void While_a_call_of_control_is_under_way_nothing_is_taken_apart()
    {
        using HypervisorFixture fixture = Fixture();
        Machine machine = MachineWithModule(fixture);
        ModuleDomain module = machine.Keeper.All[0];
        module.Domain!.Shutdown(ShutdownReason.Poweroff);
        machine.Services.ControlLock.Acquire();
        Assert.True(machine.Keeper.Step());
        Assert.Equal((ModuleDomainState.Stopping, false), (module.State, module.Domain.IsDying));
        machine.Services.ControlLock.Release();
        Assert.True(machine.Keeper.Step());
        Assert.Equal((ModuleDomainState.Releasing, true), (module.State, module.Domain.IsDying));
    }

    /// <summary>The machine has no frame for the vCPU: its domain is not made, the log says why, and every other frame is back.</summary>
    [Fact]
    public void A_build_without_frames_fails_with_a_message()
    {
        using HypervisorFixture fixture = Fixture();
        var machine = new Machine(fixture.Kernel, fixture.Virtualisation, HostCpuidTable.Intel());
        Assert.Null(DomainPlan.TryMake(fixture.Kernel.Information, out DomainPlan? plan));
        Assert.Null(machine.Keeper.TryPrepare(plan!));
        ulong free = fixture.Kernel.Frames.FreeFrames;
        fixture.Virtualisation.HasFrames = false;
        Assert.False(machine.Keeper.TryMakeAll());
        Assert.Contains("domain other: memory ran out while it was given ", fixture.Console.Text, System.StringComparison.Ordinal);
        Assert.Equal(0, machine.Services.Domains.Count);
        Assert.True(fixture.Kernel.Frames.FreeFrames >= free);
    }
}
