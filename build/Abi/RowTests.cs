using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Text.RegularExpressions;
using Xenolith.Abi.Contract;
using Xenolith.Abi.Contract.Table;
using Xenolith.Build.Sources;

namespace Xenolith.Build.Abi;

/// <summary>
/// Which tests exercise which row, as the sources have it: a test counts for a row when its text names the row's operation, or that of a helper
/// does which it uses.
/// </summary>
public sealed partial class RowTests
{
    /// <summary>How far a helper may be from its test: a test's helper, and that one's.</summary>
    private const int HelperDepth = 2;

    /// <summary>Where the tests on the host are.</summary>
    private const string Unit = "tests/unit";

    /// <summary>Where the guests are that test what they run on.</summary>
    private const string Guests = "tests/guests";

    /// <summary>
    /// What goes over rows of itself and so names none as a test of it does; the tests of the build, of this for one; how a guest reports, by
    /// console_io; and the guests' translations to 32 bits, where operations are told apart that others call.
    /// </summary>
    private static readonly string[] s_uncounted =
    [
        "tests/unit/Abi/RowPointerTests.cs", "tests/unit/Abi/RowVanishingTests.cs", "tests/unit/Abi/RowDomainTests.cs",
        "tests/unit/Abi/RowCall.cs", "tests/unit/Abi/HeldResourceTests.cs", "tests/unit/Abi/Holdings.cs", "tests/unit/Machines/", "tests/unit/Build/", "tests/guests/lib/report/",
        "tests/guests/c/support.c", "tests/guests/lib/xen/Narrow",
    ];

    private readonly Dictionary<string, string> _rowOfName = [];
    private readonly Dictionary<string, int[]> _counts = [];

    /// <summary>How many tests name a row at all: on the host, in guests.</summary>
    private readonly int[] _tests = new int[2];

    private readonly ILookup<(string Path, string Name), SourceMember> _byPath;
    private readonly ILookup<(string Type, string Name), SourceMember> _byType;

    /// <summary>Methods that answer with a call's result, by name.</summary>
    private readonly ILookup<string, SourceMember> _calls;

    /// <param name="files">Paths relative to the root, with /, and what stands in the files.</param>
    public RowTests(IEnumerable<(string Path, string Source)> files)
    {
        foreach (HypercallGroup group in HypercallTable.All)
        {
            foreach (HypercallRow row in group.Rows)
                AddNames(row.Name, $"{row.Operation!.GetType().Name}.{row.Operation}", row.Name);
            foreach (HypercallRow row in GuestStubWriter.RowsWithStub(group))
                AddNames(row.Name, $"Hypercalls.{GuestStubWriter.MethodName(group, row)}");
            if (group.Rows.Length == 0)
                AddNames(group.Self.Name, $"{nameof(Hypercall)}.{group.Number}", group.Self.Name, $"__HYPERVISOR_{group.Self.Name}");
        }
        SourceMember[] members = [.. files.Where(file => IsCounted(file.Path)).SelectMany(file => MemberReader.Read(file.Path, file.Source))];
        _byPath = members.ToLookup(member => (member.Path, member.Name));
        _byType = members.ToLookup(member => (member.Type, member.Name));
        _calls = members.Where(member => member.Text.Contains($"long {member.Name}(", StringComparison.Ordinal)).ToLookup(member => member.Name);
        foreach (SourceMember member in members)
        {
            foreach (string test in TestsIn(member))
                Count(member, test);
        }
    }

    /// <summary>The tests of a tree.</summary>
    public static RowTests Read(string root) => new(
        from part in (string[])[Unit, Guests]
        let directory = Path.Combine(root, part)
        where Directory.Exists(directory)
        from file in Directory.EnumerateFiles(directory, "*", SearchOption.AllDirectories)
        where Path.GetExtension(file) is ".cs" or ".c"
        select (Path.GetRelativePath(root, file).Replace('\\', '/'), File.ReadAllText(file)));

    /// <summary>How many tests name a row, on the host and in guests.</summary>
    public (int Unit, int Guest) Of(HypercallRow row) => _counts.TryGetValue(row.Name, out int[]? counts) ? (counts[0], counts[1]) : (0, 0);

