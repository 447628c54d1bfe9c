using System;
using System.Collections.Generic;
using System.Linq;
using Xenolith.Abi.Contract;
using Xenolith.Kernel;
using Xenolith.Mm;

namespace Xenolith.Tests.Unit.Mm.Model;

/// <summary>
/// A run of steps on a small machine with two domains: each is done to the real p2m and, by its rules, to the model; then all is compared.
/// </summary>
internal sealed partial class P2mModelRun
{
    private const int Frames = 6144;
    private const ulong FirstFrame = 64, AddressEnd = 1UL << 36;

    /// <summary>Free frames from which on no operation on single pages may fail for want of them.</summary>
    private const ulong Plenty = 24;

    private static readonly ulong[] s_bases = [0x200, 0x200, 0x200, 0x400, 0x1E0, 0x3_FE00, 0x4_0000, 0x8_0000, AddressEnd - 512];
    private static readonly ulong[] s_counts = [1, 1, 1, 2, 5, 8, 8, 0x1FF, 0x200, 0x200, 0x3FF, 0x400];

    private readonly WatchedMemory _memory;
    private readonly FrameAllocator _allocator;
    private readonly ModelFrames _frames;
    private readonly Owners _owners;
    private readonly Dictionary<ushort, ModelDomain> _everyone = [];
    private readonly ModelDomain[] _domains = new ModelDomain[2];
    private readonly List<ulong> _pins = [];
    private readonly List<(Mfn Mfn, int Order)> _hog = [];
    private readonly EntryRules _rules;
    private readonly ulong _freeAtFirst;
    private ushort _nextId = 1;

    /// <param name="memory">As new.</param>
    /// <param name="variant">Which format, which machine.</param>
    public P2mModelRun(WatchedMemory memory, uint variant)
    {
        // A run that failed may have left locks behind.
        while (CurrentCpu.Held.Count != 0)
            CurrentCpu.Held.Remove(CurrentCpu.Held.At(0));
        _memory = memory;
        memory.Reset();
        memory.Stored = null;
        memory.Clearing = null;
        _rules = EntryRules.Of(variant);
        _allocator = new FrameAllocator(memory, Page.Size, Frames);
        _allocator.AddRange(new Mfn(FirstFrame), Frames - FirstFrame);
        // Some machines have a hole, some are small.
        if ((variant & 8) != 0)
            _allocator.Reserve(new Mfn(0x700), 0x180);
        if ((variant & 0x30) == 0)
            _allocator.Reserve(new Mfn(0x900), Frames);
        _frames = new ModelFrames(_allocator, Frames);
        _owners = new Owners(this);
        _freeAtFirst = _allocator.FreeFrames;
        memory.Stored = See;
        memory.Clearing = SeeClearing;
        for (int slot = 0; slot < _domains.Length; slot++)
            _domains[slot] = NewDomain(keepsLeft: slot == 1);
    }

    /// <summary>The memory that a run needs.</summary>
    public static WatchedMemory NewMemory() => new(Frames);

    /// <summary>Does a step, and looks at everything.</summary>
    public void Do(ModelStep step)
    {
        ModelDomain domain = _domains[step.A & 1];
        if (domain.IsEnding && step.Kind is not (StepKind.Unpin or StepKind.Hog or StepKind.Release))
            return;
        Begin();
        Perform(step, domain, GfnOf(step.A >> 1));
        CheckAll();
    }

    /// <summary>All domains end; every frame is back.</summary>
    public void End()
    {
        GiveBackHog();
        foreach (ModelDomain domain in _domains)
        {
            if (!domain.IsEnding)
            {
                LookEverywhere(domain);
                StartEnd(domain);
            }
        }
        foreach (ModelDomain domain in _domains)
        {
            for (int steps = 0; !domain.IsGone; steps++)
            {
                ReleaseStep(domain, 2048);
                if (steps > 1000)
                    throw new ModelException("a domain does not end");
            }
        }
        CheckAll();
        // Frames outlive their domain as long as somebody refers to them.
        foreach (ulong mfn in _pins)
            _owners.LetGo(new Mfn(mfn));
        CheckAll();
        if (_allocator.FreeFrames != _freeAtFirst)
            throw new ModelException($"{_freeAtFirst - _allocator.FreeFrames} frames are lost");
    }

