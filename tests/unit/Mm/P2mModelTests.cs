using System;
using System.Globalization;
using System.Text;
using Xenolith.Tests.Unit.Mm.Model;
using Xunit;

namespace Xenolith.Tests.Unit.Mm;

/// <summary>
/// The p2m and a plain model of it do the same random operations. After each step all is compared; docs/testing.md says what, and how to run
/// one sequence again.
/// </summary>
public sealed class P2mModelTests
{
    private const int DefaultCount = 10_000, MostSteps = 48, Batch = 10_000;
    private const string CountVariable = "XENOLITH_MODEL_SEQUENCES", SeedVariable = "XENOLITH_MODEL_SEED";

    [Fact]
    public void Random_operations_leave_what_the_model_says()
    {
        int count = Number(CountVariable, DefaultCount);
        ulong first = (ulong)Number(SeedVariable, 1);
        using WatchedMemory memory = P2mModelRun.NewMemory();
        for (int done = 0; done < count; done++)
        {
            ulong seed = first + (ulong)done;
            ModelStep[] steps = ModelStep.Random(seed, MostSteps);
            if (Failure(memory, steps, (uint)seed) is not null)
                Assert.Fail(Describe(memory, steps, seed));
            if (count > DefaultCount && (done + 1) % Batch == 0)
                Console.WriteLine($"{DateTime.Now:HH:mm:ss} {done + 1} of {count} sequences");
        }
    }

    /// <summary>Sequences that once showed a mistake.</summary>
    [Theory]
    [InlineData("1 GiB that goes takes with it what nobody has looked at", 42, "Populate 671c4537 35ee9e9e b8770b3d", "Remove 56b8961d 25ac7ebb bc2706d0")]
    [InlineData("1 GiB without leaves of that size takes a table, which the limit counts", 644, "Limit aa141d08 68598a23 8fe208a9", "MapDevice 9dfe479e ab9acccd 2aba0cf0")]
    [InlineData("views that are made of the last memory settle what was let go of", 11970, "Elsewhere cc64ae1b b28ebea4 19957762", "Populate 13c758b eb023230 6977e861", "Remove b9b12e6b d6bb48f0 4299ae50", "Hog 20888ea5 eac01b59 4d70eb0f", "Activate e2e41c1d d5ec5217 f8f4cdb")]
    [InlineData("512 pages of which the hypervisor lends one are no large page, however they lie", 221306, "Populate 91d9fe16 bc854059 67384a1b", "Merge f292b35a 7530dab7 1ba7bac8", "Retype f09d0db8 320690d0 6c67feae")]
    [InlineData("a lent frame is free after all have left", 673297, "Lend 8a5ceb7c a6bd0f63 799e533f", "Populate adac1fde 84fc548f 349a563a", "Elsewhere 8ccd0876 12d2778e fffef6fb", "Depopulate 967b8b6c ff0ac169 da7f694b", "Merge 4a6e5196 e601e0c7 f9e5654e")]
    public void What_once_went_wrong_is_right(string what, int variant, params string[] steps)
    {
        using WatchedMemory memory = P2mModelRun.NewMemory();
        string? failure = Failure(memory, ModelStep.Parse(string.Join('\n', steps)), (uint)variant);
        Assert.True(failure is null, $"{what}: {failure}");
    }

    private static string? Failure(WatchedMemory memory, ModelStep[] steps, uint variant)
    {
        try
        {
            var run = new P2mModelRun(memory, variant);
            foreach (ModelStep step in steps)
                run.Do(step);
            run.End();
            return null;
        }
        catch (Exception problem)
        {
            return problem is ModelException ? problem.Message : problem.ToString();
        }
    }

    private static string Describe(WatchedMemory memory, ModelStep[] steps, ulong seed)
    {
        steps = ModelStep.Shrink(steps, fewer => Failure(memory, fewer, (uint)seed) is not null);
        var text = new StringBuilder();
        text.AppendLine(CultureInfo.InvariantCulture, $"seed {seed}: {Failure(memory, steps, (uint)seed)}");
        string[] lines = Array.ConvertAll(steps, step => $"\"{step}\"");
        return text.Append(CultureInfo.InvariantCulture, $"[InlineData(\"\", {(uint)seed}, {string.Join(", ", lines)})]").ToString();
    }

    private static int Number(string variable, int otherwise) =>
        int.TryParse(Environment.GetEnvironmentVariable(variable), CultureInfo.InvariantCulture, out int value) ? value : otherwise;
}
