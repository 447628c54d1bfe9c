namespace System.Runtime.CompilerServices;

/// <summary>What a compiler should do with a method.</summary>
[Flags]
public enum MethodImplOptions
{
    /// <summary>Its body is elsewhere.</summary>
    Unmanaged = 4,
    /// <summary>Not inlined.</summary>
    NoInlining = 8,
    /// <summary>A forward reference.</summary>
    ForwardRef = 16,
    /// <summary>One thread at a time. There is no monitor here; a class that says so does not link.</summary>
    Synchronized = 32,
    /// <summary>Not optimised.</summary>
    NoOptimization = 64,
    /// <summary>Keeps its signature.</summary>
    PreserveSig = 128,
    /// <summary>Inlined even where that seems too much.</summary>
    AggressiveInlining = 256,
    /// <summary>Optimised even where that seems too much.</summary>
    AggressiveOptimization = 512,
    /// <summary>Its body is in the runtime: here, a stub.</summary>
    InternalCall = 4096,
}

/// <summary>What a compiler should do with a method.</summary>
[AttributeUsage(AttributeTargets.Method | AttributeTargets.Constructor, Inherited = false)]
public sealed class MethodImplAttribute : Attribute
{
    /// <summary>Says what.</summary>
    public MethodImplAttribute(MethodImplOptions methodImplOptions) => Value = methodImplOptions;
    /// <summary>What.</summary>
    public MethodImplOptions Value { get; }
}

/// <summary>The mark of a volatile field.</summary>
public static class IsVolatile { }

/// <summary>The mark of an init-only setter.</summary>
public static class IsExternalInit { }

/// <summary>The calling convention of C.</summary>
public class CallConvCdecl { }
/// <summary>The calling convention of Windows.</summary>
public class CallConvStdcall { }
/// <summary>The calling convention of methods of C++.</summary>
public class CallConvThiscall { }
/// <summary>A calling convention in registers.</summary>
public class CallConvFastcall { }
/// <summary>A call without a transition.</summary>
public class CallConvSuppressGCTransition { }

/// <summary>What this library lets the C# compiler use.</summary>
public static class RuntimeFeature
{
    /// <summary>Fields that are references.</summary>
    public const string ByRefFields = nameof(ByRefFields);
    /// <summary>Ref structs as type arguments.</summary>
    public const string ByRefLikeGenerics = nameof(ByRefLikeGenerics);
    /// <summary>Overrides that return a more derived type.</summary>
    public const string CovariantReturnsOfClasses = nameof(CovariantReturnsOfClasses);
    /// <summary>Bodies in interfaces.</summary>
    public const string DefaultImplementationsOfInterfaces = nameof(DefaultImplementationsOfInterfaces);
    /// <summary>IntPtr and nint are one type.</summary>
    public const string NumericIntPtr = nameof(NumericIntPtr);
    /// <summary>Calling conventions of function pointers.</summary>
    public const string UnmanagedSignatureCallingConvention = nameof(UnmanagedSignatureCallingConvention);
    /// <summary>Static abstract members.</summary>
    public const string VirtualStaticsInInterfaces = nameof(VirtualStaticsInInterfaces);
}

/// <summary>A tuple seen through an interface.</summary>
public interface ITuple
{
    /// <summary>How many elements.</summary>
    int Length { get; }
    /// <summary>An element.</summary>
    object? this[int index] { get; }
}
