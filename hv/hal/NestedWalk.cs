using Xenolith.Kernel;

namespace Xenolith.Hal;

/// <summary>Reads a nested page table by software, for the few bytes of guest memory that the HAL itself must load.</summary>
public static class NestedWalk
{
    /// <summary>Translates a guest-physical address. Rights are the guest's affair. False: nothing is mapped there.</summary>
    public static bool TryTranslate(PhysicalMemory memory, PageTableFormat format, Mfn root, ulong guestPhysical, out ulong physical)
    {
        physical = 0;
        if (guestPhysical >> 48 != 0)
            return false;
        Mfn table = root;
        for (int level = 4; level >= 1; level--)
        {
            int shift = Page.Shift + 9 * (level - 1);
            ulong index = (guestPhysical >> shift) & 511;
            ulong entry = memory.Word64(table.Address + index * 8);
            if (!format.IsPresent(entry))
                return false;
            if (PageTableFormat.IsLeaf(entry, level))
            {
                ulong mask = (1UL << shift) - 1;
                physical = (PageTableFormat.FrameOf(entry).Address & ~mask) | (guestPhysical & mask);
                return true;
            }
            table = PageTableFormat.FrameOf(entry);
        }
        return false;
    }
}
