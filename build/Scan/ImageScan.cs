using System;
using System.Collections.Generic;
using System.Linq;
using Xenolith.Build.Elf;
using Xenolith.Build.Symbols;

namespace Xenolith.Build.Scan;

/// <summary>
/// The rules of what may not be in the image. Code touches those vector registers only that the exit stub switches (<c>may-use-vectors</c>
/// names the stubs that put back what they use). Interrupt handlers need no saving of these, because interrupts are enabled inside stub
/// calls only, where the calling convention has every XMM register dead; faults and NMIs strike anywhere, so their handlers may not
/// return (<c>no-return</c>).
/// </summary>
public static class ImageScan
{
    /// <summary>Applies every rule to a linked image.</summary>
    public static IReadOnlyList<Finding> Run(ElfFile image, IReadOnlyList<FunctionEntry> functions, AssemblyGraph assemblies, ScanPolicy policy) =>
        [.. Sections(image), .. Code(CodeImageReader.Read(image, functions, assemblies), policy)];

    /// <summary>No section or segment is both writable and executable.</summary>
    public static IEnumerable<Finding> Sections(ElfFile image)
    {
        foreach (ElfSection section in image.Sections.Where(section => section is { Allocated: true, Writable: true, Executable: true }))
        {
            yield return new Finding("writable and executable", section.Name, "a section may be one or the other", []);
        }

        const uint load = 1, executable = 1, writable = 2;
        foreach (ElfSegment segment in image.Segments.Where(segment => segment.Type == load && (segment.Flags & (executable | writable)) == (executable | writable)))
        {
            yield return new Finding("writable and executable", $"segment at 0x{segment.VirtualAddress:x}", "a segment may be one or the other", []);
        }
    }

    /// <summary>The rules on code.</summary>
    public static IEnumerable<Finding> Code(CodeImage image, ScanPolicy policy)
    {
        CodeFunction[] roots = [.. image.Functions.Values.Where(function => policy.Names("root", function) || policy.Names("nested-root", function))];
        var reached = new Reachability(image, roots, policy);
        return
        [
            .. StaleRoots(image, policy),
            .. ConstantAddresses(image, policy),
            .. LazyStatics(image, policy),
            .. Vectors(image, policy),
            .. NoReturn(image, policy),
            .. ExitPaths(image, reached, policy),
            .. Stack(image, policy),
        ];
    }

    // A rule whose root was renamed would check nothing.
    private static IEnumerable<Finding> StaleRoots(CodeImage image, ScanPolicy policy)
    {
        CodeFunction[] all = [.. image.Functions.Values];
        foreach (string verb in (string[])["root", "nested-root", "no-return"])
        {
            foreach (string pattern in policy.Unmatched(verb, all))
            {
                yield return new Finding("stale policy", pattern, $"\"{verb} {pattern}\" in build/Scan/roots.txt names no function of the image", []);
            }
        }
    }

    private static IEnumerable<Finding> ConstantAddresses(CodeImage image, ScanPolicy policy)
    {
        foreach (CodeFunction function in image.Functions.Values)
        {
            foreach (ConstantAccess access in function.ConstantAccesses.Where(access => !policy.AllowsAddress(access.Address)))
            {
                yield return new Finding("constant absolute address", function.Name,
                    $"0x{access.Address:x} at +0x{access.Site - function.Address:x} ({access.Text}); Unsafe.Add on a static field is miscompiled so", []);
            }
        }
    }

    private static IEnumerable<Finding> LazyStatics(CodeImage image, ScanPolicy policy)
    {
        foreach (CodeFunction function in image.Functions.Values.Where(function => !policy.Names("may-be-lazy", function)))
        {
            if (image.Called(function, policy).Any(called => policy.Names("lazy-helper", called)))
            {
                yield return new Finding("lazy static constructor", function.Name, "a static field is initialised on first use; make it a constant the compiler can freeze, or state that hangs off an object", []);
            }
        }
    }

