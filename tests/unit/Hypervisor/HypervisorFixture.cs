using System;
using System.Linq;
using Xenolith.Domains;
using Xenolith.Hal;
using Xenolith.Kernel;
using Xenolith.Tests.Unit.Builder;
using Xenolith.Tests.Unit.Harness;
using Xenolith.Tests.Unit.Policy;

namespace Xenolith.Tests.Unit.Hypervisor;

/// <summary>A machine as the kernel hands it over: RAM with boot modules in it, a command line, a console; and a guest that is a script.</summary>
internal sealed class HypervisorFixture : IDisposable
{
    public const ulong Entry = 0x10_0000;

    private const int Mebibytes = 48;
    private const ulong ModuleAddress = 40UL << 20;

    private readonly HostPhysicalMemory _memory = new((ulong)Mebibytes << 20);
    private readonly VirtualClock _clock = new();

    /// <param name="options">The hypervisor's command line.</param>
    /// <param name="modules">Boot modules; none given: one good kernel.</param>
    /// <param name="words">What is said of each module but the first.</param>
    public HypervisorFixture(string options = "dom0_mem=8M", byte[][]? modules = null, string words = "file argument=1")
    {
        modules ??= [ElfFactory.Simple(Entry).Build()];
        var placed = new BootModule[modules.Length];
        ulong at = ModuleAddress;
        for (int i = 0; i < modules.Length; i++)
        {
            modules[i].CopyTo(_memory.Bytes(at, modules[i].Length));
            placed[i] = new BootModule(at, (ulong)modules[i].Length, i == 0 ? "file argument=1" : words);
            at += Page.FramesFor((ulong)modules[i].Length) << Page.Shift;
        }

        MemoryRange[] map = [new MemoryRange(0, _memory.Limit, MemoryKind.Ram)];
        MemoryRange[] reserved = [.. placed.Select(module => new MemoryRange(module.Start, module.Length, MemoryKind.Reserved))];
        var log = new Log { Clock = _clock };
        log.TryAddDevice(Console);
        Kernel = new KernelServices
        {
            Information = new BootInformation { CommandLine = options, LoaderName = "test", MemoryMap = map, Modules = placed },
            Memory = _memory,
            Frames = FrameAllocator.TryCreate(_memory, map, reserved) ?? throw new InvalidOperationException("no room for the frame table"),
            Log = log,
            Options = new CommandLine(options, KernelOptions.Create()),
            Clock = _clock,
            Power = new NoPower(),
        };
    }

    public KernelServices Kernel { get; }

    /// <summary>What the log shows.</summary>
    public CapturingConsole Console { get; } = new();

    public ScenarioVirtualisation Virtualisation { get; init; } = new();

    public ulong Now => _clock.Nanoseconds;

    /// <summary>The guest, once it was built.</summary>
    public Guest Guest => Virtualisation.Guest ?? throw new InvalidOperationException("no domain was built");

    public ScriptedCpu Cpu => Guest.Cpu;

    /// <summary>Appends to the guest's script: what it does until its next exit. The guest is as the last exit left it.</summary>
    public HypervisorFixture Then(Action<Guest> step)
    {
        Virtualisation.Steps.Enqueue(step);
        return this;
    }

    /// <summary>Starts the hypervisor and runs the script, which powers the guest off at its end.</summary>
    public void RunAndPowerOff()
    {
        Then(guest => guest.PowerOff());
        if (!Run())
            throw new InvalidOperationException("the guest has not powered off:\n" + Console.Text);
    }

    /// <summary>Starts the hypervisor.</summary>
    /// <returns>Whether the machine is to be switched off.</returns>
    public bool Run()
    {
        bool off = Startup.Run(Kernel, Virtualisation, null, HostCpuidTable.Intel());
        if (Virtualisation.Guest is { } guest && guest.Cpu.Script.Count != 0)
            throw new InvalidOperationException($"{guest.Cpu.Script.Count} steps were never run:\n" + Console.Text);
        return off;
    }

    public void Pass(ulong nanoseconds) => _clock.Advance(nanoseconds);

    public void Dispose() => _memory.Dispose();

    // Power is the caller's matter: Startup returns what is to be done.
    private sealed class NoPower : PowerControl
    {
        public override void Off() => throw new InvalidOperationException("the machine was switched off");

        public override void Reset() => throw new InvalidOperationException("the machine was restarted");

        public override void Halt() => throw new InvalidOperationException("the machine was halted");
    }
}
