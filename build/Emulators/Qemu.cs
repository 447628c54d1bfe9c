using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Net;
using System.Net.Sockets;
using Xenolith.Build.Host;

namespace Xenolith.Build.Emulators;

/// <summary>QEMU's command line: its own multiboot loader, unless another one is asked for.</summary>
public static class Qemu
{
    /// <summary>The command line without a serial line, with QEMU's own loader.</summary>
    public static Command CommandFor(MachineSetup setup) => CommandFor(setup, QemuBoot.KernelArguments(setup.Image, setup));

    /// <summary>Boots a machine with its serial line on pipes.</summary>
    public static EmulatorSession Start(MachineSetup setup)
    {
        var boot = new QemuBoot(setup);
        var monitor = new QemuMonitor();
        Command command = CommandFor(setup, boot.Arguments).With("-display", "none", "-monitor", "none", "-serial", "stdio");
        ProcessStartInfo start = command.StartInfo();
        foreach (string argument in monitor.Arguments)
        {
            start.ArgumentList.Add(argument);
        }

        start.RedirectStandardInput = true;
        start.RedirectStandardOutput = true;
        Process process = Process.Start(start) ?? throw new BuildFailure("QEMU did not start");
        return new Session(command, process, monitor, boot);
    }

    /// <summary>Boots a machine on this program's own terminal; QEMU makes it raw, and Ctrl-A X ends it.</summary>
    public static MachineEnd RunAttached(MachineSetup setup, Action<string> announce)
    {
        using var boot = new QemuBoot(setup);
        using var monitor = new QemuMonitor();
        Command command = CommandFor(setup, boot.Arguments).With("-nographic");
        announce(command.ToString());
        return monitor.End(command.With(monitor.Arguments).RunAttached());
    }

    private static Command CommandFor(MachineSetup setup, IReadOnlyList<string> boot) =>
        new Command("qemu-system-x86_64", "-cpu", "max", "-m", setup.MemoryMiB.ToString(CultureInfo.InvariantCulture), "-no-reboot")
            .With(setup.Cpus == 1 ? [] : ["-smp", setup.Cpus.ToString(CultureInfo.InvariantCulture)]).With(boot).With(setup.EmulatorArguments);

    private sealed class Session(Command command, Process process, QemuMonitor monitor, QemuBoot boot) : EmulatorSession(command, process)
    {
        public override Stream Output => Process.StandardOutput.BaseStream;

        private protected override Stream Input => Process.StandardInput.BaseStream;

        // QEMU holds bytes back while the UART's FIFO is full; the pause is for the guest's console ring.
        private protected override TimeSpan ByteTime => TimeSpan.FromMilliseconds(1);

        private protected override MachineEnd End() => monitor.End(Process.ExitCode);

        private protected override void Release()
        {
            monitor.Dispose();
            boot.Dispose();
        }
    }
}
