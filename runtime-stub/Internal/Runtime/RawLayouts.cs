using System.Runtime.InteropServices;

namespace System.Runtime.CompilerServices;

/// <summary>The memory layout of a one-dimensional array: length, then elements.</summary>
[StructLayout(LayoutKind.Sequential)]
internal sealed class RawArrayData
{
    internal uint Length;
    internal uint Padding;
    internal byte Data;
}

/// <summary>The memory layout of any object: its fields. The compiler knows the name.</summary>
[StructLayout(LayoutKind.Sequential)]
internal sealed class RawData
{
    internal byte Data;
}
