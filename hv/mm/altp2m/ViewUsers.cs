namespace Xenolith.Mm;

/// <summary>The vCPUs of a domain, as its views see them.</summary>
public abstract class ViewUsers
{
    /// <summary>How many are in the view, or are about to be. Whoever might go there by itself has left the guest since the view was hidden.</summary>
    public abstract int CountIn(int view);
}
