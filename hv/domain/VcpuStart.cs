using Xenolith.Abi.Contract;
using Xenolith.Hal;

namespace Xenolith.Domains;

/// <summary>
/// The states that VCPUOP_initialise may start a vCPU in: what a CPU would refuse to enter (SDM vol. 3, 27.3.1) is refused here,
/// to the caller, in words.
/// </summary>
public static class VcpuStart
{
    private const ushort FlatCode64 = 0xA9B;
    private const ushort FlatData = 0xC93;
    private const ushort BusyTss = 0x8B;
    private const uint TssLimit = 0x67;
    private const ulong Dr7Reset = 0x400;

    // Bits of a segment's attributes (public/hvm/hvm_vcpu.h).
    private const int TypeMask = 0xF, Code = 8, Writable = 2, Accessed = 1, NotSystem = 0x10, Present = 0x80;
    private const int Long = 0x200, Default32 = 0x400, Unused = 0xF000;

    /// <summary>Why the 32-bit registers can't be started with; null: they can.</summary>
    public static string? Problem32(Domain domain, in VcpuHvmProtectedMode registers)
    {
        int all = registers.EsAttributes | registers.CsAttributes | registers.SsAttributes | registers.DsAttributes | registers.TrAttributes;
        if ((all & Unused) != 0)
            return "bits 12 to 15 of a segment's attributes are not zero";

        int cs = registers.CsAttributes;
        if ((cs & (Present | NotSystem | Code)) != (Present | NotSystem | Code))
            return "CS is no code segment, or not present";
        if ((cs & (Long | Default32)) == (Long | Default32))
            return "CS is of 32 and of 64 bits";
        if (PrivilegeLevel(cs) != 0 || ((registers.SsAttributes & Present) != 0 && PrivilegeLevel(registers.SsAttributes) != 0))
            return "CS or SS is not of privilege level 0";
        if (registers.Eip > registers.CsLimit)
            return "EIP is past the limit of CS";
        if (!IsData(registers.DsAttributes, false) || !IsData(registers.EsAttributes, false) || !IsData(registers.SsAttributes, true))
            return "DS, ES or SS is no data segment of its use";
        if ((registers.TrAttributes & (Present | NotSystem)) != Present || (registers.TrAttributes & TypeMask) is not (3 or 0xB))
            return "TR is no busy task segment";
        if (!HasValidLimits(in registers))
            return "a limit does not fit its granularity";
        bool longMode = (registers.Efer & EferBits.LongModeEnable) != 0;
        if (longMode && (cs & Long) != 0)
            return "64-bit code needs the 64-bit form";
        if (!AreFlags(registers.Eflags))
            return "EFLAGS has reserved bits or VM";
        return ControlProblem(domain, registers.Cr0, registers.Cr4, registers.Efer);
    }

    /// <summary>Why the 64-bit registers can't be started with; null: they can.</summary>
    public static string? Problem64(Domain domain, in VcpuHvmLongMode registers)
    {
        const ulong paging = Cr0Bits.ProtectionEnable | Cr0Bits.Paging;
        if ((registers.Cr0 & paging) != paging || (registers.Cr4 & Cr4Bits.PhysicalAddressExtension) == 0
            || (registers.Efer & EferBits.LongModeEnable) == 0)
        {
            return "long mode needs CR0.PE and PG, CR4.PAE and EFER.LME";
        }

        if (registers.Cr3 >> 52 != 0 || registers.Cr3 >> domain.Vcpus[0].Access.Features.PhysicalAddressBits != 0)
            return "CR3 lies past the guest's memory";
        if (!IsCanonical(registers.Rip))
            return "RIP is not canonical";
        if (!AreFlags(registers.Rflags))
            return "RFLAGS has reserved bits or VM";
        return ControlProblem(domain, registers.Cr0, registers.Cr4, registers.Efer);
    }

    /// <summary>Loads 32-bit registers that have no <see cref="Problem32"/>.</summary>
    public static void Load32(VirtualCpu cpu, in VcpuHvmProtectedMode registers)
    {
        Prepare(cpu);
        cpu.Registers.Rax = registers.Eax;
        cpu.Registers.Rcx = registers.Ecx;
        cpu.Registers.Rdx = registers.Edx;
        cpu.Registers.Rbx = registers.Ebx;
        cpu.Registers.Rsp = registers.Esp;
        cpu.Registers.Rbp = registers.Ebp;
        cpu.Registers.Rsi = registers.Esi;
        cpu.Registers.Rdi = registers.Edi;
        cpu.Rip = registers.Eip;
        cpu.Rflags = registers.Eflags;
        cpu.SetSegment(SegmentName.Cs, Loaded(registers.CsAttributes, registers.CsLimit, registers.CsBase));
        cpu.SetSegment(SegmentName.Ds, Loaded(registers.DsAttributes, registers.DsLimit, registers.DsBase));
        cpu.SetSegment(SegmentName.Es, Loaded(registers.EsAttributes, registers.EsLimit, registers.EsBase));
        cpu.SetSegment(SegmentName.Ss, Loaded(registers.SsAttributes, registers.SsLimit, registers.SsBase));
        cpu.SetSegment(SegmentName.Tr, new Segment(0, registers.TrAttributes, registers.TrLimit, registers.TrBase));
        LoadControls(cpu, registers.Cr0, registers.Cr3, registers.Cr4, registers.Efer);
    }

