using Xenolith.Abi.Contract;

namespace Xenolith.Domains;

/// <summary>Ranges of a domain's memory of which somebody said how they are to be cached. They overlap nowhere.</summary>
public sealed class PinnedRanges
{
    private readonly (ulong First, ulong Last)[] _ranges = new (ulong, ulong)[DmOpLimits.PinnedRanges];
    private int _count;

    /// <summary>EBUSY: it overlaps another one than itself; ENOSPC: there are 64.</summary>
    public Errno Add(ulong first, ulong last)
    {
        for (int i = 0; i < _count; i++)
        {
            if (_ranges[i] == (first, last))
                return Errno.None;
            if (_ranges[i].Last >= first && _ranges[i].First <= last)
                return Errno.EBUSY;
        }
        if (_count == _ranges.Length)
            return Errno.ENOSPC;
        _ranges[_count++] = (first, last);
        return Errno.None;
    }

    /// <summary>ENOENT: there is none from the one to the other.</summary>
    public Errno Remove(ulong first, ulong last)
    {
        for (int i = 0; i < _count; i++)
        {
            if (_ranges[i] != (first, last))
                continue;
            _ranges[i] = _ranges[--_count];
            return Errno.None;
        }
        return Errno.ENOENT;
    }
}
