using System;
using Xenolith.Kernel;

namespace Xenolith.Hal.Vmx;

/// <summary>VMX with extended page tables. Mirror of <see cref="Svm.SvmVirtualisation"/>.</summary>
public sealed class VmxVirtualisation : Virtualisation
{
    private readonly VmxProcessor?[] _processors = new VmxProcessor?[CurrentCpu.MaximumCpus];
    private EptFormat? _format;

    public override string Name => "VMX/EPT";

    public override bool UsesVmcall => true;

    public override PageTableFormat NestedFormat => _format ?? throw new InvalidOperationException("VMX is not switched on");

    /// <summary>The calling CPU's.</summary>
    internal VmxProcessor Here => _processors[CurrentCpu.Number]!;

    /// <summary>Whether vCPUs go from one CPU to another.</summary>
    internal bool HasOthers { get; private set; }

    /// <summary>The MSR bitmap that all vCPUs share.</summary>
    public Mfn MsrBitmap { get; private set; } = Mfn.Invalid;

    /// <summary>The MSR bitmap of vCPUs whose APIC the CPU keeps as MSRs.</summary>
    internal Mfn X2ApicMsrBitmap { get; private set; } = Mfn.Invalid;

    public override bool KeepsApics => X2ApicMsrBitmap != Mfn.Invalid;

    /// <summary>Whether the CPU has RDTSCP and so IA32_TSC_AUX.</summary>
    public bool HasTscAux { get; private set; }

    public override bool GivesTscAux => HasTscAux;

    public override bool HasViewFunctions => AllowsViewFunctions && Here.Capabilities.HasViewFunctions;

    public override bool HasVirtualisationExceptions => Here.Capabilities.HasVirtualisationExceptions;

    public override bool LogsWrites => AllowsWriteLog && Here.Capabilities.HasWriteLog;

    public override bool HasSingleSteps => Here.Capabilities.HasMonitorTrap;

    public override bool HasDescriptorTableExits => Here.Capabilities.HasDescriptorTableExiting;

    /// <summary>CR4 of the host, some bits of which guests run with.</summary>
    public ulong HostCr4 { get; private set; }

    /// <summary>Whether this CPU says that it has VMX.</summary>
    public static bool IsPresent => (HostInstructions.Cpuid(1).Ecx & (1 << 5)) != 0;

    public override string? Enable(PhysicalMemory memory, FrameAllocator frames)
    {
        if (!IsPresent)
            return "This CPU has no VMX; use an Intel CPU with virtualisation, or when this is a virtual machine switch nested virtualisation on in the outer hypervisor.";
        if (TryUnlock() is { } locked)
            return locked;
        VmxCapabilities capabilities = VmxCapabilities.Read();
        if (capabilities.Missing() is { } missing)
            return missing;
        if (!TryPrepare(capabilities, memory, frames, out _))
            return "There is no memory for VMX's control structures; give the machine more.";

        return SwitchOn();
    }

    public override bool TryPrepareOthers(CpuSet others, PhysicalMemory memory, FrameAllocator frames)
    {
        VmxCapabilities capabilities = Here.Capabilities;
        for (CpuSet rest = others; !rest.IsEmpty; rest = rest.Without(rest.First))
        {
            if (!frames.TryAllocate(0, FrameAllocator.HypervisorOwner, FrameType.Control, out Mfn region))
                return false;
            memory.Word32(region.Address) = capabilities.Revision;
            _processors[rest.First] = new VmxProcessor(capabilities, region);
        }
        HasOthers |= !others.IsEmpty;
        return true;
    }

    public override string? EnableHere()
    {
        if (!IsPresent)
            return "it has no VMX";
        return TryUnlock() is not null ? "its firmware has locked VMX off" : SwitchOn();
    }

