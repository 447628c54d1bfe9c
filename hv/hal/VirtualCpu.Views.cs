using Xenolith.Kernel;

namespace Xenolith.Hal;

/// <summary>Several nested page tables of one guest, and how the guest goes from one to another and is told of what one forbids.</summary>
public abstract partial class VirtualCpu
{
    /// <summary>As <see cref="ViewIndex"/>: the root in use is none that the guest was given.</summary>
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
    /// Another root from the next entry on. Unlike <see cref="SetNestedRoot"/> nothing that is cached of either root is forgotten where
    /// the CPU keeps the two apart: <see cref="InvalidateNested"/> is the caller's when a table has changed.
    /// </summary>
    public virtual void SwitchNestedRoot(Mfn root) => SetNestedRoot(root);

    /// <summary>
    /// The view that the guest is in: as last written, or as its own VMFUNC has left it since. It goes into the page of #VE. Written
    /// together with <see cref="SwitchNestedRoot"/>; <see cref="NoView"/>: the guest has got to a root that is not in the list.
    /// </summary>
    public virtual ushort ViewIndex { get; set; }

    /// <summary>
    /// Lets the guest go to the views of a list by VMFUNC, at any privilege level, from the next entry on.
    /// </summary>
    /// <param name="eptPointerList">
    /// A frame of 512 EPT pointers; all ones: no such view. The caller's to keep as long as it is attached, and to change at any time.
    /// </param>
    public virtual void AttachViews(Mfn eptPointerList) => ViewList = eptPointerList;

    /// <summary>Violations of entries that do not suppress it become #VE in the guest, from the next entry on, where the CPU does that.</summary>
    /// <param name="informationPage">A frame that the caller keeps as long as it is attached; invalid: no more #VE.</param>
    public virtual void AttachVirtualisationExceptions(Mfn informationPage) => InformationPage = informationPage;

    /// <summary>Ends both: VMFUNC is #UD, and violations exit.</summary>
    public virtual void DetachViews()
    {
        AttachVirtualisationExceptions(Mfn.Invalid);
        AttachViews(Mfn.Invalid);
    }

    /// <summary>
    /// Delivers #VE for the last exit, a nested page fault, as a CPU that has it would have (Intel SDM vol. 3, 26.5.7.2). False, and nothing
    /// happens: no page is attached, the guest has not released it since the last #VE, or an event was being delivered.
    /// </summary>
    /// <param name="allowed">What the view's entry allows.</param>
    public virtual bool TryRaiseVirtualisationException(Rights allowed) => false;
}
