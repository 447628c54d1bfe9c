using Xenolith.Hal;

namespace Xenolith.Domains;

/// <summary>Register states that the architecture defines.</summary>
public static class CpuReset
{
    private const ushort DataAttributes = 0x93;
    private const ushort CodeAttributes = 0x9B;
    private const ushort LdtAttributes = 0x82;
    private const ushort TssAttributes = 0x8B;

    /// <summary>
    /// The state after INIT and a start-up interrupt: real mode at CS = vector &lt;&lt; 8, RIP 0 (SDM vol. 3, 9.1.1 and 9.4.4).
    /// CR0.CD and NW keep their reset values, which the guest sees and nobody obeys.
    /// </summary>
    public static void LoadStartup(VirtualCpu cpu, byte vector)
    {
        const ulong extensionType = 1 << 4;
        const ulong cachesOff = 3UL << 29;
        cpu.ReceiveInit();
        cpu.Registers = cpu.Registers.AfterInit;
        cpu.Registers.Rdx = 0x600;
        cpu.Cr0 = extensionType | cachesOff;
        cpu.Cr2 = 0;
        cpu.Cr3 = 0;
        cpu.Cr4 = 0;
        cpu.Efer = 0;
        cpu.Rflags = 2;
        cpu.Rip = 0;
        cpu.Dr7 = 0x400;
        var data = new Segment(0, DataAttributes, 0xFFFF, 0);
        cpu.SetSegment(SegmentName.Cs, new Segment((ushort)(vector << 8), CodeAttributes, 0xFFFF, (ulong)vector << 12));
        cpu.SetSegment(SegmentName.Ds, data);
        cpu.SetSegment(SegmentName.Es, data);
        cpu.SetSegment(SegmentName.Fs, data);
        cpu.SetSegment(SegmentName.Gs, data);
        cpu.SetSegment(SegmentName.Ss, data);
        cpu.SetSegment(SegmentName.Ldtr, new Segment(0, LdtAttributes, 0xFFFF, 0));
        cpu.SetSegment(SegmentName.Tr, new Segment(0, TssAttributes, 0xFFFF, 0));
        cpu.Gdtr = new DescriptorTable(0, 0xFFFF);
        cpu.Idtr = new DescriptorTable(0, 0xFFFF);
    }
}
