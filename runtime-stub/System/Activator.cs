using System.Runtime;
using System.Runtime.CompilerServices;
using Internal.Runtime;

namespace System;

/// <summary>Objects of a type that a type parameter names.</summary>
public static unsafe class Activator
{
    /// <summary>A new object, made by its constructor without parameters. The compiler supplies the body for structs
    /// and for classes it knows; this one is for code that several classes share.</summary>
    [Intrinsic]
    public static T CreateInstance<T>()
    {
        object value = Allocation.NewObject(MethodTable.Of<T>());
        ((delegate*<object, void>)DefaultConstructorOf<T>())(value);
        return Unsafe.As<object, T>(ref value);
    }

    [Intrinsic]
    private static extern nint DefaultConstructorOf<T>();
}
