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

/// <summary>
/// A call or a jump out of the function. <paramref name="Run"/> counts straight pieces of code: of two calls in one run the
/// second follows the first for certain.
/// </summary>
public readonly record struct DirectCall(ulong Site, ulong Target, int Run);

/// <summary>A method that fills a slot of a method table.</summary>
/// <param name="Target">The method.</param>
/// <param name="Assembly">Mangled name of the assembly whose class introduced the slot; empty if unknown.</param>
public readonly record struct VirtualTarget(ulong Target, string Assembly);

/// <summary>A memory access at an address that is a constant in the code.</summary>
public readonly record struct ConstantAccess(ulong Site, ulong Address, string Text);

/// <summary>An instruction that uses a register of the x87, MMX or vector units in a way that an exit leaves no room for.</summary>
public readonly record struct VectorUse(ulong Site, string Text);

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
    public IReadOnlyList<DirectCall> Calls { get; init; } = [];

    /// <summary>Calls whose target is not in the instruction.</summary>
    public IReadOnlyList<IndirectCall> IndirectCalls { get; init; } = [];

    /// <summary>Accesses at constant addresses.</summary>
    public IReadOnlyList<ConstantAccess> ConstantAccesses { get; init; } = [];

    /// <summary>Instructions that use what the exit stub does not switch.</summary>
    public IReadOnlyList<VectorUse> VectorUses { get; init; } = [];

    /// <summary>Mangled name of the assembly it was compiled from; empty for a stub.</summary>
    public string Assembly { get; init; } = "";

    /// <summary>Bytes of stack at the deepest point, return address included.</summary>
    public int Frame { get; init; }

    /// <summary>Whether the frame's size is known only at run time.</summary>
    public bool DynamicFrame { get; init; }

    /// <summary>Its return instructions, the site as target.</summary>
    public IReadOnlyList<DirectCall> Returns { get; init; } = [];
}

/// <summary>The functions of an image, and what its method tables say of virtual calls.</summary>
/// <param name="Functions">By address.</param>
/// <param name="VirtualTargets">Methods in the method tables, by offset of the slot.</param>
/// <param name="Sees">Whether code of the first assembly can name classes of the second.</param>
public sealed record CodeImage(
    IReadOnlyDictionary<ulong, CodeFunction> Functions,
    IReadOnlyDictionary<int, IReadOnlyList<VirtualTarget>> VirtualTargets,
    Func<string, string, bool> Sees)
{
    /// <summary>
    /// Where control can go from a function: direct calls and every candidate of its virtual calls. Calls that lead
    /// straight into a throw are left out, the throw included: it never returns, and its cost does not matter any more.
    /// </summary>
    public IEnumerable<CodeFunction> Successors(CodeFunction function, ScanPolicy policy)
    {
        foreach (CodeFunction called in Called(function, policy))
        {
            yield return called;
        }

        foreach (IndirectCall call in function.IndirectCalls)
        {
            if (call.Kind != IndirectCallKind.Virtual || !VirtualTargets.TryGetValue(call.Displacement, out IReadOnlyList<VirtualTarget>? candidates))
            {
                continue;
            }

            foreach (VirtualTarget candidate in candidates)
            {
                if (Sees(function.Assembly, candidate.Assembly) && Functions.TryGetValue(candidate.Target, out CodeFunction? called)
                    && !policy.Names("cut", called) && !policy.NeverCalls(function, called))
                {
                    yield return called;
                }
            }
        }
    }

    /// <summary>Whether a path returns to the caller: a return behind a call that never returns is dead code.</summary>
    public bool Returns(CodeFunction function, ScanPolicy policy)
    {
        Dictionary<int, ulong> doomed = Doomed(function, policy);
        foreach (DirectCall exit in function.Returns)
        {
            if (!(doomed.TryGetValue(exit.Run, out ulong end) && end < exit.Site))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>The functions it calls directly, but for those that lead straight into a throw.</summary>
    public IEnumerable<CodeFunction> Called(CodeFunction function, ScanPolicy policy)
    {
        Dictionary<int, ulong> doomed = Doomed(function, policy);
        foreach (DirectCall call in function.Calls)
        {
            if (Functions.TryGetValue(call.Target, out CodeFunction? called) && !(doomed.TryGetValue(call.Run, out ulong end) && call.Site <= end))
            {
                yield return called;
            }
        }
    }

    // Straight pieces of code that end in a call that never returns, with the place of that call.
    private Dictionary<int, ulong> Doomed(CodeFunction function, ScanPolicy policy)
    {
        var doomed = new Dictionary<int, ulong>();
        foreach (DirectCall call in function.Calls)
        {
            if (Functions.TryGetValue(call.Target, out CodeFunction? called) && policy.Names("cut", called))
            {
                doomed[call.Run] = call.Site;
            }
        }

        return doomed;
    }
}
