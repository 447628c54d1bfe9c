using System;
using System.Collections.Generic;
using System.CommandLine;
using System.IO;
using System.Linq;
using System.Runtime.InteropServices;
using System.Threading;
using Xenolith.Build.Emulators;
using Xenolith.Build.Guests;
using Xenolith.Build.Host;
using Xenolith.Build.Images;
using Xenolith.Build.Terminal;
using Xenolith.Build.Toolchain;
using Command = System.CommandLine.Command;

namespace Xenolith.Build.Verbs;

/// <summary><c>run</c>: boots the hypervisor with a guest and connects its console to this terminal.</summary>
internal static class RunVerb
{
    /// <summary>What the hypervisor is told unless the user says otherwise; as with Xen.</summary>
    public const string HypervisorArguments = "loglvl=all console=com1 dom0=pvh";

    public static Command Create(Report report)
    {
        Option<MachineKind> machine = CommonOptions.Machine();
        var guest = new Option<string>("--guest") { Description = "linux (Debian's kernel with a busybox shell), a guest of tests/guests by name, or the path of a PVH kernel", DefaultValueFactory = _ => "linux" };
        var loader = new Option<BootLoader>("--loader") { Description = "On QEMU, what starts the image: usual (QEMU itself), multiboot1 or multiboot2 (GRUB from the BIOS), uefi (GRUB from UEFI), pvh" };
        var memory = new Option<int>("--memory") { Description = "RAM of the machine in MiB", DefaultValueFactory = _ => 2048 };
        var cpus = new Option<int>("--cpus") { Description = "CPUs of the machine", DefaultValueFactory = _ => 1 };
        var append = new Option<string>("--append") { Description = "Further options for the hypervisor, after \"" + HypervisorArguments + "\"", DefaultValueFactory = _ => "" };
        var kernel = new Option<string?>("--kernel") { Description = "The guest's kernel, in place of --guest's" };
        var initrd = new Option<string?>("--initrd") { Description = "The guest's initial file system, in place of --guest's" };
        var guestArguments = new Option<string?>("--guest-args") { Description = "The guest's command line, in place of --guest's" };
        var domains = new Option<string[]>("--domain")
        {
            Description = "A further domain: a guest as for --guest, then words as docs/running.md has them, then behind -- the guest's command line; "
                + "any number of times. Example: --domain \"linux name=second memory=384M\" --domain \"hello name=third memory=16M vcpus=2 -- first second\"",
        };
        Option<ObjectToolchain> toolchain = CommonOptions.Toolchain();
        var command = new Command("run", "Build, then boot the hypervisor with a guest, its console on this terminal.")
        {
            machine, loader, guest, memory, cpus, append, kernel, initrd, guestArguments, domains, toolchain,
        };
        command.SetAction(parsed =>
        {
            MachineKind kind = parsed.GetValue(machine);
            Debian.Ensure(report, [.. Debian.ForImages, .. kind == MachineKind.Qemu ? Debian.ForQemu : Debian.ForBochs]);
            BootLoader started = parsed.GetValue(loader);
            if (kind == MachineKind.Bochs && started is (BootLoader.Uefi or BootLoader.Pvh))
            {
                throw new BuildFailure("Bochs has neither UEFI nor a PVH loader; use --machine qemu");
            }

            Debian.Ensure(report, [.. started != BootLoader.Usual ? Debian.ForDiscs : [], .. started == BootLoader.Uefi ? Debian.ForUefi : []]);
            BootModule[] modules = Modules(parsed.GetValue(guest)!, parsed.GetValue(kernel), parsed.GetValue(initrd), parsed.GetValue(guestArguments), report, parsed.GetValue(toolchain));
            modules = [.. modules, .. (parsed.GetValue(domains) ?? []).SelectMany(words => FurtherDomain(words, report, parsed.GetValue(toolchain)))];
            string arguments = $"{HypervisorArguments} {parsed.GetValue(append)}".TrimEnd();
            var setup = new MachineSetup(Tree.Image, arguments, modules, parsed.GetValue(memory)) { Cpus = Count(parsed.GetValue(cpus)), Loader = started, RealTime = !Console.IsInputRedirected };
            bool shell = parsed.GetValue(guest) == "linux" && parsed.GetValue(kernel) is null && parsed.GetValue(initrd) is null;
            return Run(kind, setup, shell, report);
        });
        return command;
    }

