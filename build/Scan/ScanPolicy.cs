using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Text.RegularExpressions;
using Xenolith.Build.Host;

namespace Xenolith.Build.Scan;

/// <summary>
/// Roots, helpers and allow-lists of the image scan, read from a text file of one statement a line:
/// a verb, an argument, and after <c>--</c> the reason, which an allowance must give.
/// </summary>
public sealed class ScanPolicy
{
    private readonly Dictionary<string, List<Regex>> _patterns = [];
    private readonly List<(ulong First, ulong Last)> _absolute = [];
    private readonly List<(Regex Pattern, int Frames)> _recursion = [];
    private readonly List<(Regex Caller, Regex Called)> _notCalled = [];
    private readonly Dictionary<(string, CodeFunction), bool> _named = [];

    private static readonly string[] s_patternVerbs =
        ["root", "nested-root", "cut", "allocator", "lazy-helper", "may-allocate", "may-dispatch", "may-call-indirect", "may-be-lazy", "may-grow-frame", "may-use-vectors", "no-return"];

    // These only state facts; what widens the rules must say why.
    private static readonly string[] s_factVerbs = ["root", "nested-root", "allocator", "lazy-helper", "no-return", "stack"];

    /// <summary>Bytes of the stack the roots run on; 0 if unstated.</summary>
    public int StackSize { get; private set; }

    /// <summary>Reads the file beside this program.</summary>
    public static ScanPolicy Load() => Parse(File.ReadAllLines(Tree.At("build", "Scan", "roots.txt")));

    /// <summary>Parses statements.</summary>
    public static ScanPolicy Parse(IEnumerable<string> lines)
    {
        var policy = new ScanPolicy();
        int number = 0;
        foreach (string line in lines)
        {
            number++;
            string text = line.Trim();
            if (text.Length == 0 || text[0] == '#')
            {
                continue;
            }

            string[] halves = text.Split(" -- ", 2);
            string[] words = halves[0].Split(' ', StringSplitOptions.RemoveEmptyEntries);
            if (halves.Length < 2 && !s_factVerbs.Contains(words[0]))
            {
                throw new BuildFailure($"build/Scan/roots.txt:{number}: \"{words[0]}\" needs a reason after --");
            }

            if (!policy.Add(words))
            {
                throw new BuildFailure($"build/Scan/roots.txt:{number}: not understood: {text}");
            }
        }

        return policy;
    }

    /// <summary>Whether a statement of that verb names the function.</summary>
    public bool Names(string verb, CodeFunction function)
    {
        if (!_named.TryGetValue((verb, function), out bool named))
        {
            named = _patterns.TryGetValue(verb, out List<Regex>? patterns)
                && patterns.Exists(pattern => pattern.IsMatch(function.Name) || function.Symbols.Any(symbol => pattern.IsMatch(symbol)));
            _named[(verb, function)] = named;
        }

        return named;
    }

    /// <summary>Whether a virtual call of one function never reaches the other, though their slots agree.</summary>
    public bool NeverCalls(CodeFunction caller, CodeFunction called) =>
        _notCalled.Exists(pair => pair.Caller.IsMatch(caller.Name) && pair.Called.IsMatch(called.Name));

    /// <summary>Patterns of a verb that name no function at all: stale statements.</summary>
    public IEnumerable<string> Unmatched(string verb, IReadOnlyCollection<CodeFunction> functions) =>
        _patterns.GetValueOrDefault(verb, [])
            .Where(pattern => !functions.Any(function => pattern.IsMatch(function.Name) || function.Symbols.Any(symbol => pattern.IsMatch(symbol))))
            .Select(pattern => pattern.ToString()[1..^1].Replace(".*", "*", StringComparison.Ordinal).Replace("\\", "", StringComparison.Ordinal));

    /// <summary>Whether code may name that address.</summary>
    public bool AllowsAddress(ulong address) => _absolute.Exists(range => address >= range.First && address <= range.Last);

    /// <summary>How many frames of a circle the function is in can be there at once; null if it may not recurse.</summary>
    public int? Recursion(CodeFunction function)
    {
        foreach ((Regex pattern, int frames) in _recursion)
        {
            if (pattern.IsMatch(function.Name))
            {
                return frames;
            }
        }

        return null;
    }

    private bool Add(string[] words)
    {
        if (s_patternVerbs.Contains(words[0]) && words.Length == 2)
        {
            if (!_patterns.TryGetValue(words[0], out List<Regex>? patterns))
            {
                _patterns[words[0]] = patterns = [];
            }

            patterns.Add(Pattern(words[1]));
            return true;
        }

        switch (words)
        {
            case ["absolute", var first, var last]:
                _absolute.Add((Address(first), Address(last)));
                return true;
            case ["recursion", var name, var count] when int.TryParse(count, NumberStyles.None, CultureInfo.InvariantCulture, out int frames):
                _recursion.Add((Pattern(name), frames));
                return true;
            case ["never-calls", var caller, var called]:
                _notCalled.Add((Pattern(caller), Pattern(called)));
                return true;
            case ["stack", var bytes] when int.TryParse(bytes, NumberStyles.None, CultureInfo.InvariantCulture, out int size):
                StackSize = size;
                return true;
            default:
                return false;
        }
    }

    private static Regex Pattern(string glob) => new($"^{Regex.Escape(glob).Replace("\\*", ".*", StringComparison.Ordinal)}$", RegexOptions.CultureInvariant);

    private static ulong Address(string text) =>
        ulong.Parse(text.StartsWith("0x", StringComparison.Ordinal) ? text[2..] : text, NumberStyles.HexNumber, CultureInfo.InvariantCulture);
}
