using System;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Net;
using System.Text;
using Xenolith.Build.Against;

namespace Xenolith.Build.Bench;

/// <summary>The figures as one HTML page without anything from elsewhere: a group of bars an operation, the longest of the group full.</summary>
public static class BenchPage
{
    private const string Head = """
        <!DOCTYPE html>
        <html lang="en">
        <head>
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <title>Xenolith: instructions per operation</title>
        <style>
        :root { color-scheme: light dark; --ours: #2f6fb0; --xen: #a9a9a9; --line: #8884; }
        @media (prefers-color-scheme: dark) { :root { --ours: #6ea8e0; --xen: #777; } }
        body { font: 15px/1.4 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
        h1 { font-size: 1.4rem; } h2 { font-size: 1rem; margin: 1.2rem 0 .3rem; border-top: 1px solid var(--line); padding-top: .6rem; }
        .bar { display: grid; grid-template-columns: 12rem 1fr 9rem; gap: .6rem; align-items: center; font-variant-numeric: tabular-nums; }
        .bar i { display: block; height: .8rem; background: var(--ours); min-width: 1px; border-radius: 2px; }
        .bar.xen i { background: var(--xen); } .bar.xen { color: GrayText; }
        .hidden { color: GrayText; font-size: .8rem; margin-left: 12.6rem; }
        .bar b { font-weight: normal; text-align: right; }
        footer { margin-top: 2rem; border-top: 1px solid var(--line); color: GrayText; font-size: .85rem; }
        @media (max-width: 34rem) { .hidden { margin-left: 0; } .bar { grid-template-columns: 8rem 1fr 6rem; font-size: .8rem; } }
        </style>
        </head>
        <body>
        <h1>Emulated instructions per operation</h1>
        """;

    /// <summary>Writes the page.</summary>
    public static void Write(BenchRecord record, string path)
    {
        var page = new StringBuilder(Head);
        page.Append("\n<p>Medians; shorter is better. In each group the longest bar is full. The number in brackets is this hypervisor's share of Xen's.</p>\n");
        AppendBars(page, record, "start: to the guest's first instruction", run => run.StartInstructions, "");
        AppendBars(page, record, "the hypervisor's own memory", run => run.OwnKibibytes, " KiB");
        foreach (string row in record.Rows)
        {
            AppendBars(page, record, row, run => run[row]?.Median, "");
        }

        page.Append("<footer>\n");
        foreach (BenchFigures run in record.Runs)
        {
            page.Append(CultureInfo.InvariantCulture, $"<div>{run.Hypervisor}, {Text(run.Arena.Title)}: calibration {Text(run.Calibration)}{(run.Problem is null ? "" : "; " + Text(run.Problem))}</div>\n");
        }

        page.Append("</footer>\n</body>\n</html>\n");
        File.WriteAllText(path, page.ToString());
    }

    private static void AppendBars(StringBuilder page, BenchRecord record, string title, Func<BenchFigures, long?> figureOf, string unit)
    {
        long most = Math.Max(1, record.Runs.Max(run => figureOf(run) ?? 0));
        page.Append(CultureInfo.InvariantCulture, $"<h2>{Text(title)}</h2>\n");
        foreach (BenchFigures run in record.Runs)
        {
            bool isXen = run.Hypervisor == Contestant.XenName;
            string kind = isXen ? "bar xen" : "bar";
            string name = isXen ? $"Xen, {run.Arena.Title}" : run.Arena.Title;
            if (figureOf(run) is not { } figure)
            {
                page.Append(CultureInfo.InvariantCulture, $"<div class=\"{kind}\"><span>{Text(name)}</span><span>did not run</span><b></b></div>\n");
                continue;
            }

            long? theirs = record.Run(run.Arena, Contestant.XenName) is { } xen ? figureOf(xen) : null;
            string ratio = !isXen && theirs > 0 ? string.Create(CultureInfo.InvariantCulture, $" ({(double)figure / theirs.Value:0.00})") : "";
            double width = 100.0 * figure / most;
            page.Append(CultureInfo.InvariantCulture, $"<div class=\"{kind}\"><span>{Text(name)}</span><i style=\"width:{width:0.0}%\"></i><b>{figure:N0}{unit}{ratio}</b></div>\n");
            if (run.Hidden.TryGetValue(title, out HiddenCosts hidden))
            {
                page.Append(CultureInfo.InvariantCulture, $"<div class=\"hidden\">{hidden.Entries} entries, {hidden.ControlReads} reads and {hidden.ControlWrites} writes of control blocks, {hidden.MsrReads} RDMSR, {hidden.MsrWrites} WRMSR, {hidden.TlbFlushes} TLB flushes, {hidden.Locked} locked</div>\n");
            }
        }
    }

    private static string Text(string text) => WebUtility.HtmlEncode(text);
}
