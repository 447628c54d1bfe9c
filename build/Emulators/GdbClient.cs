using System;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Net.Sockets;
using System.Text;
using Xenolith.Build.Host;

namespace Xenolith.Build.Emulators;

/// <summary>As much of GDB's remote protocol as it takes to run QEMU up to an address and to ask its monitor something.</summary>
public sealed class GdbClient : IDisposable
{
    private readonly Stream _stream;

    /// <param name="stream">A connection to the emulator's stub, the machine stopped.</param>
    public GdbClient(Stream stream) => _stream = stream;

    /// <summary>Connects to the stub on a local port.</summary>
    /// <param name="port">A TCP port of this host.</param>
    /// <param name="limit">How long one answer may take.</param>
    public static GdbClient Connect(int port, TimeSpan limit)
    {
        var client = new TcpClient { NoDelay = true, ReceiveTimeout = (int)limit.TotalMilliseconds };
        try
        {
            client.Connect(System.Net.IPAddress.Loopback, port);
            return new GdbClient(new NetworkStream(client.Client, ownsSocket: true));
        }
        catch
        {
            client.Dispose();
            throw;
        }
    }

    /// <summary>Lets the machine run until the instruction at the address is the next one.</summary>
    public void RunTo(ulong address)
    {
        string at = address.ToString("x", CultureInfo.InvariantCulture);
        Require(Ask($"Z1,{at},1"), "OK");
        Require(Ask("c"), "T05");
        Require(Ask($"z1,{at},1"), "OK");
    }

    /// <summary>The monitor's answer to a command.</summary>
    public string Monitor(string command)
    {
        var text = new StringBuilder();
        string answer = Ask("qRcmd," + Convert.ToHexStringLower(Encoding.ASCII.GetBytes(command)));
        while (answer.StartsWith('O') && answer != "OK")
        {
            text.Append(Encoding.ASCII.GetString(Convert.FromHexString(answer.AsSpan(1))));
            answer = Receive();
        }

        Require(answer, "OK");
        return text.ToString();
    }

    /// <inheritdoc/>
    public void Dispose() => _stream.Dispose();

    private static void Require(string answer, string wanted)
    {
        if (!answer.StartsWith(wanted, StringComparison.Ordinal))
        {
            throw new BuildFailure($"QEMU's stub for GDB answered \"{answer}\" instead of \"{wanted}\"");
        }
    }

    private static int SumOf(string text) => text.Sum(c => c) & 0xFF;

    private string Ask(string request)
    {
        _stream.Write(Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"${request}#{SumOf(request):x2}")));
        return Receive();
    }

    // A packet is $text#sum; a plus sign acknowledges one.
    private string Receive()
    {
        while (Next() != '$')
        {
        }

        var text = new StringBuilder();
        for (char c = Next(); c != '#'; c = Next())
        {
            text.Append(c);
        }

        string sum = $"{Next()}{Next()}";
        string packet = text.ToString();
        if (int.Parse(sum, NumberStyles.HexNumber, CultureInfo.InvariantCulture) != SumOf(packet))
        {
            throw new BuildFailure("QEMU's stub for GDB sent a packet with a wrong sum");
        }

        _stream.WriteByte((byte)'+');
        return packet;
    }

    private char Next()
    {
        int value = _stream.ReadByte();
        return value >= 0 ? (char)value : throw new BuildFailure("QEMU ended while its start was measured");
    }
}
