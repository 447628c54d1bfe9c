namespace Xenolith.Mm;

/// <summary>The vCPUs of a domain, as its views see them.</summary>
public abstract class ViewUsers
{
    /// <summary>How many are in the view, or are about to be. Whoever might go there by itself has left the guest since the view was hidden.</summary>
    public abstract int CountIn(int view);

    /// <summary>Remaps have lost the frames that they show. In the middle of a change of the host p2m: it may only be noted.</summary>
    public virtual void HaveLost()
    {
    }
}
