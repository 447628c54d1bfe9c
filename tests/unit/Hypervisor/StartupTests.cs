using System;
using System.Linq;
using System.Text;
using Xenolith.Abi.Contract;
using Xenolith.Kernel;
using Xenolith.Tests.Unit.Builder;
using Xenolith.Tests.Unit.Policy;
using Xunit;

namespace Xenolith.Tests.Unit.Hypervisor;

/// <summary>From the kernel's hand-over to the end of the initial domain: what is refused, what is started, what its end means.</summary>
public sealed class StartupTests
{
    /// <summary>Command lines that nothing is started with, and what the console says about each.</summary>
    [Theory]
    [InlineData("dom0_memm=8M", "unknown option \"dom0_memm=8M\"")]
    [InlineData("entry-checks=perhaps", "malformed option \"entry-checks=perhaps\"")]
    [InlineData("dom0_mem=", "malformed option \"dom0_mem=\"")]
    [InlineData("dom0=pv", "malformed option \"dom0=pv\"")]
    [InlineData("no-such-thing", "unknown option \"no-such-thing\"")]
    public void RefusesACommandLineWithErrors(string options, string message)
    {
        using var fixture = new HypervisorFixture(options);
        ExpectRefusal(fixture, message);
        Assert.Contains("nothing is started", fixture.Console.Text, StringComparison.Ordinal);
        Assert.False(fixture.Virtualisation.WasEnabled);
    }

    [Theory]
    [InlineData("dom0_mem=abc", "dom0_mem: \"abc\"")]
    [InlineData("dom0_mem=1G", "dom0_mem asks for")]
    [InlineData("dom0_mem=1M", "is too little")]
    public void RefusesMemoryThatCantBeGiven(string options, string message)
    {
        using var fixture = new HypervisorFixture(options);
        ExpectRefusal(fixture, message);
    }

    [Theory]
    [InlineData("trace=everything", "trace: \"everything\" is no call: accepted are all, errors, ")]
    [InlineData("trace=errors,memory_op:populate", "trace: \"memory_op:populate\" is no operation of that group: ")]
    public void RefusesATraceOfNothing(string options, string message)
    {
        using var fixture = new HypervisorFixture(options);
        ExpectRefusal(fixture, message);
        Assert.Contains("nothing is started", fixture.Console.Text, StringComparison.Ordinal);
    }

