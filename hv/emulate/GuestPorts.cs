using Xenolith.Kernel;

namespace Xenolith.Emulate;

/// <summary>
/// The I/O ports of a domain without devices: reads give all ones and writes go nowhere, but for port 0xE9, whose bytes come
/// out on the console. One a CPU, for the domain that is being handled.
/// </summary>
public sealed class GuestPorts : PortDevice
{
    public const ushort DebugPort = 0xE9;

    private Unowned<ConsoleDevice> _output;

    /// <summary>Where port 0xE9 leads from now on; null: nowhere.</summary>
    public void Select(ConsoleDevice? output) => _output = new Unowned<ConsoleDevice>(output);

    /// <summary>Whether there is something behind the port.</summary>
    public static bool IsAnswered(ushort port) => port == DebugPort;

    public override uint Read(ushort port, int size) => (uint)GuestGeneralRegister.MaskOf(size);

    public override void Write(ushort port, int size, uint value)
    {
        if (port == DebugPort && size == 1 && _output.Value is { } output)
        {
            byte character = (byte)value;
            output.Write([character]);
        }
    }
}
