using System;
using System.Runtime.InteropServices;
using Xenolith.Abi.Contract;
using Xenolith.Hal;

namespace Xenolith.Domains;

/// <summary>The CPU record of an HVM context: the registers of one vCPU, which no CPU has.</summary>
internal static class CpuRecord
{
    // The parts of an FXSAVE image that a CPU's x87 has: control words and pointers, MXCSR with its mask, ST0-7, XMM0-15 (SDM vol. 1,
    // table 10-2).
    private const int MxcsrOffset = 24, XmmOffset = 160, Xmm8Offset = XmmOffset + 8 * VectorLength, XmmEnd = XmmOffset + 16 * VectorLength, VectorLength = 16;
    private const uint MxcsrReset = 0x1F80, MxcsrDefined = 0xFFFF;
    private const uint OldLength = 1016;
    private const ushort ControlWordReset = 0x37F;
    private const ulong Dr6Defined = 0xE00F, Dr7Defined = 0xFFFF_2FFF, Dr7AlwaysOne = 0x400;

    /// <summary>Writes the registers down.</summary>
    /// <param name="tsc">The host's TSC at the moment of which the record is.</param>
    public static void Save(Vcpu vcpu, ulong tsc, out HvmHwCpu record)
    {
        VirtualCpu cpu = vcpu.Cpu;
        record = default;
        SaveFloatingPoint(cpu, record.FloatingPoint);
        record.Flags = HvmContextConstants.FloatingPointInitialised;
        ref GuestRegisters general = ref cpu.Registers;
        (record.Rax, record.Rbx, record.Rcx, record.Rdx) = (general.Rax, general.Rbx, general.Rcx, general.Rdx);
        (record.Rbp, record.Rsi, record.Rdi, record.Rsp) = (general.Rbp, general.Rsi, general.Rdi, general.Rsp);
        (record.R8, record.R9, record.R10, record.R11) = (general.R8, general.R9, general.R10, general.R11);
        (record.R12, record.R13, record.R14, record.R15) = (general.R12, general.R13, general.R14, general.R15);
        (record.Rip, record.Rflags) = (cpu.Rip, cpu.Rflags);
        (record.Cr0, record.Cr2, record.Cr3, record.Cr4) = (cpu.Cr0, cpu.Cr2, cpu.Cr3, cpu.Cr4);
        ref ProcessorState state = ref cpu.State;
        (record.Dr0, record.Dr1, record.Dr2, record.Dr3, record.Dr6) = (state.Dr0, state.Dr1, state.Dr2, state.Dr3, state.Dr6);
        record.Dr7 = cpu.Dr7;
        SaveSegments(cpu, ref record);
        cpu.TryReadMsr(MsrIndex.SysenterCs, out record.SysenterCs);
        cpu.TryReadMsr(MsrIndex.SysenterEsp, out record.SysenterEsp);
        cpu.TryReadMsr(MsrIndex.SysenterEip, out record.SysenterEip);
        cpu.TryReadMsr(MsrIndex.KernelGsBase, out record.KernelGsBase);
        cpu.TryReadMsr(MsrIndex.LongStar, out record.LongStar);
        cpu.TryReadMsr(MsrIndex.Star, out record.Star);
        cpu.TryReadMsr(MsrIndex.CompatStar, out record.CompatStar);
        cpu.TryReadMsr(MsrIndex.SyscallMask, out record.SyscallMask);
        cpu.TryReadMsr(MsrIndex.TscAux, out record.TscAux);
        record.Efer = cpu.Efer;
        record.Tsc = unchecked(tsc + cpu.TscOffset);
        (record.PendingEvent, record.ErrorCode) = Spell(cpu.WaitingEvent);
    }

    /// <summary>Takes a record in, also one as versions before 3.4 wrote it: without TSC_AUX and flags.</summary>
    public static bool TryRead(ref ContextReader reader, out HvmHwCpu record)
    {
        bool isOld = reader.Descriptor.Length == OldLength;
        if (!reader.TryTakeExtended(out record))
            return false;
        if (isOld)
        {
            (record.PendingEvent, record.ErrorCode) = ((uint)record.Tsc, (uint)(record.Tsc >> 32));
            (record.Tsc, record.TscAux) = (record.TscAux, 0);
            record.Flags = HvmContextConstants.FloatingPointInitialised;
        }
        return true;
    }

    /// <summary>
    /// Why the registers can't be a vCPU's; null: they can. Xen lets registers pass that the CPU refuses at the entry, and its toolstack is
    /// trusted with what its own WRMSR would fault for; here nothing is loaded that the host could stumble over.
    /// </summary>
    public static string? Problem(Domain domain, in HvmHwCpu record)
    {
        const uint eventReserved = 0x7FFF_F000;
        if ((record.Flags & ~HvmContextConstants.FloatingPointInitialised) != 0)
            return "unknown flags";
        if ((record.Cr0 & Cr0Bits.ExtensionType) == 0 || !domain.Policies.Controls.MayStartWith(record.Cr0, record.Cr4, record.Efer))
            return "CR0, CR4 or EFER holds what the vCPU does not have";
        if (!IsCanonical(record.LongStar) || !IsCanonical(record.CompatStar) || !IsCanonical(record.KernelGsBase)
            || !IsCanonical(record.SysenterEsp) || !IsCanonical(record.SysenterEip))
        {
            return "an address in an MSR is not canonical";
        }
        bool isPending = record.PendingEvent >> 31 != 0;
        if (isPending && ((record.PendingEvent & eventReserved) != 0 || ((record.PendingEvent >> 8) & 7) is 1 or 7))
            return "no such kind of pending event";
        return null;
    }

