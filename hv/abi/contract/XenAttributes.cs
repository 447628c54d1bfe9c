using System;

namespace Xenolith.Abi.Contract;

/// <summary>In which of the two layouts of the public headers a structure is stated.</summary>
public enum XenLayout
{
    /// <summary>The same bytes for callers of both widths.</summary>
    Both,
    /// <summary>As an x86-64 compiler lays it out; a 32-bit twin exists.</summary>
    Wide,
    /// <summary>As an i386 compiler lays it out (the compat layout): 4-byte longs, pointers and alignment.</summary>
    Narrow,
}

/// <summary>
/// The C type that a structure mirrors (<c>evtchn_status</c>, <c>union grant_entry_v2</c>). A test compiles the public headers and
/// compares size and every field, so a structure without this attribute, or a field without <see cref="XenFieldAttribute"/>, fails.
/// </summary>
[AttributeUsage(AttributeTargets.Struct)]
public sealed class XenStructAttribute(string name, XenLayout layout) : Attribute
{
    public string Name { get; } = name;
    public XenLayout Layout { get; } = layout;
}

/// <summary>A structure that no public header declares; the text says where its layout comes from.</summary>
[AttributeUsage(AttributeTargets.Struct)]
public sealed class XenLayoutFromAttribute(string source, int size) : Attribute
{
    public string Source { get; } = source;
    public int Size { get; } = size;
    /// <summary>The C type, where include/xenolith.h declares it.</summary>
    public string? Name { get; init; }
}

/// <summary>The C member designator of a field, as offsetof takes it: <c>u.interdomain.dom</c>.</summary>
[AttributeUsage(AttributeTargets.Field)]
public sealed class XenFieldAttribute(string name) : Attribute
{
    public string Name { get; } = name;
}

/// <summary>The C constant expression that an enum member or a constant states again in C#.</summary>
[AttributeUsage(AttributeTargets.Field)]
public sealed class XenConstantAttribute(string expression, XenLayout layout = XenLayout.Wide) : Attribute
{
    public string Expression { get; } = expression;
    /// <summary>For which callers the number is stated, where a number depends on the width.</summary>
    public XenLayout Layout { get; } = layout;
}

/// <summary>A number that the public headers do not give; the text says where it comes from.</summary>
[AttributeUsage(AttributeTargets.Field | AttributeTargets.Enum | AttributeTargets.Class)]
public sealed class XenUnstatedAttribute(string source) : Attribute
{
    public string Source { get; } = source;
    /// <summary>The C name, where a newer header or include/xenolith.h has one.</summary>
    public string? Name { get; init; }
}
