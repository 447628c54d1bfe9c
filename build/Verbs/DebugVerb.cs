using System;
using System.Collections.Generic;
using System.CommandLine;
using System.Diagnostics;
using System.IO;
using System.Linq;
using System.Net;
using System.Net.Sockets;
using Xenolith.Build.Elf;
using Xenolith.Build.Emulators;
using Xenolith.Build.Guests;
using Xenolith.Build.Host;
using Xenolith.Build.Images;
using Xenolith.Build.Symbols;
using Xenolith.Build.Terminal;
using Xenolith.Build.Toolchain;
using Command = System.CommandLine.Command;

namespace Xenolith.Build.Verbs;

/// <summary><c>debug</c>: gdb on the hypervisor in QEMU, with C# names and lines.</summary>
internal static class DebugVerb
{
    public static Command Create(Report report)
    {
        var guest = new Option<string>("--guest") { Description = "linux, or a C# guest of tests/guests by name", DefaultValueFactory = _ => "linux" };
        var stop = new Option<string>("--break") { Description = "Where to stop first: a C# method (Xenolith.RunLoop.Run), a symbol, or File.cs:line", DefaultValueFactory = _ => "image_main" };
        var append = new Option<string>("--append") { Description = "Further options for the hypervisor", DefaultValueFactory = _ => "" };
        Option<ObjectToolchain> toolchain = CommonOptions.Toolchain();
        var command = new Command("debug", "Build, boot in QEMU stopped at the start, and attach gdb.") { guest, stop, append, toolchain };
        command.SetAction(parsed =>
        {
            Debian.Ensure(report, [.. Debian.ForImages, .. Debian.ForQemu, .. Debian.ForDebugging]);
            BootModule[] modules = Modules(parsed.GetValue(guest)!, parsed.GetValue(toolchain), report);
            return Debug(modules, Place(parsed.GetValue(stop)!), $"{RunVerb.HypervisorArguments} {parsed.GetValue(append)}".TrimEnd(), report);
        });
        return command;
    }

    private static BootModule[] Modules(string guest, ObjectToolchain toolchain, Report report)
    {
        var builder = new ImageBuilder(report, toolchain);
        if (guest == "linux")
        {
            builder.Build(ImageCatalog.Hypervisor);
            return LinuxGuest.Prepare(report);
        }

        ImageDefinition definition = ImageCatalog.Guests().FirstOrDefault(image => image.Name == guest)
            ?? throw new BuildFailure($"no guest is called {guest}; there are linux, {string.Join(", ", ImageCatalog.Guests().Select(image => image.Name))}");
        builder.Build(ImageCatalog.Hypervisor, definition);
        return [new BootModule(definition.Output)];
    }

    // gdb knows ilc's names only.
    private static string Place(string stop)
    {
        if (!stop.Contains('.', StringComparison.Ordinal) || stop.Contains(':', StringComparison.Ordinal))
        {
            return stop;
        }

        var names = new FunctionNames(Directory.GetFiles(Tree.ImageAssemblies(ImageCatalog.Hypervisor.Assembly), "*.dll"));
        ElfSymbol? symbol = ElfFile.Load(Tree.DebugImage).Symbols.FirstOrDefault(symbol => names.Resolve(symbol.Name) is { Type.Length: > 0 } name
            && (name.ToString() == stop || name.ToString().EndsWith("." + stop, StringComparison.Ordinal)));
        return symbol?.Name ?? throw new BuildFailure($"the image has no method {stop}; the compiler may have inlined it everywhere");
    }

    private static int Debug(BootModule[] modules, string stop, string arguments, Report report)
    {
        string console = Path.Combine(Tree.Out, "debug-console.log");
        int port = FreePort();
        var setup = new MachineSetup(Tree.Image, arguments, modules)
        {
            EmulatorArguments = ["-S", "-gdb", $"tcp:127.0.0.1:{port}", "-display", "none", "-monitor", "none", "-serial", $"file:{console}"],
        };
        Host.Command machine = Qemu.CommandFor(setup);
        report.Note(machine.ToString());
        report.Note($"the console goes to {Tree.Relative(console)}");
        // Ctrl-C belongs to gdb.
        ProcessStartInfo start = machine.InOwnSession().StartInfo();
        start.RedirectStandardInput = true;
        using Process qemu = Process.Start(start) ?? throw new BuildFailure("QEMU did not start");
        try
        {
            Console.CancelKeyPress += (_, pressed) => pressed.Cancel = true;
            Host.Command debugger = new Host.Command("gdb", "-q").With(Settings(port, stop));
            report.Note(debugger.ToString());
            return debugger.RunAttached();
        }
        finally
        {
            qemu.Kill();
            qemu.WaitForExit();
        }
    }

    private static IEnumerable<string> Settings(int port, string stop)
    {
        string[] commands =
        [
            "set pagination off",
            "set confirm off",
            $"file {Tree.Relative(Tree.DebugImage)}",
            $"target remote 127.0.0.1:{port}",

            // A software breakpoint would be written to memory that the boot code has yet to map.
            $"hbreak {stop}",
            "continue",
        ];
        return commands.SelectMany(command => new[] { "-ex", command });
    }

    private static int FreePort()
    {
        using var probe = new TcpListener(IPAddress.Loopback, 0);
        probe.Start();
        return ((IPEndPoint)probe.LocalEndpoint).Port;
    }
}
