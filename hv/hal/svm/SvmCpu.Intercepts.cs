using System;
using Xenolith.Kernel;

namespace Xenolith.Hal.Svm;

/// <summary>Exits for whoever watches the guest. Mirror of <c>Vmx.VmxCpu.Intercepts.cs</c>.</summary>
public sealed partial class SvmCpu
{
    private const MiscellaneousIntercepts DescriptorTables = MiscellaneousIntercepts.IdtrRead | MiscellaneousIntercepts.GdtrRead
        | MiscellaneousIntercepts.LdtrRead | MiscellaneousIntercepts.TrRead | MiscellaneousIntercepts.IdtrWrite
        | MiscellaneousIntercepts.GdtrWrite | MiscellaneousIntercepts.LdtrWrite | MiscellaneousIntercepts.TrWrite;

    private bool _cr0Writes, _cr4Writes;

    /// <summary>The vCPU's own MSR permission map; invalid: none was ever needed.</summary>
    private Mfn _ownMsrMap = Mfn.Invalid;

    /// <summary>MSRs whose writes exit here and not elsewhere, a bit each of <see cref="SvmMsrs.WatchedIndex"/>.</summary>
    private uint _watchedMsrs;

    public override bool InterceptCr0Writes
    {
        get => _cr0Writes;
        set
        {
            _cr0Writes = value;
            InterceptCr0();
        }
    }

    public override bool InterceptCr3Writes
    {
        get => (_vmcb.Fields.InterceptCrWrites & (1 << 3)) != 0;
        set
        {
            ref ushort writes = ref _vmcb.Fields.InterceptCrWrites;
            writes = (ushort)(value ? writes | (1 << 3) : writes & ~(1 << 3));
        }
    }

    /// <summary>They exit in any case.</summary>
    public override bool InterceptCr4Writes
    {
        get => _cr4Writes;
        set => _cr4Writes = value;
    }

    public override bool InterceptDescriptorTables
    {
        get => (_vmcb.Fields.Intercepts1 & DescriptorTables) != 0;
        set
        {
            ref MiscellaneousIntercepts intercepts = ref _vmcb.Fields.Intercepts1;
            intercepts = value ? intercepts | DescriptorTables : intercepts & ~DescriptorTables;
        }
    }

    public override bool InterceptMsrWrites(uint index, bool wanted)
    {
        int watched = SvmMsrs.WatchedIndex(index);
        if (watched < 0)
            return true;
        if (wanted && _ownMsrMap == Mfn.Invalid
            && !_frames.TryAllocate(SvmVirtualisation.MsrPermissionMapOrder, FrameAllocator.HypervisorOwner, FrameType.Control, out _ownMsrMap))
        {
            _ownMsrMap = Mfn.Invalid;
            return false;
        }
        uint bit = 1u << watched;
        _watchedMsrs = wanted ? _watchedMsrs | bit : _watchedMsrs & ~bit;
        if (_watchedMsrs == 0)
        {
            _vmcb.Fields.MsrPermissionMap = _virtualisation.MsrPermissionMap.Address;
            return true;
        }
        Span<byte> own = _memory.Bytes(_ownMsrMap.Address, SvmMsrs.PermissionMapSize);
        _memory.Bytes(_virtualisation.MsrPermissionMap.Address, SvmMsrs.PermissionMapSize).CopyTo(own);
        SvmMsrs.InterceptWrites(own, _watchedMsrs);
        _vmcb.Fields.MsrPermissionMap = _ownMsrMap.Address;
        return true;
    }
}