    [Fact]
    public void TracesWhatIsAskedFor()
    {
        using var fixture = new HypervisorFixture("dom0_mem=8M trace=sched_op");
        fixture.RunAndPowerOff();
        Assert.Contains("trace d0v0: SCHEDOP_shutdown = 0 reason=0x0\n", fixture.Console.Text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("none", "the boot loader gave no module")]
    [InlineData("text", "neither an ELF file nor a bzImage")]
    [InlineData("empty", "kernel: ")]
    [InlineData("without note", "note")]
    [InlineData("wild entry", "lies outside")]
    [InlineData("truncated", "boot the whole file")]
    [InlineData("too high", "kernel: ")]
    [InlineData("large initrd", "initrd: ")]
    public void RefusesModulesThatAreNoGuest(string kind, string message)
    {
        byte[] good = ElfFactory.Simple(HypervisorFixture.Entry).Build();
        byte[][] modules = kind switch
        {
            "none" => [],
            "text" => [Encoding.ASCII.GetBytes(new string('x', 8192))],
            "empty" => [[]],
            "without note" => [WithEntry(null)],
            "wild entry" => [WithEntry(0xF00_0000)],
            "truncated" => [good[..(good.Length / 2)]],
            "too high" => [ElfFactory.Simple(0x4000_0000).Build()],
            _ => [good, new byte[7 << 20]],
        };
        using var fixture = new HypervisorFixture(modules: modules);
        ExpectRefusal(fixture, message);
    }

    [Theory]
    [InlineData("VMX is locked off", "VMX is locked off")]
    [InlineData(null, "this CPU has no virtualisation")]
    public void RefusesACpuWithoutVirtualisation(string? problem, string message)
    {
        using var fixture = new HypervisorFixture();
        Assert.False(Startup.Run(fixture.Kernel, null, problem, HostCpuidTable.Intel()));
        Assert.Contains(message, fixture.Console.Text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("dom0_mem=8M", true)]
    [InlineData("dom0_mem=8M apicv=0", false)]
    [InlineData("dom0_mem=8M no-apicv", false)]
    public void ApicVirtualisationIsAnOption(string options, bool isUsed)
    {
        using var fixture = new HypervisorFixture(options) { Virtualisation = new ScenarioVirtualisation { Keeps = true } };
        fixture.RunAndPowerOff();
        Assert.Equal(isUsed, fixture.Cpu.ApicPage != Mfn.Invalid);
        Assert.Equal(isUsed, fixture.Console.Text.Contains("APIC virtualisation", StringComparison.Ordinal));
    }

    [Fact]
    public void RefusesVirtualisationThatLacksSomething()
    {
        using var fixture = new HypervisorFixture { Virtualisation = new ScenarioVirtualisation { Missing = "it has no nested paging" } };
        ExpectRefusal(fixture, "scripted can't be used: it has no nested paging");
    }

    /// <summary>Only a power-off switches the machine off.</summary>
    [Theory]
    [InlineData(ShutdownReason.Poweroff, true, "powers off")]
    [InlineData(ShutdownReason.Reboot, false, "asks for a reboot")]
    [InlineData(ShutdownReason.Suspend, false, "suspends")]
    [InlineData(ShutdownReason.Crash, false, "has crashed")]
    [InlineData(ShutdownReason.Watchdog, false, "is stopped by its watchdog")]
    [InlineData(ShutdownReason.SoftReset, false, "asks for a soft reset")]
    [InlineData((ShutdownReason)77, false, "for a reason nobody knows")]
    public void TheGuestsEndIsTheMachines(ShutdownReason reason, bool off, string message)
    {
        using var fixture = new HypervisorFixture();
        fixture.Then(guest => guest.Shutdown(reason));
        Assert.Equal(off, fixture.Run());
        Assert.Contains(message, fixture.Console.Text, StringComparison.Ordinal);
        Assert.Equal(1, fixture.Cpu.Entries);
    }

    [Theory]
    [InlineData("dom0_mem=8M", false)]
    [InlineData("dom0_mem=8M entry-checks", true)]
    public void EntryChecksAreAnOption(string options, bool isAsked)
    {
        using var fixture = new HypervisorFixture(options);
        bool before = fixture.Virtualisation.ChecksEntries;
        fixture.RunAndPowerOff();
        Assert.Equal(before || isAsked, fixture.Virtualisation.ChecksEntries);
    }

    [Theory]
    [InlineData("hap")]
    [InlineData("iommu=no")]
    [InlineData("ucode=scan")]
    public void OptionsWithoutEffectAreWarnedOf(string option)
    {
        using var fixture = new HypervisorFixture("loglvl=all dom0_mem=8M " + option);
        fixture.Kernel.Log.Thresholds = new LogThresholds(LogLevel.Debug, LogLevel.Debug);
        fixture.RunAndPowerOff();
        Assert.Contains($"option \"{option}\" is accepted without effect", fixture.Console.Text, StringComparison.Ordinal);
    }

    [Fact]
    public void TheGuestStandsAtItsEntry()
    {
        using var fixture = new HypervisorFixture();
        byte[] expected = ElfFactory.Simple(HypervisorFixture.Entry).Segments[0].Bytes;
        fixture.Then(guest =>
        {
            Assert.Equal(HypervisorFixture.Entry, guest.Cpu.Rip);
            Assert.Equal(0x336E_C578u, guest.Read<uint>(guest.Registers.Rbx));
            Assert.Equal(expected[..4096], guest.At(HypervisorFixture.Entry, 4096).ToArray());
            guest.PowerOff();
        });
        Assert.True(fixture.Run());
    }

    [Fact]
    public void ModulesAreReleasedWhenTheGuestRuns()
    {
        // An initrd large enough to be seen among what the domain takes.
        byte[] initrd = new byte[2 << 20];
        using var fixture = new HypervisorFixture(modules: [ElfFactory.Simple(HypervisorFixture.Entry).Build(), initrd]);
        FrameAllocator frames = fixture.Kernel.Frames;
        ulong total = frames.TotalFrames;
        fixture.Then(guest => guest.PowerOff());
        Assert.True(fixture.Run());
        Assert.InRange(frames.TotalFrames - total, (ulong)initrd.Length >> Page.Shift, ((ulong)initrd.Length >> Page.Shift) + 3);
    }

    [Fact]
    public void MachinesRunSideBySide()
    {
        HypervisorFixture[] fixtures = [.. Enumerable.Range(0, 4).Select(_ => new HypervisorFixture())];
        System.Threading.Tasks.Parallel.ForEach(fixtures, fixture => fixture.RunAndPowerOff());
        Assert.All(fixtures, fixture => Assert.Equal(1, fixture.Cpu.Entries));
        Array.ForEach(fixtures, fixture => fixture.Dispose());
    }

    private static byte[] WithEntry(ulong? entry)
    {
        var factory = new ElfFactory { Entry = entry };
        factory.Segments.AddRange(ElfFactory.Simple(HypervisorFixture.Entry).Segments);
        return factory.Build();
    }

    private static void ExpectRefusal(HypervisorFixture fixture, string message)
    {
        ulong free = fixture.Kernel.Frames.FreeFrames;
        Assert.False(fixture.Run());
        Assert.Contains(message, fixture.Console.Text, StringComparison.Ordinal);
        Assert.Equal(free, fixture.Kernel.Frames.FreeFrames);
        Assert.True(fixture.Virtualisation.Guest is null || fixture.Cpu.Entries == 0);
    }
}
