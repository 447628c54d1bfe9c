using System.Runtime.InteropServices;

namespace Xenolith.Abi.Contract;

/// <summary>XEN_DOMCTL_gethvmcontext, XEN_DOMCTL_sethvmcontext.</summary>
[XenStruct("struct xen_domctl_hvmcontext", XenLayout.Both)]
[StructLayout(LayoutKind.Sequential)]
public struct DomctlHvmContext
{
    /// <summary>Bytes of the buffer; out: bytes filled, or needed.</summary>
    [XenField("size")] public uint Size;
    /// <summary>Linear address; 0 to get: only the size is asked for.</summary>
    [XenField("buffer")] public ulong Buffer;
}

/// <summary>XEN_DOMCTL_gethvmcontext_partial.</summary>
[XenStruct("struct xen_domctl_hvmcontext_partial", XenLayout.Both)]
[StructLayout(LayoutKind.Sequential)]
public struct DomctlHvmContextPartial
{
    /// <summary>HVM_SAVE_CODE.</summary>
    [XenField("type")] public uint TypeCode;
    /// <summary>The vCPU, or 0.</summary>
    [XenField("instance")] public uint Instance;
    /// <summary>Bytes of the buffer; out: of the record.</summary>
    [XenField("bufsz")] public ulong BufferSize;
    /// <summary>Linear address; 0: only the size is asked for.</summary>
    [XenField("buffer")] public ulong Buffer;
}

/// <summary>XEN_DOMCTL_get_cpu_policy, XEN_DOMCTL_set_cpu_policy.</summary>
[XenStruct("struct xen_domctl_cpu_policy", XenLayout.Both)]
[StructLayout(LayoutKind.Sequential)]
public struct DomctlCpuPolicy
{
    /// <summary>Leaves in the list, or room for them; out: leaves written, or at most.</summary>
    [XenField("nr_leaves")] public uint LeafCount;
    /// <summary>The same for MSRs.</summary>
    [XenField("nr_msrs")] public uint MsrCount;
    /// <summary>Linear address of xen_cpuid_leaf; 0 to get: only the count is asked for.</summary>
    [XenField("leaves")] public ulong Leaves;
    /// <summary>Linear address of xen_msr_entry; 0 to get: only the count is asked for.</summary>
    [XenField("msrs")] public ulong Msrs;
    /// <summary>Out, of a set that fails: the leaf that is wrong, or all ones.</summary>
    [XenField("err_leaf")] public uint WrongLeaf;
    /// <summary>Out, of a set that fails: its subleaf, or all ones.</summary>
    [XenField("err_subleaf")] public uint WrongSubleaf;
    /// <summary>Out, of a set that fails: the register that is wrong, or all ones.</summary>
    [XenField("err_msr")] public uint WrongMsr;
}

/// <summary>XENOLITH_DOMCTL_exposure, ours: which calls a domain is shown, a word a group. The rest of the union's 128 bytes is not looked at.</summary>
[XenLayoutFrom("ours; docs/exposure.md", 128, Name = "struct xenolith_domctl_exposure")]
[StructLayout(LayoutKind.Sequential, Size = 128)]
public struct DomctlExposure
{
    /// <summary>What to do.</summary>
    [XenField("command")] public ExposureOp Command;
    /// <summary>Which group.</summary>
    [XenField("group")] public ExposureGroup Group;
    /// <summary>In or out: a bit a call.</summary>
    [XenField("bits")] public ulong Bits;
}

/// <summary>One group of the record that carries what a domain is shown, in an HVM context.</summary>
[XenLayoutFrom("ours; docs/exposure.md", 16, Name = "struct xenolith_exposure_entry")]
[StructLayout(LayoutKind.Sequential, Size = 16)]
public struct ExposureEntry
{
    /// <summary>Which group.</summary>
    [XenField("group")] public ExposureGroup Group;
    /// <summary>Zero.</summary>
    [XenField("zero")] public uint Reserved;
    /// <summary>Its bits.</summary>
    [XenField("bits")] public ulong Bits;
}
