using Xenolith.Kernel;
using Xenolith.Mm;

namespace Xenolith.Domains;

/// <summary>The frames that domains map of each other: who has a frame is found anew each time, as domains end.</summary>
internal sealed class SharedFrames(DomainServices services) : ForeignFrames
{
    public override void LetGo(Mfn mfn)
    {
        // Who is found stays as long as this CPU does not come by its run loop, and its accounts need no lock.
        if (services.Domains.Find(services.Frames.OwnerOf(mfn)) is { } owner)
            owner.P2m.Unpin(mfn);
        else
            services.Frames.Release(mfn);
    }
}
