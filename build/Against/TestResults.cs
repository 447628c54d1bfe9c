using System.Collections.Generic;
using System.Text.RegularExpressions;

namespace Xenolith.Build.Against;

/// <summary>What a guest said of its tests, in the order it said it.</summary>
public sealed partial class TestResults
{
    /// <summary>What stands for a test that gave no line.</summary>
    public const string Absent = "absent";

    private readonly Dictionary<string, string> _results = [];
    private readonly List<string> _names = [];

    /// <summary>The tests' names; a name that comes again has its number behind it.</summary>
    public IReadOnlyList<string> Names => _names;

    /// <summary><c>passed</c>, <c>failed: WHY</c>, <c>skipped: WHY</c>, or <see cref="Absent"/>.</summary>
    public string this[string name] => _results.GetValueOrDefault(name, Absent);

    /// <summary>Finds the lines of tests in a guest's output, with the hypervisor's own between and in front of them.</summary>
    public static TestResults Parse(IEnumerable<string> lines)
    {
        var results = new TestResults();
        foreach (string line in lines)
        {
            if (TestLine().Match(line) is { Success: true } match)
            {
                results.Add(match.Groups[1].Value, match.Groups[2].Value);
            }
        }

        return results;
    }

    private void Add(string name, string result)
    {
        string unique = name;
        for (int number = 2; !_results.TryAdd(unique, result); number++)
        {
            unique = $"{name} ({number})";
        }

        _names.Add(unique);
    }

    [GeneratedRegex(@"(?:^|\) |\s)test (.+?): (passed|failed: .*|skipped: .*)$")]
    private static partial Regex TestLine();
}
