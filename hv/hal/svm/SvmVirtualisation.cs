using System;
using Xenolith.Kernel;

namespace Xenolith.Hal.Svm;

/// <summary>SVM with nested page tables. Mirror of <see cref="Vmx.VmxVirtualisation"/>.</summary>
public sealed class SvmVirtualisation : Virtualisation
{
    private const uint VmCrMsr = 0xC001_0114;
    private const uint HostSaveAreaMsr = 0xC001_0117;
    internal const int MsrPermissionMapOrder = 1;
    private const int IoPermissionMapOrder = 2;

    private readonly SvmProcessor?[] _processors = new SvmProcessor?[CurrentCpu.MaximumCpus];
    private NptFormat? _format;

    public override bool GivesTscAux => Here.Capabilities.HasTscAux;

    public override string Name => "SVM/NPT";

    public override bool UsesVmcall => false;

    public override PageTableFormat NestedFormat => _format ?? throw new InvalidOperationException("SVM is not switched on");

    /// <summary>The calling CPU's.</summary>
    internal SvmProcessor Here => _processors[CurrentCpu.Number]!;

    /// <summary>Whether vCPUs go from one CPU to another.</summary>
    internal bool HasOthers { get; private set; }

    /// <summary>The I/O permission map that all vCPUs share: 12 KiB, every port exits.</summary>
    public Mfn IoPermissionMap { get; private set; } = Mfn.Invalid;

    /// <summary>The MSR permission map that all vCPUs share: 8 KiB.</summary>
    public Mfn MsrPermissionMap { get; private set; } = Mfn.Invalid;

    /// <summary>Whether this CPU says that it has SVM.</summary>
    public static bool IsPresent => HostInstructions.Cpuid(0x8000_0000).Eax >= 0x8000_000A
        && (HostInstructions.Cpuid(0x8000_0001).Ecx & (1 << 2)) != 0;

    public override string? Enable(PhysicalMemory memory, FrameAllocator frames)
    {
        if (!IsPresent)
            return "This CPU has no SVM; use an AMD CPU with virtualisation, or when this is a virtual machine switch nested virtualisation on in the outer hypervisor.";
        if (IsLockedOff)
            return "The firmware has switched SVM off (VM_CR.SVMDIS); switch virtualisation (SVM mode) on in the firmware's setup and power the machine off and on.";
        SvmCapabilities capabilities = SvmCapabilities.Read();
        if (capabilities.Missing() is { } missing)
            return missing;
        if (!TryPrepare(capabilities, memory, frames, out _))
            return "There is no memory for SVM's control structures; give the machine more.";

        SwitchOn();
        return null;
    }

    public override bool TryPrepareOthers(CpuSet others, PhysicalMemory memory, FrameAllocator frames)
    {
        SvmCapabilities capabilities = Here.Capabilities;
        for (CpuSet rest = others; !rest.IsEmpty; rest = rest.Without(rest.First))
        {
            if (!frames.TryAllocate(0, FrameAllocator.HypervisorOwner, FrameType.Control, out Mfn saveArea)
                || !frames.TryAllocate(0, FrameAllocator.HypervisorOwner, FrameType.Control, out Mfn hostVmcb)
                || !frames.TryAllocate(0, FrameAllocator.HypervisorOwner, FrameType.Control, out Mfn stepRoot))
            {
                return false;
            }
            _processors[rest.First] = new SvmProcessor(capabilities, saveArea, hostVmcb, stepRoot);
        }
        HasOthers |= !others.IsEmpty;
        return true;
    }

    public override string? EnableHere()
    {
        if (!IsPresent)
            return "it has no SVM";
        if (IsLockedOff)
            return "its firmware has switched SVM off";
        SwitchOn();
        return null;
    }

    // 15.4: SVMDIS, when locked with a key or for good, is the firmware's doing.
    private static bool IsLockedOff => (HostInstructions.ReadMsr(VmCrMsr) & (1 << 4)) != 0;

    private void SwitchOn()
    {
        SvmProcessor processor = Here;
        HostInstructions.WriteMsr(Msr.Efer, HostInstructions.ReadMsr(Msr.Efer) | EferBits.SecureVirtualMachine);
        HostInstructions.WriteMsr(HostSaveAreaMsr, processor.SaveArea.Address);
        SvmInstructions.SaveHost(processor.HostVmcb.Address);
    }

    public override ExitTrace? TakeTrace()
    {
        if (_processors[CurrentCpu.Number] is not { } processor)
            return null;
        if (processor.Resident is { } resident)
            processor.Trace.Position = resident.Registers.TracePosition;
        return processor.Trace;
    }

    public override string NameOfExit(ulong reason) => SvmExitNames.Of((SvmExitCode)(reason & uint.MaxValue));

    public override VirtualCpu? CreateCpu(PhysicalMemory memory, FrameAllocator frames, Log log)
    {
        if (_processors[CurrentCpu.Number] is not { } processor)
            throw new InvalidOperationException("SVM is not switched on");
        return frames.TryAllocate(0, FrameAllocator.HypervisorOwner, FrameType.Control, out Mfn region)
            ? new SvmCpu(this, processor, memory, frames, region, log) : null;
    }

    /// <summary>
    /// Everything but the switch itself: frames, permission maps, format. Tests use it with capabilities of their own.
    /// False: out of memory.
    /// </summary>
    public bool TryPrepare(SvmCapabilities capabilities, PhysicalMemory memory, FrameAllocator frames, out Mfn saveArea)
    {
        if (!frames.TryAllocate(0, FrameAllocator.HypervisorOwner, FrameType.Control, out saveArea)
            || !frames.TryAllocate(0, FrameAllocator.HypervisorOwner, FrameType.Control, out Mfn hostVmcb)
            || !frames.TryAllocate(0, FrameAllocator.HypervisorOwner, FrameType.Control, out Mfn stepRoot)
            || !frames.TryAllocate(MsrPermissionMapOrder, FrameAllocator.HypervisorOwner, FrameType.Control, out Mfn msrMap)
            || !frames.TryAllocate(IoPermissionMapOrder, FrameAllocator.HypervisorOwner, FrameType.Control, out Mfn ioMap))
        {
            return false;
        }
        SvmMsrs.FillPermissionMap(memory.Bytes(msrMap.Address, Page.Size << MsrPermissionMapOrder));
        memory.Bytes(ioMap.Address, Page.Size << IoPermissionMapOrder).Fill(0xFF);
        MsrPermissionMap = msrMap;
        IoPermissionMap = ioMap;
        _format = new NptFormat(capabilities.Has1GPages);
        _processors[CurrentCpu.Number] = new SvmProcessor(capabilities, saveArea, hostVmcb, stepRoot);
        return true;
    }
}
