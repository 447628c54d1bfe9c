using System.Threading;
using Xenolith.Domains;
using Xenolith.Kernel;
using Xenolith.Tests.Unit.Harness;
using Xunit;

namespace Xenolith.Tests.Unit.Domains;

/// <summary>Waiting until no CPU has any of a domain's vCPUs.</summary>
public sealed class StandstillTests
{
    /// <summary>The caller answers other CPUs while it waits, and has no lock of the domain's then.</summary>
    [Fact]
    public void A_domain_that_ends_meanwhile_is_not_touched_again()
    {
        using var machine = new TestMachine(cpus: 2);
        Vcpu caller = machine.CreateDomain(2, 1, 0).Vcpus[0];
        Domain awaited = machine.CreateDomain(2, 1, 1, isPrivileged: false);
        CurrentCpu.Number = 1;
        awaited.Vcpus[0].BeginRun();
        CurrentCpu.Number = 0;
        var sender = new Thread(() =>
        {
            CurrentCpu.Number = 1;
            machine.Services.Messages.Call(CpuSet.Of(0), new End(awaited), CpuMessages.PatienceNanoseconds);
        });
        sender.Start();
        machine.Clock.Step = 100;
        caller.Domain.Acquire();
        caller.AlsoAcquire(awaited);
        Assert.False(awaited.TryStandStill(caller));
        Assert.False(awaited.IsHeld);
        Assert.Equal(1, awaited.PauseCount);
        Assert.True(caller.Domain.IsHeld);
        caller.Domain.Release();
        sender.Join();
    }

    private sealed class End(Domain domain) : CpuWork
    {
        public override void Run() => domain.Services.Domains.Remove(domain);
    }
}
