using System.Diagnostics.CodeAnalysis;
using System.Runtime;
using System.Runtime.CompilerServices;

namespace System.Threading;

/// <summary>Operations that other CPUs see whole. The compiler replaces those of 32 and 64 bits by locked
/// instructions; each is a full barrier.</summary>
public static partial class Interlocked
{
    /// <summary>Puts a value if another is there; what was there is returned.</summary>
    [Intrinsic]
    public static int CompareExchange(ref int location1, int value, int comparand) => CompareExchange(ref location1, value, comparand);
    /// <summary>Puts a value; what was there is returned.</summary>
    [Intrinsic]
    public static int Exchange(ref int location1, int value) => Exchange(ref location1, value);
    /// <summary>Adds; what was there before is returned.</summary>
    [Intrinsic]
    internal static int ExchangeAdd(ref int location1, int value) => ExchangeAdd(ref location1, value);
    /// <summary>Puts a value if another is there; what was there is returned.</summary>
    [Intrinsic]
    public static long CompareExchange(ref long location1, long value, long comparand) => CompareExchange(ref location1, value, comparand);
    /// <summary>Puts a value; what was there is returned.</summary>
    [Intrinsic]
    public static long Exchange(ref long location1, long value) => Exchange(ref location1, value);
    /// <summary>Adds; what was there before is returned.</summary>
    [Intrinsic]
    internal static long ExchangeAdd(ref long location1, long value) => ExchangeAdd(ref location1, value);
    /// <summary>Puts a value if another is there; what was there is returned.</summary>
    [Intrinsic]
    public static byte CompareExchange(ref byte location1, byte value, byte comparand) => CompareExchange(ref location1, value, comparand);
    /// <summary>Puts a value; what was there is returned.</summary>
    [Intrinsic]
    public static byte Exchange(ref byte location1, byte value) => Exchange(ref location1, value);
    /// <summary>Puts a value if another is there; what was there is returned.</summary>
    [Intrinsic]
    public static ushort CompareExchange(ref ushort location1, ushort value, ushort comparand) => CompareExchange(ref location1, value, comparand);
    /// <summary>Puts a value; what was there is returned.</summary>
    [Intrinsic]
    public static ushort Exchange(ref ushort location1, ushort value) => Exchange(ref location1, value);
    /// <summary>Puts a value if another is there; what was there is returned.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint CompareExchange(ref uint location1, uint value, uint comparand)
        => (uint)CompareExchange(ref Unsafe.As<uint, int>(ref location1), (int)value, (int)comparand);
    /// <summary>Puts a value; what was there is returned.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint Exchange(ref uint location1, uint value) => (uint)Exchange(ref Unsafe.As<uint, int>(ref location1), (int)value);
    /// <summary>Puts a value if another is there; what was there is returned.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong CompareExchange(ref ulong location1, ulong value, ulong comparand)
        => (ulong)CompareExchange(ref Unsafe.As<ulong, long>(ref location1), (long)value, (long)comparand);
    /// <summary>Puts a value; what was there is returned.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Exchange(ref ulong location1, ulong value) => (ulong)Exchange(ref Unsafe.As<ulong, long>(ref location1), (long)value);
    /// <summary>Puts a value if another is there; what was there is returned.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static nint CompareExchange(ref nint location1, nint value, nint comparand)
        => (nint)CompareExchange(ref Unsafe.As<nint, long>(ref location1), (long)value, (long)comparand);
    /// <summary>Puts a value; what was there is returned.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static nint Exchange(ref nint location1, nint value) => (nint)Exchange(ref Unsafe.As<nint, long>(ref location1), (long)value);
    /// <summary>Puts a value if another is there; what was there is returned.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static nuint CompareExchange(ref nuint location1, nuint value, nuint comparand)
        => (nuint)CompareExchange(ref Unsafe.As<nuint, long>(ref location1), (long)value, (long)comparand);
    /// <summary>Puts a value; what was there is returned.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static nuint Exchange(ref nuint location1, nuint value) => (nuint)Exchange(ref Unsafe.As<nuint, long>(ref location1), (long)value);
    /// <summary>Adds; the sum is returned.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int Add(ref int location1, int value) => ExchangeAdd(ref location1, value) + value;
    /// <summary>Adds one; the sum is returned.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int Increment(ref int location) => Add(ref location, 1);
    /// <summary>Subtracts one; the difference is returned.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int Decrement(ref int location) => Add(ref location, -1);
    /// <summary>Sets bits; what was there before is returned.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int Or(ref int location1, int value)
    {
        int current = location1;
        while (true)
        {
            int seen = CompareExchange(ref location1, current | value, current);
            if (seen == current)
                return seen;
            current = seen;
        }
    }
    /// <summary>Keeps bits; what was there before is returned.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int And(ref int location1, int value)
    {
        int current = location1;
        while (true)
        {
            int seen = CompareExchange(ref location1, current & value, current);
            if (seen == current)
                return seen;
            current = seen;
        }
    }
    /// <summary>Adds; the sum is returned.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static long Add(ref long location1, long value) => ExchangeAdd(ref location1, value) + value;
    /// <summary>Adds one; the sum is returned.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static long Increment(ref long location) => Add(ref location, 1);
    /// <summary>Subtracts one; the difference is returned.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static long Decrement(ref long location) => Add(ref location, -1);
    /// <summary>Sets bits; what was there before is returned.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static long Or(ref long location1, long value)
    {
        long current = location1;
        while (true)
        {
            long seen = CompareExchange(ref location1, current | value, current);
            if (seen == current)
                return seen;
            current = seen;
        }
    }
    /// <summary>Keeps bits; what was there before is returned.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static long And(ref long location1, long value)
    {
        long current = location1;
        while (true)
        {
            long seen = CompareExchange(ref location1, current & value, current);
            if (seen == current)
                return seen;
            current = seen;
        }
    }
    /// <summary>Adds; the sum is returned.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint Add(ref uint location1, uint value) => (uint)ExchangeAdd(ref Unsafe.As<uint, int>(ref location1), (int)value) + value;
    /// <summary>Adds one; the sum is returned.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint Increment(ref uint location) => Add(ref location, 1);
    /// <summary>Subtracts one; the difference is returned.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint Decrement(ref uint location) => Add(ref location, uint.MaxValue);
    /// <summary>Sets bits; what was there before is returned.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint Or(ref uint location1, uint value)
    {
        uint current = location1;
        while (true)
        {
            uint seen = CompareExchange(ref location1, current | value, current);
            if (seen == current)
                return seen;
            current = seen;
        }
    }
    /// <summary>Keeps bits; what was there before is returned.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint And(ref uint location1, uint value)
    {
        uint current = location1;
        while (true)
        {
            uint seen = CompareExchange(ref location1, current & value, current);
            if (seen == current)
                return seen;
            current = seen;
        }
    }
    /// <summary>Adds; the sum is returned.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Add(ref ulong location1, ulong value) => (ulong)ExchangeAdd(ref Unsafe.As<ulong, long>(ref location1), (long)value) + value;
    /// <summary>Adds one; the sum is returned.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Increment(ref ulong location) => Add(ref location, 1);
    /// <summary>Subtracts one; the difference is returned.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Decrement(ref ulong location) => Add(ref location, ulong.MaxValue);
    /// <summary>Sets bits; what was there before is returned.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Or(ref ulong location1, ulong value)
    {
        ulong current = location1;
        while (true)
        {
            ulong seen = CompareExchange(ref location1, current | value, current);
            if (seen == current)
                return seen;
            current = seen;
        }
    }
    /// <summary>Keeps bits; what was there before is returned.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong And(ref ulong location1, ulong value)
    {
        ulong current = location1;
        while (true)
        {
            ulong seen = CompareExchange(ref location1, current & value, current);
            if (seen == current)
                return seen;
            current = seen;
        }
    }
    /// <summary>Reads 64 bits at once.</summary>
    public static long Read(ref readonly long location) => Volatile.Read(in location);
    /// <summary>Reads 64 bits at once.</summary>
    public static ulong Read(ref readonly ulong location) => Volatile.Read(in location);

    /// <summary>No load or store passes it, in either direction.</summary>
    [Intrinsic]
    public static void MemoryBarrier() => MemoryBarrier();

    /// <summary>Puts a reference if another is there; what was there is returned.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    [return: NotNullIfNotNull(nameof(location1))]
    public static T CompareExchange<T>(ref T location1, T value, T comparand) where T : class?
        => Unsafe.As<T>(CompareExchangeReference(ref Unsafe.As<T, object?>(ref location1), value, comparand))!;

    /// <summary>Puts a reference; what was there is returned.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    [return: NotNullIfNotNull(nameof(location1))]
    public static T Exchange<T>(ref T location1, T value) where T : class?
        => Unsafe.As<T>(ExchangeReference(ref Unsafe.As<T, object?>(ref location1), value))!;

    [RuntimeImport("*", "runtime_compare_exchange_reference")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    private static extern object? CompareExchangeReference(ref object? location, object? value, object? comparand);

    [RuntimeImport("*", "runtime_exchange_reference")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    private static extern object? ExchangeReference(ref object? location, object? value);
}
