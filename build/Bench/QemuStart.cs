using System;
using System.Diagnostics;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Net;
using System.Net.Sockets;
using System.Text.RegularExpressions;
using System.Threading;
using Xenolith.Build.Against;
using Xenolith.Build.Elf;
using Xenolith.Build.Emulators;
using Xenolith.Build.Host;

namespace Xenolith.Build.Bench;

/// <summary>
/// How many instructions QEMU executes from the hypervisor's first to the guest's first. QEMU counts them while it records a
/// run, and tells the number at a breakpoint; time that passes while the processor is halted does not count.
/// </summary>
public static partial class QemuStart
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60), Opening = TimeSpan.FromSeconds(10);

    /// <summary>Measures.</summary>
    /// <param name="setup">The machine, with <c>-icount</c> among its arguments.</param>
    /// <param name="guest">The guest's path.</param>
    public static long Measure(MachineSetup setup, string guest)
    {
        ulong hypervisorEntry = ElfEntry.Of(setup.Image), guestEntry = ElfEntry.Of(guest);
        string recording = Path.Combine(Tree.Out, "run", $"recording-{Environment.ProcessId}");
        Directory.CreateDirectory(Path.GetDirectoryName(recording)!);
        MachineSetup recorded = setup with
        {
            EmulatorArguments = [.. setup.EmulatorArguments.Select(argument =>
                argument.StartsWith("shift=", StringComparison.Ordinal) ? $"shift=0,rr=record,rrfile={Tree.Relative(recording)}" : argument)],
        };
        int port = FreePort();
        ProcessStartInfo start = Qemu.CommandFor(recorded)
            .With("-display", "none", "-monitor", "none", "-serial", "null", "-S", "-gdb", string.Create(CultureInfo.InvariantCulture, $"tcp:127.0.0.1:{port}"))
            .StartInfo();
        start.RedirectStandardError = true;
        using Process process = Process.Start(start) ?? throw new BuildFailure("QEMU did not start");
        try
        {
            process.BeginErrorReadLine();
            using GdbClient stub = Connect(process, port);
            stub.RunTo(hypervisorEntry);
            long first = InstructionsOf(stub);
            stub.RunTo(guestEntry);
            return InstructionsOf(stub) - first;
        }
        catch (IOException error)
        {
            throw new BuildFailure($"the start could not be measured: {error.Message}");
        }
        finally
        {
            process.Kill();
            process.WaitForExit();
            File.Delete(recording);
        }
    }

    private static long InstructionsOf(GdbClient stub)
    {
        string answer = stub.Monitor("info replay");
        return Count().Match(answer) is { Success: true } match
            ? long.Parse(match.Groups[1].ValueSpan, provider: CultureInfo.InvariantCulture)
            : throw new BuildFailure($"QEMU does not say how many instructions it executed, but: {answer.Trim()}");
    }

    private static GdbClient Connect(Process process, int port)
    {
        var watch = Stopwatch.StartNew();
        while (true)
        {
            try
            {
                return GdbClient.Connect(port, Limit);
            }
            catch (SocketException) when (!process.HasExited && watch.Elapsed < Opening)
            {
                Thread.Sleep(50);
            }
            catch (SocketException error)
            {
                throw new BuildFailure($"QEMU's stub for GDB can't be reached: {error.Message}");
            }
        }
    }

    private static int FreePort()
    {
        using var probe = new TcpListener(IPAddress.Loopback, 0);
        probe.Start();
        return ((IPEndPoint)probe.LocalEndpoint).Port;
    }

    [GeneratedRegex(@"instruction count = (\d+)")]
    private static partial Regex Count();
}
