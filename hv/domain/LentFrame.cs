using Xenolith.Kernel;
using Xenolith.Mm;

namespace Xenolith.Domains;

/// <summary>
/// A frame that belongs to the hypervisor and that a guest may map where it likes, at one place at a time: shared_info, the
/// grant table. It outlives every mapping. The object is made with its domain, the frame behind it when it is first needed.
/// </summary>
public sealed class LentFrame
{
    internal LentFrame()
    {
    }

    /// <summary>The frame; <see cref="Mfn.Invalid"/> before it is needed.</summary>
    public Mfn Mfn { get; internal set; } = Mfn.Invalid;

    /// <summary>Where the guest put it last; <see cref="Gfn.Invalid"/> at first. The mapping may be gone since.</summary>
    public Gfn Location { get; internal set; } = Gfn.Invalid;
}
