using System.Collections.Generic;
using Xenolith.Abi.Contract;
using Xenolith.Kernel;
using Xenolith.Mm;

namespace Xenolith.Tests.Unit.Mm.Model;

/// <summary>What a guest frame is, by the model.</summary>
/// <param name="Right">What the guest has left of what the mapping allows.</param>
internal readonly record struct Cell(ulong Mfn, P2mType Type, MemoryAccess Right = MemoryAccess.All)
{
    /// <summary>What the mapping allows.</summary>
    public Rights Allowed => Type switch
    {
        P2mType.Ram => Rights.All,
        P2mType.RamReadOnly or P2mType.RamForwarded => Rights.ReadExecute,
        P2mType.GrantReadOnly => Rights.Read,
        P2mType.None => Rights.None,
        _ => Rights.ReadWrite,
    };

    public bool IsPresent => Type != P2mType.None;

    public bool IsRam => Type is P2mType.Ram or P2mType.RamReadOnly or P2mType.RamForwarded;

    /// <summary>Whether the frame is another's.</summary>
    public bool IsOthers => Type is P2mType.Foreign or P2mType.Grant or P2mType.GrantReadOnly;

    public Cell Plus(ulong frames) => IsPresent ? this with { Mfn = Mfn + frames } : this;
}

/// <summary>
/// The reference p2m: guest frame → cell, in a dictionary. 512 guest frames at a time are one cell as long as each is the successor of the one
/// before, so that 1 GiB takes no quarter of a million of them.
/// </summary>
internal sealed class ModelTable
{
    private const ulong ChunkFrames = 512;

    /// <summary>What was set since the list was emptied: guest frame and order.</summary>
    public List<(ulong Gfn, int Order)> Written { get; } = [];

    private readonly Dictionary<ulong, Cell> _whole = [];
    private readonly Dictionary<ulong, Cell[]> _parts = [];

    public Cell this[ulong gfn]
    {
        get
        {
            ulong chunk = gfn / ChunkFrames, within = gfn % ChunkFrames;
            if (_parts.TryGetValue(chunk, out Cell[]? cells))
                return cells[within];
            return _whole.TryGetValue(chunk, out Cell cell) ? cell.Plus(within) : default;
        }
        set
        {
            ulong chunk = gfn / ChunkFrames;
            if (!_parts.TryGetValue(chunk, out Cell[]? cells))
            {
                cells = new Cell[ChunkFrames];
                for (ulong i = 0; i < ChunkFrames; i++)
                    cells[i] = this[chunk * ChunkFrames + i];
                _whole.Remove(chunk);
                _parts[chunk] = cells;
            }
            cells[gfn % ChunkFrames] = value;
            Written.Add((gfn, 0));
        }
    }

    /// <summary>Sets 2^order frames to successive cells, or to nothing.</summary>
    public void Set(ulong gfn, int order, Cell cell)
    {
        if (order == 0)
        {
            this[gfn] = cell;
            return;
        }
        Written.Add((gfn, order));
        for (ulong done = 0; done < 1UL << order; done += ChunkFrames)
        {
            ulong chunk = (gfn + done) / ChunkFrames;
            _parts.Remove(chunk);
            if (cell.IsPresent)
                _whole[chunk] = cell.Plus(done);
            else
                _whole.Remove(chunk);
        }
    }

    /// <summary>Everything that is there: runs of successive cells, of 512 frames or one.</summary>
    public IEnumerable<(ulong Gfn, int Order, Cell Cell)> All()
    {
        foreach ((ulong chunk, Cell cell) in _whole)
            yield return (chunk * ChunkFrames, Page.Order2M, cell);
        foreach ((ulong chunk, Cell[] cells) in _parts)
        {
            for (ulong i = 0; i < ChunkFrames; i++)
            {
                if (cells[i].IsPresent)
                    yield return (chunk * ChunkFrames + i, 0, cells[i]);
            }
        }
    }

    /// <summary>What is in 2^order frames: runs of 512 frames or one.</summary>
    public IEnumerable<(ulong Gfn, int Order, Cell Cell)> In(ulong gfn, int order)
    {
        ulong end = gfn + (1UL << order);
        while (gfn < end)
        {
            bool isWhole = order != 0 && !_parts.ContainsKey(gfn / ChunkFrames);
            int step = isWhole ? Page.Order2M : 0;
            yield return (gfn, step, this[gfn]);
            gfn += 1UL << step;
        }
    }

    /// <summary>Whether nothing is in 2^order frames.</summary>
    public bool IsEmpty(ulong gfn, int order)
    {
        foreach ((_, _, Cell cell) in In(gfn, order))
        {
            if (cell.IsPresent)
                return false;
        }
        return true;
    }

    /// <summary>How many frames are there.</summary>
    public ulong Count()
    {
        ulong count = 0;
        foreach ((_, int order, _) in All())
            count += 1UL << order;
        return count;
    }
}
