using Xenolith.Abi.Contract;
using Xenolith.Hal;
using Xenolith.Kernel;

namespace Xenolith.Domains;

/// <summary>The registers that every event tells, of a vCPU that the calling CPU has.</summary>
public static class MonitorRegisters
{
    private const int AttributeShift = 20, LimitInPages = 0x800, Attributes = 0xFFF;
    private const ulong NoTrace = ulong.MaxValue;

    public static void Read(VirtualCpu cpu, out VmEventRegisters registers)
    {
        registers = default;
        ref GuestRegisters general = ref cpu.Registers;
        (registers.Rax, registers.Rbx, registers.Rcx, registers.Rdx) = (general.Rax, general.Rbx, general.Rcx, general.Rdx);
        (registers.Rbp, registers.Rsi, registers.Rdi, registers.Rsp) = (general.Rbp, general.Rsi, general.Rdi, general.Rsp);
        (registers.R8, registers.R9, registers.R10, registers.R11) = (general.R8, general.R9, general.R10, general.R11);
        (registers.R12, registers.R13, registers.R14, registers.R15) = (general.R12, general.R13, general.R14, general.R15);
        (registers.Rip, registers.Rflags) = (cpu.Rip, cpu.Rflags);
        (registers.Dr6, registers.Dr7) = (cpu.CurrentDr6, cpu.Dr7);
        (registers.Cr0, registers.Cr2, registers.Cr3, registers.Cr4) = (cpu.Cr0, cpu.Cr2, cpu.Cr3, cpu.Cr4);
        cpu.TryReadMsr(MsrIndex.SysenterCs, out registers.SysenterCs);
        cpu.TryReadMsr(MsrIndex.SysenterEsp, out registers.SysenterEsp);
        cpu.TryReadMsr(MsrIndex.SysenterEip, out registers.SysenterEip);
        registers.Efer = cpu.Efer;
        cpu.TryReadMsr(MsrIndex.Star, out registers.Star);
        cpu.TryReadMsr(MsrIndex.LongStar, out registers.LongStar);
        cpu.TryReadMsr(MsrIndex.KernelGsBase, out registers.ShadowGs);
        registers.TracePosition = NoTrace;
        (registers.GdtrBase, registers.GdtrLimit) = (cpu.Gdtr.Base, cpu.Gdtr.Limit);
        registers.CsBase = Low(Read(cpu, SegmentName.Cs, out registers.CsSelector, out registers.CsSegment));
        registers.SsBase = Low(Read(cpu, SegmentName.Ss, out registers.SsSelector, out registers.SsSegment));
        registers.DsBase = Low(Read(cpu, SegmentName.Ds, out registers.DsSelector, out registers.DsSegment));
        registers.EsBase = Low(Read(cpu, SegmentName.Es, out registers.EsSelector, out registers.EsSegment));
        registers.FsBase = Read(cpu, SegmentName.Fs, out registers.FsSelector, out registers.FsSegment);
        registers.GsBase = Read(cpu, SegmentName.Gs, out registers.GsSelector, out registers.GsSegment);
    }

    /// <summary>Loads what an answer may change: the general registers, RIP and RFLAGS.</summary>
    public static void Load(VirtualCpu cpu, in VmEventRegisters registers)
    {
        ref GuestRegisters general = ref cpu.Registers;
        (general.Rax, general.Rbx, general.Rcx, general.Rdx) = (registers.Rax, registers.Rbx, registers.Rcx, registers.Rdx);
        (general.Rbp, general.Rsi, general.Rdi, general.Rsp) = (registers.Rbp, registers.Rsi, registers.Rdi, registers.Rsp);
        (general.R8, general.R9, general.R10, general.R11) = (registers.R8, registers.R9, registers.R10, registers.R11);
        (general.R12, general.R13, general.R14, general.R15) = (registers.R12, registers.R13, registers.R14, registers.R15);
        cpu.Rip = registers.Rip;
        cpu.Rflags = registers.Rflags & DefinedFlags | AlwaysOne;
    }

    // What a CPU refuses to be entered with: reserved bits, and virtual-8086 mode that is not there (Intel SDM vol. 3, 27.3.1.4).
    private const ulong DefinedFlags = 0x25_7FD5, AlwaysOne = 2;

    private static uint Low(ulong value) => unchecked((uint)value);

    private static ulong Read(VirtualCpu cpu, SegmentName name, out ushort selector, out uint packed)
    {
        Segment segment = cpu.GetSegment(name);
        selector = segment.Selector;
        uint limit = (segment.Attributes & LimitInPages) != 0 ? segment.Limit >> Page.Shift : segment.Limit;
        packed = limit & 0xF_FFFF | (uint)(segment.Attributes & Attributes) << AttributeShift;
        return segment.Base;
    }
}
