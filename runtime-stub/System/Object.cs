using System.Runtime.CompilerServices;
using Internal.Runtime;

namespace System;

/// <summary>The root of all classes. In memory an object is its type's method table followed by the fields;
/// the eight bytes before it are the header, which holds the arena the object lives in (0: the image).</summary>
public unsafe class Object
{
    // The compiler knows the field by this name, and the stubs that it is the first.
    internal MethodTable* m_pEEType;

    /// <summary>An object without state.</summary>
    public Object() { }

    /// <summary>Nothing is collected, so nothing is finalised. An image with a class that overrides this does not link:
    /// RhpNewFinalizable is missing.</summary>
    ~Object() { }

    /// <summary>The object's type.</summary>
    [Intrinsic]
    public Type GetType() => RuntimeType.Of(m_pEEType);

    /// <summary>Whether both are the same object.</summary>
    public virtual bool Equals(object? obj) => this == obj;

    /// <summary>A number that equal objects share. Objects do not move, so identity is the address.</summary>
    public virtual int GetHashCode() => RuntimeHelpers.GetHashCode(this);

    /// <summary>A text for people.</summary>
    public virtual string? ToString() => "object";

    /// <summary>Whether both are the same object.</summary>
    public static bool ReferenceEquals(object? left, object? right) => left == right;

    /// <summary>Whether both are equal, nulls included.</summary>
    public static bool Equals(object? left, object? right)
        => left == right || (left is not null && right is not null && left.Equals(right));
}
