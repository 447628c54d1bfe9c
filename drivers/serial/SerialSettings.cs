using System;
using Xenolith.Kernel;

namespace Xenolith.Drivers;

/// <summary>What <c>com1=</c> says: <c>speed|auto[,format[,port[,interrupt]]]</c>, format being data bits, parity (n, o, e, m, s), stop bits.</summary>
/// <param name="Baud">Bits a second; 0: as the firmware set it.</param>
/// <param name="LineControl">The UART's line control register: bits 0-1 length - 5, 2 two stop bits, 3-5 parity.</param>
/// <param name="Port">First I/O port.</param>
/// <param name="Irq">ISA interrupt; 0: none, input is not taken.</param>
public readonly record struct SerialSettings(uint Baud, byte LineControl, ushort Port, byte Irq)
{
    private const uint MaximumBaud = 115_200;

    /// <summary>The first serial line of a PC, 115,200 bits a second, 8n1.</summary>
    public static SerialSettings Com1 => new(MaximumBaud, 3, 0x3F8, 4);

    /// <summary>The second one.</summary>
    public static SerialSettings Com2 => new(MaximumBaud, 3, 0x2F8, 3);

    /// <summary>Parses; what the text leaves out is taken from <paramref name="otherwise"/>.</summary>
    public static bool TryParse(ReadOnlySpan<char> text, SerialSettings otherwise, out SerialSettings settings)
    {
        settings = otherwise;
        for (int field = 0; OptionValue.TryNext(ref text, ',', out ReadOnlySpan<char> item); field++)
        {
            if (item.Length == 0)
            {
                continue;
            }

            switch (field)
            {
                case 0 when item.SequenceEqual("auto".AsSpan()):
                    settings = settings with { Baud = 0 };
                    break;
                case 0 when OptionValue.TryParseNumber(item, out ulong baud) && baud is > 0 and <= MaximumBaud && MaximumBaud % baud == 0:
                    settings = settings with { Baud = (uint)baud };
                    break;
                case 1 when TryParseFormat(item, out byte control):
                    settings = settings with { LineControl = control };
                    break;
                case 2 when OptionValue.TryParseNumber(item, out ulong port) && port is > 0 and <= 0xFFF8:
                    settings = settings with { Port = (ushort)port };
                    break;
                case 3 when OptionValue.TryParseNumber(item, out ulong irq) && irq <= 15:
                    settings = settings with { Irq = (byte)irq };
                    break;
                default:
                    return false;
            }
        }

        return true;
    }

    private static bool TryParseFormat(ReadOnlySpan<char> text, out byte control)
    {
        control = 0;
        if (text.Length != 3 || text[0] is < '5' or > '8' || text[2] is not ('1' or '2'))
        {
            return false;
        }

        int parity = text[1] switch { 'n' => 0, 'o' => 1, 'e' => 3, 'm' => 5, 's' => 7, _ => -1 };
        if (parity < 0)
        {
            return false;
        }

        control = (byte)((text[0] - '5') | (text[2] == '2' ? 4 : 0) | (parity << 3));
        return true;
    }
}
