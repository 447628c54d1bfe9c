using System;
using System.Collections.Generic;
using System.CommandLine;
using System.IO;
using System.Linq;
using Xenolith.Build.Against;
using Xenolith.Build.Bench;
using Xenolith.Build.Elf;
using Xenolith.Build.Emulators;
using Xenolith.Build.Guests;
using Xenolith.Build.Host;
using Xenolith.Build.Images;
using Xenolith.Build.Terminal;
using Xenolith.Build.Toolchain;
using Command = System.CommandLine.Command;

namespace Xenolith.Build.Verbs;

/// <summary><c>bench</c>: what operations cost in emulated instructions, here and on Xen.</summary>
internal static class BenchVerb
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(300), TraceLimit = TimeSpan.FromSeconds(480);

    private static string Logs => Path.Combine(Tree.Out, "bench", "logs");

    public static Command Create(Report report)
    {
        Option<string?> against = AgainstOption("Run the same guest on Debian's Xen too, and print the ratios");
        var machine = new Option<MachineKind?>("--machine") { Description = "On qemu (SVM) or bochs (SVM and VMX) only; otherwise on all three" };
        Option<ObjectToolchain> toolchain = CommonOptions.Toolchain();
        var command = new Command("bench", "Measure operations in emulated instructions, on QEMU/SVM, Bochs/SVM and Bochs/VMX.") { against, machine, toolchain };
        command.SetAction(parsed =>
        {
            MachineKind? kind = parsed.GetValue(machine);
            Debian.Ensure(report,
            [
                .. Debian.ForImages,
                .. kind != MachineKind.Bochs ? Debian.ForQemu : [],
                .. kind != MachineKind.Qemu ? Debian.ForBochs : [],
            ]);
            ImageDefinition guest = ImageCatalog.Find("bench") ?? throw new BuildFailure("tests/guests/bench is missing");
            ImageDefinition builder = ImageCatalog.Find("builder") ?? throw new BuildFailure("tests/guests/builder is missing");
            new ImageBuilder(report, parsed.GetValue(toolchain)).Build(ImageCatalog.Hypervisor, guest, builder);
            GuestFiles.Prepare("builder", report);
            Contestant[] contestants = parsed.GetValue(against) is null
                ? [Contestant.Xenolith]
                : [Contestant.Xenolith, Contestant.Xen(XenPackage.Prepare(report))];
            Arena[] arenas = [.. Arena.All.Where(arena => kind is null || arena.Kind == kind)];
            Publish(Run(arenas, contestants, guest.Output, builder.Output, report), report);
            return 0;
        });
        return command;
    }

    /// <summary><c>--against xen</c>.</summary>
    public static Option<string?> AgainstOption(string description)
    {
        var option = new Option<string?>("--against") { Description = description, HelpName = "xen" };
        option.AcceptOnlyFromAmong("xen");
        return option;
    }

    private static BenchRecord Run(Arena[] arenas, Contestant[] contestants, string guest, string builder, Report report)
    {
        var runs = new List<BenchFigures>();
        foreach (Arena arena in arenas)
        {
            foreach (Contestant contestant in contestants)
            {
                BenchFigures figures = null!;
                report.Step($"{contestant.Name} on {arena.Name}", () =>
                    figures = BenchFigures.Parse(arena, contestant.Name, GuestRun.Start(contestant, SetupFor(arena, contestant, guest, "first second=3"), Limit, Path.Combine(Logs, $"{arena.Name}.{contestant.Name}.log"), arena.Kind)));
                // Xen has views on Intel's processors alone; elsewhere the guest would wait for them to the limit.
                if (contestant.Name != Contestant.XenName || arena == Arena.BochsVmx)
                {
                    report.Step($"{contestant.Name} on {arena.Name}: views", () => figures.Take(GuestRun.Start(contestant,
                        GuestRun.SetupFor(arena, contestant, builder, "view-costs"), Limit, Path.Combine(Logs, $"views.{arena.Name}.{contestant.Name}.log"), arena.Kind)));
                }

                report.Step($"{contestant.Name} on {arena.Name}: {(arena.Kind == MachineKind.Bochs ? "start and traces" : "start")}", () => SecondRun(arena, contestant, guest, figures));
                runs.Add(figures);
            }
        }

        return new BenchRecord(runs);
    }

    /// <summary>With a second vCPU, which sleeps until the rows that are about it.</summary>
    private static MachineSetup SetupFor(Arena arena, Contestant contestant, string guest, string arguments)
    {
        MachineSetup setup = GuestRun.SetupFor(arena, contestant, guest, arguments);
        string shown = contestant.Name == Contestant.XenName ? "" : " dom0-expose=XENOLITH_CALL_hctlb,XENOLITH_CALL_gpa,XENOLITH_CALL_strict";
        return setup with { Arguments = setup.Arguments + " dom0_max_vcpus=2" + shown };
    }

    /// <summary>The run in which the emulator stops: at the first instructions of hypervisor and guest and, where it can list what is executed, around rows.</summary>
    private static void SecondRun(Arena arena, Contestant contestant, string guest, BenchFigures figures)
    {
        MachineSetup setup = SetupFor(arena, contestant, guest, "trace");
        if (arena.Kind == MachineKind.Qemu)
        {
            figures.Add(QemuStart.Measure(setup, guest), [], []);
            return;
        }

        var reader = new TraceReader();
        GuestRun run = GuestRun.Start(contestant, setup with
        {
            EmulatorArguments = [.. setup.EmulatorArguments, TraceReader.EmulatorArgument],
            DebuggerCommands = TraceReader.Commands(ElfEntry.Of(contestant.Image)),
            DebuggerOutput = reader.Take,
        }, TraceLimit, Path.Combine(Logs, $"trace.{arena.Name}.{contestant.Name}.log"), arena.Kind);
        figures.Add(reader.StartTicks, run.Lines, reader.Traces);
    }

    private static void Publish(BenchRecord record, Report report)
    {
        BenchTable.Print(record);
        string figures = Path.Combine(Tree.Out, "bench", "bench.json"), page = Path.Combine(Tree.Out, "bench", "bench.html");
        BenchFile.Write(record, figures);
        BenchPage.Write(record, page);
        report.Note($"the figures are in {Tree.Relative(figures)} and {Tree.Relative(page)}");
    }
}
