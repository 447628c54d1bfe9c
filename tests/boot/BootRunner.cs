using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.IO;
using System.Threading;
using Xenolith.Build.Emulators;
using Xenolith.Build.Host;

namespace Xenolith.Tests.Boot;

/// <summary>Runs one test: boots, types, reads, waits for the end.</summary>
internal static class BootRunner
{
    private static readonly TimeSpan Quiet = TimeSpan.FromSeconds(2);
    private const int LinesShown = 20;

    // Whatever the guest does, the hypervisor has none of these to say.
    private static readonly string[] NeverSaid = [@"\bpanic\b(?! on)", @"unhandled exception", @"the fault was contained"];
    private static readonly string[] FailedChecks = [@"^(test|feature) .*: failed", @"guest: failed", @"[1-9]\d* failed"];

    public static BootOutcome Run(BootTest test)
    {
        string logPath = Path.Combine(Tree.Out, "tests", "logs", $"{test.Name}.{test.Machine.Name}.log");
        List<string> forbidden = [.. test.IsToPanic ? [] : NeverSaid, .. test.Forbidden];
        if (test.ForbidFailures)
        {
            forbidden.AddRange(FailedChecks);
        }

        using var transcript = new Transcript(logPath, test.Expected, forbidden, test.SameNumbers);
        var watch = Stopwatch.StartNew();
        string? failure = Boot(test, transcript, watch);
        if (failure is null && test.Then is { } then)
        {
            BootOutcome next = Run(then([.. transcript.LastLines(int.MaxValue)]));
            return next with { Elapsed = watch.Elapsed };
        }

        return new BootOutcome(failure, watch.Elapsed, Tree.Relative(logPath), transcript.LastLines(LinesShown));
    }

    private static string? Boot(BootTest test, Transcript transcript, Stopwatch watch)
    {
        var setup = new MachineSetup(test.Image ?? Tree.Image, test.Arguments, test.Modules, test.MemoryMiB)
        {
            EmulatorArguments = test.Machine.EmulatorArguments,
            Cpus = test.Cpus,
            Loader = test.Loader,
        };
        using EmulatorSession session = Emulator.Start(test.Machine.Kind, setup);
        var reader = new SerialReader(session.Output);
        int typed = 0;
        TimeSpan lastOutput = watch.Elapsed;
        while (true)
        {
            if (reader.TryTake(out ReadOnlyMemory<byte> bytes))
            {
                transcript.Add(bytes.Span);
                lastOutput = watch.Elapsed;
            }

            if (transcript.Offence is { } offence)
            {
                // A little more of what led to it helps the reader of the log.
                Drain(reader, transcript, TimeSpan.FromMilliseconds(500));
                return $"it printed \"{offence}\"";
            }

            if (typed < test.Input.Count && transcript.TakePrompt(test.Input[typed].Prompt))
            {
                session.Send(System.Text.Encoding.UTF8.GetBytes(test.Input[typed].Text));
                typed++;
            }

            if (reader.HasEnded)
            {
                transcript.Finish();
                return JudgeEnd(test, transcript, session);
            }

            if (test.End == ExpectedEnd.Halt && transcript.IsComplete && watch.Elapsed - lastOutput > Quiet)
            {
                return null;
            }

            if (watch.Elapsed > test.Limit)
            {
                transcript.Finish();
                return transcript.Missing is { } missing
                    ? $"no line like \"{missing}\" within {test.Limit.TotalSeconds:0} s"
                    : $"the machine has not ended within {test.Limit.TotalSeconds:0} s";
            }
        }
    }

    private static void Drain(SerialReader reader, Transcript transcript, TimeSpan time)
    {
        var watch = Stopwatch.StartNew();
        while (watch.Elapsed < time && !reader.HasEnded)
        {
            if (reader.TryTake(out ReadOnlyMemory<byte> bytes))
            {
                transcript.Add(bytes.Span);
            }
        }
    }

    private static string? JudgeEnd(BootTest test, Transcript transcript, EmulatorSession session)
    {
        if (transcript.Offence is { } offence)
        {
            return $"it printed \"{offence}\"";
        }

        if (transcript.Missing is { } missing)
        {
            return $"it ended without a line like \"{missing}\"";
        }

        MachineEnd? end = session.WaitForEnd(TimeSpan.FromSeconds(10));
        bool right = test.End switch
        {
            ExpectedEnd.PowerOff => end == MachineEnd.PoweredOff,
            ExpectedEnd.Reset => end == MachineEnd.Reset,
            ExpectedEnd.PowerOffOrReset => end is MachineEnd.PoweredOff or MachineEnd.Reset,
            _ => false,
        };
        return right ? null : $"the machine ended by {end?.ToString() ?? "nothing"}, not by {test.End}";
    }
}
