using Xenolith.Kernel;

namespace Xenolith.Hal.Svm;

/// <summary>Views, without help of the CPU: VMFUNC is #UD there, and a violation an exit. Mirror of <c>Vmx.VmxCpu.Views.cs</c>.</summary>
public sealed partial class SvmCpu
{
    /// <summary>
    /// An ASID tags the guest's own translations too, and the guest's INVLPG and MOV to CR3 reach those of the current ASID alone (AMD APM
    /// vol. 2, 15.16.1): with an ASID for each root, a translation that the guest has dropped in one view would still stand in another. So
    /// the vCPU begins anew: by a flush of its ASID, or where the CPU could only flush all, by an ASID that has nothing cached yet.
    /// </summary>
    public override void SwitchNestedRoot(Mfn root)
    {
        ref VmcbLayout vmcb = ref _vmcb.Fields;
        vmcb.NestedCr3 = root.Address;
        if (_processor.Capabilities.HasFlushByAsid)
        {
            // Asked for at once, since it is all that the next entry needs.
            if (vmcb.TlbControl == TlbControl.None)
                vmcb.TlbControl = TlbControl.FlushAsid;
            _hasPrepared = true;
            return;
        }
        _tagGeneration = 0;
        _needsPreparation = true;
    }

    public override void AttachViews(Mfn eptPointerList)
    {
        base.AttachViews(eptPointerList);
        ChooseExceptions();
    }

    /// <summary>RF as a fault pushes it; an interrupt, as which it is injected, pushes it as it stands.</summary>
    protected override void DeliverVirtualisationException()
    {
        _vmcb.Fields.Rflags |= RflagsBits.Resume;
        base.DeliverVirtualisationException();
    }
}
