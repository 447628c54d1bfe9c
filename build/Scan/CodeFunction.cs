using System;
using System.Collections.Generic;

namespace Xenolith.Build.Scan;

/// <summary>How an indirect call finds its target.</summary>
public enum IndirectCallKind
{
    /// <summary>Through a slot of the receiver's method table.</summary>
    Virtual,

    /// <summary>Through an interface dispatch cell, which looks the method up at run time.</summary>
    InterfaceCell,

    /// <summary>Through a delegate or a function pointer.</summary>
    Unresolved,
}

/// <summary>An indirect call; <paramref name="Displacement"/> is the slot's offset into the method table for a virtual one.</summary>
public readonly record struct IndirectCall(ulong Site, IndirectCallKind Kind, int Displacement, string Text);

/// <summary>A memory access at an address that is a constant in the code.</summary>
public readonly record struct ConstantAccess(ulong Site, ulong Address, string Text);

/// <summary>A function of the image as the rules see it.</summary>
public sealed class CodeFunction(string name, IReadOnlyList<string> symbols, ulong address, ulong size)
{
    /// <summary>Its C# name, or the symbol of a stub.</summary>
    public string Name { get; } = name;

    /// <summary>Every symbol at its address.</summary>
    public IReadOnlyList<string> Symbols { get; } = symbols;

    /// <summary>Its first byte.</summary>
    public ulong Address { get; } = address;

    /// <summary>Bytes.</summary>
    public ulong Size { get; } = size;

    /// <summary>Targets of direct calls and of jumps that leave the function.</summary>
    public IReadOnlyList<ulong> Calls { get; init; } = [];

    /// <summary>Calls whose target is not in the instruction.</summary>
    public IReadOnlyList<IndirectCall> IndirectCalls { get; init; } = [];

    /// <summary>Accesses at constant addresses.</summary>
    public IReadOnlyList<ConstantAccess> ConstantAccesses { get; init; } = [];

    /// <summary>Bytes of stack at the deepest point, return address included.</summary>
    public int Frame { get; init; }

    /// <summary>Whether the frame's size is known only at run time.</summary>
    public bool DynamicFrame { get; init; }

    /// <summary>Whether any path returns to the caller.</summary>
    public bool Returns { get; init; }
}

/// <summary>The functions of an image, and what its method tables say of virtual calls.</summary>
/// <param name="Functions">By address.</param>
/// <param name="VirtualTargets">Functions in the method tables, by offset of the slot.</param>
public sealed record CodeImage(IReadOnlyDictionary<ulong, CodeFunction> Functions, IReadOnlyDictionary<int, IReadOnlyList<ulong>> VirtualTargets)
{
    /// <summary>Where control can go from a function: direct calls and every candidate of its virtual calls.</summary>
    public IEnumerable<CodeFunction> Successors(CodeFunction function)
    {
        foreach (ulong target in function.Calls)
        {
            if (Functions.TryGetValue(target, out CodeFunction? called))
            {
                yield return called;
            }
        }

        foreach (IndirectCall call in function.IndirectCalls)
        {
            if (call.Kind == IndirectCallKind.Virtual && VirtualTargets.TryGetValue(call.Displacement, out IReadOnlyList<ulong>? candidates))
            {
                foreach (ulong candidate in candidates)
                {
                    if (Functions.TryGetValue(candidate, out CodeFunction? called))
                    {
                        yield return called;
                    }
                }
            }
        }
    }
}
