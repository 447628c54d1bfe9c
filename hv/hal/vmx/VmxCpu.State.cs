using Xenolith.Kernel;

namespace Xenolith.Hal.Vmx;

/// <summary>Reading and writing the guest's registers.</summary>
public sealed partial class VmxCpu
{
    /// <summary>CR3, CR0 or CR4 were written while PAE paging is on: the four PDPTEs must be read anew (SDM vol. 3, 27.3.1.6).</summary>
    private bool _pdptesStale;

    /// <summary>Values of the switched MSRs and of CR2 while this vCPU is not on a CPU (see <see cref="BecomeResident"/>).</summary>
    private readonly ulong[] _switchedMsrs = new ulong[VmxMsrs.SwitchedCount];
    private ulong _tscAux;
    private ulong _cr2;

    public override ulong Rip
    {
        get => _vmcs.GuestRip;
        set => _vmcs.GuestRip = value;
    }

    public override ulong Rflags
    {
        get => _vmcs.GuestRflags;
        set => _vmcs.GuestRflags = value | RflagsBits.AlwaysOne;
    }

    public override ulong Cr0
    {
        get => VmxControlRegisters.ReadCr0(_vmcs);
        set
        {
            ulong old = VmxControlRegisters.ReadCr0(_vmcs);
            VmxControlRegisters.WriteCr0(_vmcs, _processor.Capabilities, value);
            if (((old ^ value) & Cr0Bits.Paging) != 0)
                WriteEfer(Efer);
            if (((old ^ value) & (Cr0Bits.Paging | Cr0Bits.WriteProtect)) != 0)
                ForgetGuestTranslations();
            UpdatePaePaging();
        }
    }

    public override ulong Cr2
    {
        get => IsResident ? HostInstructions.ReadCr2() : _cr2;
        set
        {
            _cr2 = value;
            if (IsResident)
                HostInstructions.WriteCr2(value);
        }
    }

    public override ulong Cr3
    {
        get => _vmcs.Read(VmcsField.GuestCr3);
        set
        {
            _vmcs.Write(VmcsField.GuestCr3, value);
            ForgetGuestTranslations();
            UpdatePaePaging();
        }
    }

    public override ulong Cr4
    {
        get => VmxControlRegisters.ReadCr4(_vmcs);
        set
        {
            ulong old = VmxControlRegisters.ReadCr4(_vmcs);
            VmxControlRegisters.WriteCr4(_vmcs, _processor.Capabilities, _virtualisation.HostCr4, value);
            if (((old ^ value) & Cr4Bits.Translation) != 0)
                ForgetGuestTranslations();
            UpdatePaePaging();
        }
    }

    public override ulong Efer
    {
        get => _vmcs.GuestEfer;
        set => WriteEfer(value);
    }

    public override ulong Dr7
    {
        get => _vmcs.Read(VmcsField.GuestDr7);
        set => _vmcs.Write(VmcsField.GuestDr7, value);
    }

    public override Segment GetSegment(SegmentName name) => new(
        (ushort)_vmcs.Read(VmxSegments.Selector(name)),
        VmxSegments.ToAttributes(_vmcs.Read32(VmxSegments.AccessRights(name))),
        _vmcs.Read32(VmxSegments.Limit(name)),
        _vmcs.Read(VmxSegments.Base(name)));

    public override void SetSegment(SegmentName name, Segment segment)
    {
        _vmcs.Write(VmxSegments.Selector(name), segment.Selector);
        uint accessRights = VmxSegments.ToAccessRights(segment.Attributes);
        switch (name)
        {
            case SegmentName.Cs: _vmcs.GuestCsAccessRights = accessRights; break;
            case SegmentName.Ss: _vmcs.GuestSsAccessRights = accessRights; break;
            default: _vmcs.Write(VmxSegments.AccessRights(name), accessRights); break;
        }
        _vmcs.Write(VmxSegments.Limit(name), segment.Limit);
        _vmcs.Write(VmxSegments.Base(name), segment.Base);
    }

    public override DescriptorTable Gdtr
    {
        get => new(_vmcs.Read(VmcsField.GuestGdtrBase), (ushort)_vmcs.Read(VmcsField.GuestGdtrLimit));
        set
        {
            _vmcs.Write(VmcsField.GuestGdtrBase, value.Base);
            _vmcs.Write(VmcsField.GuestGdtrLimit, value.Limit);
        }
    }

