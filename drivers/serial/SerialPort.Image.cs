using System;
using Xenolith.Kernel;

namespace Xenolith.Drivers;

/// <summary>A 16550 UART (National Semiconductor PC16550D data sheet): transmits polled, receives by interrupt.</summary>
public sealed class SerialPort : ConsoleDevice
{
    private const ushort InterruptEnable = 1;
    private const ushort FifoControl = 2;
    private const ushort LineControl = 3;
    private const ushort ModemControl = 4;
    private const ushort LineStatus = 5;
    private const ushort Scratch = 7;
    private const byte DivisorLatch = 0x80;
    private const byte DataReady = 0x01;
    private const byte TransmitterEmpty = 0x20;

    // FIFOs on and cleared, receive trigger at one byte: people type one at a time.
    private const byte FifosOn = 0x07;

    // DTR, RTS, and OUT2, which connects the interrupt line on a PC.
    private const byte ModemLines = 0x0B;
    private const byte OnReceive = 0x01;

    // Several byte times at the slowest usable speed; a line that never empties is not there.
    private const int Patience = 1_000_000;

    private readonly ushort _port;
    private byte _last;
    private bool _isStuck;

    private SerialPort(ushort port) => _port = port;

    /// <summary>Sets the UART up; null: there is none at the port.</summary>
    public static SerialPort? TryOpen(SerialSettings settings)
    {
        ushort port = settings.Port;
        Cpu.Out8((ushort)(port + Scratch), 0x5A);
        if (Cpu.In8((ushort)(port + Scratch)) != 0x5A || Cpu.In8((ushort)(port + LineStatus)) == 0xFF)
        {
            return null;
        }

        Cpu.Out8((ushort)(port + InterruptEnable), 0);
        if (settings.Baud != 0)
        {
            uint divisor = 115_200 / settings.Baud;
            Cpu.Out8((ushort)(port + LineControl), DivisorLatch);
            Cpu.Out8(port, (byte)divisor);
            Cpu.Out8((ushort)(port + 1), (byte)(divisor >> 8));
        }

        Cpu.Out8((ushort)(port + LineControl), settings.LineControl);
        Cpu.Out8((ushort)(port + FifoControl), FifosOn);
        Cpu.Out8((ushort)(port + ModemControl), ModemLines);
        return new SerialPort(port);
    }

    /// <inheritdoc/>
    public override void Write(ReadOnlySpan<byte> text)
    {
        for (int i = 0; i < text.Length; i++)
        {
            if (text[i] == (byte)'\n' && _last != (byte)'\r')
            {
                Transmit((byte)'\r');
            }

            Transmit(text[i]);
            _last = text[i];
        }
    }

    /// <summary>Lets the UART raise its interrupt when a byte arrives.</summary>
    public void EnableReceive()
    {
        Cpu.In8(_port);
        Cpu.Out8((ushort)(_port + InterruptEnable), OnReceive);
    }

    /// <summary>Moves what has arrived to the console input.</summary>
    public void Receive(ConsoleInput input)
    {
        // The FIFO has 16 bytes; the bound keeps a broken line status from holding the CPU.
        for (int i = 0; i < 64 && (Cpu.In8((ushort)(_port + LineStatus)) & DataReady) != 0; i++)
        {
            input.Push(Cpu.In8(_port));
        }
    }

    private void Transmit(byte value)
    {
        for (int i = 0; !_isStuck && (Cpu.In8((ushort)(_port + LineStatus)) & TransmitterEmpty) == 0; i++)
        {
            _isStuck = i == Patience;
            Cpu.Pause();
        }

        Cpu.Out8(_port, value);
    }
}
