using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;

namespace System.Diagnostics;

/// <summary>Assertions. Calls are compiled only where DEBUG is defined.</summary>
public static class Debug
{
    /// <summary>Panics unless the condition holds.</summary>
    [OverloadResolutionPriority(-1)]
    [Conditional("DEBUG")]
    public static void Assert([DoesNotReturnIf(false)] bool condition)
    {
        if (!condition)
            Environment.FailFast("an assertion failed");
    }

    /// <summary>Panics with words unless the condition holds.</summary>
    [Conditional("DEBUG")]
    public static void Assert([DoesNotReturnIf(false)] bool condition, [CallerArgumentExpression(nameof(condition))] string? message = null)
    {
        if (!condition)
            Environment.FailFast(message);
    }

    /// <summary>Panics with words.</summary>
    [Conditional("DEBUG")]
    [DoesNotReturn]
    public static void Fail(string? message) => Environment.FailFast(message);
}

/// <summary>A method whose calls are compiled only where a symbol is defined.</summary>
[AttributeUsage(AttributeTargets.Class | AttributeTargets.Method, AllowMultiple = true)]
public sealed class ConditionalAttribute : Attribute
{
    /// <summary>Names the symbol.</summary>
    public ConditionalAttribute(string conditionString) => ConditionString = conditionString;
    /// <summary>The symbol.</summary>
    public string ConditionString { get; }
}

/// <summary>How a debugger should treat an assembly.</summary>
[AttributeUsage(AttributeTargets.Assembly | AttributeTargets.Module)]
public sealed class DebuggableAttribute : Attribute
{
    /// <summary>Says how.</summary>
    public DebuggableAttribute(DebuggingModes modes) => DebuggingFlags = modes;
    /// <summary>How.</summary>
    public DebuggingModes DebuggingFlags { get; }

    /// <summary>How a debugger should treat an assembly.</summary>
    [Flags]
    public enum DebuggingModes
    {
        /// <summary>As usual.</summary>
        None = 0,
        /// <summary>As usual.</summary>
        Default = 1,
        /// <summary>With the sequence points of the symbols only.</summary>
        IgnoreSymbolStoreSequencePoints = 2,
        /// <summary>Edit and continue.</summary>
        EnableEditAndContinue = 4,
        /// <summary>Not optimised.</summary>
        DisableOptimizations = 256,
    }
}

/// <summary>What a debugger shows of an object.</summary>
[AttributeUsage(AttributeTargets.Assembly | AttributeTargets.Class | AttributeTargets.Struct | AttributeTargets.Enum | AttributeTargets.Property | AttributeTargets.Field | AttributeTargets.Delegate, AllowMultiple = true)]
public sealed class DebuggerDisplayAttribute : Attribute
{
    /// <summary>Says what.</summary>
    public DebuggerDisplayAttribute(string? value) => Value = value ?? "";
    /// <summary>What.</summary>
    public string Value { get; }
    /// <summary>The name shown.</summary>
    public string? Name { get; set; }
    /// <summary>The type shown.</summary>
    public string? Type { get; set; }
}

/// <summary>When a debugger shows a member.</summary>
public enum DebuggerBrowsableState
{
    /// <summary>Never.</summary>
    Never = 0,
    /// <summary>Closed.</summary>
    Collapsed = 2,
    /// <summary>Its members in its place.</summary>
    RootHidden = 3,
}

/// <summary>When a debugger shows a member.</summary>
[AttributeUsage(AttributeTargets.Property | AttributeTargets.Field)]
public sealed class DebuggerBrowsableAttribute : Attribute
{
    /// <summary>Says when.</summary>
    public DebuggerBrowsableAttribute(DebuggerBrowsableState state) => State = state;
    /// <summary>When.</summary>
    public DebuggerBrowsableState State { get; }
}

/// <summary>Code that a debugger steps over.</summary>
[AttributeUsage(AttributeTargets.Class | AttributeTargets.Struct | AttributeTargets.Constructor | AttributeTargets.Method | AttributeTargets.Property, Inherited = false)]
public sealed class DebuggerHiddenAttribute : Attribute { }

/// <summary>Code that a debugger steps over.</summary>
[AttributeUsage(AttributeTargets.Class | AttributeTargets.Struct | AttributeTargets.Constructor | AttributeTargets.Method, Inherited = false)]
public sealed class DebuggerStepThroughAttribute : Attribute { }

/// <summary>Code that is not the user's.</summary>
[AttributeUsage(AttributeTargets.Class | AttributeTargets.Struct | AttributeTargets.Constructor | AttributeTargets.Method | AttributeTargets.Property, Inherited = false)]
public sealed class DebuggerNonUserCodeAttribute : Attribute { }

/// <summary>A frame that traces leave out.</summary>
[AttributeUsage(AttributeTargets.Class | AttributeTargets.Struct | AttributeTargets.Constructor | AttributeTargets.Method, Inherited = false)]
public sealed class StackTraceHiddenAttribute : Attribute { }
