using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using System.Text.RegularExpressions;
using Xenolith.Build.Against;

namespace Xenolith.Build.Bench;

/// <summary>Ticks of one operation, which are instructions: median, least and most of the guest's runs.</summary>
public readonly record struct Figure(long Median, long Least, long Most);

/// <summary>What the bench guest printed on one hypervisor and machine.</summary>
public sealed partial class BenchFigures
{
    private readonly Dictionary<string, Figure> _figures = [];
    private readonly Dictionary<string, string> _missing = [];
    private readonly Dictionary<string, HiddenCosts> _hidden = [];
    private readonly List<string> _rows = [];

    private BenchFigures(Arena arena, string hypervisor)
    {
        Arena = arena;
        Hypervisor = hypervisor;
    }

    /// <summary>The machine.</summary>
    public Arena Arena { get; }

    /// <summary>xenolith or xen.</summary>
    public string Hypervisor { get; }

    /// <summary>Why a run did not come to its end; null when all did.</summary>
    public string? Problem { get; private set; }

    /// <summary>The line in which the guest says how many ticks a known number of instructions took.</summary>
    public string Calibration { get; private set; } = "no calibration";

    /// <summary>Instructions from the hypervisor's first to the guest's first; null when they were not measured.</summary>
    public long? StartInstructions { get; private set; }

    /// <summary>KiB of RAM that are neither free nor a domain's; null when the hypervisor did not say.</summary>
    public long? OwnKibibytes { get; private set; }

    /// <summary>What single runs of rows took beside plain instructions; empty where nothing lists them.</summary>
    public IReadOnlyDictionary<string, HiddenCosts> Hidden => _hidden;

    /// <summary>Names of the rows, in the guest's order, with or without a figure.</summary>
    public IReadOnlyList<string> Rows => _rows;

    /// <summary>Rows that did not run, each with what came instead.</summary>
    public IReadOnlyDictionary<string, string> Missing => _missing;

    /// <summary>The figure of a row; null when it did not run.</summary>
    public Figure? this[string row] => _figures.TryGetValue(row, out Figure figure) ? figure : null;

    /// <summary>Reads a run's console.</summary>
    public static BenchFigures Parse(Arena arena, string hypervisor, GuestRun run)
    {
        var figures = new BenchFigures(arena, hypervisor);
        figures.Take(run);
        return figures;
    }

    /// <summary>Takes over the rows of one more run.</summary>
    public void Take(GuestRun run)
    {
        Problem ??= run.Problem is null ? null : $"{run.Problem}; its output is in {run.Log}";
        foreach (string line in run.Lines)
        {
            if (FigureLine().Match(line) is { Success: true } match)
            {
                _rows.Add(match.Groups[1].Value);
                _figures[match.Groups[1].Value] = new Figure(Number(match, 2), Number(match, 3), Number(match, 4));
            }
            else if (MissingLine().Match(line) is { Success: true } missing)
            {
                _rows.Add(missing.Groups[1].Value);
                _missing[missing.Groups[1].Value] = missing.Groups[2].Value;
            }
            else if (SkippedLine().Match(line) is { Success: true } skipped)
            {
                // A row that measured something, but not what it is about.
                _figures.Remove(skipped.Groups[1].Value);
                _missing.TryAdd(skipped.Groups[1].Value, skipped.Groups[2].Value);
            }
            else if (MemoryLine().Match(line) is { Success: true } memory)
            {
                OwnKibibytes ??= Number(memory, 1);
            }
            else if (line.StartsWith("calibration: ", System.StringComparison.Ordinal))
            {
                Calibration = line["calibration: ".Length..];
            }
        }
    }

    /// <summary>Takes over what the second run gave, in which the start was measured and rows were listed.</summary>
    /// <param name="start">Instructions; null when they could not be measured.</param>
    /// <param name="lines">That run's console, where the guest names each row before it is listed.</param>
    /// <param name="traces">What was listed, in the same order.</param>
    public void Add(long? start, IEnumerable<string> lines, IReadOnlyList<HiddenCosts> traces)
    {
        StartInstructions = start;
        string[] names = [.. lines.Select(line => TraceLine().Match(line)).Where(match => match.Success).Select(match => match.Groups[1].Value)];
        for (int i = 0; i < names.Length && i < traces.Count; i++)
        {
            _hidden[names[i]] = traces[i];
        }
    }

    private static long Number(Match match, int group) => long.Parse(match.Groups[group].ValueSpan, provider: CultureInfo.InvariantCulture);

    [GeneratedRegex(@"^bench (.+): median (\d+), least (\d+), most (\d+)$")]
    private static partial Regex FigureLine();

    [GeneratedRegex(@"^bench trace (.+)$")]
    private static partial Regex TraceLine();

    [GeneratedRegex(@"^(?:\(xenolith\) )?memory: .*, (\d+) own$")]
    private static partial Regex MemoryLine();

    [GeneratedRegex(@"^bench (.+): (answered .+)$")]
    private static partial Regex MissingLine();

    [GeneratedRegex(@"^test (.+?): skipped: (.+)$")]
    private static partial Regex SkippedLine();
}

/// <summary>All runs of one call of <c>bench</c>.</summary>
/// <param name="Runs">By machine, this hypervisor before Xen.</param>
public sealed record BenchRecord(IReadOnlyList<BenchFigures> Runs)
{
    /// <summary>Every row that any run named, in the guest's order.</summary>
    public IReadOnlyList<string> Rows => [.. Runs.SelectMany(run => run.Rows).Distinct()];

    /// <summary>The machines, in order.</summary>
    public IReadOnlyList<Arena> Arenas => [.. Runs.Select(run => run.Arena).Distinct()];

    /// <summary>Whether Xen ran too.</summary>
    public bool HasXen => Runs.Any(run => run.Hypervisor == "xen");

    /// <summary>A row's figure on a machine under a hypervisor; null when it did not run.</summary>
    public Figure? Find(Arena arena, string hypervisor, string row) =>
        Runs.FirstOrDefault(run => run.Arena == arena && run.Hypervisor == hypervisor)?[row];

    /// <summary>A machine's run of a hypervisor; null when there was none.</summary>
    public BenchFigures? Run(Arena arena, string hypervisor) => Runs.FirstOrDefault(run => run.Arena == arena && run.Hypervisor == hypervisor);

    /// <summary>This hypervisor's median over Xen's; null when either is missing or 0.</summary>
    public double? Ratio(Arena arena, string row) =>
        Find(arena, "xenolith", row) is { } ours && Find(arena, "xen", row) is { Median: > 0 } theirs ? (double)ours.Median / theirs.Median : null;
}
