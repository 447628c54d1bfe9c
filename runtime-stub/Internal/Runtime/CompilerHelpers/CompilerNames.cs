using System;
using Internal.Runtime;

namespace Internal.Runtime.CompilerHelpers
{
    /// <summary>A name that the compiler looks for.</summary>
    internal static class StartupCodeHelpers { }

    /// <summary>Types from their tokens, called by the compiler by name.</summary>
    internal static unsafe class LdTokenHelpers
    {
        private static RuntimeTypeHandle GetRuntimeTypeHandle(nint type) => new RuntimeTypeHandle((MethodTable*)type);
        private static RuntimeFieldHandle GetRuntimeFieldHandle(nint field) => new RuntimeFieldHandle(field);
        private static RuntimeMethodHandle GetRuntimeMethodHandle(nint method) => new RuntimeMethodHandle(method);
        private static Type GetRuntimeType(nint type) => RuntimeType.Of((MethodTable*)type);
    }
}

namespace System.Runtime.InteropServices
{
    /// <summary>Objects that answer casts themselves. The compiler wants the name; there are none here.</summary>
    internal interface IDynamicInterfaceCastable
    {
        internal static nint GetDynamicInterfaceImplementation(IDynamicInterfaceCastable instance, RuntimeTypeHandle interfaceType, ushort slot) => 0;
    }
}
