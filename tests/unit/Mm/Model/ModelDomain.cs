using System;
using System.Collections.Generic;
using System.Linq;
using Xenolith.Abi.Contract;
using Xenolith.Kernel;
using Xenolith.Mm;

namespace Xenolith.Tests.Unit.Mm.Model;

/// <summary>A domain: the real p2m, the reference beside it, and a CPU that walks the real one's tables.</summary>
internal sealed class ModelDomain
{
    private readonly WatchedMemory _memory;
    private readonly FrameAllocator _allocator;

    /// <summary>Few, so that they run out.</summary>
    public const int ViewLimit = 3;

    public ModelDomain(WatchedMemory memory, FrameAllocator allocator, ForeignFrames foreign, EntryRules rules, ushort id, bool keepsLeft)
    {
        _memory = memory;
        _allocator = allocator;
        Id = id;
        Rules = rules;
        Users = new OtherCpus(this);
        P2m = new P2m(memory, allocator, rules.Format, id) { Users = Users, Foreign = foreign, KeepsLeft = keepsLeft };
        memory.Flush();
        Walker = NewWalker(P2m.Root.Value);
        Views = new Altp2m(P2m, memory, allocator, rules.Format, ViewLimit) { Users = new InViews(this) };
    }

    public ushort Id { get; }

    public EntryRules Rules { get; }

    public P2m P2m { get; }

    public Walker Walker { get; }

    public ModelTable Table { get; } = new();

    /// <summary>First guest frames of 2 MiB that nobody has looked at.</summary>
    public Dictionary<ulong, MemoryAccess> Uncleared { get; } = [];

    /// <summary>The real views; those that are there, and the reference beside them.</summary>
    public Altp2m Views { get; }

    public SortedDictionary<int, ModelView> ModelViews { get; } = [];

    /// <summary>The view that a vCPU is in; -1: none.</summary>
    public int Entered { get; set; } = -1;

    /// <summary>Views that go as soon as all CPUs have left: whoever looks at their tables then is nobody.</summary>
    public List<ModelView> Going { get; } = [];

    /// <summary>How often a remap lost what it shows.</summary>
    public ulong Lost { get; set; }

    /// <summary>The host p2m's walker, and one for each view.</summary>
    public IEnumerable<Walker> Walkers => ModelViews.Values.Select(view => view.Walker).Prepend(Walker);

    /// <summary>A walker of the domain's own memory by some root.</summary>
    public Walker NewWalker(ulong root)
    {
        var walker = new Walker(_memory, Rules, root) { IsFirstLook = IsFirstLook, Appears = Write, IsElsewhere = Users.Are };
        walker.Start();
        return walker;
    }

    /// <summary>Whether the host p2m has anything at a guest frame, or would have at the first look.</summary>
    /// <summary>The right of a guest frame of the host p2m; of nothing, what would be there next.</summary>
    public MemoryAccess RightOf(ulong gfn) => Table[gfn] is { IsPresent: true } cell ? cell.Right : Uncleared.GetValueOrDefault(gfn & ~511UL, P2m.DefaultAccess);

    public bool IsThere(ulong gfn) => Table[gfn].IsPresent || Uncleared.ContainsKey(gfn & ~511UL);

    public void ForgetUncleared(ulong gfn, int order)
    {
        foreach (ulong chunk in Uncleared.Keys.Where(chunk => chunk >= gfn && chunk < gfn + (1UL << order)).ToArray())
            Uncleared.Remove(chunk);
    }

    public OtherCpus Users { get; }

    public ulong MaximumGfn { get; set; }

    /// <summary>The domain ends: no CPU walks its tables any more.</summary>
    public bool IsEnding { get; set; }

    /// <summary>All is released; frames of its may still be referred to.</summary>
    public bool IsGone { get; set; }

    /// <summary>The frame that the hypervisor lends to it.</summary>
    public ulong Lent { get; set; }

    /// <summary>Frames that it let go of while CPUs elsewhere may reach them.</summary>
    public List<ulong> Unsettled { get; } = [];

    // What a look at all frames found.
    public long TablesFound { get; set; }

    public long UnclearedFound { get; set; }

    public long CountedFound { get; set; }

    public long LeftFound { get; set; }

    /// <summary>What is there for the guest: 2 MiB that nobody has looked at are memory too.</summary>
    public bool IsFree(ulong gfn) => !IsThere(gfn);

    /// <summary>Nothing that CPUs elsewhere may reach has another use.</summary>
    public void RequireStaleFramesKept()
    {
        foreach (Walker walker in Walkers)
            RequireKept(walker);
    }

    private void RequireKept(Walker walker)
    {
        foreach ((ulong first, ulong size) in walker.Stale)
        {
            for (ulong mfn = first; mfn < first + size && mfn < _memory.Limit >> Page.Shift; mfn++)
            {
                if (_allocator.OwnerOf(new Mfn(mfn)) == FrameAllocator.NoOwner)
                    throw new ModelException($"frame {mfn:x} is free while a CPU elsewhere may have it cached for domain {Id:x}");
            }
        }
        foreach (ulong mfn in walker.StaleTables)
        {
            if (_allocator.OwnerOf(new Mfn(mfn)) != Id || _allocator.TypeOf(new Mfn(mfn)) != FrameType.PageTable)
                throw new ModelException($"table {mfn:x} has another use while a CPU elsewhere may have it cached");
        }
    }

    // Memory that appears where nobody has looked; not a device in its place.
    private bool IsFirstLook(ulong gfn, int order, Translation translation) =>
        order == Page.Order2M && Uncleared.ContainsKey(gfn) && translation.Mfn < _memory.Limit >> Page.Shift;

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

    private sealed class InViews(ModelDomain domain) : ViewUsers
    {
        public override void Hold()
        {
        }

        public override int CountIn(int view) => view == domain.Entered ? 1 : 0;
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
                foreach (Walker walker in domain.Walkers)
                {
                    walker.IsElsewhere = value;
                    walker.Forget();
                }
            }
        }

        public override bool AreElsewhere => _are;

        public override void Expel()
        {
            domain._memory.Flush();
            domain.RequireStaleFramesKept();
            foreach (Walker walker in domain.Walkers)
                walker.Forget();
            foreach (ModelView view in domain.Going)
                domain.ModelViews.Remove(view.Index);
            domain.Going.Clear();
        }
    }
}
