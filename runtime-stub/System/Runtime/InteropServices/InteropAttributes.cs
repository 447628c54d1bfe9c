namespace System.Runtime.InteropServices;

/// <summary>How the fields of a type are laid out.</summary>
public enum LayoutKind
{
    /// <summary>In the order of the source, aligned.</summary>
    Sequential = 0,
    /// <summary>Each where its FieldOffset says.</summary>
    Explicit = 2,
    /// <summary>As the compiler likes.</summary>
    Auto = 3,
}

/// <summary>The encoding of texts in unmanaged calls.</summary>
public enum CharSet
{
    /// <summary>None said.</summary>
    None = 1,
    /// <summary>Bytes.</summary>
    Ansi = 2,
    /// <summary>UTF-16.</summary>
    Unicode = 3,
    /// <summary>The platform's.</summary>
    Auto = 4,
}

/// <summary>The layout of a type.</summary>
[AttributeUsage(AttributeTargets.Class | AttributeTargets.Struct, Inherited = false)]
public sealed class StructLayoutAttribute : Attribute
{
    /// <summary>Says which.</summary>
    public StructLayoutAttribute(LayoutKind layoutKind) => Value = layoutKind;
    /// <summary>Which.</summary>
    public LayoutKind Value { get; }
    /// <summary>The largest alignment of a field, in bytes.</summary>
    public int Pack;
    /// <summary>Bytes of the whole.</summary>
    public int Size;
    /// <summary>The encoding of texts.</summary>
    public CharSet CharSet;
}

/// <summary>Where a field is, in bytes from the start.</summary>
[AttributeUsage(AttributeTargets.Field, Inherited = false)]
public sealed class FieldOffsetAttribute : Attribute
{
    /// <summary>Says where.</summary>
    public FieldOffsetAttribute(int offset) => Value = offset;
    /// <summary>Where.</summary>
    public int Value { get; }
}

/// <summary>A parameter that goes in.</summary>
[AttributeUsage(AttributeTargets.Parameter, Inherited = false)]
public sealed class InAttribute : Attribute { }

/// <summary>A parameter that comes out.</summary>
[AttributeUsage(AttributeTargets.Parameter, Inherited = false)]
public sealed class OutAttribute : Attribute { }

/// <summary>An argument that may be left out.</summary>
[AttributeUsage(AttributeTargets.Parameter, Inherited = false)]
public sealed class OptionalAttribute : Attribute { }

/// <summary>What an argument left out is.</summary>
[AttributeUsage(AttributeTargets.Parameter, Inherited = false)]
public sealed class DefaultParameterValueAttribute : Attribute
{
    /// <summary>Says what.</summary>
    public DefaultParameterValueAttribute(object? value) => Value = value;
    /// <summary>What.</summary>
    public object? Value { get; }
}

/// <summary>Whether COM sees it. Kept for libraries that say so.</summary>
[AttributeUsage(AttributeTargets.All, Inherited = false)]
public sealed class ComVisibleAttribute : Attribute
{
    /// <summary>Says whether.</summary>
    public ComVisibleAttribute(bool visibility) => Value = visibility;
    /// <summary>Whether.</summary>
    public bool Value { get; }
}

/// <summary>A name for COM. Kept for libraries that say so.</summary>
[AttributeUsage(AttributeTargets.All, Inherited = false)]
public sealed class GuidAttribute : Attribute
{
    /// <summary>Says which.</summary>
    public GuidAttribute(string guid) => Value = guid;
    /// <summary>Which.</summary>
    public string Value { get; }
}

/// <summary>A method that only unmanaged code calls.</summary>
[AttributeUsage(AttributeTargets.Method, Inherited = false)]
public sealed class UnmanagedCallersOnlyAttribute : Attribute
{
    /// <summary>Calling conventions.</summary>
    public Type[]? CallConvs;
    /// <summary>The symbol.</summary>
    public string? EntryPoint;
}

/// <summary>The kind of a P/Invoke's marshalling; named by the compiler.</summary>
public enum UnmanagedType
{
    /// <summary>A byte that is 0 or 1.</summary>
    U1 = 4,
}

/// <summary>The type whose presence tells the compiler that blittable members may be passed as they are.</summary>
[AttributeUsage(AttributeTargets.Parameter | AttributeTargets.Field | AttributeTargets.ReturnValue, Inherited = false)]
public sealed class MarshalAsAttribute : Attribute
{
    /// <summary>Says how.</summary>
    public MarshalAsAttribute(UnmanagedType unmanagedType) => Value = unmanagedType;
    /// <summary>How.</summary>
    public UnmanagedType Value { get; }
}
