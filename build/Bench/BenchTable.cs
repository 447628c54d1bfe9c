using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using Spectre.Console;
using Xenolith.Build.Against;

namespace Xenolith.Build.Bench;

/// <summary>The figures as a table on the terminal, then what is missing of them.</summary>
public static class BenchTable
{
    private const int WidthWithoutTerminal = 160;

    // Where the colour of a ratio changes: at most half of Xen's is what this project wants.
    private const double Wanted = 0.5, Even = 1.0;

    /// <summary>Prints it to stdout.</summary>
    public static void Print(BenchRecord record)
    {
        IAnsiConsole console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Out = new AnsiConsoleOutput(Console.Out),
            Ansi = Console.IsOutputRedirected ? AnsiSupport.No : AnsiSupport.Detect,
        });
        if (Console.IsOutputRedirected)
        {
            console.Profile.Width = WidthWithoutTerminal;
        }

        Table table = new Table().Border(TableBorder.Simple).AddColumn("instructions per operation");
        foreach (Arena arena in record.Arenas)
        {
            table.AddColumn(Right(arena.Title));
            if (record.HasXen)
            {
                table.AddColumn(Right("Xen")).AddColumn(Right("ratio"));
            }
        }

        table.AddRow(["start, thousands", .. record.Arenas.SelectMany(arena => Cells(record, arena, run => run.StartInstructions / 1000))]);
        table.AddRow(["own memory, KiB", .. record.Arenas.SelectMany(arena => Cells(record, arena, run => run.OwnKibibytes))]);
        foreach (string row in record.Rows)
        {
            table.AddRow([Markup.Escape(row), .. record.Arenas.SelectMany(arena => Cells(record, arena, run => run[row]?.Median))]);
        }

        console.Write(table);
        PrintHidden(console, record);
        foreach (BenchFigures run in record.Runs)
        {
            console.WriteLine($"{run.Hypervisor} on {run.Arena.Name}: calibration {run.Calibration}");
            foreach (string problem in Problems(record, run))
            {
                console.WriteLine($"  {problem}");
            }
        }
    }

    private static IEnumerable<string> Problems(BenchRecord record, BenchFigures run)
    {
        if (run.Problem is not null)
        {
            yield return $"did not end: {run.Problem}";
        }

        foreach (string row in record.Rows.Where(row => run[row] is null))
        {
            yield return $"did not run: {row}{(run.Missing.TryGetValue(row, out string? why) ? $": {why}" : "")}";
        }
    }

    private static IEnumerable<string> Cells(BenchRecord record, Arena arena, Func<BenchFigures, long?> figureOf)
    {
        long? ours = record.Run(arena, Contestant.Xenolith.Name) is { } run ? figureOf(run) : null;
        yield return Cell(ours);
        if (record.HasXen)
        {
            long? theirs = record.Run(arena, Contestant.XenName) is { } xen ? figureOf(xen) : null;
            yield return Cell(theirs);
            double? ratio = theirs > 0 ? (double?)ours / theirs : null;
            yield return ratio is { } known ? $"[{Colour(known)}]{known.ToString("0.00", CultureInfo.InvariantCulture)}[/]" : "-";
        }
    }

    private static string Cell(long? figure) => figure?.ToString(CultureInfo.InvariantCulture) ?? "-";

    /// <summary>What the instructions hide, where the emulator lists them.</summary>
    private static void PrintHidden(IAnsiConsole console, BenchRecord record)
    {
        BenchFigures[] runs = [.. record.Runs.Where(run => run.Hidden.Count != 0)];
        if (runs.Length == 0)
        {
            return;
        }

        Table table = new Table().Border(TableBorder.Simple).AddColumn("entries, control block reads+writes, RDMSR+WRMSR, TLB flushes, locked");
        foreach (BenchFigures run in runs)
        {
            table.AddColumn(Right(run.Hypervisor == Contestant.XenName ? "Xen" : run.Arena.Title));
        }

        foreach (string row in record.Rows)
        {
            table.AddRow([Markup.Escape(row), .. runs.Select(run => run.Hidden.TryGetValue(row, out HiddenCosts hidden) ? hidden.ToString() : "-")]);
        }

        console.Write(table);
    }

    private static string Colour(double ratio) => ratio <= Wanted ? "green" : ratio <= Even ? "yellow" : "red";

    private static TableColumn Right(string title) => new TableColumn(title).RightAligned().NoWrap();
}
