using System;
using System.Runtime.CompilerServices;
using Xenolith.Abi.Contract;

namespace Xenolith.Domains;

/// <summary>
/// Which calls a domain is shown: a bit a hypercall number and a bit an operation. What is not shown answers exactly as what does not exist.
/// A fresh one shows the frozen set of 4.17; that is its default for ever, so that a toolstack that knows of nothing newer
/// exposes nothing newer.
/// </summary>
public sealed class Exposure
{
    private readonly ulong[] _frozen;
    private readonly ulong[] _maximum;

    // In place, since each call asks.
    private GroupBits _groups;

    /// <param name="frozen">The frozen set, by group; fewer groups: nothing of the others is shown.</param>
    /// <param name="maximum">All that there is, by group.</param>
    /// <param name="shown">What is shown at first; null: the frozen set.</param>
    internal Exposure(ulong[] frozen, ulong[] maximum, ulong[]? shown = null)
    {
        _frozen = frozen;
        _maximum = maximum;
        (shown ?? frozen).CopyTo((Span<ulong>)_groups);
    }

    /// <summary>Whether nothing can be set any more.</summary>
    public bool IsFrozen { get; private set; }

    /// <summary>The groups that there are, a bit each.</summary>
    public ulong Groups
    {
        get
        {
            ulong groups = 0;
            for (int group = 0; group < _maximum.Length; group++)
                groups |= _maximum[group] == 0 ? 0 : 1UL << group;
            return groups;
        }
    }

    /// <summary>Whether bit <paramref name="number"/> of the group is set; numbers past 63 never are.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool Shows(ExposureGroup group, ulong number) => number < 64 && (_groups[(int)group] & (1UL << (int)number)) != 0;

    /// <summary>The bits of a group.</summary>
    public ulong this[ExposureGroup group] => _groups[(int)group];

    /// <summary>Whether the group is one.</summary>
    public bool Has(ExposureGroup group) => (uint)group < (uint)_maximum.Length && _maximum[(int)group] != 0;

    /// <summary>All bits that a group can have here.</summary>
    public ulong MaximumOf(ExposureGroup group) => Has(group) ? _maximum[(int)group] : 0;

    /// <summary>Whether the group shows what it shows of a fresh domain.</summary>
    public bool IsDefault(ExposureGroup group) => _groups[(int)group] == ((int)group < _frozen.Length ? _frozen[(int)group] : 0);

    /// <summary>
    /// Replaces the bits of a group. ENOENT: there is no such group; EINVAL: a bit of it that there is not; EBUSY: another value than before,
    /// of a domain that has run or is frozen.
    /// </summary>
    /// <param name="hasBegun">Whether the domain has run.</param>
    public Errno Set(ExposureGroup group, ulong bits, bool hasBegun = false)
    {
        if (!Has(group))
            return Errno.ENOENT;
        if ((bits & ~_maximum[(int)group]) != 0)
            return Errno.EINVAL;
        if ((hasBegun || IsFrozen) && bits != _groups[(int)group])
            return Errno.EBUSY;
        _groups[(int)group] = bits;
        return Errno.None;
    }

    /// <summary>Nothing is set from now on.</summary>
    public void Freeze() => IsFrozen = true;

    [InlineArray((int)ExposureGroup.Count)]
    private struct GroupBits
    {
        private ulong _first;
    }
}
