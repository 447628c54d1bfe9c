namespace System.Runtime.CompilerServices;

/// <summary>Something the compilers know.</summary>
[AttributeUsage(AttributeTargets.Class | AttributeTargets.Struct | AttributeTargets.Interface | AttributeTargets.Method | AttributeTargets.Constructor | AttributeTargets.Field, Inherited = false)]
public sealed class IntrinsicAttribute : Attribute { }

/// <summary>Written by the compiler.</summary>
[AttributeUsage(AttributeTargets.All, Inherited = true)]
public sealed class CompilerGeneratedAttribute : Attribute { }

/// <summary>Has extension methods.</summary>
[AttributeUsage(AttributeTargets.Assembly | AttributeTargets.Class | AttributeTargets.Method, Inherited = false)]
public sealed class ExtensionAttribute : Attribute { }

/// <summary>The marker of an extension member.</summary>
[AttributeUsage(AttributeTargets.All, Inherited = false)]
public sealed class ExtensionMarkerAttribute : Attribute
{
    /// <summary>Names the marker.</summary>
    public ExtensionMarkerAttribute(string name) => Name = name;
    /// <summary>The marker.</summary>
    public string Name { get; }
}

/// <summary>Read-only.</summary>
[AttributeUsage(AttributeTargets.All, Inherited = false)]
public sealed class IsReadOnlyAttribute : Attribute { }

/// <summary>A struct that only lives on the stack.</summary>
[AttributeUsage(AttributeTargets.Struct, Inherited = false)]
public sealed class IsByRefLikeAttribute : Attribute { }

/// <summary>Holds no object references.</summary>
[AttributeUsage(AttributeTargets.All, Inherited = false)]
public sealed class IsUnmanagedAttribute : Attribute { }

/// <summary>A parameter by read-only reference.</summary>
[AttributeUsage(AttributeTargets.Parameter, Inherited = false)]
public sealed class RequiresLocationAttribute : Attribute { }

/// <summary>A reference that does not escape.</summary>
[AttributeUsage(AttributeTargets.Parameter, Inherited = false)]
public sealed class ScopedRefAttribute : Attribute { }

/// <summary>The version of the rules for references.</summary>
[AttributeUsage(AttributeTargets.Module, Inherited = false)]
public sealed class RefSafetyRulesAttribute : Attribute
{
    /// <summary>Says which.</summary>
    public RefSafetyRulesAttribute(int version) => Version = version;
    /// <summary>Which.</summary>
    public int Version { get; }
}

/// <summary>Which references may be null.</summary>
[AttributeUsage(AttributeTargets.Class | AttributeTargets.Property | AttributeTargets.Field | AttributeTargets.Event | AttributeTargets.Parameter | AttributeTargets.ReturnValue | AttributeTargets.GenericParameter, Inherited = false)]
public sealed class NullableAttribute : Attribute
{
    /// <summary>The flags.</summary>
    public readonly byte[] NullableFlags;
    /// <summary>One flag for all.</summary>
    public NullableAttribute(byte value) => NullableFlags = [value];
    /// <summary>A flag for each.</summary>
    public NullableAttribute(byte[] value) => NullableFlags = value;
}

/// <summary>The flag for what has none.</summary>
[AttributeUsage(AttributeTargets.Class | AttributeTargets.Struct | AttributeTargets.Method | AttributeTargets.Interface | AttributeTargets.Delegate, Inherited = false)]
public sealed class NullableContextAttribute : Attribute
{
    /// <summary>The flag.</summary>
    public readonly byte Flag;
    /// <summary>Says which.</summary>
    public NullableContextAttribute(byte value) => Flag = value;
}

/// <summary>Whether only public members are annotated.</summary>
[AttributeUsage(AttributeTargets.Module, Inherited = false)]
public sealed class NullablePublicOnlyAttribute : Attribute
{
    /// <summary>Whether.</summary>
    public readonly bool IncludesInternals;
    /// <summary>Says whether.</summary>
    public NullablePublicOnlyAttribute(bool value) => IncludesInternals = value;
}

