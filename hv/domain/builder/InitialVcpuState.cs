using Xenolith.Hal;

namespace Xenolith.Domains;

/// <summary>
/// The state in which a PVH kernel is entered (Xen, docs/misc/pvh.pandoc): protected mode with flat segments, no paging,
/// interrupts off, EBX pointing at start_info.
/// </summary>
public static class InitialVcpuState
{
    private const ulong Cr0 = 0x11;
    private const ulong ReservedRflags = 2;
    private const ulong Dr7 = 0x400;
    private const uint PatMsr = 0x277;
    private const ulong ResetPat = 0x0007_0406_0007_0406;
    private const ushort FlatCode = 0xC9B;
    private const ushort FlatData = 0xC93;
    private const ushort BusyTss32 = 0x8B;

    /// <summary>Loads the entry state.</summary>
    /// <param name="entry">Guest-physical address of the kernel's entry point.</param>
    /// <param name="startInfo">Guest-physical address of hvm_start_info, below 4 GiB.</param>
    public static void Load(VirtualCpu cpu, uint entry, uint startInfo)
    {
        cpu.Registers = default;
        cpu.Registers.Rbx = startInfo;
        cpu.Efer = 0;
        cpu.Cr4 = 0;
        cpu.Cr3 = 0;
        cpu.Cr2 = 0;
        cpu.Cr0 = Cr0;
        cpu.Rip = entry;
        cpu.Rflags = ReservedRflags;
        cpu.Dr7 = Dr7;
        var data = new Segment(0, FlatData, uint.MaxValue, 0);
        cpu.SetSegment(SegmentName.Cs, new Segment(0, FlatCode, uint.MaxValue, 0));
        cpu.SetSegment(SegmentName.Ds, data);
        cpu.SetSegment(SegmentName.Es, data);
        cpu.SetSegment(SegmentName.Ss, data);
        cpu.SetSegment(SegmentName.Fs, data);
        cpu.SetSegment(SegmentName.Gs, data);
        cpu.SetSegment(SegmentName.Ldtr, default);
        cpu.SetSegment(SegmentName.Tr, new Segment(0, BusyTss32, 0x67, 0));
        cpu.Gdtr = default;
        cpu.Idtr = default;
        cpu.TryWriteMsr(PatMsr, ResetPat);
    }
}
