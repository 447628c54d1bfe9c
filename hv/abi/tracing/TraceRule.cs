using System;

namespace Xenolith.Abi.Tracing;

/// <summary>Calls that are to be traced: one domain's or all domains', one group's, one operation, or all.</summary>
internal readonly struct TraceRule
{
    private const int Any = -1;

    private readonly int _domain;
    private readonly int _number;
    private readonly long _operation;

    private TraceRule(int domain, int number, long operation) => (_domain, _number, _operation) = (domain, number, operation);

    /// <summary>Every call of every domain.</summary>
    public static TraceRule All => new(Any, Any, Any);

    public bool Covers(ushort domain, ulong number, uint operation) =>
        (_domain == Any || _domain == domain) && (_number == Any || (ulong)_number == number) && (_operation == Any || _operation == operation);

    /// <summary>
    /// Reads <c>[dN:]WHAT</c> or <c>dN</c>. What: <c>all</c>, a group (<c>memory_op</c>), an operation of it (<c>memory_op:populate_physmap</c>), or an
    /// operation's C name (<c>XENMEM_populate_physmap</c>). Null, or what is wrong with it.
    /// </summary>
    public static string? TryParse(ReadOnlySpan<char> word, out TraceRule rule)
    {
        rule = default;
        int domain = Any;
        int colon = word.IndexOf(':');
        ReadOnlySpan<char> first = colon < 0 ? word : word.Slice(0, colon);
        if (TryParseDomain(first, out int id))
        {
            domain = id;
            word = colon < 0 ? "all".AsSpan() : word.Slice(colon + 1);
        }
        if (word.SequenceEqual("all".AsSpan()))
        {
            rule = new TraceRule(domain, Any, Any);
            return null;
        }
        colon = word.IndexOf(':');
        ReadOnlySpan<char> group = colon < 0 ? word : word.Slice(0, colon), operation = colon < 0 ? default : word.Slice(colon + 1);
        bool isGroup = false;
        foreach (ulong call in HypercallNames.All)
        {
            ulong number = call >> 32;
            bool isInGroup = group.SequenceEqual(HypercallNames.OfGroup(number).AsSpan());
            isGroup |= isInGroup;
            ReadOnlySpan<char> name = HypercallNames.Of(number, unchecked((uint)call)).AsSpan();
            if (isInGroup && colon < 0)
                rule = new TraceRule(domain, (int)number, Any);
            else if (colon < 0 ? word.SequenceEqual(name) : isInGroup && operation.SequenceEqual(WithoutPrefix(name)))
                rule = new TraceRule(domain, (int)number, unchecked((uint)call));
            else
                continue;
            return null;
        }
        return isGroup
            ? "no operation of that group: the second word is a C name of docs/abi.md without what is in capitals, as in memory_op:populate_physmap"
            : "no call: accepted are all, errors, unlimited, a domain (d1), a group (memory_op), group:operation (memory_op:populate_physmap) or a C name of docs/abi.md; before what is traced, a domain and a colon (d1:memory_op)";
    }

    /// <summary>populate_physmap of XENMEM_populate_physmap: what stands in capitals before the name is left out.</summary>
    private static ReadOnlySpan<char> WithoutPrefix(ReadOnlySpan<char> name)
    {
        int start = 0;
        for (int i = 0; i < name.Length && name[i] is (>= 'A' and <= 'Z') or '_'; i++)
        {
            if (name[i] == '_')
                start = i + 1;
        }
        return name.Slice(start);
    }

    private static bool TryParseDomain(ReadOnlySpan<char> word, out int id)
    {
        id = 0;
        if (word.Length is < 2 or > 6 || word[0] != 'd')
            return false;
        for (int i = 1; i < word.Length; i++)
        {
            if (word[i] is < '0' or > '9')
                return false;
            id = id * 10 + (word[i] - '0');
        }
        return true;
    }
}
