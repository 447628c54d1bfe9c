using System.Runtime.InteropServices;

namespace Xenolith.Abi.Contract;

/// <summary>One call of a multicall.</summary>
[XenStruct("struct multicall_entry", XenLayout.Wide)]
[StructLayout(LayoutKind.Sequential)]
public struct MulticallEntry
{
    /// <summary>Hypercall number.</summary>
    [XenField("op")] public ulong Operation;
    /// <summary>Out.</summary>
    [XenField("result")] public ulong Result;
    /// <summary>Arguments.</summary>
    [XenField("args")] public ULongs6 Arguments;
}

/// <summary>One call of a multicall. As a 32-bit caller lays it out.</summary>
[XenStruct("struct multicall_entry", XenLayout.Narrow)]
[StructLayout(LayoutKind.Sequential)]
public struct MulticallEntry32
{
    /// <summary>Hypercall number.</summary>
    [XenField("op")] public uint Operation;
    /// <summary>Out.</summary>
    [XenField("result")] public uint Result;
    /// <summary>Arguments.</summary>
    [XenField("args")] public UInts6 Arguments;
}
