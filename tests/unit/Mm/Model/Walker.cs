using System;
using System.Collections.Generic;
using Xenolith.Kernel;

namespace Xenolith.Tests.Unit.Mm.Model;

/// <summary>
/// A CPU that walks a nested table all the time. It knows the tables by the stores that it saw, judges each one, and remembers what it
/// may still have cached.
/// </summary>
/// <remarks>
/// Each address changes once in an operation at most: so what it translates to at each moment is what it did before, or what it does after.
/// </remarks>
internal sealed class Walker(WatchedMemory memory, EntryRules rules, ulong root)
{
    private const int Entries = 512, TopLevel = 4;

    /// <summary>A table that is linked: the words as they were seen, and where it is.</summary>
    private sealed record Table(int Level, ulong Gfn, ulong[] Words);

    /// <summary>One change that a store made: all of 2^order guest frames.</summary>
    internal readonly record struct Change(ulong Gfn, int Order, Translation Old, Translation New);

    private readonly Dictionary<ulong, Table> _tables = [];
    private readonly Dictionary<ulong, ulong[]> _staleTables = [];
    private readonly HashSet<(ulong, int)> _changed = [];
    private readonly HashSet<(ulong, int)> _changedWithin = [];

    /// <summary>What the operation changed so far.</summary>
    public List<Change> Changes { get; } = [];

    /// <summary>What operations changed, until somebody empties this.</summary>
    public List<Change> AllChanges { get; } = [];

    /// <summary>What of it is memory that nobody had looked at, which counts as there before: guest frame and frame.</summary>
    public List<(ulong Gfn, ulong Mfn)> FirstLooks { get; } = [];

    /// <summary>Whether such memory is at a place.</summary>
    public Func<ulong, int, Translation, bool>? IsFirstLook { get; set; }

    /// <summary>A translation is new.</summary>
    public Action<ulong, int, Translation>? Appears { get; set; }

    /// <summary>What the operation took away that CPUs may have cached: translations, or tables.</summary>
    public bool HasTakenAway { get; private set; }

    /// <summary>Old translations that CPUs elsewhere may still have: frames, and their number.</summary>
    public List<(ulong Mfn, ulong Count)> Stale { get; } = [];

    /// <summary>Whether other CPUs may have anything cached now.</summary>
    public bool IsElsewhere { get; set; }

    /// <summary>What a change of the operation may undo again: the range is the operation's own, and nothing is there in the end.</summary>
    public bool MayUndo { get; set; }

    /// <summary>Whether it did.</summary>
    public bool HasUndone { get; private set; }

    /// <summary>The top table.</summary>
    public ulong Root => root;

    /// <summary>Frames of all linked tables.</summary>
    public IReadOnlyCollection<ulong> TableFrames => _tables.Keys;

    public void Start()
    {
        if (_tables.Count == 0)
            Link(root, TopLevel, 0);
    }

    public void BeginOperation()
    {
        Changes.Clear();
        FirstLooks.Clear();
        _changed.Clear();
        _changedWithin.Clear();
        HasTakenAway = false;
        MayUndo = false;
        HasUndone = false;
    }

    /// <summary>Nothing is cached any more.</summary>
    public void Forget()
    {
        Stale.Clear();
        _staleTables.Clear();
    }

    /// <summary>A word in memory was stored to.</summary>
    public void See(ulong address, ulong old, ulong now)
    {
        ulong frame = address >> Page.Shift;
        if (_staleTables.ContainsKey(frame))
            throw new ModelException($"table {frame:x} is written to, which is unlinked and may be cached");
        if (!_tables.TryGetValue(frame, out Table? table))
            return;
        int index = (int)(address >> 3) & (Entries - 1);
        if (table.Words[index] != old)
            throw new ModelException($"entry {index} of table {frame:x} was {old:x} before the store, and {table.Words[index]:x} by the last one seen");
        int level = table.Level;
        ulong gfn = table.Gfn + ((ulong)index << (9 * (level - 1)));
        bool wasTable = rules.IsTable(old, level), isTable = rules.IsTable(now, level);
        if (isTable)
        {
            rules.RequireTable(now);
            Link(EntryRules.FrameOf(now), level - 1, gfn);
        }
        Compare(old, now, level, gfn);
        table.Words[index] = now;
        if (wasTable)
            Unlink(EntryRules.FrameOf(old), level - 1);
    }

    /// <summary>Frames are about to be cleared: none may be a table that is linked or cached, or be reached by what is cached.</summary>
    public void SeeClearing(ulong first, ulong count)
    {
        for (ulong mfn = first; mfn < first + count; mfn++)
        {
            if (_tables.ContainsKey(mfn) || _staleTables.ContainsKey(mfn))
                throw new ModelException($"table {mfn:x} is cleared while it is linked or cached");
        }
        foreach ((ulong mfn, ulong size) in Stale)
        {
            if (mfn < first + count && first < mfn + size)
                throw new ModelException($"frames {first:x}+{count:x} are cleared while a CPU elsewhere may have {mfn:x}+{size:x} cached");
        }
    }

    /// <summary>All linked and stale tables hold what the stores left there.</summary>
    public void RequireSeen()
    {
        foreach ((ulong frame, Table table) in _tables)
        {
            if (!memory.Peek(frame).SequenceEqual(table.Words))
                throw new ModelException($"table {frame:x} changed unseen");
        }
        foreach ((ulong frame, ulong[] words) in _staleTables)
        {
            if (!memory.Peek(frame).SequenceEqual(words))
                throw new ModelException($"table {frame:x} changed, which is unlinked and may be cached");
        }
    }

    /// <summary>Tables that CPUs may still have cached.</summary>
    public IReadOnlyCollection<ulong> StaleTables => _staleTables.Keys;

