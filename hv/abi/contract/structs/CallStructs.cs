using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Xenolith.Abi.Contract;

/// <summary>A page of a list of frames that is passed in the place of a guest-physical address (docs/hypercall-tlb.md).</summary>
[XenLayoutFrom("ours: docs/hypercall-tlb.md", 4096, Name = "struct xenolith_buffer_list")]
[StructLayout(LayoutKind.Sequential)]
public struct BufferList
{
    /// <summary>Bytes of the whole buffer; of the first page alone.</summary>
    [XenField("length")] public ulong Length;
    /// <summary>Frames in this page; all, but for the last page.</summary>
    [XenField("count")] public ulong Count;
    /// <summary>The guest-physical address of the next page; 0: none.</summary>
    [XenField("next")] public ulong Next;
    [XenField("gfn")] public BufferListFrames Frames;
}

/// <summary>A call of a batch for hypercall TLBs: a vcpu_op of ours, with what it answered (docs/v2-calls.md).</summary>
[XenLayoutFrom("ours: docs/v2-calls.md", 40, Name = "struct xenolith_hctlb_call")]
[StructLayout(LayoutKind.Sequential)]
public struct HypercallTlbCall
{
    /// <summary>XENOLITH_VCPUOP_hctlb_*.</summary>
    [XenField("cmd")] public uint Command;
    [XenField("vcpuid")] public uint Vcpu;
    [XenField("a3")] public ulong A3;
    [XenField("a4")] public ulong A4;
    [XenField("a5")] public ulong A5;
    /// <summary>Out: what the vcpu_op would return.</summary>
    [XenField("result")] public long Result;
}

/// <summary>The frame numbers of a <see cref="BufferList"/>.</summary>
[InlineArray(509)]
public struct BufferListFrames
{
    private ulong _first;
}

/// <summary>How a vCPU makes its calls, in an HVM context; <see cref="HypercallTlbSaved"/> follow.</summary>
[XenLayoutFrom("ours: docs/hypercall-tlb.md", 16, Name = "struct xenolith_hctlb_state")]
[StructLayout(LayoutKind.Sequential)]
public struct HypercallTlbState
{
    /// <summary>The vCPU whose table it looks into.</summary>
    [XenField("table")] public uint Table;
    /// <summary>1: strict.</summary>
    [XenField("strict")] public uint Strict;
    /// <summary>What its kernel leaves to user mode.</summary>
    [XenField("user_calls")] public UserCalls UserCalls;
    /// <summary>Entries of its own table.</summary>
    [XenField("count")] public uint Count;
}

/// <summary>An entry of a hypercall TLB, in an HVM context.</summary>
[XenLayoutFrom("ours: docs/hypercall-tlb.md", 40, Name = "struct xenolith_hctlb_saved")]
[StructLayout(LayoutKind.Sequential)]
public struct HypercallTlbSaved
{
    /// <summary>Linear address without its low 12 bits.</summary>
    [XenField("page")] public ulong Page;
    [XenField("pages")] public ulong Pages;
    [XenField("gfn")] public ulong Gfn;
    /// <summary>Of the page tables that it holds for; all ones: all.</summary>
    [XenField("root")] public ulong Root;
    /// <summary>XENOLITH_HCTLB_*.</summary>
    [XenField("flags")] public uint Flags;
    /// <summary>Zero.</summary>
    [XenField("zero")] public uint Reserved;
}
