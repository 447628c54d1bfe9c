using System;
using System.Collections.Generic;
using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Text.RegularExpressions;
using Xenolith.Build.Against;
using Xenolith.Build.Emulators;
using Xenolith.Build.Guests;
using Xenolith.Build.Host;
using Xenolith.Build.Images;
using Xenolith.Build.Terminal;
using Xenolith.Build.Toolchain;
using Command = System.CommandLine.Command;

namespace Xenolith.Build.Verbs;

/// <summary>How many tests did what.</summary>
internal readonly record struct TestCount(int Passed, int Failed, int Skipped)
{
    public static TestCount operator +(TestCount left, TestCount right) =>
        new(left.Passed + right.Passed, left.Failed + right.Failed, left.Skipped + right.Skipped);

    public override string ToString() => $"{Passed} passed, {Failed} failed, {Skipped} skipped";
}

/// <summary><c>test</c>: the unit tests on the host, then guests and in-image tests on the emulators.</summary>
internal static partial class TestVerb
{
    private const string UnitProject = "tests/unit/Xenolith.Tests.Unit.csproj";

    /// <summary>Tests that run random sequences: which, and the variable that they read how many from, with how many are many.</summary>
    private static readonly (string Filter, string Variable, int Many)[] s_sequences =
    [
        ("P2mModelTests.Random_operations_leave_what_the_model_says", "XENOLITH_MODEL_SEQUENCES", 1_000_000),
        ("MachineSequenceTests.Whatever_happens_fits_together", "XENOLITH_SEQUENCES", 100_000),
    ];

    private const string BootProject = "tests/boot/Xenolith.Tests.Boot.csproj";

    public static Command Create(Report report)
    {
        var unit = new Option<bool>("--unit") { Description = "Only the unit tests on the host" };
        var boot = new Option<bool>("--boot") { Description = "Only the tests that boot the image" };
        var filter = new Option<string?>("--filter") { Description = "Only tests whose name contains this" };
        var machine = new Option<MachineKind?>("--machine") { Description = "Boot on qemu or bochs only; otherwise on both" };
        var isLong = new Option<bool>("--long") { Description = "In place of the tests: those that take many minutes (with --unit a million random sequences on memory and a hundred thousand on machines, with --boot ten minutes of load and fifty reboots)" };
        Option<string?> against = BenchVerb.AgainstOption("In place of the tests: compare the guests' results with those on Debian's Xen");
        Option<ObjectToolchain> toolchain = CommonOptions.Toolchain();
        var command = new Command("test", "Run the unit tests, then boot the guests and the in-image tests on the emulators.") { unit, boot, isLong, filter, machine, against, toolchain };
        command.SetAction(parsed =>
        {
            if (parsed.GetValue(against) is not null)
            {
                if (parsed.GetValue(unit) || parsed.GetValue(boot))
                {
                    throw new BuildFailure("--against compares the guests' results and runs no other tests: leave out --unit and --boot");
                }

                OracleCount compared = Oracle.Run(parsed.GetValue(machine), parsed.GetValue(filter), parsed.GetValue(toolchain), report);
                Console.Out.WriteLine(compared);
                return compared.IsGood ? 0 : 1;
            }

            bool all = parsed.GetValue(unit) == parsed.GetValue(boot);
            var count = new TestCount();
            if (all || parsed.GetValue(unit))
            {
                count += parsed.GetValue(isLong) ? RunSequences(report) : RunUnitTests(parsed.GetValue(filter), report);
            }

            if (all || parsed.GetValue(boot))
            {
                count += RunBootTests(parsed.GetValue(isLong), parsed.GetValue(machine), parsed.GetValue(filter), parsed.GetValue(toolchain), report);
            }

            Console.Out.WriteLine(count);
            return count.Failed == 0 ? 0 : 1;
        });
        return command;
    }

    private static TestCount RunSequences(Report report)
    {
        var count = new TestCount();
        foreach ((string filter, string variable, int many) in s_sequences)
        {
            string sequences = Environment.GetEnvironmentVariable(variable) ?? many.ToString(CultureInfo.InvariantCulture);
            count += RunUnitTests(filter, report, "Release", (variable, sequences));
        }

        return count;
    }

