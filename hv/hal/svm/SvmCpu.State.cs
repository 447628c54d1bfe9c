namespace Xenolith.Hal.Svm;

/// <summary>Reading and writing the guest's registers.</summary>
public sealed partial class SvmCpu
{
    private ulong _tscAux;

    /// <summary>
    /// The guest has set EFER.LME and the VMCB does not say so, as long as CR0.PG and CR4.PAE are both clear. QEMU's TCG loads the
    /// host's CR0 at an exit while EFER and CR4 are still the guest's, takes that for the guest's entry to long mode without PAE, and
    /// leaves CR0 as it is (cpu_x86_update_cr0, target/i386/helper.c): the host would go on without paging. A CPU notices LME
    /// only when paging is switched on, so until then writes of CR0 exit, and the one that must get #GP (APM vol. 2, 14.6.1) does.
    /// </summary>
    private bool _hidesLongMode;

    /// <summary>
    /// CR0.CD and NW as the guest has set them. The VMCB never has them: CD of a guest would switch off the caches of the core, and with
    /// them those of whatever else runs on it (APM vol. 2, 15.5 and 7.6.2). VMX keeps the host's by itself (SDM vol. 3, 27.3.2.1).
    /// </summary>
    private ulong _cachingBits = HiddenCachingBits;

    private const ulong HiddenCachingBits = Cr0Bits.CacheDisable | Cr0Bits.NotWriteThrough;

    public override ulong Rip
    {
        get => _vmcb.Fields.Rip;
        set => _vmcb.Fields.Rip = value;
    }

    public override ulong Rflags
    {
        get => _vmcb.Fields.Rflags;
        set => _vmcb.Fields.Rflags = value | RflagsBits.AlwaysOne;
    }

    public override ulong Cr0
    {
        get => _vmcb.Fields.Cr0 | _cachingBits;
        set
        {
            ref VmcbLayout vmcb = ref _vmcb.Fields;
            ulong changed = vmcb.Cr0 ^ value;
            ulong efer = Efer;
            _cachingBits = value & HiddenCachingBits;
            vmcb.Cr0 = value & ~HiddenCachingBits;
            if ((changed & Cr0Bits.Paging) != 0)
                Efer = efer;
            InterceptCr0();
            if ((changed & (Cr0Bits.Paging | Cr0Bits.WriteProtect)) != 0)
                ForgetTranslations();
        }
    }

    public override ulong Cr2
    {
        get => _vmcb.Fields.Cr2;
        set => _vmcb.Fields.Cr2 = value;
    }

    public override ulong Cr3
    {
        get => _vmcb.Fields.Cr3;
        set
        {
            _vmcb.Fields.Cr3 = value;
            ForgetTranslations();
        }
    }

    public override ulong Cr4
    {
        get => _vmcb.Fields.Cr4;
        set
        {
            ulong changed = _vmcb.Fields.Cr4 ^ value;
            ulong efer = Efer;
            _vmcb.Fields.Cr4 = value;
            if ((changed & Cr4Bits.PhysicalAddressExtension) != 0)
                Efer = efer;
            if ((changed & Cr4Bits.Translation) != 0)
                ForgetTranslations();
        }
    }

    // 15.5.1: a guest runs with SVME set, or VMRUN refuses it.
    public override ulong Efer
    {
        get => (_vmcb.Fields.Efer & ~EferBits.SecureVirtualMachine) | (_hidesLongMode ? EferBits.LongModeEnable : 0);
        set
        {
            ref VmcbLayout vmcb = ref _vmcb.Fields;
            ulong old = vmcb.Efer;
            bool enabled = (value & EferBits.LongModeEnable) != 0;
            bool active = enabled && (vmcb.Cr0 & Cr0Bits.Paging) != 0;
            _hidesLongMode = enabled && !active && (vmcb.Cr4 & Cr4Bits.PhysicalAddressExtension) == 0;
            ulong updated = (active ? value | EferBits.LongModeActive : value & ~EferBits.LongModeActive) | EferBits.SecureVirtualMachine;
            vmcb.Efer = _hidesLongMode ? updated & ~EferBits.LongModeEnable : updated;
            InterceptCr0();
            if (((old ^ updated) & (EferBits.LongModeActive | EferBits.NoExecuteEnable)) != 0)
                ForgetTranslations();
        }
    }