/// <summary>Which integers are native ones.</summary>
[AttributeUsage(AttributeTargets.Class | AttributeTargets.Property | AttributeTargets.Field | AttributeTargets.Event | AttributeTargets.Parameter | AttributeTargets.ReturnValue | AttributeTargets.GenericParameter, Inherited = false)]
public sealed class NativeIntegerAttribute : Attribute
{
    /// <summary>The flags.</summary>
    public readonly bool[] TransformFlags;
    /// <summary>One.</summary>
    public NativeIntegerAttribute() => TransformFlags = [true];
    /// <summary>A flag for each.</summary>
    public NativeIntegerAttribute(bool[] flags) => TransformFlags = flags;
}

/// <summary>Must be set by whoever constructs.</summary>
[AttributeUsage(AttributeTargets.Class | AttributeTargets.Struct | AttributeTargets.Field | AttributeTargets.Property, Inherited = false)]
public sealed class RequiredMemberAttribute : Attribute { }

/// <summary>Needs a compiler that knows a feature.</summary>
[AttributeUsage(AttributeTargets.All, Inherited = false, AllowMultiple = true)]
public sealed class CompilerFeatureRequiredAttribute : Attribute
{
    /// <summary>The name of the feature of ref structs.</summary>
    public const string RefStructs = "RefStructs";
    /// <summary>The name of the feature of required members.</summary>
    public const string RequiredMembers = "RequiredMembers";
    /// <summary>Names the feature.</summary>
    public CompilerFeatureRequiredAttribute(string featureName) => FeatureName = featureName;
    /// <summary>The feature.</summary>
    public string FeatureName { get; }
    /// <summary>Whether a compiler may do without.</summary>
    public bool IsOptional { get; init; }
}

/// <summary>Takes interpolated strings piece by piece.</summary>
[AttributeUsage(AttributeTargets.Class | AttributeTargets.Struct, Inherited = false)]
public sealed class InterpolatedStringHandlerAttribute : Attribute { }

/// <summary>The arguments that a handler is made with.</summary>
[AttributeUsage(AttributeTargets.Parameter, Inherited = false)]
public sealed class InterpolatedStringHandlerArgumentAttribute : Attribute
{
    /// <summary>One argument.</summary>
    public InterpolatedStringHandlerArgumentAttribute(string argument) => Arguments = [argument];
    /// <summary>Several arguments.</summary>
    public InterpolatedStringHandlerArgumentAttribute(params string[] arguments) => Arguments = arguments;
    /// <summary>The arguments.</summary>
    public string[] Arguments { get; }
}

/// <summary>A struct of one field that is repeated.</summary>
[AttributeUsage(AttributeTargets.Struct, Inherited = false)]
public sealed class InlineArrayAttribute : Attribute
{
    /// <summary>Says how often.</summary>
    public InlineArrayAttribute(int length) => Length = length;
    /// <summary>How often.</summary>
    public int Length { get; }
}

/// <summary>Filled with the source of another argument.</summary>
[AttributeUsage(AttributeTargets.Parameter, Inherited = false)]
public sealed class CallerArgumentExpressionAttribute : Attribute
{
    /// <summary>Names the other.</summary>
    public CallerArgumentExpressionAttribute(string parameterName) => ParameterName = parameterName;
    /// <summary>The other.</summary>
    public string ParameterName { get; }
}

/// <summary>Filled with the caller's file.</summary>
[AttributeUsage(AttributeTargets.Parameter, Inherited = false)]
public sealed class CallerFilePathAttribute : Attribute { }

/// <summary>Filled with the caller's line.</summary>
[AttributeUsage(AttributeTargets.Parameter, Inherited = false)]
public sealed class CallerLineNumberAttribute : Attribute { }

/// <summary>Filled with the caller's name.</summary>
[AttributeUsage(AttributeTargets.Parameter, Inherited = false)]
public sealed class CallerMemberNameAttribute : Attribute { }
