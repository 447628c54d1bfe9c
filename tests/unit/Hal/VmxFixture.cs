using System;
using Xenolith.Hal;
using Xenolith.Hal.Vmx;
using Xenolith.Kernel;

namespace Xenolith.Tests.Unit.Hal;

/// <summary>A vCPU with a modelled VMCS, on capabilities like a recent CPU's.</summary>
internal sealed class VmxFixture : IDisposable
{
    private readonly HostPhysicalMemory _memory = new(1 << 20);

    public VmxFixture(VmxCapabilities? capabilities = null)
    {
        Frames = FrameAllocator.TryCreate(_memory, [new MemoryRange(0, 1 << 20, MemoryKind.Ram)], [])!;
        Virtualisation.TryPrepare(capabilities ?? Capabilities, _memory, Frames, out _);
        Cpu = (VmxCpu)Virtualisation.CreateCpu(_memory, Frames, new Log())!;
        Cpu.SetNestedRoot(new Mfn(8));
        Vmcs vmcs = Cpu.ControlBlock;
        vmcs.Write(VmcsField.VirtualProcessorId, 1);
        vmcs.Write(VmcsField.HostCr0, 0x8005_0033);
        vmcs.Write(VmcsField.HostCr3, 0x10_0000);
        vmcs.Write(VmcsField.HostCr4, 0x2020 | 0x600);
        vmcs.Write(VmcsField.HostEfer, 0xD01);
        vmcs.Write(VmcsField.HostPat, Msr.PatReset);
        vmcs.Write(VmcsField.HostCsSelector, 8);
        vmcs.Write(VmcsField.HostTrSelector, 0x18);
        vmcs.Write(VmcsField.HostRip, 0xFFFF_FFFF_8010_0000);
    }

    public FrameAllocator Frames { get; }

    public HostPhysicalMemory Memory => _memory;

    public VmxVirtualisation Virtualisation { get; } = new();

    public VmxCpu Cpu { get; }

    /// <summary>All controls free, fixed bits as on real CPUs.</summary>
    public static VmxCapabilities Capabilities { get; } = new()
    {
        Basic = 0x11,
        Pin = new ControlRange(0x0000_007F_0000_0016),
        Primary = new ControlRange(0xFFF9_FFFE_0400_6172),
        Secondary = new ControlRange(0x0013_FFFF_0000_0000),
        Exit = new ControlRange(0x01FF_FFFF_0003_6DFB),
        Entry = new ControlRange(0x0003_FFFF_0000_11FB),
        Cr0MustBeSet = 0x8000_0021,
        Cr0MayBeSet = 0xFFFF_FFFF,
        Cr4MustBeSet = 0x2000,
        Cr4MayBeSet = 0x77_2FFF,
        EptVpid = 0xF01_0633_4141,
        PhysicalAddressBits = 39,
    };

    public void Dispose() => _memory.Dispose();
}
