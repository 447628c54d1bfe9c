using System;
using System.Collections.Generic;
using Xenolith.Kernel;
using Xenolith.Mm;

namespace Xenolith.Tests.Unit.Mm.Model;

/// <summary>A domain: the real p2m, the reference beside it, and a CPU that walks the real one's tables.</summary>
internal sealed class ModelDomain
{
    private readonly WatchedMemory _memory;
    private readonly FrameAllocator _allocator;

    public ModelDomain(WatchedMemory memory, FrameAllocator allocator, ForeignFrames foreign, EntryRules rules, ushort id, bool keepsLeft)
    {
        _memory = memory;
        _allocator = allocator;
        Id = id;
        Rules = rules;
        Users = new OtherCpus(this);
        P2m = new P2m(memory, allocator, rules.Format, id) { Users = Users, Foreign = foreign, KeepsLeft = keepsLeft };
        memory.Flush();
        Walker = new Walker(memory, rules, P2m.Root.Value) { IsFirstLook = IsFirstLook, Appears = Write };
        Walker.Start();
    }

    public ushort Id { get; }

    public EntryRules Rules { get; }

    public P2m P2m { get; }

    public Walker Walker { get; }

    public ModelTable Table { get; } = new();

    /// <summary>First guest frames of 2 MiB that nobody has looked at.</summary>
    public HashSet<ulong> Uncleared { get; } = [];

    public OtherCpus Users { get; }

    public ulong MaximumGfn { get; set; }

    /// <summary>The domain ends: no CPU walks its tables any more.</summary>
    public bool IsEnding { get; set; }

    /// <summary>All is released; frames of its may still be referred to.</summary>
    public bool IsGone { get; set; }

    /// <summary>The frame that the hypervisor lends to it.</summary>
    public ulong Lent { get; init; }

    /// <summary>Frames that it let go of while CPUs elsewhere may reach them.</summary>
    public List<ulong> Unsettled { get; } = [];

    // What a look at all frames found.
    public long TablesFound { get; set; }

    public long UnclearedFound { get; set; }

    public long CountedFound { get; set; }

    public long LeftFound { get; set; }

    /// <summary>What is there for the guest: 2 MiB that nobody has looked at are memory too.</summary>
    public bool IsFree(ulong gfn) => !Table[gfn].IsPresent && !Uncleared.Contains(gfn & ~511UL);

    /// <summary>Nothing that CPUs elsewhere may reach has another use.</summary>
    public void RequireStaleFramesKept()
    {
        foreach ((ulong first, ulong size) in Walker.Stale)
        {
            for (ulong mfn = first; mfn < first + size && mfn < _memory.Limit >> Page.Shift; mfn++)
            {
                if (_allocator.OwnerOf(new Mfn(mfn)) == FrameAllocator.NoOwner)
                    throw new ModelException($"frame {mfn:x} is free while a CPU elsewhere may have it cached for domain {Id:x}");
            }
        }
        foreach (ulong mfn in Walker.StaleTables)
        {
            if (_allocator.OwnerOf(new Mfn(mfn)) != Id || _allocator.TypeOf(new Mfn(mfn)) != FrameType.PageTable)
                throw new ModelException($"table {mfn:x} has another use while a CPU elsewhere may have it cached");
        }
    }

    // Memory that appears where nobody has looked; not a device in its place.
    private bool IsFirstLook(ulong gfn, int order, Translation translation) =>
        order == Page.Order2M && Uncleared.Contains(gfn) && translation.Mfn < _memory.Limit >> Page.Shift;

    // A walker writes to what it gets at once. Nobody else's data may be there.
    private void Write(ulong gfn, int order, Translation translation)
    {
        for (ulong i = 0; translation.IsPresent && i < 1UL << order; i++)
        {
            ulong mfn = translation.Mfn + i;
            if (mfn >= _memory.Limit >> Page.Shift || _allocator.OwnerOf(new Mfn(mfn)) != Id)
                return;
            ref ushort contents = ref _memory.Contents(mfn);
            if (contents != WatchedMemory.Nobody && contents != Id)
                throw new ModelException($"guest frame {gfn + i:x} of domain {Id:x} shows what {contents:x} wrote");
            contents = Id;
        }
    }

    /// <summary>CPUs that run the domain elsewhere.</summary>
    internal sealed class OtherCpus(ModelDomain domain) : TranslationUsers
    {
        private bool _are;

        /// <summary>Whether they do. Who begins to, or leaves, forgets first.</summary>
        public bool Are
        {
            get => _are;
            set
            {
                _are = value;
                domain.Walker.IsElsewhere = value;
                domain.Walker.Forget();
            }
        }

        public override bool AreElsewhere => _are;

        public override void Expel()
        {
            domain._memory.Flush();
            domain.RequireStaleFramesKept();
            domain.Walker.Forget();
        }
    }
}
