using System;
using Xenolith.Hal.Svm;
using Xenolith.Kernel;

namespace Xenolith.Tests.Unit.Hal;

/// <summary>A vCPU with a VMCB in a host's memory.</summary>
internal sealed class SvmFixture : IDisposable
{
    private readonly HostPhysicalMemory _memory = new(1 << 20);

    public SvmFixture(SvmCapabilities capabilities)
    {
        Frames = FrameAllocator.TryCreate(_memory, [new MemoryRange(0, 1 << 20, MemoryKind.Ram)], [])!;
        Virtualisation.TryPrepare(capabilities, _memory, Frames, out _);
        Cpu = (SvmCpu)Virtualisation.CreateCpu(_memory, Frames, new Log())!;
        Cpu.SetNestedRoot(new Mfn(8));
    }

    public FrameAllocator Frames { get; }

    public HostPhysicalMemory Memory => _memory;

    public SvmVirtualisation Virtualisation { get; } = new();

    public SvmCpu Cpu { get; }

    public void Dispose() => _memory.Dispose();
}
