using Xenolith.Kernel;

namespace Xenolith.Mm;

/// <summary>The frames of other domains that a p2m maps, as the p2m sees them.</summary>
public abstract class ForeignFrames
{
    /// <summary>Gives back one reference to a frame, which may be the owner's last trace of it. Takes no domain's lock.</summary>
    public abstract void LetGo(Mfn mfn);
}
