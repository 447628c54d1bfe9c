using System.Runtime.InteropServices;
using Internal.Runtime;

namespace System.Runtime.CompilerServices;

/// <summary>What the C# compiler needs of a runtime.</summary>
public static unsafe class RuntimeHelpers
{
    /// <summary>Bytes from an object's fields to the first character of a string. Kept for old compilers' <c>fixed</c>.</summary>
    public static int OffsetToStringData => 12;

    /// <summary>Whether a type holds object references.</summary>
    [Intrinsic]
    public static bool IsReferenceOrContainsReferences<T>() where T : allows ref struct => IsReferenceOrContainsReferences<T>();

    /// <summary>Whether equality of values is equality of their bits.</summary>
    [Intrinsic]
    internal static bool IsBitwiseEquatable<T>() => IsBitwiseEquatable<T>();

    /// <summary>Whether a value is a constant to the compiler.</summary>
    [Intrinsic]
    internal static bool IsKnownConstant<T>(T value) where T : struct => false;

    /// <summary>Fills an array from the image. The compiler does it in place; this stands for its name.</summary>
    [Intrinsic]
    public static void InitializeArray(Array array, RuntimeFieldHandle handle) => ThrowHelper.ThrowNotSupported();

    /// <summary>Data of the image as a span. The compiler does it in place; this stands for its name.</summary>
    [Intrinsic]
    public static ReadOnlySpan<T> CreateSpan<T>(RuntimeFieldHandle handle) => throw new NotSupportedException("CreateSpan");

    /// <summary>A part of an array as a new array.</summary>
    public static T[] GetSubArray<T>(T[] array, Range range)
    {
        (int offset, int length) = range.GetOffsetAndLength(array.Length);
        T[] part = new T[length];
        new Span<T>(array, offset, length).CopyTo(part);
        return part;
    }

    /// <summary>Identity as a number. Objects do not move, so their address will do.</summary>
    public static int GetHashCode(object? value)
    {
        ulong address = (ulong)*(nint*)&value;
        return (int)(address >> 3) ^ (int)(address >> 35);
    }

    /// <summary>Runs a type's static constructor now. The compiler does it in place; this stands for its name.</summary>
    public static void RunClassConstructor(RuntimeTypeHandle type) { }

    /// <summary>Stacks have guard pages; a frame that does not fit faults there.</summary>
    public static void EnsureSufficientExecutionStack() { }
}
