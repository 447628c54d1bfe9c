using Xenolith.Abi.Contract;
using Xenolith.Kernel;

namespace Xenolith.Domains;

/// <summary>
/// Ranges of ports, addresses or PCI functions that a device model answers for: in order, none touching another, at most 256. They lie in a
/// frame of the hypervisor, which is there only while there are ranges.
/// </summary>
internal sealed class IoRangeSet(PhysicalMemory memory, FrameAllocator frames)
{
    private readonly FrameTable<IoRange> _ranges = new(memory, frames, DmOpLimits.Ranges);

    /// <summary>Ranges at present.</summary>
    public int Count { get; private set; }

    /// <summary>Whether all of [first, last] is in the set.</summary>
    public bool Contains(ulong first, ulong last)
    {
        int at = FindEnding(first);
        return at < Count && First(at) <= first && Last(at) >= last;
    }

    /// <summary>Whether any of [first, last] is.</summary>
    public bool Overlaps(ulong first, ulong last)
    {
        int at = FindEnding(first);
        return at < Count && First(at) <= last;
    }

    /// <summary>Adds [first, last], which overlaps nothing; it becomes one with what it touches. ENOMEM: there are 256 others, or no frame for them.</summary>
    public Errno Add(ulong first, ulong last)
    {
        int at = FindEnding(first);
        bool touchesBefore = at > 0 && Last(at - 1) + 1 == first;
        bool touchesBehind = at < Count && last + 1 == First(at);
        if (touchesBefore && touchesBehind)
        {
            Last(at - 1) = Last(at);
            Close(at);
        }
        else if (touchesBefore)
        {
            Last(at - 1) = last;
        }
        else if (touchesBehind)
        {
            First(at) = first;
        }
        else
        {
            if (!TryOpen(at))
                return Errno.ENOMEM;
            First(at) = first;
            Last(at) = last;
        }
        return Errno.None;
    }

    /// <summary>Takes [first, last] out. ENOENT: not all of it is in the set; ENOMEM: that makes two of one, and there are 256.</summary>
    public Errno Remove(ulong first, ulong last)
    {
        if (!Contains(first, last))
            return Errno.ENOENT;
        int at = FindEnding(first);
        ulong end = Last(at);
        if (First(at) == first && end == last)
        {
            Close(at);
        }
        else if (First(at) == first)
        {
            First(at) = last + 1;
        }
        else if (end == last)
        {
            Last(at) = first - 1;
        }
        else
        {
            if (!TryOpen(at + 1))
                return Errno.ENOMEM;
            Last(at) = first - 1;
            First(at + 1) = last + 1;
            Last(at + 1) = end;
        }
        return Errno.None;
    }

    /// <summary>Empties the set and gives its frame back.</summary>
    public void Release()
    {
        Count = 0;
        _ranges.Release();
    }

    private ref ulong First(int index) => ref _ranges[(uint)index].First;

    private ref ulong Last(int index) => ref _ranges[(uint)index].Last;

    /// <summary>The first range that does not end before the value; <see cref="Count"/>: none.</summary>
    private int FindEnding(ulong value)
    {
        int low = 0, high = Count;
        while (low < high)
        {
            int middle = (low + high) / 2;
            if (Last(middle) < value)
                low = middle + 1;
            else
                high = middle;
        }
        return low;
    }

    private bool TryOpen(int at)
    {
        if (Count == DmOpLimits.Ranges || !_ranges.TryGrow((uint)Count + 1))
            return false;
        for (int i = Count++; i > at; i--)
        {
            First(i) = First(i - 1);
            Last(i) = Last(i - 1);
        }
        return true;
    }

    private void Close(int at)
    {
        Count--;
        for (int i = at; i < Count; i++)
        {
            First(i) = First(i + 1);
            Last(i) = Last(i + 1);
        }
        if (Count == 0)
            _ranges.Release();
    }

    private struct IoRange
    {
        public ulong First, Last;
    }
}
