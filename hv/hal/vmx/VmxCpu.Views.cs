using Xenolith.Kernel;

namespace Xenolith.Hal.Vmx;

/// <summary>Views: EPT pointers, VMFUNC leaf 0 (Intel SDM vol. 3, 26.5.6.3) and #VE (26.5.7). Mirror of <c>Svm.SvmCpu.Views.cs</c>.</summary>
public sealed partial class VmxCpu
{
    private const ulong ViewFunction = 1;

    /// <summary>More than one root was in use, so that translations of any may be cached.</summary>
    private bool _hasSeveralRoots;

    private bool _rootStale;
    private bool _viewsStale;
    private bool _indexStale;
    private ushort _viewIndex;

    /// <summary>Whether the guest may change its view without an exit.</summary>
    private bool ChoosesViews => (Checks & ExitChecks.ViewSwitch) != 0;

    private bool TellsOfViolations => HasInformationPage && _processor.Capabilities.HasVirtualisationExceptions;

    public override void SwitchNestedRoot(Mfn root)
    {
        _nestedRoot = root;
        _hasSeveralRoots = true;
        if (ReferenceEquals(_processor.Current, _vmcs))
        {
            // At once, since nothing else has to be done before the next entry.
            _vmcs.Write(VmcsField.EptPointer, EptFormat.Pointer(root, LogsWrites));
            _rootStale = false;
            return;
        }
        _rootStale = true;
        _needsPreparation = true;
    }

    public override ushort ViewIndex
    {
        get => _viewIndex;
        set
        {
            if (value == _viewIndex)
                return;
            _viewIndex = value;
            if (!TellsOfViolations)
                return;
            if (ReferenceEquals(_processor.Current, _vmcs))
            {
                _vmcs.Write(VmcsField.EptpIndex, value);
                return;
            }
            _indexStale = true;
            _needsPreparation = true;
        }
    }

    public override bool TryTakeViewSwitch(out Mfn root)
    {
        root = _nestedRoot;
        // With a switch of the caller's own in store, the guest's is history.
        if (!ChoosesViews || _rootStale)
            return false;
        ulong pointer = _vmcs.Read(VmcsField.EptPointer);
        if (pointer == EptFormat.Pointer(root, LogsWrites))
            return false;
        root = new Mfn(pointer >> Page.Shift);
        _nestedRoot = root;
        // Only where violations become #VE has the CPU noted the number (SDM vol. 3, 26.5.6.3).
        if (TellsOfViolations)
            _viewIndex = (ushort)_vmcs.Read(VmcsField.EptpIndex);
        return true;
    }

    public override void AttachViews(Mfn eptPointerList)
    {
        base.AttachViews(eptPointerList);
        Check(ExitChecks.ViewSwitch, HasViews && _virtualisation.HasViewFunctions);
        _viewsStale = true;
        // The guest may have translations of any of them cached, and nobody sees which.
        _hasSeveralRoots = true;
        ChooseExceptions();
    }

    public override void AttachVirtualisationExceptions(Mfn informationPage)
    {
        base.AttachVirtualisationExceptions(informationPage);
        _viewsStale = true;
        _needsPreparation = true;
    }

    protected override ulong ViolationQualification(Rights allowed) => Exit.RawInformation1;

    private void WriteViews()
    {
        if (_rootStale)
        {
            _vmcs.Write(VmcsField.EptPointer, EptFormat.Pointer(_nestedRoot, LogsWrites));
            _rootStale = false;
        }
        bool tells = TellsOfViolations;
        if (_viewsStale)
            WriteFunctions(ChoosesViews, tells);
        else if (_indexStale && tells)
            _vmcs.Write(VmcsField.EptpIndex, _viewIndex);
        _viewsStale = false;
        _indexStale = false;
    }

    private void WriteFunctions(bool chooses, bool tells)
    {
        if (chooses)
        {
            _vmcs.Write(VmcsField.EptpListAddress, ViewList.Address);
            _vmcs.Write(VmcsField.VmFunctionControls, ViewFunction);
        }
        if (tells)
        {
            _vmcs.Write(VmcsField.VirtualizationExceptionAddress, InformationPage.Address);
            _vmcs.Write(VmcsField.EptpIndex, _viewIndex);
        }
        _vmcs.WriteBits(VmcsField.SecondaryControls, (uint)SecondaryControls.EnableVmFunctions, chooses);
        _vmcs.WriteBits(VmcsField.SecondaryControls, (uint)SecondaryControls.EptViolationException, tells);
    }
}
