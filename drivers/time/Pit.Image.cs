using Xenolith.Kernel;

namespace Xenolith.Drivers;

/// <summary>Channel 2 of the 8254 interval timer (Intel 8254 data sheet), counting down once from its top: 54 ms.</summary>
internal sealed class Pit : ReferenceTimer
{
    private const ushort Channel2 = 0x42;
    private const ushort Control = 0x43;
    private const ushort Gate = 0x61;

    // Channel 2, low byte then high byte, mode 0, binary; and the command that latches its count.
    private const byte Channel2Mode0 = 0xB0;
    private const byte LatchChannel2 = 0x80;
    private const byte GateOn = 0x01;
    private const byte SpeakerOn = 0x02;

    public override string Name => "PIT";

    public override ulong Frequency => 1_193_182;

    public override ulong Mask => 0xFFFF;

    public override void Start()
    {
        Cpu.Out8(Gate, (byte)((Cpu.In8(Gate) & ~SpeakerOn) | GateOn));
        Cpu.Out8(Control, Channel2Mode0);
        Cpu.Out8(Channel2, 0xFF);
        Cpu.Out8(Channel2, 0xFF);
    }

    public override ulong Read()
    {
        Cpu.Out8(Control, LatchChannel2);
        uint low = Cpu.In8(Channel2);
        uint high = Cpu.In8(Channel2);
        return 0xFFFF - (low | (high << 8));
    }
}
