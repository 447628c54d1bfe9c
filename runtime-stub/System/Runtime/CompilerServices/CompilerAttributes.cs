namespace System.Runtime.CompilerServices;

/// <summary>Locals start with whatever was on the stack.</summary>
[AttributeUsage(AttributeTargets.Module | AttributeTargets.Class | AttributeTargets.Struct | AttributeTargets.Interface | AttributeTargets.Constructor | AttributeTargets.Method | AttributeTargets.Property | AttributeTargets.Event, Inherited = false)]
public sealed class SkipLocalsInitAttribute : Attribute { }

/// <summary>Runs before anything else of the assembly.</summary>
[AttributeUsage(AttributeTargets.Method, Inherited = false)]
public sealed class ModuleInitializerAttribute : Attribute { }

/// <summary>Named by libraries; there is no async here.</summary>
[AttributeUsage(AttributeTargets.Class | AttributeTargets.Struct | AttributeTargets.Interface | AttributeTargets.Delegate | AttributeTargets.Enum | AttributeTargets.Method, Inherited = false)]
public sealed class AsyncMethodBuilderAttribute : Attribute
{
    /// <summary>Names the builder.</summary>
    public AsyncMethodBuilderAttribute(Type builderType) => BuilderType = builderType;
    /// <summary>The builder.</summary>
    public Type BuilderType { get; }
}

/// <summary>The method that makes a collection from a collection expression.</summary>
[AttributeUsage(AttributeTargets.Class | AttributeTargets.Struct | AttributeTargets.Interface, Inherited = false)]
public sealed class CollectionBuilderAttribute : Attribute
{
    /// <summary>Names the method.</summary>
    public CollectionBuilderAttribute(Type builderType, string methodName) { BuilderType = builderType; MethodName = methodName; }
    /// <summary>The type of the method.</summary>
    public Type BuilderType { get; }
    /// <summary>The method.</summary>
    public string MethodName { get; }
}

/// <summary>Which overload is preferred.</summary>
[AttributeUsage(AttributeTargets.Method | AttributeTargets.Constructor | AttributeTargets.Property, Inherited = false)]
public sealed class OverloadResolutionPriorityAttribute : Attribute
{
    /// <summary>Says how much.</summary>
    public OverloadResolutionPriorityAttribute(int priority) => Priority = priority;
    /// <summary>How much.</summary>
    public int Priority { get; }
}

/// <summary>A params parameter that is not an array.</summary>
[AttributeUsage(AttributeTargets.Parameter, Inherited = false)]
public sealed class ParamCollectionAttribute : Attribute { }

/// <summary>An override that returns a more derived type.</summary>
[AttributeUsage(AttributeTargets.Method, Inherited = false)]
public sealed class PreserveBaseOverridesAttribute : Attribute { }

/// <summary>A fixed buffer.</summary>
[AttributeUsage(AttributeTargets.Field, Inherited = false)]
public sealed class FixedBufferAttribute : Attribute
{
    /// <summary>Says of what and how many.</summary>
    public FixedBufferAttribute(Type elementType, int length) { ElementType = elementType; Length = length; }
    /// <summary>Of what.</summary>
    public Type ElementType { get; }
    /// <summary>How many.</summary>
    public int Length { get; }
}

/// <summary>A struct whose overflow matters: frames that hold one carry a cookie.</summary>
[AttributeUsage(AttributeTargets.Struct, Inherited = false)]
public sealed class UnsafeValueTypeAttribute : Attribute { }

/// <summary>The static constructor runs at start-up.</summary>
[AttributeUsage(AttributeTargets.Class | AttributeTargets.Struct, Inherited = false)]
public sealed class EagerStaticClassConstructionAttribute : Attribute { }

/// <summary>Names of the elements of tuples.</summary>
[AttributeUsage(AttributeTargets.Field | AttributeTargets.Parameter | AttributeTargets.Property | AttributeTargets.ReturnValue | AttributeTargets.Class | AttributeTargets.Struct | AttributeTargets.Event, Inherited = false)]
public sealed class TupleElementNamesAttribute : Attribute
{
    /// <summary>Says which.</summary>
    public TupleElementNamesAttribute(string?[] transformNames) => TransformNames = transformNames;
    /// <summary>Which.</summary>
    public string?[] TransformNames { get; }
}

/// <summary>Named by libraries; there is no decimal here.</summary>
[AttributeUsage(AttributeTargets.Field | AttributeTargets.Parameter, Inherited = false)]
public sealed class DecimalConstantAttribute : Attribute { }

/// <summary>How exceptions that are not Exceptions are met.</summary>
[AttributeUsage(AttributeTargets.Assembly, Inherited = false)]
public sealed class RuntimeCompatibilityAttribute : Attribute
{
    /// <summary>Whether they are wrapped.</summary>
    public bool WrapNonExceptionThrows { get; set; }
}

/// <summary>What a compiler may relax.</summary>
[AttributeUsage(AttributeTargets.Assembly | AttributeTargets.Module | AttributeTargets.Class | AttributeTargets.Method, Inherited = false)]
public sealed class CompilationRelaxationsAttribute : Attribute
{
    /// <summary>Says what.</summary>
    public CompilationRelaxationsAttribute(int relaxations) => CompilationRelaxations = relaxations;
    /// <summary>What.</summary>
    public int CompilationRelaxations { get; }
}

/// <summary>Another assembly that sees the internal members.</summary>
[AttributeUsage(AttributeTargets.Assembly, Inherited = false, AllowMultiple = true)]
public sealed class InternalsVisibleToAttribute : Attribute
{
    /// <summary>Names it.</summary>
    public InternalsVisibleToAttribute(string assemblyName) => AssemblyName = assemblyName;
    /// <summary>Its name.</summary>
    public string AssemblyName { get; }
}

/// <summary>The name of an indexer.</summary>
[AttributeUsage(AttributeTargets.Property, Inherited = false)]
public sealed class IndexerNameAttribute : Attribute
{
    /// <summary>Says which.</summary>
    public IndexerNameAttribute(string indexerName) { }
}

/// <summary>The class of an iterator's state.</summary>
[AttributeUsage(AttributeTargets.Method, Inherited = false)]
public sealed class IteratorStateMachineAttribute : Attribute
{
    /// <summary>Names the class.</summary>
    public IteratorStateMachineAttribute(Type stateMachineType) => StateMachineType = stateMachineType;
    /// <summary>The class.</summary>
    public Type StateMachineType { get; }
}

/// <summary>A type that lives in another assembly.</summary>
[AttributeUsage(AttributeTargets.Assembly, Inherited = false, AllowMultiple = true)]
public sealed class TypeForwardedToAttribute : Attribute
{
    /// <summary>Says which.</summary>
    public TypeForwardedToAttribute(Type destination) => Destination = destination;
    /// <summary>Which.</summary>
    public Type Destination { get; }
}

/// <summary>An assembly without code.</summary>
[AttributeUsage(AttributeTargets.Assembly, Inherited = false)]
public sealed class ReferenceAssemblyAttribute : Attribute { }

/// <summary>Arguments of unmanaged calls are passed as they are.</summary>
[AttributeUsage(AttributeTargets.Assembly, Inherited = false)]
public sealed class DisableRuntimeMarshallingAttribute : Attribute { }
