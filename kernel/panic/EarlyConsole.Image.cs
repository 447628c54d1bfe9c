using System;

namespace Xenolith.Kernel;

/// <summary>
/// The console of last resort: the debug port and the first serial line as the firmware left it, polled. Used before the drivers are up, and
/// when a panic happens inside a panic.
/// </summary>
internal sealed class EarlyConsole : ConsoleDevice
{
    private const ushort DebugPort = 0xE9;
    private const ushort SerialData = 0x3F8;
    private const ushort SerialLineStatus = SerialData + 5;
    private const byte TransmitterEmpty = 0x20;

    // Long enough for a byte at 9,600 baud, short enough not to hang where no serial line exists.
    private const int Patience = 100_000;

    /// <inheritdoc/>
    public override void Write(ReadOnlySpan<byte> text) => Print(text);

    /// <summary>Writes without needing an object.</summary>
    public static void Print(ReadOnlySpan<byte> text)
    {
        for (int i = 0; i < text.Length; i++)
        {
            Cpu.Out8(DebugPort, text[i]);
            if (text[i] == (byte)'\n')
            {
                Transmit((byte)'\r');
            }

            Transmit(text[i]);
        }
    }

    private static void Transmit(byte value)
    {
        for (int i = 0; i < Patience && (Cpu.In8(SerialLineStatus) & TransmitterEmpty) == 0; i++)
        {
            Cpu.Pause();
        }

        Cpu.Out8(SerialData, value);
    }
}
