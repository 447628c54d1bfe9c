using System.Runtime.InteropServices;

namespace Xenolith.Abi.Contract;

/// <summary>
/// A vCPU's registers as XEN_DOMCTL_getvcpucontext and setvcpucontext have them, for callers of both widths in the wide layout. What stands
/// between the fields is for paravirtual guests.
/// </summary>
[XenStruct("struct vcpu_guest_context", XenLayout.Wide)]
[StructLayout(LayoutKind.Explicit, Size = 5168)]
public struct VcpuGuestContext
{
    /// <summary>An FXSAVE image.</summary>
    [FieldOffset(0), XenField("fpu_ctxt")] public Bytes512 FloatingPoint;
    /// <summary><see cref="GuestContextFlags"/>.</summary>
    [FieldOffset(512), XenField("flags")] public ulong Flags;
    /// <summary>A general register.</summary>
    [FieldOffset(520), XenField("user_regs.r15")] public ulong R15;
    /// <summary>A general register.</summary>
    [FieldOffset(528), XenField("user_regs.r14")] public ulong R14;
    /// <summary>A general register.</summary>
    [FieldOffset(536), XenField("user_regs.r13")] public ulong R13;
    /// <summary>A general register.</summary>
    [FieldOffset(544), XenField("user_regs.r12")] public ulong R12;
    /// <summary>A general register.</summary>
    [FieldOffset(552), XenField("user_regs.rbp")] public ulong Rbp;
    /// <summary>A general register.</summary>
    [FieldOffset(560), XenField("user_regs.rbx")] public ulong Rbx;
    /// <summary>A general register.</summary>
    [FieldOffset(568), XenField("user_regs.r11")] public ulong R11;
    /// <summary>A general register.</summary>
    [FieldOffset(576), XenField("user_regs.r10")] public ulong R10;
    /// <summary>A general register.</summary>
    [FieldOffset(584), XenField("user_regs.r9")] public ulong R9;
    /// <summary>A general register.</summary>
    [FieldOffset(592), XenField("user_regs.r8")] public ulong R8;
    /// <summary>A general register.</summary>
    [FieldOffset(600), XenField("user_regs.rax")] public ulong Rax;
    /// <summary>A general register.</summary>
    [FieldOffset(608), XenField("user_regs.rcx")] public ulong Rcx;
    /// <summary>A general register.</summary>
    [FieldOffset(616), XenField("user_regs.rdx")] public ulong Rdx;
    /// <summary>A general register.</summary>
    [FieldOffset(624), XenField("user_regs.rsi")] public ulong Rsi;
    /// <summary>A general register.</summary>
    [FieldOffset(632), XenField("user_regs.rdi")] public ulong Rdi;
    /// <summary>Where it goes on.</summary>
    [FieldOffset(648), XenField("user_regs.rip")] public ulong Rip;
    /// <summary>A selector.</summary>
    [FieldOffset(656), XenField("user_regs.cs")] public ushort Cs;
    /// <summary>Flags.</summary>
    [FieldOffset(664), XenField("user_regs.rflags")] public ulong Rflags;
    /// <summary>The stack.</summary>
    [FieldOffset(672), XenField("user_regs.rsp")] public ulong Rsp;
    /// <summary>A selector.</summary>
    [FieldOffset(680), XenField("user_regs.ss")] public ushort Ss;
    /// <summary>A selector.</summary>
    [FieldOffset(688), XenField("user_regs.es")] public ushort Es;
    /// <summary>A selector.</summary>
    [FieldOffset(696), XenField("user_regs.ds")] public ushort Ds;
    /// <summary>A selector.</summary>
    [FieldOffset(704), XenField("user_regs.fs")] public ushort Fs;
    /// <summary>A selector.</summary>
    [FieldOffset(712), XenField("user_regs.gs")] public ushort Gs;
    /// <summary>A control register.</summary>
    [FieldOffset(4984), XenField("ctrlreg[0]")] public ulong Cr0;
    /// <summary>A control register.</summary>
    [FieldOffset(5000), XenField("ctrlreg[2]")] public ulong Cr2;
    /// <summary>A control register.</summary>
    [FieldOffset(5008), XenField("ctrlreg[3]")] public ulong Cr3;
    /// <summary>A control register.</summary>
    [FieldOffset(5016), XenField("ctrlreg[4]")] public ulong Cr4;
    /// <summary>A debug register.</summary>
    [FieldOffset(5048), XenField("debugreg[0]")] public ulong Dr0;
    /// <summary>A debug register.</summary>
    [FieldOffset(5056), XenField("debugreg[1]")] public ulong Dr1;
    /// <summary>A debug register.</summary>
    [FieldOffset(5064), XenField("debugreg[2]")] public ulong Dr2;
    /// <summary>A debug register.</summary>
    [FieldOffset(5072), XenField("debugreg[3]")] public ulong Dr3;
    /// <summary>A debug register.</summary>
    [FieldOffset(5096), XenField("debugreg[6]")] public ulong Dr6;
    /// <summary>A debug register.</summary>
    [FieldOffset(5104), XenField("debugreg[7]")] public ulong Dr7;
    /// <summary>VMASST_TYPE_* of the domain, a bit each.</summary>
    [FieldOffset(5136), XenField("vm_assist")] public ulong Assists;
    /// <summary>Where FS begins.</summary>
    [FieldOffset(5144), XenField("fs_base")] public ulong FsBase;
    /// <summary>Where GS begins in ring 0.</summary>
    [FieldOffset(5152), XenField("gs_base_kernel")] public ulong KernelGsBase;
    /// <summary>Where GS begins in other rings.</summary>
    [FieldOffset(5160), XenField("gs_base_user")] public ulong UserGsBase;
}