    public override DescriptorTable Idtr
    {
        get => new(_vmcs.Read(VmcsField.GuestIdtrBase), (ushort)_vmcs.Read(VmcsField.GuestIdtrLimit));
        set
        {
            _vmcs.Write(VmcsField.GuestIdtrBase, value.Base);
            _vmcs.Write(VmcsField.GuestIdtrLimit, value.Limit);
        }
    }

    // 25.4.1: the DPL of SS is the privilege level, whether SS is usable or not.
    public override int PrivilegeLevel => (int)(_vmcs.GuestSsAccessRights >> 5) & 3;

    public override void ReadPaging(out PagingState state)
    {
        // The real registers: what a mask shows the guest differently has no part in translation.
        Vmcs vmcs = _vmcs;
        vmcs.ReadControlRegisters(out state.Cr0, out state.Cr3, out state.Cr4);
        state.Efer = vmcs.GuestEfer;
        state.Rflags = vmcs.GuestRflags;
        state.RunsLongCode = RunsLongCode;
    }

    public override bool TryReadMsr(uint index, out ulong value)
    {
        int switched = VmxMsrs.SwitchedIndex(index);
        if (switched >= 0)
            value = IsResident ? HostInstructions.ReadMsr(index) : _switchedMsrs[switched];
        else if (VmxMsrs.TryField(index, out VmcsField field))
            value = _vmcs.Read(field);
        else if (index == Msr.TscAux && _virtualisation.HasTscAux)
            value = _tscAux;
        else
        {
            value = 0;
            return false;
        }
        return true;
    }

    public override bool TryWriteMsr(uint index, ulong value)
    {
        int switched = VmxMsrs.SwitchedIndex(index);
        if (switched >= 0)
        {
            _switchedMsrs[switched] = value;
            if (IsResident)
                HostInstructions.WriteMsr(index, value);
        }
        else if (VmxMsrs.TryField(index, out VmcsField field))
            _vmcs.Write(field, value);
        else if (index == Msr.TscAux && _virtualisation.HasTscAux)
        {
            _tscAux = value;
            if (IsResident)
                HostInstructions.WriteMsr(index, value);
        }
        else
            return false;
        return true;
    }

    public override ulong TscOffset
    {
        get => _tscOffset;
        set
        {
            _tscOffset = value;
            _vmcs.Write(VmcsField.TscOffset, value);
        }
    }

    // Other CPUs ask for it while the structure is not theirs to read.
    private ulong _tscOffset;

    private void WriteEfer(ulong value)
    {
        ulong old = _vmcs.GuestEfer;
        bool active = (value & EferBits.LongModeEnable) != 0 && (_vmcs.Read(VmcsField.GuestCr0) & Cr0Bits.Paging) != 0;
        ulong updated = active ? value | EferBits.LongModeActive : value & ~EferBits.LongModeActive;
        _vmcs.GuestEfer = updated;
        _vmcs.WriteBits(VmcsField.EntryControls, (uint)EntryControls.Ia32eModeGuest, active);
        if (((old ^ updated) & (EferBits.LongModeActive | EferBits.NoExecuteEnable)) != 0)
            ForgetGuestTranslations();
    }

    public override ulong CurrentDr6 => IsResident ? HostInstructions.ReadDr6() : Processor.Dr6;

    private bool IsResident => ReferenceEquals(_processor.Resident, this);

    private bool UsesPaePaging =>
        (_vmcs.Read(VmcsField.GuestCr0) & Cr0Bits.Paging) != 0
        && (_vmcs.Read(VmcsField.GuestCr4) & Cr4Bits.PhysicalAddressExtension) != 0
        && (_vmcs.GuestEfer & EferBits.LongModeActive) == 0;

    private void UpdatePaePaging()
    {
        _pdptesStale = UsesPaePaging;
        _needsPreparation = true;
    }

    private void ForgetGuestTranslations()
    {
        _guestTranslationsStale = true;
        _needsPreparation = true;
    }

    /// <summary>
    /// What MOV to CR3 does under PAE paging (SDM vol. 3, 4.4.1), for a CR3 that the hypervisor loaded: the four entries are
    /// read from guest memory. Entries that can't be read count as absent.
    /// </summary>
    private void LoadPdptes()
    {
        ulong table = _vmcs.Read(VmcsField.GuestCr3) & 0xFFFF_FFE0;
        bool mapped = NestedWalk.TryTranslate(_memory, _virtualisation.NestedFormat, _nestedRoot, table, out ulong physical)
            && _memory.IsRam(physical, 32);
        for (uint i = 0; i < 4; i++)
            _vmcs.Write(VmcsField.GuestPdpte0 + 2 * i, mapped ? _memory.Word64(physical + 8 * i) : 0);
        _pdptesStale = false;
    }
}
