using System;
using System.Collections.Generic;
using Xenolith.Hal;
using Xenolith.Kernel;
using Xenolith.Tests.Unit.Harness;

namespace Xenolith.Tests.Unit.Hypervisor;

/// <summary>Virtualisation whose one vCPU runs a script that is written before it exists.</summary>
internal sealed class ScenarioVirtualisation : Virtualisation
{
    private readonly PlainPageFormat _format = new();

    /// <summary>What the vCPU does, run by run.</summary>
    public Queue<Action<Guest>> Steps { get; } = new();

    /// <summary>The vCPU's guest, once a domain is being built.</summary>
    public Guest? Guest { get; private set; }

    /// <summary>What <see cref="Enable"/> says is missing.</summary>
    public string? Missing { get; init; }

    /// <summary>Whether its vCPUs' APICs are the CPU's to keep, if that is allowed.</summary>
    public bool Keeps { get; init; }

    public override bool KeepsApics => Keeps && AllowsApicVirtualisation;

    public bool WasEnabled { get; private set; }

    public override string Name => "scripted";

    public override bool UsesVmcall => true;

    public override PageTableFormat NestedFormat => _format;

    public override string? Enable(PhysicalMemory memory, FrameAllocator frames)
    {
        WasEnabled = true;
        return Missing;
    }

    public override bool TryPrepareOthers(CpuSet others, PhysicalMemory memory, FrameAllocator frames) => true;

    public override string? EnableHere() => null;

    /// <summary>Whether there is a frame for a vCPU.</summary>
    public bool HasFrames { get; set; } = true;

    public override VirtualCpu? CreateCpu(PhysicalMemory memory, FrameAllocator frames, Log log)
    {
        if (!HasFrames)
            return null;
        var cpu = new ScriptedCpu();
        Guest = new Guest(cpu, memory);
        foreach (Action<Guest> step in Steps)
            cpu.Script.Enqueue(_ => step(Guest));
        return cpu;
    }
}
