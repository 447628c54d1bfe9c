using System;
using Xenolith.Kernel;

namespace Xenolith.Drivers;

/// <summary>Port 0xE9 of Bochs and QEMU: what is written there appears in the emulator's own log. Reading it gives 0xE9 where it exists.</summary>
public sealed class DebugPort : ConsoleDevice
{
    private const ushort Port = 0xE9;

    /// <summary>Whether there is one.</summary>
    public static bool Exists => Cpu.In8(Port) == Port;

    /// <inheritdoc/>
    public override void Write(ReadOnlySpan<byte> text)
    {
        for (int i = 0; i < text.Length; i++)
        {
            Cpu.Out8(Port, text[i]);
        }
    }
}