    private static BootModule[] Modules(string guest, string? kernel, string? initrd, string? arguments, Report report, ObjectToolchain toolchain)
    {
        var builder = new ImageBuilder(report, toolchain);
        BootModule[] modules;
        if (kernel is not null)
        {
            builder.Build(ImageCatalog.Hypervisor);
            modules = [new BootModule(Existing(kernel))];
        }
        else if (guest == "linux")
        {
            builder.Build(ImageCatalog.Hypervisor);
            modules = LinuxGuest.Prepare(report);
        }
        else if (ImageCatalog.Guests().FirstOrDefault(image => image.Name == guest) is { } definition)
        {
            builder.Build(ImageCatalog.Hypervisor, definition);
            GuestFiles.Prepare(guest, report);
            modules = [new BootModule(definition.Output), .. GuestFiles.For(guest).Select(file => new BootModule(file))];
        }
        else if (CGuest.Names.Contains(guest))
        {
            builder.Build(ImageCatalog.Hypervisor);
            modules = [new BootModule(CGuest.Build(guest, report)), .. GuestFiles.For(guest).Select(file => new BootModule(file))];
        }
        else
        {
            builder.Build(ImageCatalog.Hypervisor);
            modules = [new BootModule(Existing(guest))];
        }

        if (arguments is not null)
        {
            modules[0] = modules[0] with { Arguments = arguments };
        }

        return initrd is null ? modules : [modules[0], new BootModule(Existing(initrd))];
    }

    private static int Count(int cpus) => cpus is >= 1 and <= 64 ? cpus : throw new BuildFailure($"--cpus {cpus}: 1 to 64 are possible");

    // The guest's own modules, with the words that make a domain of them; a guest that comes with an initrd keeps it.
    private static BootModule[] FurtherDomain(string words, Report report, ObjectToolchain toolchain)
    {
        string[] halves = words.Split(" -- ", 2);
        string[] named = halves[0].Split(' ', 2, StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        if (named.Length == 0)
        {
            throw new BuildFailure("--domain needs a guest first, like --domain \"hello memory=16M\"");
        }

        BootModule[] modules = Modules(named[0], null, null, null, report, toolchain);
        string text = $"domain {(named.Length > 1 ? named[1] : "")}{(modules.Length > 1 ? " ramdisk" : "")} -- {(halves.Length > 1 ? halves[1] : modules[0].Arguments)}";
        return [modules[0] with { Arguments = text.TrimEnd() }, .. modules[1..]];
    }

    private static string Existing(string path)
    {
        if (File.Exists(path))
        {
            return Path.GetFullPath(path);
        }

        IEnumerable<string> names = ImageCatalog.Guests().Select(image => image.Name).Concat(CGuest.Names).Prepend("linux");
        throw new BuildFailure($"{path} is no file and no guest; guests are {string.Join(", ", names)}");
    }

    private static int Run(MachineKind kind, MachineSetup setup, bool shell, Report report)
    {
        // On Windows QEMU itself knows how to make a console raw.
        MachineEnd end = OperatingSystem.IsWindows() && kind == MachineKind.Qemu && !Console.IsInputRedirected
            ? Qemu.RunAttached(setup, report.Note)
            : RunBridged(kind, setup, shell, report);
        if (end != MachineEnd.PoweredOff)
        {
            report.Error(end == MachineEnd.Reset ? "the machine reset (a reboot request or a triple fault)" : "the emulator ended without a power-off");
        }

        return end == MachineEnd.PoweredOff ? 0 : 1;
    }

    private static MachineEnd RunBridged(MachineKind kind, MachineSetup setup, bool shell, Report report)
    {
        using EmulatorSession session = Emulator.Start(kind, setup);
        report.Note(session.CommandLine);
        using PosixSignalRegistration interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, End);
        using PosixSignalRegistration terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, End);
        void End(PosixSignalContext signal)
        {
            signal.Cancel = true;
            session.Kill();
        }

        using Stream screen = Console.OpenStandardOutput();
        // Not disposed: the typist still reads from it when the machine ends.
        Stream keys = Console.IsInputRedirected ? Console.OpenStandardInput() : RawTerminal.Keys();
        var typist = new Typist(session, screen);
        if (Console.IsInputRedirected)
        {
            typist.Run(keys, LinuxGuest.Prompt, endWithControlD: shell);
        }
        else
        {
            report.Note("Ctrl-A X ends the machine.");
            using var raw = new RawTerminal();
            new Thread(() => TypeAlong(keys, session)) { IsBackground = true, Name = "keyboard" }.Start();
            typist.Show();
        }

        MachineEnd? end = session.WaitForEnd(TimeSpan.FromSeconds(10));
        return end ?? MachineEnd.EmulatorFailed;
    }

    // Ctrl-A is the escape key, as in QEMU: X ends the machine, Ctrl-A sends itself.
    private static void TypeAlong(Stream keys, EmulatorSession session)
    {
        const byte escape = 1;
        bool escaped = false;
        int key;
        while ((key = keys.ReadByte()) >= 0)
        {
            if (escaped && key is 'x' or 'X')
            {
                session.Kill();
                return;
            }

            if (!escaped && key == escape)
            {
                escaped = true;
                continue;
            }

            escaped = false;
            session.Send([(byte)key]);
        }
    }
}
