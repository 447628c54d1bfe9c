using System;
using System.Collections.Generic;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;
using Xenolith.Build.Emulators;
using Xenolith.Build.Guests;
using Xenolith.Build.Host;
using Xenolith.Build.Images;
using Xenolith.Build.Terminal;
using Xenolith.Build.Toolchain;

namespace Xenolith.Build.Against;

/// <summary>What a comparison came to.</summary>
/// <param name="Tests">Tests compared, one for each guest, test and machine.</param>
/// <param name="Equal">With the same result on both.</param>
/// <param name="Explained">Different, with a row in docs/differences.md.</param>
/// <param name="Unexplained">Different without one.</param>
/// <param name="Unfinished">Runs that did not come to their end.</param>
public readonly record struct OracleCount(int Tests, int Equal, int Explained, int Unexplained, int Unfinished)
{
    /// <summary>Whether nothing is left to explain.</summary>
    public bool IsGood => Unexplained == 0 && Unfinished == 0;

    /// <inheritdoc/>
    public override string ToString() =>
        $"{Tests} tests compared: {Equal} equal, {Explained} different with a reason, {Unexplained} different without one, {Unfinished} runs unfinished";
}

/// <summary>
/// <c>test --against xen</c>: the guests that test Xen's ABI run on this hypervisor and on Debian's Xen, on the same
/// emulated machine, and their results are compared test by test.
/// </summary>
public static class Oracle
{
    // "faulty" goes wrong on purpose and "bench" measures: neither has results to compare.
    private static readonly string[] NotCompared = ["faulty", "bench"];

    /// <summary>Guests that are run a second time and make 32-bit calls then.</summary>
    private static readonly string[] s_alsoNarrow = ["hypercalls", "events", "upcall", "timers", "control", "badcalls", "hostile", "probes", "builder"];

    /// <summary>Runs that are not compared, as an emulator is in the way, and why.</summary>
    private static readonly (string Guest, Arena Arena, string Why)[] s_leftOut =
    [
        ("debug", Arena.BochsSvm, "Bochs's SVM loses DR6 at an intercepted debug exception, and ends the machine in the midst of the guest"),
        ("c32pae", Arena.QemuSvm, "QEMU sets the accessed flag in a PAE page-directory-pointer entry, which has none: Xen's walk for the length of an intercepted instruction refuses that, and the guest hangs at its first CPUID"),
    ];

    private static readonly Lock s_output = new();

    /// <summary>Builds what is needed, runs all, prints differences, stale rows and the counts.</summary>
    public static OracleCount Run(MachineKind? machine, string? filter, ObjectToolchain toolchain, Report report)
    {
        Arena[] arenas = [.. Arena.All.Where(arena => machine is null || arena.Kind == machine)];
        Debian.Ensure(report,
        [
            .. Debian.ForImages, .. Debian.ForTests,
            .. machine != MachineKind.Bochs ? Debian.ForQemu : [],
            .. machine != MachineKind.Qemu ? Debian.ForBochs : [],
        ]);
        IReadOnlyList<KnownDifference> known = KnownDifferences.Load();
        ImageDefinition[] images = [.. ImageCatalog.Guests().Where(guest => !NotCompared.Contains(guest.Name) && IsWanted(guest.Name))];
        new ImageBuilder(report, toolchain).Build([ImageCatalog.Hypervisor, .. images]);
        string[] guests = [.. images.Select(image => image.Output), .. CGuest.Names.Where(IsWanted).Select(name => CGuest.Build(name, report))];
        foreach (ImageDefinition image in images)
        {
            GuestFiles.Prepare(image.Name, report);
        }

        if (guests.Length == 0)
        {
            throw new BuildFailure($"no guest's name contains \"{filter}\"");
        }

        Contestant xen = Contestant.Xen(XenPackage.Prepare(report));
        (Arena Arena, string Guest, bool IsNarrow)[] pairs =
        [
            .. from guest in guests
               from isNarrow in s_alsoNarrow.Contains(System.IO.Path.GetFileName(guest)) ? [false, true] : new[] { false }
               from arena in arenas
               where !IsLeftOut(System.IO.Path.GetFileName(guest) + (isNarrow ? Comparison.NarrowMark : ""), arena)
               select (arena, guest, isNarrow),
        ];
        var comparisons = new Comparison[pairs.Length];
        Parallel.For(0, pairs.Length, new ParallelOptions { MaxDegreeOfParallelism = 2 }, i =>
        {
            comparisons[i] = Comparison.Make(pairs[i].Arena, pairs[i].Guest, pairs[i].IsNarrow, xen);
            lock (s_output)
            {
                comparisons[i].Print(known);
            }
        });
        PrintStale(known, comparisons);
        foreach ((string guest, Arena arena, string why) in s_leftOut.Where(pair => IsWanted(pair.Guest) && arenas.Contains(pair.Arena)))
        {
            Console.Out.WriteLine($"{guest} {arena.Name}: left out: {why}");
        }

        return Count(comparisons, known);

        static bool IsLeftOut(string run, Arena arena) => s_leftOut.Any(pair => pair.Guest == run && pair.Arena == arena);

        bool IsWanted(string name) => filter is null || name.Contains(filter, StringComparison.Ordinal);
    }

    private static OracleCount Count(Comparison[] comparisons, IReadOnlyList<KnownDifference> known)
    {
        int tests = comparisons.Sum(comparison => comparison.Tests);
        int different = comparisons.Sum(comparison => comparison.Differences.Count);
        int explained = comparisons.Sum(comparison => comparison.Differences.Count(difference => known.Any(row => row.Explains(difference))));
        int unfinished = comparisons.Sum(comparison => comparison.Problems.Count);
        return new OracleCount(tests, tests - different, explained, different - explained, unfinished);
    }

    // A row is stale when its guest ran on each of its machines that ran, and no difference was like it.
    private static void PrintStale(IReadOnlyList<KnownDifference> known, Comparison[] comparisons)
    {
        foreach (KnownDifference row in known)
        {
            Comparison[] about = [.. comparisons.Where(comparison => row.IsAbout(comparison.Guest) && (row.Machine == "all" || row.Machine == comparison.Arena.Name))];
            if (about.Length > 0 && about.All(comparison => comparison.Problems.Count == 0) && !about.Any(comparison => comparison.Differences.Any(row.Explains)))
            {
                Console.Out.WriteLine($"stale: {KnownDifferences.File}({row.Line}): guest {row.Guest}, \"{row.Test}\" on {row.Machine} no longer differs like that");
            }
        }
    }
}
