using System.Runtime.InteropServices;

namespace Xenolith.Hal.Svm;

/// <summary>A segment register in the VMCB (AMD APM vol. 2, 15.5.1): attributes as in <see cref="Segment"/>.</summary>
[StructLayout(LayoutKind.Sequential)]
public struct VmcbSegment
{
    public ushort Selector;
    public ushort Attributes;
    public uint Limit;
    public ulong Base;
}

/// <summary>The virtual machine control block: control area, then state save area (AMD APM vol. 2, appendix B, tables B-1 and B-2).</summary>
[StructLayout(LayoutKind.Explicit, Size = 4096)]
public struct VmcbLayout
{
    /// <summary>Reads of CR0-15 that exit, a bit each.</summary>
    [FieldOffset(0x000)] public ushort InterceptCrReads;
    [FieldOffset(0x002)] public ushort InterceptCrWrites;
    [FieldOffset(0x004)] public ushort InterceptDrReads;
    [FieldOffset(0x006)] public ushort InterceptDrWrites;
    [FieldOffset(0x008)] public uint InterceptExceptions;
    [FieldOffset(0x00C)] public MiscellaneousIntercepts Intercepts1;
    [FieldOffset(0x010)] public SvmIntercepts Intercepts2;
    /// <summary>How many PAUSEs do not exit after an entry, where the CPU has the filter.</summary>
    [FieldOffset(0x03E)] public ushort PauseFilterCount;
    [FieldOffset(0x040)] public ulong IoPermissionMap;
    [FieldOffset(0x048)] public ulong MsrPermissionMap;
    [FieldOffset(0x050)] public ulong TscOffset;
    [FieldOffset(0x058)] public uint Asid;
    [FieldOffset(0x05C)] public TlbControl TlbControl;
    [FieldOffset(0x060)] public VirtualInterrupt VirtualInterrupt;
    [FieldOffset(0x068)] public ulong InterruptShadow;
    [FieldOffset(0x070)] public ulong ExitCode;
    [FieldOffset(0x078)] public ulong ExitInformation1;
    [FieldOffset(0x080)] public ulong ExitInformation2;
    [FieldOffset(0x088)] public ulong ExitInterruptInformation;
    [FieldOffset(0x090)] public ulong NestedPaging;
    [FieldOffset(0x0A8)] public ulong EventInjection;
    [FieldOffset(0x0B0)] public ulong NestedCr3;
    [FieldOffset(0x0B8)] public ulong LbrVirtualization;
    /// <summary>Which groups of fields are unchanged since the last exit; 0: load everything.</summary>
    [FieldOffset(0x0C0)] public uint CleanBits;
    [FieldOffset(0x0C8)] public ulong NextRip;

    [FieldOffset(0x400)] public VmcbSegment Es;
    [FieldOffset(0x410)] public VmcbSegment Cs;
    [FieldOffset(0x420)] public VmcbSegment Ss;
    [FieldOffset(0x430)] public VmcbSegment Ds;
    [FieldOffset(0x440)] public VmcbSegment Fs;
    [FieldOffset(0x450)] public VmcbSegment Gs;
    [FieldOffset(0x460)] public VmcbSegment Gdtr;
    [FieldOffset(0x470)] public VmcbSegment Ldtr;
    [FieldOffset(0x480)] public VmcbSegment Idtr;
    [FieldOffset(0x490)] public VmcbSegment Tr;
    [FieldOffset(0x4CB)] public byte PrivilegeLevel;
    [FieldOffset(0x4D0)] public ulong Efer;
    [FieldOffset(0x548)] public ulong Cr4;
    [FieldOffset(0x550)] public ulong Cr3;
    [FieldOffset(0x558)] public ulong Cr0;
    [FieldOffset(0x560)] public ulong Dr7;
    [FieldOffset(0x568)] public ulong Dr6;
    [FieldOffset(0x570)] public ulong Rflags;
    [FieldOffset(0x578)] public ulong Rip;
    [FieldOffset(0x5D8)] public ulong Rsp;
    [FieldOffset(0x5F8)] public ulong Rax;
    [FieldOffset(0x600)] public ulong Star;
    [FieldOffset(0x608)] public ulong LStar;
    [FieldOffset(0x610)] public ulong CStar;
    [FieldOffset(0x618)] public ulong SyscallMask;
    [FieldOffset(0x620)] public ulong KernelGsBase;
    [FieldOffset(0x628)] public ulong SysenterCs;
    [FieldOffset(0x630)] public ulong SysenterEsp;
    [FieldOffset(0x638)] public ulong SysenterEip;
    [FieldOffset(0x640)] public ulong Cr2;
    [FieldOffset(0x668)] public ulong Pat;
}