    /// <summary>Looks a guest frame up.</summary>
    /// <param name="level">Where the way down ends.</param>
    public Translation Walk(ulong gfn, out int level)
    {
        Table table = _tables[root];
        while (true)
        {
            level = table.Level;
            int shift = 9 * (level - 1);
            ulong entry = table.Words[gfn >> shift & (Entries - 1)];
            if (!rules.IsTable(entry, level))
                return rules.Decode(entry, level).Plus(gfn & ((1UL << shift) - 1));
            table = _tables[EntryRules.FrameOf(entry)];
        }
    }

    /// <summary>All leaves: the first guest frame, the order, the translation of the first.</summary>
    public IEnumerable<(ulong Gfn, int Order, Translation Translation)> Leaves()
    {
        foreach (Table table in _tables.Values)
        {
            int shift = 9 * (table.Level - 1);
            ulong empty = rules.Format.Absent;
            for (int index = 0; index < Entries; index++)
            {
                ulong entry = table.Words[index];
                if (entry == empty || rules.IsTable(entry, table.Level))
                    continue;
                Translation translation = rules.Decode(entry, table.Level);
                if (translation.Rights != Rights.None)
                    yield return (table.Gfn + ((ulong)index << shift), shift, translation);
            }
        }
    }

    private void Link(ulong frame, int level, ulong gfn)
    {
        ulong[] words = memory.Peek(frame).ToArray();
        if (!_tables.TryAdd(frame, new Table(level, gfn, words)))
            throw new ModelException($"table {frame:x} is linked twice");
        if (_staleTables.ContainsKey(frame))
            throw new ModelException($"table {frame:x} is linked again while it may be cached");
        ulong empty = rules.Format.Absent;
        for (int index = 0; index < Entries; index++)
        {
            ulong entry = words[index];
            if (entry == empty)
                continue;
            if (!rules.IsTable(entry, level))
            {
                rules.Decode(entry, level);
                continue;
            }
            rules.RequireTable(entry);
            Link(EntryRules.FrameOf(entry), level - 1, gfn + ((ulong)index << (9 * (level - 1))));
        }
    }

    private void Unlink(ulong frame, int level)
    {
        Table table = _tables[frame];
        _tables.Remove(frame);
        HasTakenAway = true;
        if (IsElsewhere)
            _staleTables[frame] = table.Words;
        foreach (ulong entry in table.Words)
        {
            if (rules.IsTable(entry, level))
                Unlink(EntryRules.FrameOf(entry), level - 1);
        }
    }

    // Where two entries of a level differ, down to single guest frames. Tables that either leads to are linked.
    private void Compare(ulong old, ulong now, int level, ulong gfn)
    {
        Table? oldTable = rules.IsTable(old, level) ? _tables[EntryRules.FrameOf(old)] : null;
        Table? newTable = rules.IsTable(now, level) ? _tables[EntryRules.FrameOf(now)] : null;
        if (oldTable is null && newTable is null)
        {
            CompareLeaves(rules.Decode(old, level), rules.Decode(now, level), 9 * (level - 1), gfn);
            return;
        }
        Translation oldLeaf = oldTable is null ? rules.Decode(old, level) : default;
        Translation newLeaf = newTable is null ? rules.Decode(now, level) : default;
        CompareBelow(oldTable, oldLeaf, newTable, newLeaf, level - 1, gfn);
    }

    private void CompareBelow(Table? oldTable, Translation oldLeaf, Table? newTable, Translation newLeaf, int level, ulong gfn)
    {
        int order = 9 * (level - 1);
        for (int index = 0; index < Entries; index++)
        {
            ulong offset = (ulong)index << order;
            Table? oldNext = Next(oldTable, index, level, oldLeaf.Plus(offset), out Translation oldHere);
            Table? newNext = Next(newTable, index, level, newLeaf.Plus(offset), out Translation newHere);
            if (oldNext is null && newNext is null)
                CompareLeaves(oldHere, newHere, order, gfn + offset);
            else
                CompareBelow(oldNext, oldHere, newNext, newHere, level - 1, gfn + offset);
        }
    }

    private Table? Next(Table? table, int index, int level, Translation part, out Translation here)
    {
        here = part;
        if (table is null)
            return null;
        ulong entry = table.Words[index];
        if (rules.IsTable(entry, level))
        {
            here = default;
            return _tables[EntryRules.FrameOf(entry)];
        }
        here = rules.Decode(entry, level);
        return null;
    }

    private void CompareLeaves(Translation old, Translation now, int order, ulong gfn)
    {
        if (old == now)
            return;
        Appears?.Invoke(gfn, order, now);
        if (old.Rights == Rights.None && (IsFirstLook?.Invoke(gfn, order, now) ?? false))
        {
            FirstLooks.Add((gfn, now.Mfn));
            return;
        }
        var change = new Change(gfn, order, old, now);
        Changes.Add(change);
        AllChanges.Add(change);
        bool isSecond = !IsNew(gfn, order);
        HasUndone |= isSecond;
        if (isSecond && !MayUndo)
            throw new ModelException($"guest frame {gfn:x} (order {order}) changed twice in one operation: from {old} to {now}");
        if (!old.IsPresent)
            return;
        HasTakenAway = true;
        if (IsElsewhere)
            Stale.Add((old.Mfn, 1UL << order));
    }

    // Whether no change of the operation met any of the frames before.
    private bool IsNew(ulong gfn, int order)
    {
        bool isNew = !_changedWithin.Contains((gfn, order));
        for (int above = order; above <= Page.Order1G; above += 9)
        {
            ulong first = gfn & ~((1UL << above) - 1);
            isNew &= !_changed.Contains((first, above));
            if (above != order)
                _changedWithin.Add((first, above));
        }
        _changed.Add((gfn, order));
        return isNew;
    }
}
