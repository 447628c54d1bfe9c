using System;
using Xenolith.Kernel;
using Xenolith.Tests.Unit.Machines;

namespace Xenolith.Tests.Unit.Mm.Model;

/// <summary>How a domain stands to a frame of its own, by the model.</summary>
internal enum Hold : byte
{
    /// <summary>Nobody's, or not known.</summary>
    None,

    /// <summary>Mapped as its memory, or at the caller's disposal.</summary>
    Held,

    /// <summary>Let go of, while CPUs elsewhere may reach it.</summary>
    Unsettled,

    /// <summary>Let go of: free with the last reference.</summary>
    Left,

    /// <summary>The hypervisor's own, lent to guests.</summary>
    Lent,
}

/// <summary>Whose each frame is and who refers to it, by the model; compared with what the allocator has.</summary>
internal sealed class ModelFrames(FrameAllocator allocator, int count)
{
    private readonly Hold[] _holds = new Hold[count];
    private readonly ushort[] _owners = new ushort[count];
    private readonly uint[] _references = new uint[count];

    // What was found of each frame when it last changed, and the sums of it.
    private const int BlockFrames = 64;
    private readonly ulong[] _seen = new ulong[count];
    private readonly bool[] _isDirty = new bool[(count + BlockFrames - 1) / BlockFrames];
    private readonly ModelDomain?[] _counted = new ModelDomain?[count];
    private readonly FrameKind[] _kinds = new FrameKind[count];
    private long _free, _allocated;

    /// <summary>Whether an unsettled frame goes on counting: somebody referred to it when it was let go of.</summary>
    private readonly bool[] _isCounted = new bool[count];

    /// <summary>Owner of frames that are kept away from all.</summary>
    public const ushort Hog = 0x4242;

    public ushort OwnerOf(ulong mfn) => _owners[mfn];

    public Hold HoldOf(ulong mfn) => mfn < (ulong)count ? _holds[mfn] : Hold.None;

    public uint ReferencesTo(ulong mfn) => _references[mfn];

    /// <summary>A domain has a frame anew.</summary>
    public void Add(ulong mfn, ushort owner, Hold hold = Hold.Held)
    {
        if (mfn >= (ulong)count)
            throw new ModelException($"domain {owner:x} got frame {mfn:x}, which is no RAM");
        if (_holds[mfn] != Hold.None)
            throw new ModelException($"domain {owner:x} got frame {mfn:x}, which is {_owners[mfn]:x}'s ({_holds[mfn]})");
        _holds[mfn] = hold;
        _owners[mfn] = owner;
        Touch(mfn);
    }

    public void Set(ulong mfn, Hold hold)
    {
        _holds[mfn] = hold;
        _isCounted[mfn] = hold == Hold.Unsettled && _references[mfn] != 0;
        if (hold == Hold.None)
            _owners[mfn] = 0;
        Touch(mfn);
    }

    public void Disown(ulong mfn, ushort heir)
    {
        _owners[mfn] = heir;
        Touch(mfn);
    }

    public void Refer(ulong mfn)
    {
        _references[mfn]++;
        Touch(mfn);
    }

    /// <summary>A reference is dropped; a frame that was let go of is free with the last.</summary>
    public void Drop(ulong mfn)
    {
        Touch(mfn);
        if (--_references[mfn] == 0 && _holds[mfn] == Hold.Left)
            Set(mfn, Hold.None);
    }

    /// <summary>Compares with the allocator: each frame is somebody's who knows of it, or free, and all is there. Only what changed is looked at.</summary>
    /// <param name="find">Who has an id.</param>
    public void Compare(Func<ushort, ModelDomain?> find)
    {
        Span<ulong> infos = Private.Infos(allocator, 0, (ulong)count);
        for (int first = 0; first < count; first += BlockFrames)
        {
            int size = Math.Min(BlockFrames, count - first);
            if (!_isDirty[first / BlockFrames] && infos.Slice(first, size).SequenceEqual(_seen.AsSpan(first, size)))
                continue;
            _isDirty[first / BlockFrames] = false;
            for (int mfn = first; mfn < first + size; mfn++)
            {
                Count(mfn, -1);
                _seen[mfn] = infos[mfn];
                var info = new FrameInfo(infos[mfn]);
                _counted[mfn] = info.State == FrameState.Allocated ? find(info.Owner) : null;
                _kinds[mfn] = KindOf(mfn, info, _counted[mfn]);
                Count(mfn, 1);
            }
        }
        if (_free != (long)allocator.FreeFrames || _free + _allocated != (long)allocator.TotalFrames)
            throw new ModelException($"{_free} frames are free and {_allocated} allocated; the allocator counts {allocator.FreeFrames} of {allocator.TotalFrames}");
    }

    private void Touch(ulong mfn) => _isDirty[mfn / BlockFrames] = true;

    private void Count(int mfn, int by)
    {
        FrameKind kind = _kinds[mfn];
        if (kind == FrameKind.NotThere)
            return;
        if (kind == FrameKind.Free)
        {
            _free += by;
            return;
        }
        _allocated += by;
        if (_counted[mfn] is not { } domain)
            return;
        domain.TablesFound += kind == FrameKind.Table ? by : 0;
        domain.UnclearedFound += kind == FrameKind.Uncleared ? by : 0;
        domain.CountedFound += kind is FrameKind.Counted or FrameKind.Left ? by : 0;
        domain.LeftFound += kind == FrameKind.Left ? by : 0;
    }

    private FrameKind KindOf(int mfn, FrameInfo info, ModelDomain? domain)
    {
        Hold hold = _holds[mfn];
        if (info.State != FrameState.Allocated)
        {
            if (hold != Hold.None || _references[mfn] != 0)
                throw new ModelException($"frame {mfn:x} is free, and {_owners[mfn]:x}'s by the model ({hold}), with {_references[mfn]} references");
            return info.State == FrameState.Reserved ? FrameKind.NotThere : FrameKind.Free;
        }
        return hold == Hold.None ? KindOfUnknown(mfn, info, domain) : KindOfKnown(mfn, info, hold);
    }

    private FrameKind KindOfKnown(int mfn, FrameInfo info, Hold hold)
    {
        if (info.Owner != _owners[mfn] || info.References != _references[mfn] || info.IsLeft != (hold == Hold.Left))
        {
            throw new ModelException($"frame {mfn:x} is {info.Owner:x}'s with {info.References} references, left: {info.IsLeft}; "
                + $"by the model {_owners[mfn]:x}'s with {_references[mfn]} ({hold})");
        }
        if (hold == Hold.Left)
            return FrameKind.Left;
        return hold == Hold.Held || _isCounted[mfn] ? FrameKind.Counted : FrameKind.Other;
    }

    private static FrameKind KindOfUnknown(int mfn, FrameInfo info, ModelDomain? domain)
    {
        if (info.Owner == Hog)
            return FrameKind.Other;
        if (domain is null)
            throw new ModelException($"frame {mfn:x} is {info.Owner:x}'s, whom nobody knows");
        if (info.Type == FrameType.PageTable)
            return FrameKind.Table;
        if (info.Type == FrameType.Guest && info.References == 0)
            return FrameKind.Uncleared;
        throw new ModelException($"frame {mfn:x} ({info.Type}) is domain {info.Owner:x}'s, and not by the model");
    }

    private enum FrameKind : byte { NotThere, Free, Other, Table, Uncleared, Counted, Left }
}
