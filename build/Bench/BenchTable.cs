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

        foreach (string row in record.Rows)
        {
            table.AddRow([Markup.Escape(row), .. record.Arenas.SelectMany(arena => Cells(record, arena, row))]);
        }

        console.Write(table);
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

    private static IEnumerable<string> Cells(BenchRecord record, Arena arena, string row)
    {
        yield return Cell(record.Find(arena, "xenolith", row));
        if (record.HasXen)
        {
            yield return Cell(record.Find(arena, "xen", row));
            yield return record.Ratio(arena, row) is { } ratio ? $"[{Colour(ratio)}]{ratio.ToString("0.00", CultureInfo.InvariantCulture)}[/]" : "-";
        }
    }

    private static string Cell(Figure? figure) => figure?.Median.ToString(CultureInfo.InvariantCulture) ?? "-";

    private static string Colour(double ratio) => ratio <= Wanted ? "green" : ratio <= Even ? "yellow" : "red";

    private static TableColumn Right(string title) => new TableColumn(title).RightAligned().NoWrap();
}
