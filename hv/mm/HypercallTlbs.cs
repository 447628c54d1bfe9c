using System;
using Xenolith.Kernel;

namespace Xenolith.Mm;

/// <summary>
/// The hypercall TLBs of a domain's vCPUs: what is changed of them, one change at a time. A vCPU looks into its own table or into another's. Whose
/// table others look into looks into it itself, so that there are no chains, and no circles.
/// </summary>
/// <param name="vcpus">The ways into memory of all the domain's vCPUs.</param>
public sealed class HypercallTlbs(GuestAccess[] vcpus)
{
    private readonly SpinLock _lock = new(LockRank.Sharing, "hypercall TLBs");
    private bool _areUsed;

    /// <summary>Whether calls' buffers are found without the guest's page tables, or not at all, on all vCPUs and for good.</summary>
    public bool IsStrictForGood { get; private set; }

    /// <summary>Declines to read the guest's page tables for calls from now on, as if they could not be read; the policy stays strict.</summary>
    public void RefuseWalks()
    {
        _lock.Acquire();
        IsStrictForGood = true;
        foreach (GuestAccess vcpu in vcpus)
            vcpu.Buffers.RefusesWalks = true;
        Use();
        _lock.Release();
    }

    /// <summary>Adds an entry to the table that a vCPU looks into, if no reason stands against it.</summary>
    public HypercallTlbResult Insert(GuestAccess vcpu, in HypercallTlbEntry entry, out int slot)
    {
        _lock.Acquire();
        HypercallTlbResult result = vcpu.Buffers.Table.TryInsert(entry, out slot);
        Use();
        _lock.Release();
        return result;
    }

    /// <summary>Takes entries out of the table that a vCPU looks into, as <see cref="HypercallTlb.Remove"/> does.</summary>
    public int Purge(GuestAccess vcpu, ulong first, ulong last, ulong root)
    {
        _lock.Acquire();
        int removed = vcpu.Buffers.Table.Remove(first, last, root, keepsPinned: false);
        _lock.Release();
        return removed;
    }

    /// <summary>Has a vCPU look into another's table from now on. <see cref="HypercallTlbResult.InUse"/>: its own is shared, or the other's is not looked into by the other.</summary>
    /// <param name="owner">Whose; the vCPU itself: its own again.</param>
    public HypercallTlbResult Share(GuestAccess vcpu, GuestAccess owner)
    {
        _lock.Acquire();
        GuestBuffers user = vcpu.Buffers, source = owner.Buffers;
        bool mayShare = user == source || (user.Sharers == 0 && source.Source == source);
        if (mayShare)
            LookInto(user, source);
        _lock.Release();
        return mayShare ? HypercallTlbResult.Done : HypercallTlbResult.InUse;
    }

    /// <summary>Sets whether a buffer that the table does not know is out of the vCPU's reach. False: it must stay so.</summary>
    public bool SetStrict(GuestAccess vcpu, bool isStrict)
    {
        _lock.Acquire();
        bool maySet = isStrict || !IsStrictForGood;
        if (maySet)
            vcpu.Buffers.IsStrict = isStrict;
        Use();
        _lock.Release();
        return maySet;
    }

    /// <summary>Entries of a vCPU's own table, whichever it looks into. For who excludes changes.</summary>
    public int CountOwn(GuestAccess vcpu) => vcpu.Buffers.Own.Count;

    /// <summary>One of them, from 0 on.</summary>
    public HypercallTlbEntry OwnEntry(GuestAccess vcpu, int index) => vcpu.Buffers.Own[index];

    /// <summary>
    /// Gives a vCPU's own table other entries, of checked numbers, and has it look there. False: some of them overlap, or are too many; the table is empty then.
    /// </summary>
    public bool Replace(GuestAccess vcpu, ReadOnlySpan<HypercallTlbEntry> entries)
    {
        _lock.Acquire();
        LookInto(vcpu.Buffers, vcpu.Buffers);
        HypercallTlb table = vcpu.Buffers.Own;
        table.Remove(0, ulong.MaxValue, HypercallTlb.AnyRoot, keepsPinned: false);
        bool fit = true;
        for (int i = 0; fit && i < entries.Length; i++)
            fit = table.TryInsert(entries[i], out _) == HypercallTlbResult.Done;
        if (!fit)
            table.Remove(0, ulong.MaxValue, HypercallTlb.AnyRoot, keepsPinned: false);
        Use();
        _lock.Release();
        return fit;
    }

    /// <summary>After a reset of the vCPU: it looks into its own table, of which pinned entries are left, and walks where that knows nothing.</summary>
    public void Reset(GuestAccess vcpu)
    {
        _lock.Acquire();
        LookInto(vcpu.Buffers, vcpu.Buffers);
        vcpu.Buffers.Own.Remove(0, ulong.MaxValue, HypercallTlb.AnyRoot, keepsPinned: true);
        vcpu.Buffers.IsStrict = IsStrictForGood;
        _lock.Release();
    }

    /// <summary>After a reset of the domain: nothing is left.</summary>
    public void Clear()
    {
        _lock.Acquire();
        foreach (GuestAccess vcpu in vcpus)
        {
            LookInto(vcpu.Buffers, vcpu.Buffers);
            vcpu.Buffers.Own.Remove(0, ulong.MaxValue, HypercallTlb.AnyRoot, keepsPinned: false);
            vcpu.Buffers.IsStrict = IsStrictForGood;
        }
        _lock.Release();
    }

    private static void LookInto(GuestBuffers user, GuestBuffers source)
    {
        user.Source.Sharers -= user.Source == user ? 0 : 1;
        source.Sharers += source == user ? 0 : 1;
        user.Source = source;
    }

    /// <summary>All vCPUs look into tables from now on; until then that costs them nothing.</summary>
    private void Use()
    {
        if (_areUsed)
            return;
        _areUsed = true;
        foreach (GuestAccess vcpu in vcpus)
            vcpu.LookIntoTables();
    }
}
