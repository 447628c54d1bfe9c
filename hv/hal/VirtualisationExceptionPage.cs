using System.Threading;
using Xenolith.Kernel;

namespace Xenolith.Hal;

/// <summary>
/// The virtualization-exception information area (Intel SDM vol. 3, 26.5.7.2): exit reason at 0, the word that the guest clears when it is
/// done at 4, qualification at 8, linear address at 16, physical address at 24, EPTP index (16 bits) at 32.
/// </summary>
public static class VirtualisationExceptionPage
{
    private const ulong Taken = 4, QualificationOffset = 8, Linear = 16, Physical = 24, Index = 32;
    private const uint EptViolation = 48;

    /// <summary>Fills the area unless the guest still has the last exception's. The guest can write it at any time: nothing is read twice.</summary>
    /// <param name="page">The area's frame.</param>
    /// <returns>False: it is taken, and stays as it is.</returns>
    public static bool TryFill(PhysicalMemory memory, Mfn page, ulong qualification, ulong linear, ulong physical, ushort index)
    {
        ulong area = page.Address;
        if (Volatile.Read(ref memory.Word32(area + Taken)) != 0)
            return false;
        memory.Word32(area) = EptViolation;
        memory.Word32(area + Taken) = uint.MaxValue;
        memory.Word64(area + QualificationOffset) = qualification;
        memory.Word64(area + Linear) = linear;
        memory.Word64(area + Physical) = physical;
        ref uint last = ref memory.Word32(area + Index);
        last = (last & 0xFFFF_0000) | index;
        return true;
    }

    /// <summary>A nested page fault in the form of table 29-7: the access in bits 0-2, what was allowed in 3-5, the linear address in 7 and 8.</summary>
    public static ulong Qualification(in Exit exit, Rights allowed)
    {
        const ulong read = 1, write = 2, fetch = 4, hasLinear = 1 << 7, isFinal = 1 << 8;
        ulong access = exit.IsWrite ? write : exit.IsFetch ? fetch : read;
        ulong linear = !exit.HasGuestLinear ? 0 : exit.DuringWalk ? hasLinear : hasLinear | isFinal;
        return access | ((ulong)allowed << 3) | linear;
    }
}
