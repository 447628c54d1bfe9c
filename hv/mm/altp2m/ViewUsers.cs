namespace Xenolith.Mm;

/// <summary>The vCPUs of a domain, as its views see them.</summary>
public abstract class ViewUsers
{
    /// <summary>None of them changes its view by itself from here until the domain's lock is given back; none is in its guest that could.</summary>
    public abstract void Hold();

    /// <summary>How many are in the view, or are about to be. It stays so until the domain's lock is given back, but for what is done under that.</summary>
    public abstract int CountIn(int view);

    /// <summary>Remaps have lost the frames that they show. In the middle of a change of the host p2m: it may only be noted.</summary>
    public virtual void HaveLost()
    {
    }
}
