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
    private ushort _viewIndex;

    public override void SwitchNestedRoot(Mfn root)
    {
        _nestedRoot = root;
        _hasSeveralRoots = true;
        _rootStale = true;
        _needsPreparation = true;
    }

    public override ushort ViewIndex
    {
        get => _viewIndex;
        set
        {
            _viewIndex = value;
            _viewsStale = true;
            _needsPreparation = true;
        }
    }

    public override bool TryTakeViewSwitch(out Mfn root)
    {
        root = _nestedRoot;
        // With a switch of the caller's own in store, the guest's is history.
        if (!HasViews || !_virtualisation.HasViewFunctions || _rootStale)
            return false;
        ulong pointer = _vmcs.Read(VmcsField.EptPointer);
        if (pointer == EptFormat.Pointer(root))
            return false;
        root = new Mfn(pointer >> Page.Shift);
        _nestedRoot = root;
        _hasSeveralRoots = true;
        return true;
    }

    public override void AttachViews(Mfn eptPointerList)
    {
        base.AttachViews(eptPointerList);
        _viewsStale = true;
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
            _vmcs.Write(VmcsField.EptPointer, EptFormat.Pointer(_nestedRoot));
            _rootStale = false;
        }
        if (!_viewsStale)
            return;
        _viewsStale = false;
        bool functions = HasViews && _virtualisation.HasViewFunctions;
        if (functions)
        {
            _vmcs.Write(VmcsField.EptpListAddress, ViewList.Address);
            _vmcs.Write(VmcsField.VmFunctionControls, ViewFunction);
        }
        bool exceptions = HasInformationPage && _processor.Capabilities.HasVirtualisationExceptions;
        if (exceptions)
        {
            _vmcs.Write(VmcsField.VirtualizationExceptionAddress, InformationPage.Address);
            _vmcs.Write(VmcsField.EptpIndex, _viewIndex);
        }
        _vmcs.WriteBits(VmcsField.SecondaryControls, (uint)SecondaryControls.EnableVmFunctions, functions);
        _vmcs.WriteBits(VmcsField.SecondaryControls, (uint)SecondaryControls.EptViolationException, exceptions);
    }
}