    /// <summary>
    /// Writes of CR0 that change more than TS and MP exit always (15.8.1); all of them while something that they could change is not in
    /// the VMCB, and reads while they would miss bits there.
    /// </summary>
    private void InterceptCr0()
    {
        ref VmcbLayout vmcb = ref _vmcb.Fields;
        bool writes = _hidesLongMode || _cachingBits != 0 || _cr0Writes;
        vmcb.InterceptCrWrites = (ushort)(writes ? vmcb.InterceptCrWrites | 1 : vmcb.InterceptCrWrites & ~1);
        vmcb.InterceptCrReads = (ushort)(_cachingBits != 0 ? vmcb.InterceptCrReads | 1 : vmcb.InterceptCrReads & ~1);
    }

    public override ulong Dr7
    {
        get => _vmcb.Fields.Dr7;
        set => _vmcb.Fields.Dr7 = value;
    }

    public override Segment GetSegment(SegmentName name)
    {
        ref VmcbSegment segment = ref Field(name);
        return new Segment(segment.Selector, segment.Attributes, segment.Limit, segment.Base);
    }

    public override void SetSegment(SegmentName name, Segment segment)
    {
        ref VmcbSegment field = ref Field(name);
        field.Selector = segment.Selector;
        field.Attributes = (ushort)(segment.Attributes & 0xFFF);
        field.Limit = segment.Limit;
        field.Base = segment.Base;
        // The VMCB has the privilege level beside the segments; it is SS's in all modes but virtual-8086, where both are 3.
        if (name == SegmentName.Ss)
            _vmcb.Fields.PrivilegeLevel = (byte)segment.PrivilegeLevel;
    }

    public override DescriptorTable Gdtr
    {
        get => new(_vmcb.Fields.Gdtr.Base, (ushort)_vmcb.Fields.Gdtr.Limit);
        set
        {
            _vmcb.Fields.Gdtr.Base = value.Base;
            _vmcb.Fields.Gdtr.Limit = value.Limit;
        }
    }

    public override DescriptorTable Idtr
    {
        get => new(_vmcb.Fields.Idtr.Base, (ushort)_vmcb.Fields.Idtr.Limit);
        set
        {
            _vmcb.Fields.Idtr.Base = value.Base;
            _vmcb.Fields.Idtr.Limit = value.Limit;
        }
    }

    public override int PrivilegeLevel => _vmcb.Fields.PrivilegeLevel;

    public override void ReadPaging(out PagingState state)
    {
        ref VmcbLayout vmcb = ref _vmcb.Fields;
        state.Cr0 = vmcb.Cr0;
        state.Cr3 = vmcb.Cr3;
        state.Cr4 = vmcb.Cr4;
        state.Efer = vmcb.Efer;
        state.Rflags = vmcb.Rflags;
        state.RunsLongCode = RunsLongCode;
    }

    public override bool TryReadMsr(uint index, out ulong value)
    {
        if (SvmMsrs.TryRead(ref _vmcb.Fields, index, out value))
            return true;
        if (index != Msr.TscAux || !_processor.Capabilities.HasTscAux)
            return false;
        value = _tscAux;
        return true;
    }

    public override bool TryWriteMsr(uint index, ulong value)
    {
        if (SvmMsrs.TryWrite(ref _vmcb.Fields, index, value))
            return true;
        if (index != Msr.TscAux || !_processor.Capabilities.HasTscAux)
            return false;
        _tscAux = value;
        if (IsResident)
            HostInstructions.WriteMsr(index, value);
        return true;
    }

    public override ulong TscOffset
    {
        get => _vmcb.Fields.TscOffset;
        set => _vmcb.Fields.TscOffset = value;
    }

    public override ulong CurrentDr6 => _vmcb.Fields.Dr6;

    private bool IsResident => ReferenceEquals(_processor.Resident, this);

    private ref VmcbSegment Field(SegmentName name)
    {
        ref VmcbLayout vmcb = ref _vmcb.Fields;
        switch (name)
        {
            case SegmentName.Es: return ref vmcb.Es;
            case SegmentName.Cs: return ref vmcb.Cs;
            case SegmentName.Ss: return ref vmcb.Ss;
            case SegmentName.Ds: return ref vmcb.Ds;
            case SegmentName.Fs: return ref vmcb.Fs;
            case SegmentName.Gs: return ref vmcb.Gs;
            case SegmentName.Ldtr: return ref vmcb.Ldtr;
            default: return ref vmcb.Tr;
        }
    }
}
