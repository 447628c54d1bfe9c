using System;

namespace Xenolith.Hal.Svm;

/// <summary>Intercepts of the VMCB's word 00Ch (AMD APM vol. 2, table B-1).</summary>
[Flags]
public enum MiscellaneousIntercepts : uint
{
    None = 0,
    Interrupt = 1u << 0,
    Nmi = 1u << 1,
    Smi = 1u << 2,
    Init = 1u << 3,
    VirtualInterrupt = 1u << 4,
    Cr0SelectiveWrite = 1u << 5,
    IdtrRead = 1u << 6,
    GdtrRead = 1u << 7,
    LdtrRead = 1u << 8,
    TrRead = 1u << 9,
    IdtrWrite = 1u << 10,
    GdtrWrite = 1u << 11,
    LdtrWrite = 1u << 12,
    TrWrite = 1u << 13,
    Rdtsc = 1u << 14,
    Rdpmc = 1u << 15,
    Pushf = 1u << 16,
    Popf = 1u << 17,
    Cpuid = 1u << 18,
    Rsm = 1u << 19,
    Iret = 1u << 20,
    SoftwareInterrupt = 1u << 21,
    Invd = 1u << 22,
    Pause = 1u << 23,
    Hlt = 1u << 24,
    Invlpg = 1u << 25,
    Invlpga = 1u << 26,
    PortIo = 1u << 27,
    Msr = 1u << 28,
    TaskSwitch = 1u << 29,
    Shutdown = 1u << 31,
}

/// <summary>Intercepts of the VMCB's word 010h (AMD APM vol. 2, table B-1).</summary>
[Flags]
public enum SvmIntercepts : uint
{
    Vmrun = 1u << 0,
    Vmmcall = 1u << 1,
    Vmload = 1u << 2,
    Vmsave = 1u << 3,
    Stgi = 1u << 4,
    Clgi = 1u << 5,
    Skinit = 1u << 6,
    Rdtscp = 1u << 7,
    Icebp = 1u << 8,
    Wbinvd = 1u << 9,
    Monitor = 1u << 10,
    Mwait = 1u << 11,
    MwaitArmed = 1u << 12,
    Xsetbv = 1u << 13,
    Rdpru = 1u << 14,
}

/// <summary>TLB_CONTROL (AMD APM vol. 2, 15.16.2).</summary>
public enum TlbControl : byte
{
    None = 0,
    FlushAll = 1,
    FlushAsid = 3,
    FlushAsidNonGlobal = 7,
}

/// <summary>The VMCB's quadword 060h (AMD APM vol. 2, 15.21). Bits 0-7 are V_TPR, 16-19 the priority, 32-39 the vector.</summary>
[Flags]
public enum VirtualInterrupt : ulong
{
    Pending = 1UL << 8,
    PriorityMask = 15UL << 16,
    IgnoreTpr = 1UL << 20,
    /// <summary>RFLAGS.IF of the guest masks virtual interrupts only; those of the machine follow the host's IF.</summary>
    Masking = 1UL << 24,
}
