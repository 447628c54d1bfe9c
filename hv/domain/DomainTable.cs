using System;
using System.Threading;
using Xenolith.Abi.Contract;
using Xenolith.Kernel;

namespace Xenolith.Domains;

/// <summary>The domains that exist. One domain names another by id only, and the id is looked up at each use.</summary>
public sealed class DomainTable
{
    /// <summary>The most domains at a time.</summary>
    public const int Capacity = 64;

    // Any CPU looks here without a lock; one at a time enters and removes. Who found a domain keeps it alive by its run loop not being
    // passed meanwhile.
    private readonly Unowned<Domain>[] _domains = new Unowned<Domain>[Capacity];

    // Those of which only frames are left that others refer to, and their ids (-1: none). Who has a reference to such a frame looks for its
    // domain without a lock, and must not touch another one, which may be on its way out.
    private readonly Unowned<Domain>[] _ended = new Unowned<Domain>[Capacity];
    private readonly int[] _endedIds = NoIds();

    /// <summary>The domain with that id; null when there is none. Reserved ids name nobody here.</summary>
    public Domain? Find(ushort id)
    {
        for (int i = 0; i < Capacity; i++)
        {
            Domain? domain = _domains[i].Value;
            if (domain is not null && domain.Id == id)
                return domain;
        }
        return null;
    }

    /// <summary>The domain with the lowest id that is not below; null when there is none.</summary>
    public Domain? FindFrom(ushort id)
    {
        Domain? lowest = null;
        for (int i = 0; i < Capacity; i++)
        {
            Domain? domain = _domains[i].Value;
            if (domain is not null && domain.Id >= id && (lowest is null || domain.Id < lowest.Id))
                lowest = domain;
        }
        return lowest;
    }

    /// <summary>The very domain that the handle names; null when it has ended.</summary>
    public Domain? Find(DomainHandle handle) => Find(handle.Id) is { } domain && domain.Identity == handle ? domain : null;

    /// <summary>The domain that a caller means: <see cref="DomainIds.Self"/> is the caller.</summary>
    public Domain? Resolve(ushort id, Domain caller) => id == DomainIds.Self ? caller : Find(id);

    /// <summary>One domain after the other. For the CPU that enters and removes them.</summary>
    /// <param name="index">0 to <see cref="Count"/> - 1.</param>
    public Domain this[int index]
    {
        get
        {
            for (int i = 0; i < Capacity; i++)
            {
                if (_domains[i].Value is { } domain && index-- == 0)
                    return domain;
            }
            throw new ArgumentOutOfRangeException(nameof(index));
        }
    }

    /// <summary>Domains at present.</summary>
    public int Count
    {
        get
        {
            int count = 0;
            for (int i = 0; i < Capacity; i++)
                count += _domains[i].Value is null ? 0 : 1;
            return count;
        }
    }

    /// <summary>The domain in a place of the table; null: none. Any CPU may look.</summary>
    /// <param name="place">0 to <see cref="Capacity"/> - 1.</param>
    public Domain? At(int place) => _domains[place].Value;

    internal bool TryAdd(Domain domain)
    {
        if (Find(domain.Id) != null)
            return false;
        for (int i = 0; i < Capacity; i++)
        {
            if (_domains[i].Value is not null)
                continue;
            _domains[i] = new Unowned<Domain>(domain);
            return true;
        }
        return false;
    }

    /// <summary>A domain that is going to be removed, but keeps its frames until nobody refers to them. Before <see cref="Remove"/>.</summary>
    internal void AddEnded(Domain domain)
    {
        int place = 0;
        while (_endedIds[place] >= 0)
            place++;
        _ended[place] = new Unowned<Domain>(domain);
        Volatile.Write(ref _endedIds[place], domain.Id);
    }

    /// <summary>No frame is its any more.</summary>
    internal void RemoveEnded(Domain domain)
    {
        for (int i = 0; i < Capacity; i++)
        {
            if (_ended[i].Value != domain)
                continue;
            Volatile.Write(ref _endedIds[i], -1);
            _ended[i] = default;
        }
    }

    /// <summary>Whose frames have that owner, after its removal; null: nobody's. The caller's reference to one of them keeps it.</summary>
    internal Domain? FindEnded(ushort id)
    {
        for (int i = 0; i < Capacity; i++)
        {
            if (Volatile.Read(ref _endedIds[i]) == id)
                return _ended[i].Value;
        }
        return null;
    }

    /// <summary>Nobody finds the domain from now on.</summary>
    public void Remove(Domain domain)
    {
        for (int i = 0; i < Capacity; i++)
        {
            if (_domains[i].Value == domain)
                _domains[i] = default;
        }
    }

    private static int[] NoIds()
    {
        int[] ids = new int[Capacity];
        Array.Fill(ids, -1);
        return ids;
    }
}
