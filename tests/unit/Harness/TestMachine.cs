using System;
using Xenolith.Abi;
using Xenolith.Abi.Contract;
using Xenolith.Domains;
using Xenolith.Hal;
using Xenolith.Kernel;
using Xenolith.Mm;
using Xenolith.Tests.Unit.Policy;

namespace Xenolith.Tests.Unit.Harness;

/// <summary>A machine in memory: RAM, a clock that the test moves, a log that it reads, domains on scripted vCPUs.</summary>
public sealed class TestMachine : IDisposable
{
    private readonly HostPhysicalMemory _memory;

    /// <param name="mebibytes">RAM of the machine.</param>
    /// <param name="cpus">Physical CPUs; a test says by <see cref="CurrentCpu.Number"/> which one it is.</param>
    /// <param name="tscIsStable">As <see cref="DomainServices.TscIsStable"/>.</param>
    /// <param name="keepsApics">As <see cref="Virtualisation.KeepsApics"/>.</param>
    /// <param name="interrupts">How CPUs reach each other.</param>
    public TestMachine(int mebibytes = 64, bool tscIsStable = false, int cpus = 1, bool keepsApics = false, InterprocessorInterrupts? interrupts = null)
    {
        ulong bytes = (ulong)mebibytes << 20;
        _memory = new HostPhysicalMemory(bytes);
        MemoryRange[] map = [new MemoryRange(0, bytes, MemoryKind.Ram)];
        Frames = FrameAllocator.TryCreate(_memory, map, []) ?? throw new InvalidOperationException("no room for the frame table");
        Log = new Log { Clock = Clock };
        Log.TryAddDevice(Console);
        Clock.WallClock = 1_700_000_000;
        Services = new DomainServices
        {
            Memory = _memory,
            Frames = Frames,
            RamFrames = Frames.TotalFrames + 100,
            Clock = Clock,
            Log = Log,
            Virtualisation = Virtualisation = new ScriptedVirtualisation { Keeps = keepsApics },
            Messages = new CpuMessages(interrupts),
            Timers = new CpuTimers(Clock, 1024, cpus),
            CpuCount = cpus,
            TscIsStable = tscIsStable,
            CommandLine = "test=yes",
            HasAltp2m = true,
            Cpuid = HostCpuidTable.Intel(),
            DefaultCpuid = new CpuidPolicy(HostCpuidTable.Intel(), new CpuPolicyOptions(), Clock, 0, 1),
            ExposedCalls = HypercallDispatcher.FrozenExposure(),
            ExposableCalls = HypercallDispatcher.WholeExposure(),
        };
        Queues = new RunQueues(Services, DomainTable.Capacity);
        Services.Toolstack = new ToolstackDomains(Services, Queues, HostCpuidTable.Intel());
    }

    public PhysicalMemory Memory => _memory;

    /// <summary>The same, as what it is on the host.</summary>
    public HostPhysicalMemory HostMemory => _memory;

    public FrameAllocator Frames { get; }

    public VirtualClock Clock { get; } = new();

    public Log Log { get; }

    /// <summary>What the log shows.</summary>
    public CapturingConsole Console { get; } = new();

    public DomainServices Services { get; }

    public ScriptedVirtualisation Virtualisation { get; }

    /// <summary>Where the vCPUs of domains that are made by hypercall wait.</summary>
    public RunQueues Queues { get; }

    /// <summary>A domain with RAM from guest frame 0 on and its first vCPU up, in flat 64-bit mode over identity-mapped memory.</summary>
    /// <param name="mebibytes">RAM of the domain; at least 2.</param>
    public Domain CreateDomain(int mebibytes = 4, int vcpus = 1, ushort id = 0, bool isPrivileged = true, ulong? maximumPages = null,
        int maximumMappingFrames = 1024, CreateFlags flags = CreateFlags.Hvm | CreateFlags.Hap)
    {
        var options = new DomainOptions
        {
            Settings = new DomctlCreateDomain { Flags = (uint)flags, Emulation = new DomainEmulation { Flags = (uint)EmulationFlags.LocalApic } },
            Id = id, Name = $"test{id}", IsPrivileged = isPrivileged, IsInitialDomain = id == 0, VcpuCount = vcpus,
            MaximumPages = maximumPages ?? ((ulong)mebibytes << 8) + 16, MaximumMappingFrames = maximumMappingFrames,
        };
        Domain domain = Domain.TryCreate(Services, options) ?? throw new InvalidOperationException("the domain can't be created");
        if (domain.TryPopulate(new Gfn(0), (ulong)mebibytes << 8) != Errno.None)
            throw new InvalidOperationException("the machine is too small for the domain");
        var tables = new GuestTables(domain.Memory, 0x1000);
        tables.MapIdentity(0, (ulong)mebibytes << 20);
        foreach (Vcpu vcpu in domain.Vcpus)
            EnterLongMode(vcpu, tables.Root);
        var cpuid = new CpuidPolicy(HostCpuidTable.Intel(), new CpuPolicyOptions(), Clock, id, vcpus) { Shown = domain.Exposure };
        var controls = new ControlRegisterPolicy(cpuid);
        domain.Policies = new DomainPolicies(cpuid, controls, new MsrPolicy(cpuid, controls, vcpus, usesVmcall: true));
        domain.Vcpus[0].IsInitialised = true;
        domain.Vcpus[0].Up();
        return domain;
    }

    /// <summary>The vCPU's scripted side.</summary>
    public static ScriptedCpu Cpu(Vcpu vcpu) => (ScriptedCpu)vcpu.Cpu;

    /// <summary>Ring 0, 64-bit code, paging on, NX and WP on, interrupts on.</summary>
    public static void EnterLongMode(Vcpu vcpu, ulong cr3)
    {
        VirtualCpu cpu = vcpu.Cpu;
        cpu.Cr0 = 0x8001_0033;
        cpu.Cr4 = 0x20;
        cpu.Efer = 0xD00;
        cpu.Cr3 = cr3;
        cpu.Rflags = 0x202;
        cpu.SetSegment(SegmentName.Cs, new Segment(0x10, 0xA9B, uint.MaxValue, 0));
        cpu.SetSegment(SegmentName.Ss, new Segment(0x18, 0xC93, uint.MaxValue, 0));
    }

    /// <summary>Ring 0, flat 32-bit code without paging: as a PVH guest starts.</summary>
    public static void EnterFlat32(Vcpu vcpu)
    {
        VirtualCpu cpu = vcpu.Cpu;
        cpu.Cr0 = 0x11;
        cpu.Cr4 = 0;
        cpu.Efer = 0;
        cpu.Rflags = 0x202;
        cpu.SetSegment(SegmentName.Cs, new Segment(0x10, 0xC9B, uint.MaxValue, 0));
        cpu.SetSegment(SegmentName.Ss, new Segment(0x18, 0xC93, uint.MaxValue, 0));
    }

    /// <summary>Lets time pass and fires what is due.</summary>
    public void Advance(ulong nanoseconds)
    {
        Clock.Advance(nanoseconds);
        Services.Timers.Run(Clock.Nanoseconds);
    }

    public void Dispose() => _memory.Dispose();
}
