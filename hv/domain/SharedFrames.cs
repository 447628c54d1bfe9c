using Xenolith.Kernel;
using Xenolith.Mm;

namespace Xenolith.Domains;

/// <summary>The frames that domains map of each other: who has a frame is found anew each time, as domains end.</summary>
internal sealed class SharedFrames(DomainServices services) : ForeignFrames
{
    public override void LetGo(Mfn mfn)
    {
        // Who is found stays as long as this CPU does not come by its run loop, and its accounts need no lock.
        ushort id = services.Frames.OwnerOf(mfn);
        if (services.Domains.Find(id) is { } owner)
        {
            owner.P2m.Unpin(mfn);
        }
        else if (services.Domains.FindEnded(id) is { } ended)
        {
            ended.P2m.Unpin(mfn);
            services.Toolstack?.ForgetSoon();
        }
        else
        {
            services.Frames.Release(mfn);
        }
    }
}
