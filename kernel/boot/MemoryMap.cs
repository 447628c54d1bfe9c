using System;

namespace Xenolith.Kernel;

/// <summary>Arithmetic on firmware memory maps: ranges may be unsorted, overlap, and end in the middle of a frame.</summary>
public static class MemoryMap
{
    /// <summary>Sorts by start address, in place, keeping the order of equals.</summary>
    public static void Sort(Span<MemoryRange> map)
    {
        for (int i = 1; i < map.Length; i++)
        {
            MemoryRange range = map[i];
            int at = i;
            for (; at > 0 && map[at - 1].Start > range.Start; at--)
            {
                map[at] = map[at - 1];
            }

            map[at] = range;
        }
    }

    /// <summary>Whether every byte of [start, start + length) is RAM and nothing else.</summary>
    public static bool IsRam(ReadOnlySpan<MemoryRange> map, ulong start, ulong length)
    {
        ulong end = start + length;
        if (end < start)
        {
            return false;
        }

        for (int i = 0; i < map.Length; i++)
        {
            if (map[i].Kind != MemoryKind.Ram && map[i].Start < end && start < map[i].End)
            {
                return false;
            }
        }

        while (start < end)
        {
            ulong covered = start;
            for (int i = 0; i < map.Length; i++)
            {
                if (map[i].Kind == MemoryKind.Ram && map[i].Start <= start)
                {
                    covered = Math.Max(covered, map[i].End);
                }
            }

            if (covered == start)
            {
                return false;
            }

            start = covered;
        }

        return true;
    }

    /// <summary>
    /// The whole frames that are RAM, as sorted, merged ranges: overlaps with another kind are not RAM, and neither is what lies in
    /// [exceptStart, exceptEnd).
    /// </summary>
    public static MemoryRange[] WholeFramesOfRam(ReadOnlySpan<MemoryRange> map, ulong exceptStart, ulong exceptEnd)
    {
        // Edges cut the address space into pieces that are RAM or not as a whole.
        var edges = new ulong[(map.Length * 2) + 2];
        for (int i = 0; i < map.Length; i++)
        {
            edges[i * 2] = map[i].Start;
            edges[(i * 2) + 1] = map[i].End;
        }

        edges[^2] = exceptStart;
        edges[^1] = exceptEnd;
        SortEdges(edges);

        var found = new MemoryRange[edges.Length];
        int count = 0;
        for (int i = 0; i + 1 < edges.Length; i++)
        {
            ulong start = edges[i];
            ulong end = edges[i + 1];
            if (start >= end || (start >= exceptStart && end <= exceptEnd) || !IsRam(map, start, end - start))
            {
                continue;
            }

            if (count != 0 && found[count - 1].End == start)
            {
                found[count - 1] = found[count - 1] with { Length = end - found[count - 1].Start };
            }
            else
            {
                found[count++] = new MemoryRange(start, end - start, MemoryKind.Ram);
            }
        }

        int kept = 0;
        for (int i = 0; i < count; i++)
        {
            ulong start = (found[i].Start + Page.OffsetMask) & ~Page.OffsetMask;
            ulong end = found[i].End & ~Page.OffsetMask;
            if (start < end)
            {
                found[kept++] = new MemoryRange(start, end - start, MemoryKind.Ram);
            }
        }

        return found.AsSpan(0, kept).ToArray();
    }

    private static void SortEdges(Span<ulong> edges)
    {
        for (int i = 1; i < edges.Length; i++)
        {
            ulong edge = edges[i];
            int at = i;
            for (; at > 0 && edges[at - 1] > edge; at--)
            {
                edges[at] = edges[at - 1];
            }

            edges[at] = edge;
        }
    }
}
