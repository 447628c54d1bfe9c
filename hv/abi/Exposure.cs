using System;
using Xenolith.Abi.Contract;

namespace Xenolith.Abi;

/// <summary>
/// Which calls are shown: a bit a hypercall number and a bit an operation. What is not shown answers exactly as what does not exist.
/// A fresh one shows the frozen set of 4.17; that is its default for ever, so that a toolstack that knows of nothing newer
/// exposes nothing newer.
/// </summary>
public sealed class Exposure
{
    private readonly ulong[] _groups = new ulong[(int)ExposureGroup.Count];

    public Exposure()
    {
        for (int group = 0; group < _groups.Length; group++)
            _groups[group] = Dispatch.DefaultExposure((ExposureGroup)group);
    }

    /// <summary>Whether bit <paramref name="number"/> of the group is set; numbers past 63 never are.</summary>
    public bool Shows(ExposureGroup group, ulong number) => number < 64 && (_groups[(int)group] & (1UL << (int)number)) != 0;

    /// <summary>The bits of a group.</summary>
    public ulong this[ExposureGroup group] => _groups[(int)group];

    /// <summary>Replaces the bits of a group. EINVAL: a bit that 4.17's set does not have.</summary>
    public Errno Set(ExposureGroup group, ulong bits)
    {
        if ((uint)group >= (uint)_groups.Length || (bits & ~Dispatch.DefaultExposure(group)) != 0)
            return Errno.EINVAL;
        _groups[(int)group] = bits;
        return Errno.None;
    }
}
