using Xenolith.Kernel;

namespace Xenolith.Hal;

/// <summary>
/// Several nested page tables of one guest, how the guest goes from one to another, and how it is told of what one forbids. What is set here
/// takes effect at the next entry, and may be set by any CPU while the vCPU runs nowhere.
/// </summary>
public abstract partial class VirtualCpu
{
    /// <summary>As <see cref="ViewIndex"/>: none.</summary>
    public const ushort NoView = ushort.MaxValue;

    /// <summary>Indices of views are below it: the entries of the list for VMFUNC (Intel SDM vol. 3, 26.5.6.3).</summary>
    public const int MaximumViews = 512;

    /// <summary>The list of <see cref="AttachViews"/>; invalid: none.</summary>
    protected Mfn ViewList { get; private set; } = Mfn.Invalid;

    /// <summary>The page of <see cref="AttachVirtualisationExceptions"/>; invalid: none.</summary>
    protected Mfn InformationPage { get; private set; } = Mfn.Invalid;

    /// <summary>Whether the guest may change its view itself.</summary>
    public bool HasViews => ViewList != Mfn.Invalid;

    /// <summary>Whether the guest can be told of a violation by #VE.</summary>
    public bool HasInformationPage => InformationPage != Mfn.Invalid;

    /// <summary>
    /// Another root. Unlike <see cref="SetNestedRoot"/> nothing that is cached of either root is forgotten where the CPU keeps the two apart:
    /// <see cref="InvalidateNested"/> is the caller's when a table has changed, or a root is a new one in a frame that had been another. On the CPU that
    /// runs the vCPU, or will when it does.
    /// </summary>
    public virtual void SwitchNestedRoot(Mfn root) => SetNestedRoot(root);

    /// <summary>The number of the view that the vCPU is in, for the page of #VE. Written together with <see cref="SwitchNestedRoot"/>.</summary>
    public virtual ushort ViewIndex { get; set; }

    /// <summary>
    /// Whether the guest has gone to another root itself since the last look, where the CPU lets it. Asked by the CPU that has the vCPU, after
    /// an exit; the caller knows the root, or ends the domain, and writes <see cref="ViewIndex"/> unless that is the root's by now.
    /// </summary>
    /// <param name="root">The root that it is in now.</param>
    public virtual bool TryTakeViewSwitch(out Mfn root)
    {
        root = Mfn.Invalid;
        return false;
    }

    /// <summary>Lets the guest go to the views of a list by VMFUNC, at any privilege level; invalid: no more.</summary>
    /// <param name="eptPointerList">
    /// A frame of 512 EPT pointers; all ones: no such view. The caller's to keep as long as it is attached, and to change at any time.
    /// </param>
    public virtual void AttachViews(Mfn eptPointerList) => ViewList = eptPointerList;

    /// <summary>Violations of entries that do not suppress it become #VE in the guest, where the CPU does that.</summary>
    /// <param name="informationPage">A frame that the caller keeps as long as it is attached; invalid: no more #VE.</param>
    public virtual void AttachVirtualisationExceptions(Mfn informationPage) => InformationPage = informationPage;

    /// <summary>Ends both: VMFUNC is #UD, and violations exit.</summary>
    public void DetachViews()
    {
        AttachVirtualisationExceptions(Mfn.Invalid);
        AttachViews(Mfn.Invalid);
    }

    /// <summary>
    /// Delivers #VE for the last exit, a nested page fault, as a CPU that has it would have (Intel SDM vol. 3, 26.5.7.2). False, and nothing
    /// happens: no page is attached, the guest has not released it since the last #VE, it is in real mode, or an event was being delivered.
    /// </summary>
    /// <param name="allowed">What the view's entry allows.</param>
    public bool TryRaiseVirtualisationException(Rights allowed)
    {
        if (!HasInformationPage || Memory is not { } memory || Exit.DuringDelivery || (Cr0 & Cr0Bits.ProtectionEnable) == 0)
            return false;
        ulong qualification = ViolationQualification(allowed);
        ulong linear = Exit.HasGuestLinear ? Exit.GuestLinear : 0;
        if (!VirtualisationExceptionPage.TryFill(memory, InformationPage, qualification, linear, Exit.GuestPhysical, ViewIndex))
            return false;
        DeliverVirtualisationException();
        return true;
    }

    /// <summary>Where the page lies; null: the vCPU has no such exception.</summary>
    protected virtual PhysicalMemory? Memory => null;

    /// <summary>The last exit as the exit qualification of an EPT violation.</summary>
    protected virtual ulong ViolationQualification(Rights allowed) => VirtualisationExceptionPage.Qualification(in Exit, allowed);

    /// <summary>Vector 20 at the next entry, a fault without an error code.</summary>
    protected virtual void DeliverVirtualisationException() => InjectException(ExceptionVector.Virtualization, false, 0);
}