    /// <summary>Loads registers that have no <see cref="Problem"/>.</summary>
    /// <param name="tsc">The host's TSC at the moment of which the record is.</param>
    public static void Load(Vcpu vcpu, ulong tsc, in HvmHwCpu record)
    {
        VirtualCpu cpu = vcpu.Cpu;
        cpu.ReceiveInit();
        LoadFloatingPoint(cpu, in record);
        ref GuestRegisters general = ref cpu.Registers;
        (general.Rax, general.Rbx, general.Rcx, general.Rdx) = (record.Rax, record.Rbx, record.Rcx, record.Rdx);
        (general.Rbp, general.Rsi, general.Rdi, general.Rsp) = (record.Rbp, record.Rsi, record.Rdi, record.Rsp);
        (general.R8, general.R9, general.R10, general.R11) = (record.R8, record.R9, record.R10, record.R11);
        (general.R12, general.R13, general.R14, general.R15) = (record.R12, record.R13, record.R14, record.R15);
        (cpu.Rip, cpu.Rflags) = (record.Rip, record.Rflags);
        ref ProcessorState state = ref cpu.State;
        (state.Dr0, state.Dr1, state.Dr2, state.Dr3) = (record.Dr0, record.Dr1, record.Dr2, record.Dr3);
        // The host writes DR6 itself, and reserved bits of it fault; of DR7 the entry would.
        state.Dr6 = record.Dr6 & Dr6Defined | ProcessorState.Dr6Reset;
        cpu.Dr7 = record.Dr7 & Dr7Defined | Dr7AlwaysOne;
        cpu.TryWriteMsr(MsrIndex.SysenterCs, record.SysenterCs);
        cpu.TryWriteMsr(MsrIndex.SysenterEsp, record.SysenterEsp);
        cpu.TryWriteMsr(MsrIndex.SysenterEip, record.SysenterEip);
        cpu.TryWriteMsr(MsrIndex.KernelGsBase, record.KernelGsBase);
        cpu.TryWriteMsr(MsrIndex.LongStar, record.LongStar);
        cpu.TryWriteMsr(MsrIndex.Star, record.Star);
        cpu.TryWriteMsr(MsrIndex.CompatStar, record.CompatStar);
        cpu.TryWriteMsr(MsrIndex.SyscallMask, (uint)record.SyscallMask);
        cpu.TryWriteMsr(MsrIndex.TscAux, (uint)record.TscAux);
        LoadSegments(cpu, in record);
        // Paging last: what it means depends on the others.
        cpu.Cr4 = record.Cr4;
        cpu.Cr3 = record.Cr3;
        cpu.Cr2 = record.Cr2;
        cpu.Efer = record.Efer;
        cpu.Cr0 = record.Cr0;
        cpu.WaitingEvent = Parse(record.PendingEvent, record.ErrorCode);
        vcpu.TscOffset = unchecked(record.Tsc - tsc);
    }

    private static void SaveSegments(VirtualCpu cpu, ref HvmHwCpu record)
    {
        Save(cpu, SegmentName.Cs, out record.CsSelector, out record.CsLimit, out record.CsBase, out record.CsAttributes);
        Save(cpu, SegmentName.Ds, out record.DsSelector, out record.DsLimit, out record.DsBase, out record.DsAttributes);
        Save(cpu, SegmentName.Es, out record.EsSelector, out record.EsLimit, out record.EsBase, out record.EsAttributes);
        Save(cpu, SegmentName.Fs, out record.FsSelector, out record.FsLimit, out record.FsBase, out record.FsAttributes);
        Save(cpu, SegmentName.Gs, out record.GsSelector, out record.GsLimit, out record.GsBase, out record.GsAttributes);
        Save(cpu, SegmentName.Ss, out record.SsSelector, out record.SsLimit, out record.SsBase, out record.SsAttributes);
        Save(cpu, SegmentName.Tr, out record.TrSelector, out record.TrLimit, out record.TrBase, out record.TrAttributes);
        Save(cpu, SegmentName.Ldtr, out record.LdtrSelector, out record.LdtrLimit, out record.LdtrBase, out record.LdtrAttributes);
        (record.GdtrBase, record.GdtrLimit) = (cpu.Gdtr.Base, cpu.Gdtr.Limit);
        (record.IdtrBase, record.IdtrLimit) = (cpu.Idtr.Base, cpu.Idtr.Limit);
    }

