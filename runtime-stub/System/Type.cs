using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Threading;
using Internal.Runtime;
using Xenolith.Runtime;

namespace System;

/// <summary>A type as an object: only its identity is known. There is one object a type; where the compiler
/// knows the type it is in the image.</summary>
public abstract class Type
{
    /// <summary>Whether values of the type are structs or enums. The compiler answers it for types it knows.</summary>
    public bool IsValueType
    {
        [Intrinsic]
        get => IsValueTypeCore;
    }

    /// <summary>Whether the type is an enum. The compiler answers it for types it knows.</summary>
    public bool IsEnum
    {
        [Intrinsic]
        get => IsEnumCore;
    }

    internal abstract bool IsValueTypeCore { get; }
    internal abstract bool IsEnumCore { get; }

    /// <summary>The type of a handle.</summary>
    [Intrinsic]
    public static Type GetTypeFromHandle(RuntimeTypeHandle handle) => handle.Type;

    /// <summary>Whether both are the same type.</summary>
    [Intrinsic]
    public static bool operator ==(Type? left, Type? right) => (object?)left == right;
    /// <summary>Whether both are different types.</summary>
    [Intrinsic]
    public static bool operator !=(Type? left, Type? right) => (object?)left != right;
    /// <inheritdoc/>
    public override bool Equals(object? obj) => this == (object?)obj;
    /// <inheritdoc/>
    public override int GetHashCode() => RuntimeHelpers.GetHashCode(this);
    /// <summary>Names are in the debug information only.</summary>
    public override string ToString() => "Type";
}

/// <summary>A type as an object. The compiler writes these.</summary>
internal sealed unsafe class RuntimeType : Type
{
    private readonly MethodTable* _underlyingMethodTable;

    private RuntimeType(MethodTable* underlyingMethodTable) => _underlyingMethodTable = underlyingMethodTable;

    /// <summary>The object of a type that is known only at run time: the one that the type remembers, or a new one.</summary>
    internal static Type Of(MethodTable* type)
    {
        ref object? known = ref *(object?*)type->WritableData;
        if (Volatile.Read(ref known) is null)
        {
            using (Arena.OpenImmortal())
                Interlocked.CompareExchange(ref known, new RuntimeType(type), null);
        }
        return Unsafe.As<Type>(known);
    }

    internal override bool IsValueTypeCore => _underlyingMethodTable->IsValueType;
    internal override bool IsEnumCore => _underlyingMethodTable->IsPrimitiveOrEnum && _underlyingMethodTable->Base == MethodTable.Of<Enum>();
}

/// <summary>A type by its method table.</summary>
[StructLayout(LayoutKind.Sequential)]
public readonly unsafe struct RuntimeTypeHandle
{
    private readonly MethodTable* _value;

    internal RuntimeTypeHandle(MethodTable* value) => _value = value;
    internal Type Type => RuntimeType.Of(_value);
}
