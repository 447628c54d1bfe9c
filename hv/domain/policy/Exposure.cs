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
    private readonly ulong[] _groups = new ulong[(int)ExposureGroup.Count];

    /// <param name="frozen">The frozen set, by group; fewer groups: nothing of the others is shown.</param>
    internal Exposure(ulong[] frozen)
    {
        _frozen = frozen;
        frozen.CopyTo(_groups, 0);
    }

    /// <summary>Whether bit <paramref name="number"/> of the group is set; numbers past 63 never are.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool Shows(ExposureGroup group, ulong number) => number < 64 && (_groups[(int)group] & (1UL << (int)number)) != 0;

    /// <summary>The bits of a group.</summary>
    public ulong this[ExposureGroup group] => _groups[(int)group];

    /// <summary>Replaces the bits of a group. EINVAL: a bit that 4.17's set does not have.</summary>
    public Errno Set(ExposureGroup group, ulong bits)
    {
        if ((uint)group >= (uint)_frozen.Length || (bits & ~_frozen[(int)group]) != 0)
            return Errno.EINVAL;
        _groups[(int)group] = bits;
        return Errno.None;
    }
}
