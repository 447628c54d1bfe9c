using System.Runtime.CompilerServices;

namespace System;

/// <summary>Objects of a type that a type parameter names.</summary>
public static class Activator
{
    /// <summary>A new object, or a struct of zeros. The compiler supplies the body for each type.</summary>
    [Intrinsic]
    public static T CreateInstance<T>() => throw new NotSupportedException("an object of a type known only at run time");
}
