namespace Xenolith.Domains;

/// <summary>Who is told that a domain has stopped for good.</summary>
public abstract class DomainEndListener
{
    /// <summary>The domain has just shut down. Called in the middle of whatever made it: it may be noted here, and nothing more.</summary>
    public abstract void HasEnded(Domain domain);

    /// <summary>Whether a domain of that id is being made or taken apart, though the table has none.</summary>
    public abstract bool HasPromised(ushort id);
}
