using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;

namespace System;

/// <summary>Says: an argument that is null.</summary>
public class ArgumentNullException : ArgumentException
{
    /// <summary>Without words.</summary>
    public ArgumentNullException() : base("an argument that is null") { }
    /// <summary>With the argument's name.</summary>
    public ArgumentNullException(string? paramName) : base("an argument that is null", paramName) { }
    /// <summary>With the argument's name and words.</summary>
    public ArgumentNullException(string? paramName, string? message) : base(message, paramName) { }

    /// <summary>Throws for null.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void ThrowIfNull([NotNull] object? argument, [CallerArgumentExpression(nameof(argument))] string? paramName = null)
    {
        if (argument is null)
            ThrowHelper.ThrowArgumentNull();
    }
}

/// <summary>Says: an argument outside its range.</summary>
public class ArgumentOutOfRangeException : ArgumentException
{
    /// <summary>Without words.</summary>
    public ArgumentOutOfRangeException() : base("an argument outside its range") { }
    /// <summary>With the argument's name.</summary>
    public ArgumentOutOfRangeException(string? paramName) : base("an argument outside its range", paramName) { }
    /// <summary>With the argument's name and words.</summary>
    public ArgumentOutOfRangeException(string? paramName, string? message) : base(message, paramName) { }
    /// <summary>With the argument's name, its value and words.</summary>
    public ArgumentOutOfRangeException(string? paramName, object? actualValue, string? message) : base(message, paramName) => ActualValue = actualValue;
    /// <summary>The argument's value.</summary>
    public virtual object? ActualValue { get; }

    /// <summary>Throws for a value below zero.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void ThrowIfNegative(int value, string? paramName = null)
    {
        if (value < 0)
            ThrowHelper.ThrowArgumentOutOfRange();
    }
    /// <summary>Throws for a value below zero.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void ThrowIfNegative(long value, string? paramName = null)
    {
        if (value < 0)
            ThrowHelper.ThrowArgumentOutOfRange();
    }
    /// <summary>Throws for a value that is not above zero.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void ThrowIfNegativeOrZero(int value, string? paramName = null)
    {
        if (value <= 0)
            ThrowHelper.ThrowArgumentOutOfRange();
    }
    /// <summary>Throws for zero.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void ThrowIfZero(ulong value, string? paramName = null)
    {
        if (value == 0)
            ThrowHelper.ThrowArgumentOutOfRange();
    }
    /// <summary>Throws for a value above another.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void ThrowIfGreaterThan<T>(T value, T other, [CallerArgumentExpression(nameof(value))] string? paramName = null) where T : IComparable<T>
    {
        if (value.CompareTo(other) > 0)
            ThrowHelper.ThrowArgumentOutOfRange();
    }
    /// <summary>Throws for a value at or above another.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void ThrowIfGreaterThanOrEqual<T>(T value, T other, [CallerArgumentExpression(nameof(value))] string? paramName = null) where T : IComparable<T>
    {
        if (value.CompareTo(other) >= 0)
            ThrowHelper.ThrowArgumentOutOfRange();
    }
    /// <summary>Throws for a value below another.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void ThrowIfLessThan<T>(T value, T other, [CallerArgumentExpression(nameof(value))] string? paramName = null) where T : IComparable<T>
    {
        if (value.CompareTo(other) < 0)
            ThrowHelper.ThrowArgumentOutOfRange();
    }
    /// <summary>Throws for a value at or below another.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void ThrowIfLessThanOrEqual<T>(T value, T other, [CallerArgumentExpression(nameof(value))] string? paramName = null) where T : IComparable<T>
    {
        if (value.CompareTo(other) <= 0)
            ThrowHelper.ThrowArgumentOutOfRange();
    }
    /// <summary>Throws for a value equal to another.</summary>
    public static void ThrowIfEqual<T>(T value, T other, string? paramName = null) where T : IEquatable<T>?
    {
        if (System.Collections.Generic.EqualityComparer<T>.Default.Equals(value, other))
            ThrowHelper.ThrowArgumentOutOfRange();
    }
}

/// <summary>Says: an object that was let go of.</summary>
public class ObjectDisposedException : InvalidOperationException
{
    /// <summary>With the object's name.</summary>
    public ObjectDisposedException(string? objectName) : base("an object that was let go of") => ObjectName = objectName ?? "";
    /// <summary>The object's name.</summary>
    public string ObjectName { get; }
}
