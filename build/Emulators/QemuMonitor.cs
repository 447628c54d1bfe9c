using System;
using System.Collections.Generic;
using System.IO;
using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using System.Threading.Tasks;

namespace Xenolith.Build.Emulators;

/// <summary>
/// Listens to QEMU's machine protocol for the reason of its end: its exit code is 0 for a power-off and, with
/// -no-reboot, for a triple fault alike. The machine waits until the protocol is spoken, so that no end is missed; what is
/// shown to people as the command line leaves these arguments out, so that it can be pasted.
/// </summary>
internal sealed class QemuMonitor : IDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly Task<string> _reason;

    public QemuMonitor()
    {
        _listener.Start();
        int port = ((IPEndPoint)_listener.LocalEndpoint).Port;
        Arguments = ["-S", "-qmp", $"tcp:127.0.0.1:{port}"];
        _reason = Task.Run(Listen);
    }

    /// <summary>Makes QEMU connect here.</summary>
    public IReadOnlyList<string> Arguments { get; }

    /// <summary>How the machine stopped, once QEMU has ended with <paramref name="exitCode"/>.</summary>
    public MachineEnd End(int exitCode)
    {
        if (exitCode != 0 || !_reason.Wait(TimeSpan.FromSeconds(2)))
        {
            return MachineEnd.EmulatorFailed;
        }

        return _reason.Result switch
        {
            "guest-shutdown" => MachineEnd.PoweredOff,
            "guest-reset" => MachineEnd.Reset,
            _ => MachineEnd.EmulatorFailed,
        };
    }

    public void Dispose() => _listener.Dispose();

    private async Task<string> Listen()
    {
        string reason = "";
        try
        {
            using TcpClient client = await _listener.AcceptTcpClientAsync();
            using NetworkStream stream = client.GetStream();
            using var reader = new StreamReader(stream);
            using var writer = new StreamWriter(stream) { AutoFlush = true };

            // The greeting must be answered before events are sent.
            await writer.WriteLineAsync("{\"execute\":\"qmp_capabilities\"}");
            await writer.WriteLineAsync("{\"execute\":\"cont\"}");
            while (await reader.ReadLineAsync() is { } line)
            {
                using JsonDocument message = JsonDocument.Parse(line);
                if (message.RootElement.TryGetProperty("event", out JsonElement name) && name.GetString() == "SHUTDOWN"
                    && message.RootElement.GetProperty("data").TryGetProperty("reason", out JsonElement why))
                {
                    reason = why.GetString() ?? "";
                }
            }
        }
        catch (Exception error) when (error is IOException or SocketException or ObjectDisposedException or JsonException)
        {
            // QEMU is gone, or never came: what was heard until then counts.
        }

        return reason;
    }
}
