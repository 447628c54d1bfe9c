using System.Runtime.CompilerServices;

namespace System;

public static partial class Math
{
    /// <summary>The product of two 32-bit values.</summary>
    public static ulong BigMul(uint left, uint right) => (ulong)left * right;
    /// <summary>The product of two 32-bit values.</summary>
    public static long BigMul(int left, int right) => (long)left * right;

    /// <summary>The product of two 64-bit values: the high half is returned.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong BigMul(ulong left, ulong right, out ulong low)
    {
        ulong lowLow = (ulong)(uint)left * (uint)right;
        ulong highLow = (left >> 32) * (uint)right;
        ulong lowHigh = (uint)left * (right >> 32);
        ulong middle = highLow + (lowLow >> 32);
        ulong carry = lowHigh + (uint)middle;
        low = left * right;
        return (left >> 32) * (right >> 32) + (middle >> 32) + (carry >> 32);
    }

    /// <summary>The product of two signed 64-bit values: the high half is returned.</summary>
    public static long BigMul(long left, long right, out long low)
    {
        ulong high = BigMul((ulong)left, (ulong)right, out ulong unsignedLow);
        low = (long)unsignedLow;
        return (long)high - ((left >> 63) & right) - ((right >> 63) & left);
    }

    // The compiler calls these for checked conversions of floating-point numbers.
    private static int ConvertToInt32Checked(double value)
    {
        if (!(value > -2147483649.0 && value < 2147483648.0))
            ThrowHelper.ThrowOverflow();
        return (int)value;
    }

    private static uint ConvertToUInt32Checked(double value)
    {
        if (!(value > -1.0 && value < 4294967296.0))
            ThrowHelper.ThrowOverflow();
        return (uint)(long)value;
    }

    private static long ConvertToInt64Checked(double value)
    {
        if (!(value >= -9223372036854775808.0 && value < 9223372036854775808.0))
            ThrowHelper.ThrowOverflow();
        return (long)value;
    }

    private static ulong ConvertToUInt64Checked(double value)
    {
        if (!(value > -1.0 && value < 18446744073709551616.0))
            ThrowHelper.ThrowOverflow();
        return value < 9223372036854775808.0 ? (ulong)(long)value : (ulong)(long)(value - 9223372036854775808.0) ^ 0x8000000000000000;
    }
}