    private static TestCount RunUnitTests(string? filter, Report report, string configuration = "Debug", params (string Name, string Value)[] variables)
    {
        Debian.Ensure(report, [.. Debian.ForImages, .. Debian.ForTests]);
        report.Step("compile the unit tests", () => Compiler.BuildHost([UnitProject], configuration));
        Host.Command command = Compiler.Dotnet(Tree.At("out", "bin", "Host", "Xenolith.Tests.Unit", configuration, "Xenolith.Tests.Unit.dll"), "-noLogo", "-noColor");
        if (filter is not null)
        {
            command.With("-method", $"*{filter}*");
        }

        foreach ((string name, string value) in variables)
        {
            command.WithVariable(name, value);
        }

        report.Note(command.ToString());
        Match? summary = null;
        int exitCode = Follow(command, line => summary = UnitSummary().Match(line) is { Success: true } match ? match : summary);
        if (summary is null)
        {
            throw new BuildFailure($"the unit tests ended with code {exitCode} and without a summary");
        }

        int total = Number(summary, 1), failed = Number(summary, 2) + Number(summary, 3), skipped = Number(summary, 4);
        return new TestCount(total - Number(summary, 3) - skipped, failed, skipped);
    }

    private static TestCount RunBootTests(bool isLong, MachineKind? machine, string? filter, ObjectToolchain toolchain, Report report)
    {
        Debian.Ensure(report,
        [
            .. Debian.ForImages, .. Debian.ForTests,
            .. machine != MachineKind.Bochs ? [.. Debian.ForQemu, .. Debian.ForDiscs, .. Debian.ForUefi] : Array.Empty<Requirement>(),
            .. machine != MachineKind.Qemu ? Debian.ForBochs : [],
        ]);
        new ImageBuilder(report, toolchain).Build([ImageCatalog.Hypervisor, .. ImageCatalog.OlderEditions.Select(ImageCatalog.HypervisorOf), .. File.Exists(Tree.At(ImageCatalog.Features.Project)) ? [ImageCatalog.Features] : Array.Empty<ImageDefinition>(), .. ImageCatalog.Guests()]);
        foreach (string guest in CGuest.Names)
        {
            CGuest.Build(guest, report);
        }

        GuestFiles.Prepare("builder", report);
        LinuxGuest.Prepare(report);
        LinuxGrants.Prepare(report);
        LinuxTrapped.Prepare(report);
        report.Step("compile the boot tests", () => Compiler.BuildHost([BootProject]));
        Host.Command command = Compiler.Dotnet(Tree.At("out", "bin", "Host", "Xenolith.Tests.Boot", "Debug", "Xenolith.Tests.Boot.dll"));
        if (machine is { } kind)
        {
            command.With("--machine", kind == MachineKind.Qemu ? "qemu" : "bochs");
        }

        if (filter is not null)
        {
            command.With("--filter", filter);
        }

        if (isLong)
        {
            command.With("--long");
        }

        report.Note(command.ToString());
        Match? summary = null;
        int exitCode = Follow(command, line => summary = PlainSummary().Match(line) is { Success: true } match ? match : summary);
        return summary is null
            ? throw new BuildFailure($"the boot tests ended with code {exitCode} and without a summary")
            : new TestCount(Number(summary, 1), Number(summary, 2), Number(summary, 3));
    }

    private static int Number(Match match, int group) => !match.Groups[group].Success ? 0 : int.Parse(match.Groups[group].ValueSpan, provider: System.Globalization.CultureInfo.InvariantCulture);

    // Shows a program's lines as they come, and looks at each.
    private static int Follow(Host.Command command, Action<string> look)
    {
        ProcessStartInfo start = command.StartInfo();
        start.RedirectStandardOutput = true;
        using Process process = Process.Start(start) ?? throw new BuildFailure($"{command.Program} did not start");
        while (process.StandardOutput.ReadLine() is { } line)
        {
            Console.Out.WriteLine(line);
            look(line);
        }

        process.WaitForExit();
        return process.ExitCode;
    }

    [GeneratedRegex(@"Total: (\d+)(?:, Errors: (\d+), Failed: (\d+), Skipped: (\d+))?")]
    private static partial Regex UnitSummary();

    [GeneratedRegex(@"^(\d+) passed, (\d+) failed, (\d+) skipped$")]
    private static partial Regex PlainSummary();
}
