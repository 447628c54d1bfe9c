using System;
using System.Collections.Generic;
using System.Linq;
using Mono.Cecil;
using Mono.Cecil.Cil;

namespace Xenolith.Tests.Unit.Architecture;

/// <summary>
/// Delegates of the hypervisor are made in static constructors only: a lambda or method group elsewhere allocates and is
/// cached on first use, in whichever arena happens to be open (docs/csharp.md). Read from the compiled assemblies.
/// </summary>
internal static class DelegateRule
{
    public static IEnumerable<string> Violations(string assemblyPath)
    {
        using AssemblyDefinition assembly = AssemblyDefinition.ReadAssembly(assemblyPath);
        foreach (string violation in Violations(assembly.MainModule.GetTypes()).ToArray())
        {
            yield return violation;
        }
    }

    public static IEnumerable<string> Violations(IEnumerable<TypeDefinition> types) =>
        from type in types
        from method in type.Methods
        where method.HasBody && !(method.IsConstructor && method.IsStatic)
        where MakesDelegate(method)
        select $"{type.FullName}.{method.Name} makes a delegate; use a static readonly field, a function pointer or an interface";

    // A delegate takes the address of a method and calls the delegate's constructor with it.
    private static bool MakesDelegate(MethodDefinition method) => method.Body.Instructions.Any(instruction =>
        (instruction.OpCode == OpCodes.Ldftn || instruction.OpCode == OpCodes.Ldvirtftn)
        && instruction.Next is { } next
        && next.OpCode == OpCodes.Newobj
        && next.Operand is MethodReference { Parameters.Count: 2 });
}
