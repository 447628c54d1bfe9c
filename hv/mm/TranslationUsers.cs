namespace Xenolith.Mm;

/// <summary>The CPUs that may have translations of a p2m cached, as the p2m sees them.</summary>
public abstract class TranslationUsers
{
    /// <summary>Whether a CPU other than the calling one may use the translations now.</summary>
    public abstract bool AreElsewhere { get; }

    /// <summary>
    /// Returns when no other CPU uses a translation any more that was taken away before: each has left its guest, and forgets before it
    /// enters one again.
    /// </summary>
    public abstract void Expel();
}
