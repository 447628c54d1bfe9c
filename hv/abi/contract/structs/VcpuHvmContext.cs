using System.Runtime.InteropServices;

namespace Xenolith.Abi.Contract;

/// <summary>Registers of a vCPU that starts in 32-bit mode.</summary>
[XenStruct("struct vcpu_hvm_x86_32", XenLayout.Both)]
[StructLayout(LayoutKind.Sequential)]
public struct VcpuHvmProtectedMode
{
    /// <summary>Register.</summary>
    [XenField("eax")] public uint Eax;
    /// <summary>Register.</summary>
    [XenField("ecx")] public uint Ecx;
    /// <summary>Register.</summary>
    [XenField("edx")] public uint Edx;
    /// <summary>Register.</summary>
    [XenField("ebx")] public uint Ebx;
    /// <summary>Register.</summary>
    [XenField("esp")] public uint Esp;
    /// <summary>Register.</summary>
    [XenField("ebp")] public uint Ebp;
    /// <summary>Register.</summary>
    [XenField("esi")] public uint Esi;
    /// <summary>Register.</summary>
    [XenField("edi")] public uint Edi;
    /// <summary>Register.</summary>
    [XenField("eip")] public uint Eip;
    /// <summary>Register.</summary>
    [XenField("eflags")] public uint Eflags;
    /// <summary>Register.</summary>
    [XenField("cr0")] public uint Cr0;
    /// <summary>Register.</summary>
    [XenField("cr3")] public uint Cr3;
    /// <summary>Register.</summary>
    [XenField("cr4")] public uint Cr4;
    /// <summary>Zero.</summary>
    [XenField("pad1")] public uint Pad1;
    /// <summary>Register.</summary>
    [XenField("efer")] public ulong Efer;
    /// <summary>Base.</summary>
    [XenField("cs_base")] public uint CsBase;
    /// <summary>Base.</summary>
    [XenField("ds_base")] public uint DsBase;
    /// <summary>Base.</summary>
    [XenField("ss_base")] public uint SsBase;
    /// <summary>Base.</summary>
    [XenField("es_base")] public uint EsBase;
    /// <summary>Base.</summary>
    [XenField("tr_base")] public uint TrBase;
    /// <summary>Limit.</summary>
    [XenField("cs_limit")] public uint CsLimit;
    /// <summary>Limit.</summary>
    [XenField("ds_limit")] public uint DsLimit;
    /// <summary>Limit.</summary>
    [XenField("ss_limit")] public uint SsLimit;
    /// <summary>Limit.</summary>
    [XenField("es_limit")] public uint EsLimit;
    /// <summary>Limit.</summary>
    [XenField("tr_limit")] public uint TrLimit;
    /// <summary>Attributes.</summary>
    [XenField("cs_ar")] public ushort CsAttributes;
    /// <summary>Attributes.</summary>
    [XenField("ds_ar")] public ushort DsAttributes;
    /// <summary>Attributes.</summary>
    [XenField("ss_ar")] public ushort SsAttributes;
    /// <summary>Attributes.</summary>
    [XenField("es_ar")] public ushort EsAttributes;
    /// <summary>Attributes.</summary>
    [XenField("tr_ar")] public ushort TrAttributes;
    /// <summary>Zero.</summary>
    [XenField("pad2")] public Words3 Pad2;
}

/// <summary>Registers of a vCPU that starts in 64-bit mode.</summary>
[XenStruct("struct vcpu_hvm_x86_64", XenLayout.Both)]
[StructLayout(LayoutKind.Sequential)]
public struct VcpuHvmLongMode
{
    /// <summary>Register.</summary>
    [XenField("rax")] public ulong Rax;
    /// <summary>Register.</summary>
    [XenField("rcx")] public ulong Rcx;
    /// <summary>Register.</summary>
    [XenField("rdx")] public ulong Rdx;
    /// <summary>Register.</summary>
    [XenField("rbx")] public ulong Rbx;
    /// <summary>Register.</summary>
    [XenField("rsp")] public ulong Rsp;
    /// <summary>Register.</summary>
    [XenField("rbp")] public ulong Rbp;
    /// <summary>Register.</summary>
    [XenField("rsi")] public ulong Rsi;
    /// <summary>Register.</summary>
    [XenField("rdi")] public ulong Rdi;
    /// <summary>Register.</summary>
    [XenField("rip")] public ulong Rip;
    /// <summary>Register.</summary>
    [XenField("rflags")] public ulong Rflags;
    /// <summary>Register.</summary>
    [XenField("cr0")] public ulong Cr0;
    /// <summary>Register.</summary>
    [XenField("cr3")] public ulong Cr3;
    /// <summary>Register.</summary>
    [XenField("cr4")] public ulong Cr4;
    /// <summary>Register.</summary>
    [XenField("efer")] public ulong Efer;
}

/// <summary>VCPUOP_initialise.</summary>
[XenStruct("struct vcpu_hvm_context", XenLayout.Both)]
[StructLayout(LayoutKind.Explicit, Size = 128)]
public struct VcpuHvmContext
{
    /// <summary>0: 32-bit, 1: 64-bit.</summary>
    [FieldOffset(0), XenField("mode")] public uint Mode;
    /// <summary>Zero.</summary>
    [FieldOffset(4), XenField("pad")] public uint Pad;
    /// <summary>Mode 0.</summary>
    [FieldOffset(8), XenField("cpu_regs.x86_32")] public VcpuHvmProtectedMode ProtectedMode;
    /// <summary>Mode 1.</summary>
    [FieldOffset(8), XenField("cpu_regs.x86_64")] public VcpuHvmLongMode LongMode;
}
