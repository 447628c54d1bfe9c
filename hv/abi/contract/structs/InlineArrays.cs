using System.Runtime.CompilerServices;

namespace Xenolith.Abi.Contract;

/// <summary>1024 elements in place.</summary>
[InlineArray(1024)]
public struct Bytes1024
{
    private byte first;
}

/// <summary>16 elements in place.</summary>
[InlineArray(16)]
public struct Bytes16
{
    private byte first;
}

/// <summary>2 elements in place.</summary>
[InlineArray(2)]
public struct Bytes2
{
    private byte first;
}

/// <summary>2048 elements in place.</summary>
[InlineArray(2048)]
public struct Bytes2048
{
    private byte first;
}

/// <summary>28 elements in place.</summary>
[InlineArray(28)]
public struct Bytes28
{
    private byte first;
}

/// <summary>32 elements in place.</summary>
[InlineArray(32)]
public struct Bytes32
{
    private byte first;
}

/// <summary>64 elements in place.</summary>
[InlineArray(64)]
public struct Bytes64
{
    private byte first;
}

/// <summary>7 elements in place.</summary>
[InlineArray(7)]
public struct Bytes7
{
    private byte first;
}

/// <summary>16 elements in place.</summary>
[InlineArray(16)]
public struct UInts16
{
    private uint first;
}

/// <summary>32 elements in place.</summary>
[InlineArray(32)]
public struct UInts32
{
    private uint first;
}

/// <summary>5 elements in place.</summary>
[InlineArray(5)]
public struct UInts5
{
    private uint first;
}

/// <summary>6 elements in place.</summary>
[InlineArray(6)]
public struct UInts6
{
    private uint first;
}

/// <summary>4 elements in place.</summary>
[InlineArray(4)]
public struct ULongs4
{
    private ulong first;
}

/// <summary>6 elements in place.</summary>
[InlineArray(6)]
public struct ULongs6
{
    private ulong first;
}

/// <summary>64 elements in place.</summary>
[InlineArray(64)]
public struct ULongs64
{
    private ulong first;
}

/// <summary>32 elements in place.</summary>
[InlineArray(32)]
public struct VcpuInfos
{
    private VcpuInfo first;
}

/// <summary>32 elements in place.</summary>
[InlineArray(32)]
public struct VcpuInfos32
{
    private VcpuInfo32 first;
}

/// <summary>2 elements in place.</summary>
[InlineArray(2)]
public struct Words2
{
    private ushort first;
}

/// <summary>3 elements in place.</summary>
[InlineArray(3)]
public struct Words3
{
    private ushort first;
}

/// <summary>512 elements in place.</summary>
[InlineArray(512)]
public struct Bytes512
{
    private byte first;
}

/// <summary>11 elements in place.</summary>
[InlineArray(11)]
public struct ULongs11
{
    private ulong first;
}

/// <summary>16 elements in place.</summary>
[InlineArray(16)]
public struct ULongs16
{
    private ulong first;
}

/// <summary>8 elements in place.</summary>
[InlineArray(8)]
public struct UInts8
{
    private uint first;
}

/// <summary>12 elements in place.</summary>
[InlineArray(12)]
public struct Bytes12
{
    private byte first;
}

/// <summary>44 elements in place.</summary>
[InlineArray(44)]
public struct Bytes44
{
    private byte first;
}

/// <summary>340 elements in place.</summary>
[InlineArray(340)]
public struct Bytes340
{
    private byte first;
}
