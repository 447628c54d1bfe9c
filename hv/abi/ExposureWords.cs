using System;
using Xenolith.Abi.Calls;
using Xenolith.Abi.Contract;
using Xenolith.Kernel;

namespace Xenolith.Abi;

/// <summary>What the administrator shows a domain and hides from it, by the names that docs/abi.md and docs/exposure.md have for calls and features.</summary>
public static class ExposureWords
{
    private const int Features = 64;

    /// <summary>Adds names to what is shown, and takes names from it.</summary>
    /// <param name="expose">Names separated by commas, each of an operation, of a number, or of a feature; empty: none.</param>
    /// <param name="hide">Likewise.</param>
    /// <param name="shown">A word a group; nothing of it is changed to what this image does not have.</param>
    /// <param name="at">The name that is wrong.</param>
    /// <returns>What is wrong with it, in words; null: nothing.</returns>
    public static string? TryApply(ReadOnlySpan<char> expose, ReadOnlySpan<char> hide, ulong[] shown, out ReadOnlySpan<char> at)
    {
        while (OptionValue.TryNext(ref expose, ',', out at))
        {
            if (TryFind(at, out ExposureGroup group, out int bit) is { } problem)
                return problem;
            if ((Dispatch.WholeExposure(group) & 1UL << bit) == 0)
                return "newer than this image, which is built of an older edition of the table; leave it out, or boot a newer image";
            shown[(int)group] |= 1UL << bit;
        }
        while (OptionValue.TryNext(ref hide, ',', out at))
        {
            if (TryFind(at, out ExposureGroup group, out int bit) is { } problem)
                return problem;
            shown[(int)group] &= ~(1UL << bit);
        }
        return null;
    }

    private static string? TryFind(ReadOnlySpan<char> name, out ExposureGroup group, out int bit)
    {
        group = ExposureGroup.Feature;
        for (bit = 0; bit < Features; bit++)
        {
            if (name.Length != 0 && name.SequenceEqual(HypercallNames.OfFeature(bit).AsSpan()))
                return null;
        }
        group = ExposureGroup.CallFeature;
        for (bit = 0; bit < Features; bit++)
        {
            if (name.Length != 0 && name.SequenceEqual(HypercallNames.OfCallFeature(bit).AsSpan()))
                return null;
        }
        foreach (ulong call in HypercallNames.All)
        {
            ulong number = call >> 32;
            (group, bit) = number < V2Calls.First ? (ExposureGroup.Number, (int)number) : (ExposureGroup.HighNumber, (int)(number - V2Calls.First));
            if (name.SequenceEqual(HypercallNames.OfGroup(number).AsSpan()))
                return null;
            if (!name.SequenceEqual(HypercallNames.Of(number, unchecked((uint)call)).AsSpan()))
                continue;
            uint operation = unchecked((uint)call);
            if (Altp2mOps.SubopOf(number, operation) is { } subop)
            {
                group = ExposureGroup.Altp2mInside;
                bit = Altp2mOps.ExposureBit(subop);
                return null;
            }
            group = Dispatch.GroupOf(number);
            bit = unchecked((int)operation);
            if (bit >= Features)
                return "shown with others of its kind; write XENOLITH_CALL_hctlb or XENOLITH_CALL_strict";
            return group == ExposureGroup.Number ? "an operation of a call whose operations are not told apart; write the call's own name, like domctl" : null;
        }
        return "neither a call nor a feature; write names as docs/exposure.md and docs/abi.md have them, like VCPUOP_register_runstate_phys_area, vm_assist or XENFEAT_dom0";
    }
}
