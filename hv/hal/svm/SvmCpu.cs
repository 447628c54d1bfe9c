using Xenolith.Kernel;

namespace Xenolith.Hal.Svm;

/// <summary>A virtual CPU in a VMCB. Mirror of <see cref="Vmx.VmxCpu"/>.</summary>
public sealed partial class SvmCpu : VirtualCpu
{
    private readonly SvmVirtualisation _virtualisation;
    private SvmProcessor _processor;
    private readonly PhysicalMemory _memory;
    private readonly FrameAllocator _frames;
    private readonly Vmcb _vmcb;
    private readonly Log _log;
    private readonly LoggedEntryRules _rules;

    /// <summary>Makes a vCPU in the reset state (AMD APM vol. 2, 14.1.3).</summary>
    /// <param name="region">A zeroed frame for the VMCB; the vCPU's from now on.</param>
    internal SvmCpu(SvmVirtualisation virtualisation, SvmProcessor processor, PhysicalMemory memory, FrameAllocator frames, Mfn region, Log log)
    {
        _virtualisation = virtualisation;
        _processor = processor;
        _memory = memory;
        _frames = frames;
        _log = log;
        _rules = new LoggedEntryRules(log);
        _vmcb = new Vmcb(memory, region);
        WriteControls(virtualisation.IoPermissionMap, virtualisation.MsrPermissionMap);
        WriteResetState();
    }

    protected override PhysicalMemory? Memory => _memory;

    /// <summary>The control block, for tests and for the entry checks.</summary>
    public Vmcb ControlBlock => _vmcb;

    public override void Release()
    {
        if (ReferenceEquals(_processor.Resident, this))
        {
            _processor.Trace.Position = Registers.TracePosition;
            _processor.Resident = null;
        }
        _frames.Free(_vmcb.Region, 0);
        if (_ownMsrMap != Mfn.Invalid)
            _frames.Free(_ownMsrMap, SvmVirtualisation.MsrPermissionMapOrder);
    }

    /// <summary>PAUSEs after which a vCPU counts as spinning: more than a lock that is soon given back takes.</summary>
    private const ushort PausesBeforeExit = 4096;

    private void WriteControls(Mfn ioPermissionMap, Mfn msrPermissionMap)
    {
        ref VmcbLayout vmcb = ref _vmcb.Fields;
        // CR3 is the guest's with nested paging, and CR0 as far as InterceptCr0 says. CR4 writes exit so that a policy can refuse bits that it hides;
        // CR8 is the priority register of a local APIC that the HAL does not have.
        vmcb.InterceptCrReads = 1 << 8;
        vmcb.InterceptCrWrites = (1 << 4) | (1 << 8);
        vmcb.InterceptExceptions = AlwaysIntercepted;
        vmcb.Intercepts1 = MiscellaneousIntercepts.Interrupt | MiscellaneousIntercepts.Nmi | MiscellaneousIntercepts.Cr0SelectiveWrite | MiscellaneousIntercepts.Rdpmc
            | MiscellaneousIntercepts.Cpuid | MiscellaneousIntercepts.Rsm | MiscellaneousIntercepts.Invd | MiscellaneousIntercepts.Hlt
            | MiscellaneousIntercepts.Invlpga | MiscellaneousIntercepts.PortIo | MiscellaneousIntercepts.Msr
            | MiscellaneousIntercepts.Shutdown;
        vmcb.Intercepts2 = SvmIntercepts.Vmrun | SvmIntercepts.Vmmcall | SvmIntercepts.Vmload | SvmIntercepts.Vmsave
            | SvmIntercepts.Stgi | SvmIntercepts.Clgi | SvmIntercepts.Skinit | SvmIntercepts.Wbinvd | SvmIntercepts.Monitor
            | SvmIntercepts.Mwait | SvmIntercepts.Xsetbv | SvmIntercepts.Rdpru | SvmIntercepts.Icebp;
        if (_processor.Capabilities.HasPauseFilter)
        {
            vmcb.Intercepts1 |= MiscellaneousIntercepts.Pause;
            vmcb.PauseFilterCount = PausesBeforeExit;
        }
        vmcb.IoPermissionMap = ioPermissionMap.Address;
        vmcb.MsrPermissionMap = msrPermissionMap.Address;
        vmcb.VirtualInterrupt = VirtualInterrupt.Masking;
        vmcb.NestedPaging = 1;
    }

    private void WriteResetState()
    {
        Registers.Rdx = 0x600;
        for (SegmentName name = SegmentName.Es; name <= SegmentName.Gs; name++)
            SetSegment(name, new Segment(0, 0x93, 0xFFFF, 0));
        SetSegment(SegmentName.Cs, new Segment(0xF000, 0x9B, 0xFFFF, 0xFFFF_0000));
        SetSegment(SegmentName.Ldtr, new Segment(0, 0x82, 0xFFFF, 0));
        SetSegment(SegmentName.Tr, new Segment(0, 0x8B, 0xFFFF, 0));
        Gdtr = new DescriptorTable(0, 0xFFFF);
        Idtr = new DescriptorTable(0, 0xFFFF);
        Rip = 0xFFF0;
        Rflags = RflagsBits.AlwaysOne;
        Efer = 0;
        Cr0 = Cr0Bits.CacheDisable | Cr0Bits.NotWriteThrough | Cr0Bits.ExtensionType;
        Cr3 = 0;
        Cr4 = 0;
        Dr7 = 0x400;
        _vmcb.Fields.Dr6 = 0xFFFF_0FF0;
        _vmcb.Fields.Pat = Msr.PatReset;
    }
}
