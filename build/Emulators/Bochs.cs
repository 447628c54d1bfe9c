using System;
using System.Diagnostics;
using System.Globalization;
using System.IO;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Threading;
using Xenolith.Build.Host;

namespace Xenolith.Build.Emulators;

/// <summary>Bochs, headless, booting a CD made by GRUB, its serial line on a local socket.</summary>
public static class Bochs
{
    // Bochs allocates what it emulates, and nothing here needs the gigabytes QEMU gets lazily.
    private const int MostMemoryMiB = 1024;
    private static int s_runs;

    /// <summary>Boots a machine with its serial line as streams.</summary>
    public static EmulatorSession Start(MachineSetup setup)
    {
        string folder = Path.Combine(Tree.Out, "run", $"bochs-{Environment.ProcessId}-{Interlocked.Increment(ref s_runs)}");
        Directory.CreateDirectory(folder);
        BootDisc.Create(setup, Path.Combine(folder, "boot.iso"));
        int port = FreePort();
        string settings = Path.Combine(folder, "bochsrc");
        File.WriteAllText(settings, Settings(folder, port, Math.Min(setup.MemoryMiB, MostMemoryMiB), setup.RealTime));

        // Debian's build has the debugger, which waits for commands: run, and leave when the machine stops.
        string commands = Path.Combine(folder, "commands");
        File.WriteAllLines(commands, setup.DebuggerCommands.Count != 0 ? setup.DebuggerCommands : ["c", "q"]);
        Command command = new Command("bochs", "-q", "-f", Tree.Relative(settings), "-rc", Tree.Relative(commands)).With(setup.EmulatorArguments);
        if (setup.Cpus != 1)
        {
            // Bochs adds this to what the settings say of the CPU.
            command.With(string.Create(CultureInfo.InvariantCulture, $"cpu: count={setup.Cpus}:1:1"));
        }

        ProcessStartInfo start = command.StartInfo();
        start.RedirectStandardInput = true;
        start.RedirectStandardOutput = true;
        start.RedirectStandardError = true;
        Process process = Process.Start(start) ?? throw new BuildFailure("Bochs did not start");
        process.OutputDataReceived += (_, line) => setup.DebuggerOutput?.Invoke(line.Data ?? "");
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        process.StandardInput.Close();
        return new Session(command, process, Connect(process, port, folder), folder);
    }

    private static string Settings(string folder, int port, int memoryMiB, bool realTime) => string.Create(CultureInfo.InvariantCulture, $"""
        plugin_ctrl: unmapped=1, biosdev=1, speaker=0, extfpuirq=1, parallel=0, serial=1, e1000=0
        config_interface: textconfig
        display_library: rfb, options="timeout=0"
        memory: guest={memoryMiB}, host={memoryMiB}
        romimage: file=/usr/share/bochs/BIOS-bochs-latest
        vgaromimage: file=/usr/share/seabios/vgabios-stdvga.bin
        cpu: model=tigerlake, count=1, ips=200000000, reset_on_triple_fault=0, ignore_bad_msrs=1
        boot: cdrom
        ata0-master: type=cdrom, path="{Path.Combine(folder, "boot.iso")}", status=inserted
        com1: enabled=1, mode=socket-server, dev=localhost:{port}
        clock: sync={(realTime ? "slowdown" : "none")}, time0=1
        log: {Path.Combine(folder, "log")}
        panic: action=fatal

        """);

    private static int FreePort()
    {
        using var probe = new TcpListener(IPAddress.Loopback, 0);
        probe.Start();
        return ((IPEndPoint)probe.LocalEndpoint).Port;
    }

    // Bochs waits for the client before it runs the first instruction.
    private static NetworkStream Connect(Process process, int port, string folder)
    {
        var watch = Stopwatch.StartNew();
        while (!process.HasExited && watch.Elapsed < TimeSpan.FromSeconds(20))
        {
            var client = new TcpClient(AddressFamily.InterNetwork) { NoDelay = true };
            try
            {
                client.Connect(IPAddress.Loopback, port);
                return new NetworkStream(client.Client, ownsSocket: true);
            }
            catch (SocketException)
            {
                client.Dispose();
                Thread.Sleep(50);
            }
        }

        process.Kill();
        string log = Path.Combine(folder, "log");
        throw new BuildFailure($"Bochs did not open its serial line\n{(File.Exists(log) ? File.ReadAllText(log) : "")}");
    }

    private sealed class Session : EmulatorSession
    {
        private readonly NetworkStream _serial;
        private readonly string _folder;
        private readonly Timer _watch;
        private long _scanned;
        private int _resets;

        public Session(Command command, Process process, NetworkStream serial, string folder)
            : base(command, process)
        {
            _serial = serial;
            _folder = folder;
            Output = new UntilReset(serial);

            // Bochs cannot be told to stop at a reset: it is ended when its log tells of a second one.
            _watch = new Timer(_ => StopAtReset(), null, TimeSpan.FromSeconds(1), TimeSpan.FromMilliseconds(300));
        }

        public override Stream Output { get; }

        private protected override Stream Input => _serial;

        // The emulated UART drops what overflows its FIFO, and the machine is slow.
        private protected override TimeSpan ByteTime => TimeSpan.FromMilliseconds(5);

        private protected override MachineEnd End()
        {
            string log = Log();
            if (log.Contains("soft power off", StringComparison.OrdinalIgnoreCase) || log.Contains("Shutdown port: shutdown requested", StringComparison.Ordinal))
            {
                return MachineEnd.PoweredOff;
            }

            return HasReset() || log.Contains("exception with no resolution", StringComparison.Ordinal) ? MachineEnd.Reset : MachineEnd.EmulatorFailed;
        }

        private protected override void Release()
        {
            _watch.Dispose();
            _serial.Dispose();
            Directory.Delete(_folder, recursive: true);
        }

        private void StopAtReset()
        {
            if (!HasExited && HasReset())
            {
                Kill();
            }
        }

        // The first reset is the power coming on. A guest can make the log grow by a line an exit, so what was seen is not read again.
        private bool HasReset()
        {
            const string reset = "bx_pc_system_c::Reset(";
            lock (_serial)
            {
                string text = Log(_scanned);
                for (int at = 0; (at = text.IndexOf(reset, at, StringComparison.Ordinal)) >= 0; at += reset.Length)
                {
                    _resets++;
                }

                // One that is cut off by the end is seen whole the next time.
                _scanned += Math.Max(0, text.Length - (reset.Length - 1));
                return _resets > 1;
            }
        }

        private string Log(long from = 0)
        {
            try
            {
                using var file = new FileStream(Path.Combine(_folder, "log"), FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
                file.Position = from;
                using var reader = new StreamReader(file, Encoding.Latin1);
                return reader.ReadToEnd();
            }
            catch (IOException)
            {
                // Not there yet, or the session is being released.
                return "";
            }
        }
    }

    // A socket whose peer died may report a reset instead of its end.
    private sealed class UntilReset(Stream inner) : Stream
    {
        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => false;

        public override long Length => throw new NotSupportedException();

        public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

        public override int Read(byte[] buffer, int offset, int count)
        {
            try
            {
                return inner.Read(buffer, offset, count);
            }
            catch (Exception error) when (error is IOException or ObjectDisposedException)
            {
                return 0;
            }
        }

        public override void Flush()
        {
        }

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    }
}
