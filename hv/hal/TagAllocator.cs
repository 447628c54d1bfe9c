namespace Xenolith.Hal;

/// <summary>
/// Hands out the tags that keep guests' cached translations apart (VPIDs, ASIDs) on one physical CPU. Tags are never returned:
/// when they run out a new generation starts, every older tag is void and the caller flushes all of them.
/// </summary>
public sealed class TagAllocator(uint maximum)
{
    private uint _next = 1;

    /// <summary>The generation to which valid tags belong; starts at 1, so that 0 means "has none".</summary>
    public ulong Generation { get; private set; } = 1;

    /// <summary>The highest tag; tag 0 is the host's.</summary>
    public uint Maximum { get; } = maximum;

    /// <summary>Gives a fresh tag.</summary>
    /// <returns>True when a new generation began: translations of all tags must be flushed before the tag is used.</returns>
    public bool Allocate(out uint tag)
    {
        bool wrapped = _next > Maximum;
        if (wrapped)
        {
            _next = 1;
            Generation++;
        }
        tag = _next++;
        return wrapped;
    }
}
