using System;
using System.Collections.Generic;
using System.Runtime.InteropServices;
using Xenolith.Kernel;
using Xenolith.Mm;

namespace Xenolith.Tests.Unit.Machines;

/// <summary>What one entry of a page table maps.</summary>
/// <param name="Order">log2 of its frames.</param>
internal readonly record struct Leaf(Gfn Gfn, Mfn Mfn, int Order);

/// <summary>Reads page tables as a CPU does, entry by entry.</summary>
internal static class TableWalk
{
    private const int TopLevel = 4, BitsPerLevel = 9;

    /// <summary>All leaves; each frame of a table is stated as the owner's.</summary>
    public static List<Leaf> Leaves(FrameAudit audit, PageTable table, PhysicalMemory memory, ushort owner)
    {
        var leaves = new List<Leaf>();
        int tables = 0;
        if (table.Root != Mfn.Invalid)
            Walk(table.Root, TopLevel, 0);
        if (tables != table.TableFrames)
            throw new AuditException($"owner {owner:x}: a page table counts {table.TableFrames} frames and has {tables}");
        return leaves;

        void Walk(Mfn at, int level, ulong gfn)
        {
            audit.Owns(at, owner, FrameType.PageTable);
            tables++;
            int shift = BitsPerLevel * (level - 1);
            PageTableFormat format = Private.Format(table);
            ReadOnlySpan<ulong> entries = MemoryMarshal.Cast<byte, ulong>(memory.Frame(at));
            for (int i = 0; i < entries.Length; i++)
            {
                int skipped = entries[i..].IndexOfAnyExcept(0UL);
                if (skipped < 0)
                    break;
                i += skipped;
                ulong entry = entries[i];
                if (!format.IsPresent(entry))
                    continue;
                ulong first = gfn | (ulong)i << shift;
                if (PageTableFormat.IsLeaf(entry, level))
                    leaves.Add(new Leaf(new Gfn(first), PageTableFormat.FrameOf(entry), shift));
                else
                    Walk(PageTableFormat.FrameOf(entry), level - 1, first);
            }
        }
    }
}
