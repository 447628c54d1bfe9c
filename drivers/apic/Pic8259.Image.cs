using Xenolith.Kernel;

namespace Xenolith.Drivers;

/// <summary>The two 8259 interrupt controllers of a PC: moved away from the exception vectors and masked; the APICs do their work.</summary>
internal static class Pic8259
{
    private const ushort PrimaryCommand = 0x20;
    private const ushort PrimaryData = 0x21;
    private const ushort SecondaryCommand = 0xA0;
    private const ushort SecondaryData = 0xA1;

    // Initialisation command words 1 to 4 (Intel 8259A data sheet): cascade, vector base, wiring, 8086 mode. A spurious interrupt
    // then arrives on a vector that nobody handles, which is only counted.
    private const byte InitialiseWithFourWords = 0x11;
    private const byte PrimaryBase = 0x20;
    private const byte SecondaryBase = 0x28;
    private const byte SecondaryOnInput2 = 0x04;
    private const byte CascadeIdentity = 0x02;
    private const byte Mode8086 = 0x01;

    public static void Disable()
    {
        Cpu.Out8(PrimaryCommand, InitialiseWithFourWords);
        Cpu.Out8(SecondaryCommand, InitialiseWithFourWords);
        Cpu.Out8(PrimaryData, PrimaryBase);
        Cpu.Out8(SecondaryData, SecondaryBase);
        Cpu.Out8(PrimaryData, SecondaryOnInput2);
        Cpu.Out8(SecondaryData, CascadeIdentity);
        Cpu.Out8(PrimaryData, Mode8086);
        Cpu.Out8(SecondaryData, Mode8086);
        Cpu.Out8(PrimaryData, 0xFF);
        Cpu.Out8(SecondaryData, 0xFF);
    }
}