    private static void Save(VirtualCpu cpu, SegmentName name, out uint selector, out uint limit, out ulong start, out uint attributes)
    {
        Segment segment = cpu.GetSegment(name);
        (selector, limit, start, attributes) = (segment.Selector, segment.Limit, segment.Base, segment.Attributes);
    }

    private static void LoadSegments(VirtualCpu cpu, in HvmHwCpu record)
    {
        Load(cpu, SegmentName.Cs, record.CsSelector, record.CsLimit, record.CsBase, record.CsAttributes);
        Load(cpu, SegmentName.Ds, record.DsSelector, record.DsLimit, record.DsBase, record.DsAttributes);
        Load(cpu, SegmentName.Es, record.EsSelector, record.EsLimit, record.EsBase, record.EsAttributes);
        Load(cpu, SegmentName.Fs, record.FsSelector, record.FsLimit, record.FsBase, record.FsAttributes);
        Load(cpu, SegmentName.Gs, record.GsSelector, record.GsLimit, record.GsBase, record.GsAttributes);
        Load(cpu, SegmentName.Ss, record.SsSelector, record.SsLimit, record.SsBase, record.SsAttributes);
        Load(cpu, SegmentName.Tr, record.TrSelector, record.TrLimit, record.TrBase, record.TrAttributes);
        Load(cpu, SegmentName.Ldtr, record.LdtrSelector, record.LdtrLimit, record.LdtrBase, record.LdtrAttributes);
        cpu.Gdtr = new DescriptorTable(record.GdtrBase, (ushort)record.GdtrLimit);
        cpu.Idtr = new DescriptorTable(record.IdtrBase, (ushort)record.IdtrLimit);
    }

    private static void Load(VirtualCpu cpu, SegmentName name, uint selector, uint limit, ulong start, uint attributes)
    {
        const int present = 0x80, notSystem = 0x10, accessed = 1, defined = 0xFFF;
        // A segment that is loaded has been accessed (SDM vol. 3, 27.3.1.2).
        if ((attributes & (present | notSystem)) == (present | notSystem))
            attributes |= accessed;
        cpu.SetSegment(name, new Segment((ushort)selector, (ushort)(attributes & defined), limit, start));
    }

    private static void SaveFloatingPoint(VirtualCpu cpu, Span<byte> image)
    {
        ref ProcessorState state = ref cpu.State;
        if (state.HasFloatingPoint)
            state.FloatingPoint.CopyTo(image);
        else
        {
            MemoryMarshal.Write(image, ControlWordReset);
            MemoryMarshal.Write(image.Slice(MxcsrOffset), MxcsrReset);
        }
        // In the area these two are the host's, and so is what lies behind the last register.
        Bytes(ref cpu.Registers.Xmm0).CopyTo(image.Slice(XmmOffset));
        Bytes(ref cpu.Registers.Xmm8).CopyTo(image.Slice(Xmm8Offset));
        image.Slice(XmmEnd).Clear();
    }

    private static void LoadFloatingPoint(VirtualCpu cpu, in HvmHwCpu record)
    {
        ref ProcessorState state = ref cpu.State;
        ReadOnlySpan<byte> image = record.FloatingPoint;
        bool isInitialised = (record.Flags & HvmContextConstants.FloatingPointInitialised) != 0;
        state.HasFloatingPoint = isInitialised;
        if (!isInitialised)
        {
            (cpu.Registers.Xmm0, cpu.Registers.Xmm8) = (default, default);
            return;
        }
        image.Slice(XmmOffset, VectorLength).CopyTo(Bytes(ref cpu.Registers.Xmm0));
        image.Slice(Xmm8Offset, VectorLength).CopyTo(Bytes(ref cpu.Registers.Xmm8));
        Span<byte> own = state.FloatingPoint;
        own.Clear();
        image.Slice(0, XmmEnd).CopyTo(own);
        // The host loads this word, and reserved bits of it fault.
        MemoryMarshal.Write(own.Slice(MxcsrOffset), MemoryMarshal.Read<uint>(image.Slice(MxcsrOffset)) & MxcsrDefined);
    }

    private static Span<byte> Bytes(ref VectorRegister register) => MemoryMarshal.AsBytes((Span<ulong>)register);

    private static (uint Event, uint ErrorCode) Spell(PendingEvent waiting)
    {
        if (!waiting.Valid)
            return (0, 0);
        uint word = waiting.Vector | (uint)waiting.Kind << 8 | (waiting.HasErrorCode ? 1u << 11 : 0) | 1u << 31;
        return (word, waiting.HasErrorCode ? waiting.ErrorCode : 0);
    }

    private static PendingEvent Parse(uint word, uint errorCode)
    {
        var kind = (EventKind)((word >> 8) & 7);
        // What an INT instruction causes is caused again by it.
        if (word >> 31 == 0 || kind >= EventKind.SoftwareInterrupt)
            return PendingEvent.None;
        bool hasErrorCode = (word & 1 << 11) != 0;
        return new PendingEvent(true, kind, (byte)word, hasErrorCode, hasErrorCode ? errorCode : 0, 0);
    }

    private static bool IsCanonical(ulong address) => (ulong)((long)(address << 16) >> 16) == address;
}
