using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using System.Text;
using FsCheck;
using FsCheck.Fluent;
using Xunit;

namespace Xenolith.Tests.Unit.Machines;

/// <summary>
/// Whole machines with several domains: sequences of calls and other events, at random and by the grammar of the table, with all of the
/// machine looked at after each step. docs/testing.md says how to run one again.
/// </summary>
public sealed class MachineSequenceTests
{
    /// <summary>Sequences in an ordinary run, and how many the variable asks for.</summary>
    private const int DefaultCount = 1500;
    private const string CountVariable = "XENOLITH_SEQUENCES", SeedVariable = "XENOLITH_SEED";

    /// <summary>Sequences of one batch, which has a seed of its own.</summary>
    private const int BatchSize = 500;

    private const int MostSteps = 60;

    [Fact]
    public void A_machine_begins_and_ends()
    {
        using var runner = new DeedRunner();
        runner.Do(Deed.Pass(1000));
        runner.Do(Deed.Of(DeedKind.Call, 0, 0, 17, 0));
        Assert.Equal(0x40011, runner.Result);
        runner.End();
    }

    [Fact]
    public void Whatever_happens_fits_together()
    {
        int count = Number(CountVariable, DefaultCount);
        ulong seed = (ulong)Number(SeedVariable, 1);
        for (int done = 0; done < count; done += BatchSize, seed++)
        {
            RunBatch(seed, Math.Min(BatchSize, count - done));
            if (count > DefaultCount)
                Console.WriteLine($"{DateTime.Now:HH:mm:ss} {done + BatchSize} of {count} sequences, seed {seed}");
        }
    }

    private static void RunBatch(ulong seed, int count)
    {
        // The first number that FsCheck's generator takes is the batch's; the second has to be odd.
        Config config = Config.QuickThrowOnFailure.WithMaxTest(count).WithQuietOnSuccess(true).WithReplay(seed, 1);
        string? failure = null;
        try
        {
            Prop.ForAll(Intents.Sequences(MostSteps), Holds).Check(config);
        }
        catch (Exception) when (failure is not null)
        {
            Assert.Fail($"seed {seed}: {failure}");
        }

        // The last one that failed is the shortest.
        bool Holds(Intent[] sequence)
        {
            string? found = SequenceRun.Failure(sequence);
            failure = found ?? failure;
            return found is null;
        }
    }

    private static int Number(string variable, int otherwise) =>
        int.TryParse(Environment.GetEnvironmentVariable(variable), CultureInfo.InvariantCulture, out int value) ? value : otherwise;
}

/// <summary>One sequence in one machine.</summary>
internal static class SequenceRun
{
    /// <summary>What went wrong, and the deeds that led there, to be run again by <see cref="Replay"/>; null: nothing.</summary>
    public static string? Failure(Intent[] sequence)
    {
        bool controlIs64Bit = sequence.Length % 2 == 0;
        DeedRunner? runner = null;
        try
        {
            runner = new DeedRunner(controlIs64Bit);
            var resolver = new Resolver(runner);
            // Two domains to begin with, one of each width; the first is shown all that is ours, the other nothing.
            Do(runner, resolver.NewDomain(new Picker(runner.Machine, [2, 0, 0, 0, 0, 0, 3, 3])));
            Do(runner, resolver.NewDomain(new Picker(runner.Machine, [0, 0, 0, 0, 1, 0])));
            foreach (Intent intent in sequence)
            {
                if (!runner.Machine.Domains.Any())
                    break;
                Do(runner, resolver.Resolve(intent));
            }
            runner.End();
            return null;
        }
        catch (Exception problem)
        {
            return Describe(problem, runner?.Done ?? [], controlIs64Bit);
        }
        finally
        {
            runner?.Dispose();
        }
    }

    /// <summary>Does deeds again, as a failure printed them.</summary>
    public static DeedRunner Replay(string deeds, bool controlIs64Bit = true)
    {
        var runner = new DeedRunner(controlIs64Bit);
        Do(runner, Deed.Parse(deeds));
        return runner;
    }

    private static void Do(DeedRunner runner, IEnumerable<Deed> deeds)
    {
        foreach (Deed deed in deeds)
            runner.Do(deed);
    }

    private static string Describe(Exception problem, List<Deed> deeds, bool controlIs64Bit)
    {
        var text = new StringBuilder();
        text.AppendLine(problem is AuditException ? problem.Message : problem.ToString());
        text.AppendLine($"using DeedRunner runner = SequenceRun.Replay(\"\"\"");
        foreach (Deed deed in deeds)
            text.Append("    ").AppendLine(deed.ToString());
        text.AppendLine($"    \"\"\", controlIs64Bit: {(controlIs64Bit ? "true" : "false")});");
        text.AppendLine("runner.End();");
        return text.ToString();
    }
}
