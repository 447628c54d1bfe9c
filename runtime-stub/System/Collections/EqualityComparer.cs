using System.Runtime.CompilerServices;

namespace System.Collections.Generic;

/// <summary>Equality as a type itself says. Nothing derives from it and it is small, so that the compiler inlines it
/// to the comparison: nothing is boxed for values that are IEquatable and for enums.</summary>
public class EqualityComparer<T> : IEqualityComparer<T>
{
    private static readonly EqualityComparer<T> s_default = new EqualityComparer<T>();

    private EqualityComparer() { }

    /// <summary>The comparer.</summary>
    public static EqualityComparer<T> Default
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => s_default;
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public virtual bool Equals(T? x, T? y)
    {
        if (RuntimeHelpers.IsBitwiseEquatable<T>())
        {
            if (Unsafe.SizeOf<T>() == 1)
                return Unsafe.As<T, byte>(ref x!) == Unsafe.As<T, byte>(ref y!);
            if (Unsafe.SizeOf<T>() == 2)
                return Unsafe.As<T, ushort>(ref x!) == Unsafe.As<T, ushort>(ref y!);
            if (Unsafe.SizeOf<T>() == 4)
                return Unsafe.As<T, uint>(ref x!) == Unsafe.As<T, uint>(ref y!);
            if (Unsafe.SizeOf<T>() == 8)
                return Unsafe.As<T, ulong>(ref x!) == Unsafe.As<T, ulong>(ref y!);
        }
        if (x is null)
            return y is null;
        if (y is null)
            return false;
        if (x is IEquatable<T>)
            return ((IEquatable<T>)x).Equals(y);
        return x.Equals(y);
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public virtual int GetHashCode(T obj)
    {
        if (typeof(T).IsEnum)
        {
            if (Unsafe.SizeOf<T>() == 1)
                return Unsafe.As<T, byte>(ref obj);
            if (Unsafe.SizeOf<T>() == 2)
                return Unsafe.As<T, ushort>(ref obj);
            if (Unsafe.SizeOf<T>() == 4)
                return Unsafe.As<T, int>(ref obj);
            return Unsafe.As<T, ulong>(ref obj).GetHashCode();
        }
        return obj is null ? 0 : obj.GetHashCode();
    }
}

/// <summary>Order as a type itself says.</summary>
public sealed class Comparer<T> : IComparer<T>
{
    private static readonly Comparer<T> s_default = new Comparer<T>();

    private Comparer() { }

    /// <summary>The comparer.</summary>
    public static Comparer<T> Default
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => s_default;
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public int Compare(T? x, T? y)
    {
        if (x is null)
            return y is null ? 0 : -1;
        if (y is null)
            return 1;
        if (x is IComparable<T>)
            return ((IComparable<T>)x).CompareTo(y);
        ThrowHelper.ThrowArgument();
        return 0;
    }
}