    /// <summary>Loads 64-bit registers that have no <see cref="Problem64"/>.</summary>
    public static void Load64(VirtualCpu cpu, in VcpuHvmLongMode registers)
    {
        Prepare(cpu);
        cpu.Registers.Rax = registers.Rax;
        cpu.Registers.Rcx = registers.Rcx;
        cpu.Registers.Rdx = registers.Rdx;
        cpu.Registers.Rbx = registers.Rbx;
        cpu.Registers.Rsp = registers.Rsp;
        cpu.Registers.Rbp = registers.Rbp;
        cpu.Registers.Rsi = registers.Rsi;
        cpu.Registers.Rdi = registers.Rdi;
        cpu.Rip = registers.Rip;
        cpu.Rflags = registers.Rflags;
        var data = new Segment(0, FlatData, uint.MaxValue, 0);
        cpu.SetSegment(SegmentName.Cs, new Segment(0, FlatCode64, uint.MaxValue, 0));
        cpu.SetSegment(SegmentName.Ds, data);
        cpu.SetSegment(SegmentName.Es, data);
        cpu.SetSegment(SegmentName.Ss, data);
        cpu.SetSegment(SegmentName.Tr, new Segment(0, BusyTss, TssLimit, 0));
        LoadControls(cpu, registers.Cr0, registers.Cr3, registers.Cr4, registers.Efer);
    }

    private static void Prepare(VirtualCpu cpu)
    {
        cpu.ReceiveInit();
        cpu.Registers = cpu.Registers.AfterInit;
        cpu.Cr2 = 0;
        cpu.Dr7 = Dr7Reset;
        cpu.SetSegment(SegmentName.Fs, default);
        cpu.SetSegment(SegmentName.Gs, default);
        cpu.SetSegment(SegmentName.Ldtr, default);
        cpu.Gdtr = default;
        cpu.Idtr = default;
    }

    // Paging last: what it means depends on the others.
    private static void LoadControls(VirtualCpu cpu, ulong cr0, ulong cr3, ulong cr4, ulong efer)
    {
        cpu.Cr4 = cr4;
        cpu.Cr3 = cr3;
        cpu.Efer = efer & ~EferBits.LongModeActive;
        cpu.Cr0 = cr0 | Cr0Bits.ExtensionType;
    }

    private static string? ControlProblem(Domain domain, ulong cr0, ulong cr4, ulong efer) =>
        !domain.Policies.Controls.MayStartWith(cr0, cr4, efer) ? "CR0, CR4 or EFER holds what the vCPU does not have" : null;

    // A segment that is loaded has been accessed (SDM vol. 3, 27.3.1.2).
    private static Segment Loaded(int attributes, uint limit, uint start) =>
        (attributes & Present) == 0 ? default : new Segment(0, (ushort)(attributes | Accessed), limit, start);

    private static bool IsData(int attributes, bool isStack)
    {
        if ((attributes & Present) == 0)
            return true;
        if ((attributes & NotSystem) == 0)
            return false;
        return isStack
            ? (attributes & (Code | Writable)) == Writable
            : (attributes & Code) == 0 || (attributes & Writable) != 0;
    }

    private static bool HasValidLimits(in VcpuHvmProtectedMode registers) =>
        Fits(registers.CsAttributes, registers.CsLimit) && Fits(registers.DsAttributes, registers.DsLimit)
        && Fits(registers.EsAttributes, registers.EsLimit) && Fits(registers.SsAttributes, registers.SsLimit)
        && Fits(registers.TrAttributes, registers.TrLimit);

    // With G the low 12 bits are ones, without it the high 12 are zeros.
    private static bool Fits(int attributes, uint limit)
    {
        const int granularity = 0x800;
        if ((attributes & Present) == 0)
            return true;
        return (attributes & granularity) != 0 ? (limit & 0xFFF) == 0xFFF : limit >> 20 == 0;
    }

    // All that the architecture defines (SDM vol. 1, 3.4.3) but VM; bit 1 is always one and need not be given.
    private static bool AreFlags(ulong flags) => (flags & ~0x3D_7FD7UL) == 0;

    private static int PrivilegeLevel(int attributes) => (attributes >> 5) & 3;

    private static bool IsCanonical(ulong address) => (ulong)((long)(address << 16) >> 16) == address;
}