    private static IEnumerable<Finding> Vectors(CodeImage image, ScanPolicy policy)
    {
        foreach (CodeFunction function in image.Functions.Values.Where(function => function.VectorUses.Count > 0 && !policy.Names("may-use-vectors", function)))
        {
            VectorUse use = function.VectorUses[0];
            yield return new Finding("a vector register of the guest's", function.Name,
                $"at +0x{use.Site - function.Address:x} ({use.Text}); the entry stubs switch {string.Join(" and ", VectorRule.Switched)} only: GuestRegisterLayout.HostVectors", []);
        }
    }

    private static IEnumerable<Finding> NoReturn(CodeImage image, ScanPolicy policy)
    {
        foreach (CodeFunction function in image.Functions.Values.Where(function => policy.Names("no-return", function) && image.Returns(function, policy)))
        {
            yield return new Finding("handler returns", function.Name, "it can strike between any two instructions and saves no XMM registers, so it may not return", []);
        }
    }

    private static IEnumerable<Finding> ExitPaths(CodeImage image, Reachability reached, ScanPolicy policy)
    {
        HashSet<CodeFunction> allocating = MarkedAllocations(image, policy);
        foreach (CodeFunction function in reached.Functions)
        {
            if (!allocating.Contains(function) && !policy.Names("allocator", function))
            {
                foreach (CodeFunction helper in image.Called(function, policy).Distinct().Where(called => policy.Names("allocator", called)))
                {
                    yield return new Finding("allocation on an exit path", function.Name, $"calls {helper.Name}", reached.Chain(function));
                }
            }

            foreach (IndirectCall call in function.IndirectCalls)
            {
                if (call.Kind == IndirectCallKind.InterfaceCell && !policy.Names("may-dispatch", function))
                {
                    yield return new Finding("interface dispatch on an exit path", function.Name, $"at +0x{call.Site - function.Address:x} ({call.Text})", reached.Chain(function));
                }

                if (call.Kind == IndirectCallKind.Unresolved && !policy.Names("may-call-indirect", function))
                {
                    yield return new Finding("unresolved indirect call on an exit path", function.Name, $"at +0x{call.Site - function.Address:x} ({call.Text})", reached.Chain(function));
                }
            }
        }
    }

    // A marked call may allocate, and so may whatever only it reaches.
    private static HashSet<CodeFunction> MarkedAllocations(CodeImage image, ScanPolicy policy)
    {
        CodeFunction[] marked = [.. image.Functions.Values.Where(function => policy.Names("may-allocate", function))];
        CodeFunction[] roots = [.. image.Functions.Values.Where(function => policy.Names("root", function) || policy.Names("nested-root", function))];
        var otherwise = new HashSet<CodeFunction>(roots.Where(root => !marked.Contains(root)));
        var waiting = new Queue<CodeFunction>(otherwise);
        while (waiting.TryDequeue(out CodeFunction? function))
        {
            foreach (CodeFunction next in image.Successors(function, policy))
            {
                if (!marked.Contains(next) && !policy.Names("lazy-helper", next) && otherwise.Add(next))
                {
                    waiting.Enqueue(next);
                }
            }
        }

        return [.. image.Functions.Values.Where(function => !otherwise.Contains(function))];
    }

    private static IEnumerable<Finding> Stack(CodeImage image, ScanPolicy policy)
    {
        if (policy.StackSize == 0)
        {
            yield break;
        }

        var bound = new StackBound(image, policy);
        CodeFunction[] nested = [.. image.Functions.Values.Where(function => policy.Names("nested-root", function))];
        long interrupts = nested.Length == 0 ? 0 : nested.Max(bound.Of);
        foreach (CodeFunction root in image.Functions.Values.Where(function => policy.Names("root", function)))
        {
            long bytes = bound.Of(root) + interrupts;
            if (bytes > policy.StackSize)
            {
                yield return new Finding("stack bound", root.Name, $"{bytes} bytes with an interrupt on top, of {policy.StackSize}", bound.Chain(root));
            }
        }

        foreach ((CodeFunction function, string reason) in bound.Unbounded)
        {
            yield return new Finding("no stack bound", function.Name, reason, []);
        }
    }
}
