using System;
using Xenolith.Kernel;

namespace Xenolith.Hal.Vmx;

/// <summary>Exits for whoever watches the guest. Mirror of <c>Svm.SvmCpu.Intercepts.cs</c>.</summary>
public sealed partial class VmxCpu
{
    private bool _interceptsStale;
    private bool _cr0Writes, _cr3Writes, _cr4Writes, _descriptorTables;

    /// <summary>MSRs whose writes exit here and not elsewhere, a bit each of <see cref="VmxMsrs.WatchedIndex"/>.</summary>
    private uint _watchedMsrs;

    /// <summary>The vCPU's own MSR bitmap; invalid: none was ever needed.</summary>
    private Mfn _ownMsrBitmap = Mfn.Invalid;

    private bool _keepsApicAsMsrs;

    public override bool InterceptCr0Writes
    {
        get => _cr0Writes;
        set => SetIntercept(ref _cr0Writes, value);
    }

    public override bool InterceptCr3Writes
    {
        get => _cr3Writes;
        set => SetIntercept(ref _cr3Writes, value);
    }

    public override bool InterceptCr4Writes
    {
        get => _cr4Writes;
        set => SetIntercept(ref _cr4Writes, value);
    }

    public override bool InterceptDescriptorTables
    {
        get => _descriptorTables;
        set => SetIntercept(ref _descriptorTables, value);
    }

    public override bool InterceptMsrWrites(uint index, bool wanted)
    {
        int watched = VmxMsrs.WatchedIndex(index);
        if (watched < 0)
            return true;
        if (wanted && _ownMsrBitmap == Mfn.Invalid
            && !_frames.TryAllocate(0, FrameAllocator.HypervisorOwner, FrameType.Control, out _ownMsrBitmap))
        {
            _ownMsrBitmap = Mfn.Invalid;
            return false;
        }
        uint bit = 1u << watched;
        _watchedMsrs = wanted ? _watchedMsrs | bit : _watchedMsrs & ~bit;
        _interceptsStale = true;
        _needsPreparation = true;
        return true;
    }

    private void SetIntercept(ref bool intercept, bool value)
    {
        intercept = value;
        _interceptsStale = true;
        _needsPreparation = true;
    }

    private void WriteIntercepts()
    {
        _interceptsStale = false;
        // The guest reads the masked bits from the shadow (25.6.6), and may have changed its own since that was written.
        _vmcs.Write(VmcsField.Cr0ReadShadow, VmxControlRegisters.ReadCr0(_vmcs));
        _vmcs.Write(VmcsField.Cr0Mask, _cr0Writes ? ulong.MaxValue : ~VmxControlRegisters.Cr0GuestOwned);
        _vmcs.Write(VmcsField.Cr4ReadShadow, VmxControlRegisters.ReadCr4(_vmcs));
        _vmcs.Write(VmcsField.Cr4Mask, _cr4Writes ? ulong.MaxValue : ~VmxControlRegisters.Cr4GuestOwned);
        _vmcs.WriteBits(VmcsField.PrimaryControls, (uint)PrimaryControls.Cr3LoadExiting, _cr3Writes);
        _vmcs.WriteBits(VmcsField.PrimaryControls, (uint)PrimaryControls.MonitorTrapFlag, _singleSteps);
        bool tables = _descriptorTables && _processor.Capabilities.HasDescriptorTableExiting;
        _vmcs.WriteBits(VmcsField.SecondaryControls, (uint)SecondaryControls.DescriptorTableExiting, tables);
        WriteMsrBitmap();
    }

    private void WriteMsrBitmap()
    {
        Mfn shared = _keepsApicAsMsrs ? _virtualisation.X2ApicMsrBitmap : _virtualisation.MsrBitmap;
        if (_watchedMsrs == 0)
        {
            _vmcs.Write(VmcsField.MsrBitmap, shared.Address);
            return;
        }
        Span<byte> own = _memory.Frame(_ownMsrBitmap);
        _memory.Frame(shared).CopyTo(own);
        VmxMsrs.InterceptWrites(own, _watchedMsrs);
        _vmcs.Write(VmcsField.MsrBitmap, _ownMsrBitmap.Address);
    }
}
