using System;
using Xenolith.Abi.Contract;

namespace Xenolith.Domains;

/// <summary>The domains that exist. One domain names another by id only, and the id is looked up at each use.</summary>
public sealed class DomainTable
{
    private const int Capacity = 64;

    private readonly Domain?[] _domains = new Domain?[Capacity];
    private int _count;

    /// <summary>The domain with that id; null when there is none. Reserved ids name nobody here.</summary>
    public Domain? Find(ushort id)
    {
        for (int i = 0; i < _count; i++)
        {
            if (_domains[i]!.Id == id)
                return _domains[i];
        }
        return null;
    }

    /// <summary>The domain that a caller means: <see cref="DomainIds.Self"/> is the caller.</summary>
    public Domain? Resolve(ushort id, Domain caller) => id == DomainIds.Self ? caller : Find(id);

    /// <summary>Domains at present.</summary>
    public int Count => _count;

    /// <param name="index">0 to <see cref="Count"/> - 1, in the order of creation.</param>
    public Domain this[int index] => index < _count ? _domains[index]! : throw new ArgumentOutOfRangeException(nameof(index));

    internal bool TryAdd(Domain domain)
    {
        if (_count == Capacity || Find(domain.Id) != null)
            return false;
        _domains[_count++] = domain;
        return true;
    }

    internal void Remove(Domain domain)
    {
        for (int i = 0; i < _count; i++)
        {
            if (_domains[i] != domain)
                continue;
            Array.Copy(_domains, i + 1, _domains, i, _count - i - 1);
            _domains[--_count] = null;
            return;
        }
    }
}
