using System.Diagnostics.CodeAnalysis;

namespace Xenolith.Kernel;

/// <summary>Ways to restart the machine that need no tables of the firmware.</summary>
public static class Restart
{
    private const ushort ResetControl = 0xCF9;
    private const ushort KeyboardCommand = 0x64;

    // Some hundred milliseconds: a reset takes effect long before.
    private const int Patience = 1 << 24;

    /// <summary>Tries the chipset's reset register (Intel PCH datasheets: RST_CNT), the keyboard controller, a triple fault, in that order.</summary>
    [DoesNotReturn]
    public static void Now()
    {
        Pci();
        Wait();
        Keyboard();
        Wait();
        Cpu.TripleFault();
        Cpu.Halt();
    }

    /// <summary>Hard reset by port 0xCF9: first the kind, then the trigger.</summary>
    public static void Pci()
    {
        Cpu.Out8(ResetControl, 0x02);
        Cpu.Out8(ResetControl, 0x06);
    }

    /// <summary>Pulses the reset line of the keyboard controller.</summary>
    public static void Keyboard() => Cpu.Out8(KeyboardCommand, 0xFE);

    /// <summary>Makes the CPU shut down, which chipsets turn into a reset.</summary>
    public static void TripleFault() => Cpu.TripleFault();

    /// <summary>Gives a reset time to happen.</summary>
    public static void Wait()
    {
        for (int i = 0; i < Patience; i++)
        {
            Cpu.Pause();
        }
    }
}
