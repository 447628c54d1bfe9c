using System;

namespace Xenolith.Abi.Contract;

/// <summary>
/// Ways to make calls that are ours (docs/hypercall-tlb.md): bits of <see cref="ExposureGroup.CallFeature"/>, and of EAX in the second leaf of our CPUID block,
/// which is there while one of them is.
/// </summary>
[XenUnstated("ours: docs/hypercall-tlb.md", Name = "enum xenolith_call_feature")]
public enum CallFeature
{
    /// <summary>Tables that say where buffers lie.</summary>
    [XenUnstated("ours", Name = "XENOLITH_CALL_hctlb")] Table = 0,
    /// <summary>Numbers with <see cref="CallFlags.Physical"/>.</summary>
    [XenUnstated("ours", Name = "XENOLITH_CALL_gpa")] Physical = 1,
    /// <summary>Numbers from 64 on.</summary>
    [XenUnstated("ours", Name = "XENOLITH_CALL_v2")] HighNumbers = 2,
    /// <summary>Lists of frames in the place of guest-physical addresses.</summary>
    [XenUnstated("ours", Name = "XENOLITH_CALL_lists")] Lists = 3,
    /// <summary>The strict policy.</summary>
    [XenUnstated("ours", Name = "XENOLITH_CALL_strict")] Strict = 4,
    /// <summary>Calls from user mode that a kernel allows.</summary>
    [XenUnstated("ours", Name = "XENOLITH_CALL_user")] User = 5,
}

/// <summary>Bits of a hypercall's number.</summary>
public static class CallFlags
{
    /// <summary>All pointers of the call are guest-physical.</summary>
    [XenUnstated("ours: free in Xen, in its Viridian and its register-only calls", Name = "XENOLITH_CALL_F_GPA")] public const uint Physical = 0x2000_0000;
}

/// <summary>The low bits of the last argument of XENOLITH_VCPUOP_hctlb_insert, below the number of pages; of hctlb_purge <see cref="OfAddressSpace"/> alone.</summary>
[Flags]
[XenUnstated("ours: docs/hypercall-tlb.md", Name = "enum xenolith_hctlb")]
public enum HypercallTlbFlags : byte
{
    /// <summary>Calls only read through it.</summary>
    None = 0,
    /// <summary>Calls may write through it.</summary>
    Writable = 1,
    /// <summary>It holds only while the vCPU has the page tables that the caller had.</summary>
    OfAddressSpace = 4,
    /// <summary>It takes the place of all entries that it overlaps.</summary>
    Replace = 8,
    /// <summary>It outlives a reset of the vCPU.</summary>
    Pinned = 16,
    /// <summary>All that there are.</summary>
    All = Writable | OfAddressSpace | Replace | Pinned,
}

/// <summary>What XENOLITH_VCPUOP_hctlb_query is asked.</summary>
[XenUnstated("ours: docs/hypercall-tlb.md", Name = "enum xenolith_hctlb_query")]
public enum HypercallTlbQuery : uint
{
    /// <summary>Entries of a table.</summary>
    Capacity = 0,
    /// <summary>Entries in use.</summary>
    Used = 1,
    /// <summary>The vCPU whose table it is.</summary>
    Table = 2,
    /// <summary>1: strict.</summary>
    Policy = 3,
}

/// <summary>Our CPUID block, beside Xen's.</summary>
public static class OwnCpuid
{
    /// <summary>The leaf that carries the signature, where Xen's first leaf is 0x40000000.</summary>
    [XenUnstated("ours", Name = "XENOLITH_CPUID_FIRST_LEAF")] public const uint FirstLeaf = 0x4000_0100;
    /// <summary>"Xeno".</summary>
    [XenUnstated("ours", Name = "XENOLITH_CPUID_SIGNATURE_EBX")] public const uint SignatureEbx = 0x6F6E_6558;
    /// <summary>"lith".</summary>
    [XenUnstated("ours", Name = "XENOLITH_CPUID_SIGNATURE_ECX")] public const uint SignatureEcx = 0x6874_696C;
    /// <summary>"Call".</summary>
    [XenUnstated("ours", Name = "XENOLITH_CPUID_SIGNATURE_EDX")] public const uint SignatureEdx = 0x6C6C_6143;
    /// <summary>The highest leaf is this many above the first.</summary>
    [XenUnstated("ours", Name = "XENOLITH_CPUID_NUM_LEAVES")] public const uint LeafCount = 1;
}
