namespace Xenolith.Guests;

/// <summary>Xorshift64*: the same numbers for the same seed, everywhere (Marsaglia 2003, Vigna 2014).</summary>
public sealed class RandomNumbers(ulong seed)
{
    private ulong _state = seed;

    public ulong Next()
    {
        _state ^= _state >> 12;
        _state ^= _state << 25;
        _state ^= _state >> 27;
        return _state * 0x2545F4914F6CDD1D;
    }

    /// <summary>0 to limit - 1.</summary>
    public ulong Below(ulong limit) => Next() % limit;
}
