using Xenolith.Runtime;

namespace Xenolith.Domains;

/// <summary>Where all objects of one domain live. Kept when the domain ends, for the next one made from the same module.</summary>
public sealed class DomainArena
{
    /// <summary>Bytes: far more than the largest domain takes, so that only a mistake meets the limit.</summary>
    private const long Limit = 32 << 20;

    private readonly Arena _arena = Arena.Create(Limit);

    /// <summary>Bytes handed out.</summary>
    public long Used => _arena.Used;

    /// <summary>Makes it the arena of <c>new</c> until the scope ends.</summary>
    public ArenaScope Open() => _arena.Open();

    /// <summary>Gets memory for that many bytes before they are asked for. False: the machine has not that much in one piece.</summary>
    public bool TryReserve(long bytes) => _arena.TryReserve(bytes);

    /// <summary>Gives the memory back. Nothing of the domain is in use any more.</summary>
    public void Release() => _arena.Release();
}
