using System;
using Xenolith.Abi.Contract;

namespace Xenolith.Abi;

/// <summary>One thing that the administrator forbids: who may not do what to whom.</summary>
internal readonly struct CallRule
{
    private const int Anybody = -1;

    private readonly int _who;
    private readonly int _whom;
    private readonly string _what;
    private readonly bool _isBeginning;

    private CallRule(int who, string what, bool isBeginning, int whom)
    {
        _who = who;
        _what = what;
        _isBeginning = isBeginning;
        _whom = whom;
    }

    /// <summary>Reads <c>who:what:whom</c>. Null, or what is wrong with it.</summary>
    public static string? TryParse(ReadOnlySpan<char> text, out CallRule rule)
    {
        rule = default;
        int first = text.IndexOf(':');
        int last = first < 0 ? -1 : text.Slice(first + 1).IndexOf(':');
        if (last < 0)
            return "a rule is who:what:whom";
        ReadOnlySpan<char> what = text.Slice(first + 1, last);
        if (!TryParseDomain(text.Slice(0, first), out int who) || !TryParseDomain(text.Slice(first + last + 2), out int whom))
            return "who and whom are ids of domains, or *";
        bool isBeginning = what.Length != 0 && what[^1] == '*';
        rule = new CallRule(who, (isBeginning ? what.Slice(0, what.Length - 1) : what).ToString(), isBeginning, whom);
        return rule.NamesSomething() ? null : "what is the name of an operation, as docs/abi.md has it, or how such names begin and *";
    }

    /// <param name="target">Null: the call is about no domain, which only a rule for anybody forbids.</param>
    public bool Forbids(ushort caller, ushort? target, ulong number, uint operation) =>
        (_who == Anybody || _who == caller) && (_whom == Anybody || _whom == target) && Names(HypercallNames.Of(number, operation));

    private static bool TryParseDomain(ReadOnlySpan<char> text, out int id)
    {
        id = Anybody;
        if (text.Length == 1 && text[0] == '*')
            return true;
        if (text.Length is 0 or > 5)
            return false;
        id = 0;
        for (int i = 0; i < text.Length; i++)
        {
            if (text[i] is < '0' or > '9')
                return false;
            id = id * 10 + (text[i] - '0');
        }
        return id < DomainIds.FirstReserved;
    }

    private bool Names(string name)
    {
        if (name.Length < _what.Length || (!_isBeginning && name.Length != _what.Length))
            return false;
        for (int i = 0; i < _what.Length; i++)
        {
            if (name[i] != _what[i])
                return false;
        }
        return true;
    }

    private bool NamesSomething()
    {
        foreach (ulong call in HypercallNames.All)
        {
            if (Names(HypercallNames.Of(call >> 32, unchecked((uint)call))))
                return true;
        }
        return false;
    }
}
