namespace System.Diagnostics.CodeAnalysis;

/// <summary>Null may go in.</summary>
[AttributeUsage(AttributeTargets.Field | AttributeTargets.Parameter | AttributeTargets.Property, Inherited = false)]
public sealed class AllowNullAttribute : Attribute { }

/// <summary>Null may not go in.</summary>
[AttributeUsage(AttributeTargets.Field | AttributeTargets.Parameter | AttributeTargets.Property, Inherited = false)]
public sealed class DisallowNullAttribute : Attribute { }

/// <summary>Null may come out.</summary>
[AttributeUsage(AttributeTargets.Field | AttributeTargets.Parameter | AttributeTargets.Property | AttributeTargets.ReturnValue, Inherited = false)]
public sealed class MaybeNullAttribute : Attribute { }

/// <summary>Null does not come out.</summary>
[AttributeUsage(AttributeTargets.Field | AttributeTargets.Parameter | AttributeTargets.Property | AttributeTargets.ReturnValue, Inherited = false)]
public sealed class NotNullAttribute : Attribute { }

/// <summary>Never returns.</summary>
[AttributeUsage(AttributeTargets.Method, Inherited = false)]
public sealed class DoesNotReturnAttribute : Attribute { }

/// <summary>Sets all required members.</summary>
[AttributeUsage(AttributeTargets.Constructor, Inherited = false)]
public sealed class SetsRequiredMembersAttribute : Attribute { }

/// <summary>A reference that may escape.</summary>
[AttributeUsage(AttributeTargets.Method | AttributeTargets.Property | AttributeTargets.Parameter, Inherited = false)]
public sealed class UnscopedRefAttribute : Attribute { }

/// <summary>Wants a constant.</summary>
[AttributeUsage(AttributeTargets.Parameter, Inherited = false)]
public sealed class ConstantExpectedAttribute : Attribute
{
    /// <summary>The smallest constant.</summary>
    public object? Min { get; set; }
    /// <summary>The largest constant.</summary>
    public object? Max { get; set; }
}

/// <summary>Not counted by coverage.</summary>
[AttributeUsage(AttributeTargets.Assembly | AttributeTargets.Class | AttributeTargets.Struct | AttributeTargets.Constructor | AttributeTargets.Method | AttributeTargets.Property | AttributeTargets.Event, Inherited = false)]
public sealed class ExcludeFromCodeCoverageAttribute : Attribute { }

/// <summary>Null may come out when the method returns this.</summary>
[AttributeUsage(AttributeTargets.Parameter, Inherited = false)]
public sealed class MaybeNullWhenAttribute : Attribute
{
    /// <summary>Says which.</summary>
    public MaybeNullWhenAttribute(bool value) => ReturnValue = value;
    /// <summary>Which.</summary>
    public bool ReturnValue { get; }
}

/// <summary>Null does not come out when the method returns this.</summary>
[AttributeUsage(AttributeTargets.Parameter, Inherited = false)]
public sealed class NotNullWhenAttribute : Attribute
{
    /// <summary>Says which.</summary>
    public NotNullWhenAttribute(bool value) => ReturnValue = value;
    /// <summary>Which.</summary>
    public bool ReturnValue { get; }
}

/// <summary>Never returns if the argument is this.</summary>
[AttributeUsage(AttributeTargets.Parameter, Inherited = false)]
public sealed class DoesNotReturnIfAttribute : Attribute
{
    /// <summary>Says which.</summary>
    public DoesNotReturnIfAttribute(bool value) => ParameterValue = value;
    /// <summary>Which.</summary>
    public bool ParameterValue { get; }
}

/// <summary>Not null if a parameter is not.</summary>
[AttributeUsage(AttributeTargets.Parameter | AttributeTargets.Property | AttributeTargets.ReturnValue, Inherited = false, AllowMultiple = true)]
public sealed class NotNullIfNotNullAttribute : Attribute
{
    /// <summary>Names the parameter.</summary>
    public NotNullIfNotNullAttribute(string parameterName) => ParameterName = parameterName;
    /// <summary>The parameter.</summary>
    public string ParameterName { get; }
}

/// <summary>Members that are not null afterwards.</summary>
[AttributeUsage(AttributeTargets.Method | AttributeTargets.Property, Inherited = false, AllowMultiple = true)]
public sealed class MemberNotNullAttribute : Attribute
{
    /// <summary>One member.</summary>
    public MemberNotNullAttribute(string member) => Members = [member];
    /// <summary>Several members.</summary>
    public MemberNotNullAttribute(params string[] members) => Members = members;
    /// <summary>The members.</summary>
    public string[] Members { get; }
}

/// <summary>Members that are not null afterwards.</summary>
[AttributeUsage(AttributeTargets.Method | AttributeTargets.Property, Inherited = false, AllowMultiple = true)]
public sealed class MemberNotNullWhenAttribute : Attribute
{
    /// <summary>One member.</summary>
    public MemberNotNullWhenAttribute(bool returnValue, string member) => Members = [member];
    /// <summary>Several members.</summary>
    public MemberNotNullWhenAttribute(bool returnValue, params string[] members) => Members = members;
    /// <summary>The members.</summary>
    public string[] Members { get; }
}

/// <summary>A warning that is not wanted.</summary>
[AttributeUsage(AttributeTargets.All, Inherited = false, AllowMultiple = true)]
public sealed class SuppressMessageAttribute : Attribute
{
    /// <summary>Says which.</summary>
    public SuppressMessageAttribute(string category, string checkId) { Category = category; CheckId = checkId; }
    /// <summary>Of which kind.</summary>
    public string Category { get; }
    /// <summary>Which.</summary>
    public string CheckId { get; }
    /// <summary>Why.</summary>
    public string? Justification { get; set; }
}

/// <summary>The grammar of a string.</summary>
[AttributeUsage(AttributeTargets.Field | AttributeTargets.Parameter | AttributeTargets.Property, Inherited = false)]
public sealed class StringSyntaxAttribute : Attribute
{
    /// <summary>Says which.</summary>
    public StringSyntaxAttribute(string syntax) => Syntax = syntax;
    /// <summary>Which.</summary>
    public string Syntax { get; }
}

/// <summary>May change.</summary>
[AttributeUsage(AttributeTargets.All, Inherited = false)]
public sealed class ExperimentalAttribute : Attribute
{
    /// <summary>Names the diagnostic.</summary>
    public ExperimentalAttribute(string diagnosticId) => DiagnosticId = diagnosticId;
    /// <summary>The diagnostic.</summary>
    public string DiagnosticId { get; }
}
