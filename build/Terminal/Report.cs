using System;
using System.Diagnostics;
using Spectre.Console;

namespace Xenolith.Build.Terminal;

/// <summary>
/// Progress of the build on stderr, so that stdout stays the guest's: a spinner with the step's name on a terminal, a
/// plain line a step otherwise.
/// </summary>
public sealed class Report
{
    private readonly IAnsiConsole _console;
    private readonly bool _interactive;

    /// <summary>Writes to stderr.</summary>
    public Report()
    {
        _interactive = !Console.IsErrorRedirected && !Console.IsOutputRedirected;
        _console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Out = new AnsiConsoleOutput(Console.Error),
            Interactive = _interactive ? InteractionSupport.Yes : InteractionSupport.No,
            Ansi = _interactive ? AnsiSupport.Detect : AnsiSupport.No,
        });
    }

    /// <summary>Does one step and says how long it took.</summary>
    public void Step(string what, Action work)
    {
        var watch = Stopwatch.StartNew();
        if (_interactive)
        {
            _console.Status().Spinner(Spinner.Known.Dots).Start(Markup.Escape(what), _ => work());
            _console.MarkupLine($"[green]✓[/] {Markup.Escape(what)} [grey]{watch.Elapsed.TotalSeconds:0.0} s[/]");
        }
        else
        {
            Console.Error.WriteLine($"{what} …");
            work();
            Console.Error.WriteLine($"{what}: {watch.Elapsed.TotalSeconds:0.0} s");
        }
    }

    /// <summary>A line of information.</summary>
    public void Note(string text)
    {
        if (_interactive)
        {
            _console.MarkupLine(Markup.Escape(text));
        }
        else
        {
            Console.Error.WriteLine(text);
        }
    }

    /// <summary>What went wrong.</summary>
    public void Error(string text)
    {
        if (_interactive)
        {
            _console.MarkupLine($"[red]error:[/] {Markup.Escape(text)}");
        }
        else
        {
            Console.Error.WriteLine($"error: {text}");
        }
    }
}
