using System;
using System.Collections.Generic;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;
using Xenolith.Build.Emulators;
using Xenolith.Build.Host;

namespace Xenolith.Tests.Boot;

/// <summary>
/// <c>Xenolith.Tests.Boot [--machine qemu|bochs] [--filter TEXT] [--jobs N] [--long]</c>: a line a test, two at a time unless told
/// otherwise, then the counts. With --long those that take many minutes, one at a time, in place of the others. Ends with code 1 when one failed.
/// </summary>
internal static class Program
{
    private static readonly Lock s_output = new();

    private static int Main(string[] arguments)
    {
        string? machine = Option(arguments, "--machine");
        string? filter = Option(arguments, "--filter");
        bool isLong = Array.IndexOf(arguments, "--long") >= 0;
        int jobs = int.Parse(Option(arguments, "--jobs") ?? (isLong ? "1" : "2"), System.Globalization.CultureInfo.InvariantCulture);
        BootTest[] tests =
        [
            .. (isLong ? Endurance.All() : BootSuite.All())
                .Where(test => machine is null || test.Machine.Kind == Enum.Parse<MachineKind>(machine, ignoreCase: true))
                .Where(test => filter is null || $"{test.Name} {test.Machine.Name}".Contains(filter, StringComparison.Ordinal)),
        ];
        var failed = new System.Collections.Concurrent.ConcurrentQueue<string>();
        // One by one from the front of the list: the long ones stand there.
        var next = new System.Collections.Concurrent.ConcurrentQueue<BootTest>(tests);
        Parallel.For(0, jobs, _ =>
        {
            while (next.TryDequeue(out BootTest? test))
            {
                if (RunAndPrint(test) is { } failure)
                {
                    failed.Enqueue(failure);
                }
            }
        });
        // Once more where they are seen: hundreds of lines may stand between a failure and the end.
        foreach (string failure in failed)
        {
            Console.Out.WriteLine(failure);
        }

        Console.Out.WriteLine($"{tests.Length - failed.Count} passed, {failed.Count} failed, 0 skipped");
        return failed.IsEmpty ? 0 : 1;
    }

    /// <returns>Null when it passed; else the line that says why not.</returns>
    private static string? RunAndPrint(BootTest test)
    {
        BootOutcome outcome;
        try
        {
            outcome = BootRunner.Run(test);
        }
        catch (Exception error) when (error is BuildFailure or System.IO.IOException)
        {
            outcome = new BootOutcome(error.Message, TimeSpan.Zero, "", []);
        }

        string? failure = outcome.Failure is null ? null : $"{test.Name} {test.Machine.Name}: failed ({outcome.Elapsed.TotalSeconds:0.0} s): {outcome.Failure}";
        lock (s_output)
        {
            if (failure is null)
            {
                Console.Out.WriteLine($"{test.Name} {test.Machine.Name}: passed ({outcome.Elapsed.TotalSeconds:0.0} s)");
            }
            else
            {
                Console.Out.WriteLine(failure);
                foreach (string line in outcome.LastLines)
                {
                    Console.Out.WriteLine($"    | {Printable(line)}");
                }

                if (outcome.Log.Length > 0)
                {
                    Console.Out.WriteLine($"    the whole output is in {outcome.Log}");
                }
            }
        }

        return failure;
    }

    private static string Printable(string line) => new([.. line.Select(c => c is >= ' ' and < (char)127 ? c : '.')]);

    private static string? Option(string[] arguments, string name)
    {
        int at = Array.IndexOf(arguments, name);
        return at >= 0 && at + 1 < arguments.Length ? arguments[at + 1] : null;
    }
}