    /// <summary>With the capabilities of the first CPU: CPUs of one machine have the same.</summary>
    private string? SwitchOn()
    {
        VmxProcessor processor = Here;
        VmxCapabilities capabilities = processor.Capabilities;
        HostInstructions.WriteCr0((HostInstructions.ReadCr0() | capabilities.Cr0MustBeSet) & capabilities.Cr0MayBeSet);
        HostInstructions.WriteCr4((HostInstructions.ReadCr4() | capabilities.Cr4MustBeSet | Cr4Bits.Vmx) & capabilities.Cr4MayBeSet);
        HostCr4 = HostInstructions.ReadCr4();
        ulong address = processor.Region.Address;
        if (VmxInstructions.On(ref address) != 0)
            return "VMXON failed although CPUID and IA32_FEATURE_CONTROL allow it; some other hypervisor may already own this CPU's VMX.";
        return null;
    }

    public override ExitTrace? TakeTrace()
    {
        if (_processors[CurrentCpu.Number] is not { } processor)
            return null;
        if (processor.Resident is { } resident)
            processor.Trace.Position = resident.Registers.TracePosition;
        return processor.Trace;
    }

    public override string NameOfExit(ulong reason) => VmxExitNames.Of((VmxExitReason)(reason & 0xFFFF));

    public override VirtualCpu? CreateCpu(PhysicalMemory memory, FrameAllocator frames, Log log)
    {
        if (_processors[CurrentCpu.Number] is not { } processor)
            throw new InvalidOperationException("VMX is not switched on");
        return frames.TryAllocate(0, FrameAllocator.HypervisorOwner, FrameType.Control, out Mfn region)
            ? new VmxCpu(this, processor, memory, frames, region, log) : null;
    }

    /// <summary>
    /// Everything but the switch itself: frames, bitmap, format. Tests use it with capabilities of their own.
    /// False: out of memory.
    /// </summary>
    public bool TryPrepare(VmxCapabilities capabilities, PhysicalMemory memory, FrameAllocator frames, out Mfn region)
    {
        if (!frames.TryAllocate(0, FrameAllocator.HypervisorOwner, FrameType.Control, out region)
            || !frames.TryAllocate(0, FrameAllocator.HypervisorOwner, FrameType.Control, out Mfn bitmap))
        {
            return false;
        }
        memory.Word32(region.Address) = capabilities.Revision;
        VmxMsrs.FillBitmap(memory.Frame(bitmap));
        MsrBitmap = bitmap;
        if (AllowsApicVirtualisation && capabilities.HasApicVirtualisation)
        {
            if (!frames.TryAllocate(0, FrameAllocator.HypervisorOwner, FrameType.Control, out Mfn x2ApicBitmap))
                return false;
            VmxMsrs.FillX2ApicBitmap(memory.Frame(x2ApicBitmap));
            X2ApicMsrBitmap = x2ApicBitmap;
        }
        _format = new EptFormat(capabilities.HasExecuteOnly, capabilities.Has1GPages);
        _processors[CurrentCpu.Number] = new VmxProcessor(capabilities, region);
        HasTscAux = HostInstructions.Cpuid(0x8000_0000).Eax >= 0x8000_0001
            && (HostInstructions.Cpuid(0x8000_0001).Edx & (1u << 27)) != 0;
        return true;
    }

    /// <summary>IA32_FEATURE_CONTROL (SDM vol. 3, 24.7): firmware locks VMX on or off; left open, we lock it on.</summary>
    private static string? TryUnlock()
    {
        const ulong locked = 1, outsideSmx = 1 << 2;
        ulong control = HostInstructions.ReadMsr(Msr.FeatureControl);
        if ((control & locked) == 0)
        {
            HostInstructions.WriteMsr(Msr.FeatureControl, control | locked | outsideSmx);
            control = HostInstructions.ReadMsr(Msr.FeatureControl);
        }
        return (control & outsideSmx) != 0
            ? null
            : "The firmware has locked VMX off (IA32_FEATURE_CONTROL); switch virtualisation (VT-x) on in the firmware's setup and power the machine off and on.";
    }
}