    private void Perform(ModelStep step, ModelDomain domain, ulong gfn)
    {
        uint b = step.B, c = step.C;
        ModelDomain other = _domains[c & 1];
        switch (step.Kind)
        {
            case StepKind.Populate:
                Populate(domain, gfn, s_counts[b % (uint)s_counts.Length]);
                break;
            case StepKind.Depopulate:
                ulong count = c % 4 == 0 ? s_counts[b % (uint)s_counts.Length] : 1;
                for (ulong i = 0; i < count && gfn + i < AddressEnd; i++)
                    Depopulate(domain, gfn + i);
                break;
            case StepKind.Retype:
                Retype(domain, gfn, b, c % 3 == 0);
                break;
            case StepKind.MapDevice:
                MapDevice(domain, gfn, OrderOf(c), b);
                break;
            case StepKind.Remove:
                Remove(domain, gfn, OrderOf(c));
                break;
            case StepKind.MapForeign:
                MapOthers(domain, gfn, other, GfnOf(b), P2mType.Foreign, isReadOnly: false);
                break;
            case StepKind.MapGrant:
                MapOthers(domain, gfn, other, GfnOf(b), P2mType.Grant, (c & 2) != 0);
                break;
            case StepKind.UnmapOthers:
                UnmapOthers(domain, b);
                break;
            case StepKind.Lend:
                Lend(domain, gfn);
                break;
            case StepKind.Move:
                Move(domain, gfn, GfnOf(b));
                break;
            case StepKind.Look:
                Look(domain, gfn);
                break;
            case StepKind.Pin:
                Pin(domain, gfn);
                break;
            case StepKind.Unpin:
                Unpin(b);
                break;
            case StepKind.Settle:
                Settle(domain);
                break;
            case StepKind.Elsewhere:
                domain.Users.Are = !domain.Users.Are;
                break;
            case StepKind.Hog:
                GiveBackHog();
                if (b % 3 != 0)
                    TakeAllBut(c % 6);
                break;
            case StepKind.Limit:
                domain.P2m.TableLimit = b % 4 == 0 ? int.MaxValue : (int)domain.P2m.NestedTableFrames + (int)(c % 4);
                break;
            case StepKind.End:
                // Not too often: there is more to see in one that lives.
                if (b % 3 == 0)
                    StartEnd(domain);
                break;
            case StepKind.SetRight:
                SetRight(domain, gfn, OrderOf(c), RightOf(b));
                break;
            case StepKind.SetDefault:
                // Mostly everything, as without any listener.
                domain.P2m.DefaultAccess = b % 3 == 0 ? RightOf(b / 3) : MemoryAccess.All;
                break;
            case StepKind.Activate:
                Activate(domain, b);
                break;
            case StepKind.View:
                ChangeViews(domain, b, c);
                break;
            case StepKind.Override:
                Override(domain, gfn, b, GfnOf(c));
                break;
            case StepKind.Fill:
                Fill(domain, gfn, b);
                break;
            case StepKind.Merge:
                Merge(domain, gfn, b, c);
                break;
            case StepKind.Release:
                Release(step.A & 1, b);
                break;
        }
    }

    private static ulong GfnOf(uint number)
    {
        ulong offset = (number >> 4 & 7) switch { 0 => 0, 1 => 1, 2 => 2, 3 => 0x1FF, 4 => 0x1FE, 5 => 0x100, _ => number >> 8 & 0x1FF };
        return s_bases[number % (uint)s_bases.Length] + offset;
    }

    private static int OrderOf(uint number) => (number % 8) switch { 0 => Page.Order1G, 1 or 2 or 3 => Page.Order2M, _ => 0 };

    private ModelDomain NewDomain(bool keepsLeft)
    {
        if (!_allocator.TryAllocate(0, FrameAllocator.HypervisorOwner, FrameType.Shared, out Mfn lent))
            throw new ModelException("the machine is too small");
        _frames.Add(lent.Value, FrameAllocator.HypervisorOwner, Hold.Lent);
        var domain = new ModelDomain(_memory, _allocator, _owners, _rules, _nextId++, keepsLeft) { Lent = lent.Value };
        _everyone[domain.Id] = domain;
        return domain;
    }

    private void See(ulong address, ulong old, ulong now)
    {
        foreach (ModelDomain domain in _domains)
        {
            if (domain is not { IsEnding: false })
                continue;
            foreach (Walker walker in domain.Walkers)
                walker.See(address, old, now);
        }
    }

    private void SeeClearing(ulong first, ulong count)
    {
        foreach (ModelDomain domain in _domains)
        {
            if (domain is not { IsEnding: false })
                continue;
            foreach (Walker walker in domain.Walkers)
                walker.SeeClearing(first, count);
        }
        for (ulong mfn = first; mfn < first + count; mfn++)
        {
            bool isInUse = _frames.ReferencesTo(mfn) != 0 || (_frames.HoldOf(mfn) == Hold.Held && !_everyone[_frames.OwnerOf(mfn)].IsEnding);
            if (isInUse)
                throw new ModelException($"frame {mfn:x} is cleared, which domain {_frames.OwnerOf(mfn):x} has, with {_frames.ReferencesTo(mfn)} references");
        }
    }

    /// <summary>Leaves so many frames free, in the smallest pieces.</summary>
    private void TakeAllBut(ulong count)
    {
        for (int order = FrameAllocator.MaximumOrder; order >= 0; order--)
        {
            while (_allocator.FreeFrames >= count + (1UL << order) && _allocator.TryAllocateUncleared(order, ModelFrames.Hog, FrameType.Unspecified, out Mfn mfn))
                _hog.Add((mfn, order));
        }
    }

    private void GiveBackHog()
    {
        foreach ((Mfn mfn, int order) in _hog)
            _allocator.Free(mfn, order);
        _hog.Clear();
    }

    /// <summary>Who has which frames, for mappings of others'.</summary>
    private sealed class Owners(P2mModelRun run) : ForeignFrames
    {
        public override void LetGo(Mfn mfn)
        {
            ushort owner = run._allocator.OwnerOf(mfn);
            run._memory.Flush();
            if (run._everyone.TryGetValue(owner, out ModelDomain? domain))
                domain.P2m.Unpin(mfn);
            else
                run._allocator.Release(mfn);
            run._frames.Drop(mfn.Value);
        }
    }
}
