using System;

namespace Xenolith.Kernel;

/// <summary>What lies side by side in a table, and large leaves in place of it.</summary>
public sealed partial class PageTable
{
    /// <summary>
    /// Makes one leaf of a table whose leaves map consecutive frames in the same way, the first of them aligned; or nothing of a table that
    /// maps nothing. Every address translates as before. The table is retired: CPUs may have it cached.
    /// </summary>
    /// <remarks>What CPUs have noted in the leaves, accessed and dirty, is as in a new leaf.</remarks>
    /// <param name="address">Aligned to the size; below 2^48, or sign-extended from bit 47.</param>
    /// <param name="order"><see cref="Page.Order2M"/> or <see cref="Page.Order1G"/>.</param>
    /// <returns>False: there is no such table, or the format has no leaf of that size.</returns>
    public bool TryMerge(ulong address, int order)
    {
        int level = Require(address, order);
        if (level == 1)
        {
            throw new ArgumentOutOfRangeException(nameof(order));
        }

        if (!TryFind(address, level, out TablePlace place) || place.Level != level)
        {
            return false;
        }

        ulong entry = _memory.Word64(place.Slot);
        if (!LeadsToTable(entry, level))
        {
            return false;
        }

        var first = new TablePlace(PageTableFormat.FrameOf(entry).Address, level - 1);
        ulong part = _memory.Word64(first.Slot);
        if (!_format.IsPresent(part))
        {
            return TryDropEmpty(place, first);
        }

        Mfn mfn = PageTableFormat.FrameOf(part);
        bool isOne = order <= _format.MaximumOrder && PageTableFormat.IsLeaf(part, level - 1) && (mfn.Value & ((1UL << order) - 1)) == 0
            && CountConsecutive(first, Entries) == Entries;
        if (isOne)
        {
            Replace(place, _format.Leaf(mfn, level, _format.RightsOf(part) & ~Rights.Logged, _format.CachingOf(part, level - 1)));
        }

        return isOne;
    }

    /// <summary>How many leaves from one on map consecutive frames, all in the same way.</summary>
    /// <param name="place">The first.</param>
    /// <param name="most">The most to look at; none beyond the table.</param>
    public int CountConsecutive(TablePlace place, int most)
    {
        Span<ulong> entries = EntriesFrom(place);
        entries = entries.Slice(0, Math.Min(most, entries.Length));
        ulong next = PageTableFormat.AsWritten(entries[0]);
        ulong size = (ulong)Page.Size << OrderOf(place.Level);
        int count = 0;
        while (count < entries.Length && PageTableFormat.AsWritten(entries[count]) == next)
        {
            count++;
            next += size;
        }

        return count;
    }

    private bool TryDropEmpty(TablePlace place, TablePlace first)
    {
        bool isEmpty = !EntriesFrom(first).ContainsAnyExcept(_format.Absent);
        if (isEmpty)
        {
            Replace(place, _format.Absent);
        }

        return isEmpty;
    }
}
