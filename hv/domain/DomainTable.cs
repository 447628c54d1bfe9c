using System;
using Xenolith.Abi.Contract;
using Xenolith.Kernel;

namespace Xenolith.Domains;

/// <summary>The domains that exist. One domain names another by id only, and the id is looked up at each use.</summary>
public sealed class DomainTable
{
    /// <summary>The most domains at a time.</summary>
    public const int Capacity = 64;

    private readonly Unowned<Domain>[] _domains = new Unowned<Domain>[Capacity];
    private int _count;

    /// <summary>The domain with that id; null when there is none. Reserved ids name nobody here.</summary>
    public Domain? Find(ushort id)
    {
        for (int i = 0; i < _count; i++)
        {
            if (_domains[i].Value!.Id == id)
                return _domains[i].Value;
        }
        return null;
    }

    /// <summary>The domain that a caller means: <see cref="DomainIds.Self"/> is the caller.</summary>
    public Domain? Resolve(ushort id, Domain caller) => id == DomainIds.Self ? caller : Find(id);

    /// <summary>Domains at present.</summary>
    public int Count => _count;

    /// <param name="index">0 to <see cref="Count"/> - 1, in the order of creation.</param>
    public Domain this[int index] => index < _count ? _domains[index].Value! : throw new ArgumentOutOfRangeException(nameof(index));

    internal bool TryAdd(Domain domain)
    {
        if (_count == Capacity || Find(domain.Id) != null)
            return false;
        _domains[_count++] = new Unowned<Domain>(domain);
        return true;
    }

    internal void Remove(Domain domain)
    {
        for (int i = 0; i < _count; i++)
        {
            if (_domains[i].Value != domain)
                continue;
            Array.Copy(_domains, i + 1, _domains, i, _count - i - 1);
            _domains[--_count] = default;
            return;
        }
    }
}
