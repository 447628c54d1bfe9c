using System;
using System.Collections.Generic;
using Xenolith.Kernel;

namespace Xenolith.Tests.Unit.Machines;

/// <summary>
/// Whose each frame of the machine has to be, and who refers to it, as everybody states it; compared with what the allocator has.
/// </summary>
internal sealed class FrameAudit
{
    private readonly FrameAllocator _frames;
    private readonly ushort[] _owners;
    private readonly FrameType[] _types;
    private readonly uint[] _references;
    private readonly Dictionary<ushort, ulong> _left = [];

    public FrameAudit(FrameAllocator frames)
    {
        _frames = frames;
        int count = (int)Private.FrameCount(frames);
        _owners = new ushort[count];
        _types = new FrameType[count];
        _references = new uint[count];
    }

    public void Begin()
    {
        Array.Fill(_owners, FrameAllocator.NoOwner);
        Array.Clear(_references);
        _left.Clear();
        foreach (ulong word in Private.Infos(_frames, 0, (ulong)_owners.Length))
        {
            var info = new FrameInfo(word);
            if (info.IsLeft && info.State == FrameState.Allocated)
                _left[info.Owner] = LeftBy(info.Owner) + 1;
        }
    }

    /// <summary>The frame is somebody's.</summary>
    public void Owns(Mfn mfn, ushort owner, FrameType type)
    {
        if (mfn.Value >= (ulong)_owners.Length)
            throw new AuditException($"owner {owner:x} has frame {mfn.Value:x} ({type}), which is not RAM");
        if (_owners[mfn.Value] != FrameAllocator.NoOwner)
            throw new AuditException($"frame {mfn.Value:x} is owner {_owners[mfn.Value]:x}'s ({_types[mfn.Value]}) and owner {owner:x}'s ({type})");
        _owners[mfn.Value] = owner;
        _types[mfn.Value] = type;
    }

    /// <summary>All page tables of an owner are its, and there are so many.</summary>
    public void OwnsTables(ushort owner, ulong count)
    {
        Span<ulong> infos = Private.Infos(_frames, 0, (ulong)_owners.Length);
        ulong found = 0;
        for (int mfn = 0; mfn < infos.Length; mfn++)
        {
            var info = new FrameInfo(infos[mfn]);
            if (info.State != FrameState.Allocated || info.Owner != owner || info.Type != FrameType.PageTable)
                continue;
            Owns(new Mfn((ulong)mfn), owner, FrameType.PageTable);
            found++;
        }
        if (found != count)
            throw new AuditException($"owner {owner:x}: {found} page tables are there, and {count} are known");
    }

    /// <summary>Somebody holds a reference to the frame.</summary>
    public void Refers(Mfn mfn) => _references[mfn.Value]++;

    /// <summary>Frames that an owner has let go of and that others refer to.</summary>
    public ulong LeftBy(ushort owner) => _left.GetValueOrDefault(owner);

    public void Compare()
    {
        ulong free = 0, managed = 0;
        Span<ulong> infos = Private.Infos(_frames, 0, (ulong)_owners.Length);
        for (int mfn = 0; mfn < infos.Length; mfn++)
        {
            var info = new FrameInfo(infos[mfn]);
            FrameState state = info.State;
            if (state == FrameState.Allocated)
            {
                managed++;
                Compare((ulong)mfn, info);
                continue;
            }
            ulong isManaged = state == FrameState.Reserved ? 0UL : 1;
            managed += isManaged;
            free += isManaged;
            if (_owners[mfn] != FrameAllocator.NoOwner || _references[mfn] != 0)
                throw new AuditException($"frame {mfn:x} is free; owner {_owners[mfn]:x} has it ({_types[mfn]}), and {_references[mfn]} refer to it");
        }
        if (free != _frames.FreeFrames || managed != _frames.TotalFrames)
            throw new AuditException($"{free} of {managed} frames are free, and the allocator counts {_frames.FreeFrames} of {_frames.TotalFrames}");
    }

    private void Compare(ulong mfn, FrameInfo info)
    {
        if (info.IsLeft)
        {
            // Nobody has it but who refers to it.
            if (_owners[mfn] != FrameAllocator.NoOwner)
                throw new AuditException($"frame {mfn:x} was let go of, and owner {_owners[mfn]:x} has it");
            if (info.References == 0)
                throw new AuditException($"frame {mfn:x} of owner {info.Owner:x} was let go of, and nobody refers to it");
        }
        else if (_owners[mfn] == FrameAllocator.NoOwner)
        {
            throw new AuditException($"frame {mfn:x} ({info.Type}) is owner {info.Owner:x}'s, who knows nothing of it; {info.References} references");
        }
        else if (_owners[mfn] != info.Owner || _types[mfn] != info.Type)
        {
            throw new AuditException($"frame {mfn:x} is owner {info.Owner:x}'s ({info.Type}), and owner {_owners[mfn]:x} has it ({_types[mfn]})");
        }
        if (info.References != _references[mfn])
            throw new AuditException($"frame {mfn:x} of owner {info.Owner:x} ({info.Type}) has {info.References} references, and {_references[mfn]} are known");
    }
}