    /// <summary>How many tests name any row.</summary>
    public (int Unit, int Guest) All => (_tests[0], _tests[1]);

    private void AddNames(string row, params ReadOnlySpan<string> names)
    {
        foreach (string name in names)
            _rowOfName[name] = row;
    }

    private static bool IsCounted(string path) => !path.EndsWith(".g.cs", StringComparison.Ordinal) && !s_uncounted.Any(path.StartsWith);

    private void Count(SourceMember place, string test)
    {
        var rows = new HashSet<string>();
        Collect(place, test, rows, [place], HelperDepth);
        int world = place.Path.StartsWith(Unit, StringComparison.Ordinal) ? 0 : 1;
        foreach (string row in rows)
        {
            if (!_counts.TryGetValue(row, out int[]? counts))
                _counts.Add(row, counts = new int[2]);
            counts[world]++;
        }
        _tests[world] += rows.Count == 0 ? 0 : 1;
    }

    private void Collect(SourceMember place, string text, HashSet<string> rows, HashSet<SourceMember> seen, int depth)
    {
        foreach (Match word in Words().Matches(text))
        {
            if (word.Groups["value"].Success)
                continue;
            string qualifier = word.Groups["qualifier"].Value, name = word.Groups["name"].Value;
            if (_rowOfName.TryGetValue(qualifier == "" ? name : $"{qualifier}.{name}", out string? row))
                rows.Add(row);
            if (depth == 0)
                continue;
            foreach (SourceMember helper in Find(place, qualifier, name))
            {
                if (TestsIn(helper).Count == 0 && seen.Add(helper))
                    Collect(helper, helper.Text, rows, seen, depth - 1);
            }
        }
    }

    // A bare name is of the same file, in C of any; one behind a type's name is of that type, and of the same folder where several have that name.
    private IEnumerable<SourceMember> Find(SourceMember place, string qualifier, string name)
    {
        if (qualifier == "")
            return place.Type == "" ? _byType[("", name)] : _byPath[(place.Path, name)];
        IEnumerable<SourceMember> members = _byType[(qualifier, name)];
        if (!members.Any())
            return CallsOf(place, qualifier, name);
        return members.Any(member => member.Folder == place.Folder) ? members.Where(member => member.Folder == place.Folder) : members;
    }

    // Of a value only what gives its caller the result of a call: a method that hides it is there to set something up.
    private IEnumerable<SourceMember> CallsOf(SourceMember place, string value, string name)
    {
        if (!_calls.Contains(name))
            return [];
        string declarations = string.Concat(_byPath[(place.Path, value)].Prepend(place).Select(member => member.Text));
        Match declared = Regex.Match(declarations, $@"\b(?<type>[A-Z]\w*)\s+{value}\s*[,)=;]|\b{value}\s*=\s*new\s+(?<type>\w+)");
        return declared.Success ? _calls[name].Where(member => member.Type == declared.Groups["type"].Value) : [];
    }

    // On the host a method is a test; in a guest, what follows the naming of one is it, up to the next.
    private static IReadOnlyList<string> TestsIn(SourceMember member)
    {
        if (member.Path.StartsWith(Unit, StringComparison.Ordinal))
            return UnitTest().IsMatch(member.Text) ? [member.Text] : [];
        int[] starts = [.. GuestTest().Matches(member.Text).Select(match => match.Index)];
        return [.. starts.Select((start, i) => member.Text[start..(i + 1 < starts.Length ? starts[i + 1] : member.Text.Length)])];
    }

    // A name, with the one before its dot; behind the dot of anything else than a name it is of a value, and nothing is known of that.
    [GeneratedRegex(@"(?<=(?<qualifier>\b[A-Za-z_]\w*)\s*\.\s*|(?<value>\.|->)\s*|)\b(?<name>[A-Za-z_]\w*)")]
    private static partial Regex Words();

    [GeneratedRegex(@"\[(Fact|Theory|Property)\b")]
    private static partial Regex UnitTest();

    // tests.Start("...") in C#, test("...") in C; not test's own definition.
    [GeneratedRegex(@"\btests\.Start\(|(?<!\bvoid\s)\btest\(")]
    private static partial Regex GuestTest();
}
