using System.Collections.Generic;
using System.Numerics;
using System.Runtime.CompilerServices;

namespace System;

/// <summary>Hash codes of several values. The seed is fixed: nothing here hashes what an attacker chooses into a table.</summary>
public struct HashCode
{
    private uint _state;

    private static uint Mix(uint state, int value)
    {
        state = (state ^ (uint)value) * 0x9E3779B1u;
        return BitOperations.RotateLeft(state, 13);
    }

    private static int Finish(uint state)
    {
        state ^= state >> 15;
        state *= 0x85EBCA77u;
        state ^= state >> 13;
        return (int)state;
    }

    /// <summary>Takes a value in.</summary>
    public void Add<T>(T value) => _state = Mix(_state, value is null ? 0 : EqualityComparer<T>.Default.GetHashCode(value));

    /// <summary>The hash code of what was taken in.</summary>
    public readonly int ToHashCode() => Finish(_state);

    /// <summary>The hash code of 1 value.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int Combine<T1>(T1 value1)
    {
        HashCode hash = default;
        hash.Add(value1);
        return hash.ToHashCode();
    }

    /// <summary>The hash code of 2 values.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int Combine<T1, T2>(T1 value1, T2 value2)
    {
        HashCode hash = default;
        hash.Add(value1);
        hash.Add(value2);
        return hash.ToHashCode();
    }

    /// <summary>The hash code of 3 values.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int Combine<T1, T2, T3>(T1 value1, T2 value2, T3 value3)
    {
        HashCode hash = default;
        hash.Add(value1);
        hash.Add(value2);
        hash.Add(value3);
        return hash.ToHashCode();
    }

    /// <summary>The hash code of 4 values.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int Combine<T1, T2, T3, T4>(T1 value1, T2 value2, T3 value3, T4 value4)
    {
        HashCode hash = default;
        hash.Add(value1);
        hash.Add(value2);
        hash.Add(value3);
        hash.Add(value4);
        return hash.ToHashCode();
    }

    /// <summary>The hash code of 5 values.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int Combine<T1, T2, T3, T4, T5>(T1 value1, T2 value2, T3 value3, T4 value4, T5 value5)
    {
        HashCode hash = default;
        hash.Add(value1);
        hash.Add(value2);
        hash.Add(value3);
        hash.Add(value4);
        hash.Add(value5);
        return hash.ToHashCode();
    }

    /// <summary>The hash code of 6 values.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int Combine<T1, T2, T3, T4, T5, T6>(T1 value1, T2 value2, T3 value3, T4 value4, T5 value5, T6 value6)
    {
        HashCode hash = default;
        hash.Add(value1);
        hash.Add(value2);
        hash.Add(value3);
        hash.Add(value4);
        hash.Add(value5);
        hash.Add(value6);
        return hash.ToHashCode();
    }

    /// <summary>The hash code of 7 values.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int Combine<T1, T2, T3, T4, T5, T6, T7>(T1 value1, T2 value2, T3 value3, T4 value4, T5 value5, T6 value6, T7 value7)
    {
        HashCode hash = default;
        hash.Add(value1);
        hash.Add(value2);
        hash.Add(value3);
        hash.Add(value4);
        hash.Add(value5);
        hash.Add(value6);
        hash.Add(value7);
        return hash.ToHashCode();
    }

    /// <summary>The hash code of 8 values.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int Combine<T1, T2, T3, T4, T5, T6, T7, T8>(T1 value1, T2 value2, T3 value3, T4 value4, T5 value5, T6 value6, T7 value7, T8 value8)
    {
        HashCode hash = default;
        hash.Add(value1);
        hash.Add(value2);
        hash.Add(value3);
        hash.Add(value4);
        hash.Add(value5);
        hash.Add(value6);
        hash.Add(value7);
        hash.Add(value8);
        return hash.ToHashCode();
    }
}
