using System.Runtime.CompilerServices;
using Internal.Runtime;

namespace System;

/// <summary>The type of methods that return nothing.</summary>
public struct Void { }

/// <summary>The base of all structs.</summary>
public abstract class ValueType
{
    private unsafe Span<byte> Bytes => new Span<byte>(ref Unsafe.As<RawData>(this).Data, (int)m_pEEType->ValueSize);

    /// <summary>Structs that do not say what equality is are equal when all their bytes are: of references, the same
    /// object. (.NET asks the objects.)</summary>
    public override unsafe bool Equals(object? obj)
        => obj is not null && obj.m_pEEType == m_pEEType && Bytes.SequenceEqual(Unsafe.As<ValueType>(obj).Bytes);

    /// <summary>A hash of all bytes.</summary>
    public override int GetHashCode()
    {
        HashCode hash = default;
        foreach (byte part in Bytes)
            hash.Add(part);
        return hash.ToHashCode();
    }
}

/// <summary>The base of all enums. Their names are not in the image; as text they are numbers.</summary>
public abstract class Enum : ValueType
{
    private unsafe ulong Bits
    {
        get
        {
            ref byte data = ref Unsafe.As<RawData>(this).Data;
            return m_pEEType->ElementType switch
            {
                ElementType.SByte => (ulong)(sbyte)data,
                ElementType.Byte => data,
                ElementType.Int16 => (ulong)Unsafe.As<byte, short>(ref data),
                ElementType.UInt16 => Unsafe.As<byte, ushort>(ref data),
                ElementType.Int32 => (ulong)Unsafe.As<byte, int>(ref data),
                ElementType.UInt32 => Unsafe.As<byte, uint>(ref data),
                _ => Unsafe.As<byte, ulong>(ref data),
            };
        }
    }

    private unsafe bool IsSigned => m_pEEType->ElementType is ElementType.SByte or ElementType.Int16 or ElementType.Int32 or ElementType.Int64;

    /// <summary>Whether all bits of another value are set.</summary>
    [Intrinsic]
    public bool HasFlag(Enum flag) => (Bits & flag.Bits) == flag.Bits;
    /// <inheritdoc/>
    public override unsafe bool Equals(object? obj)
        => obj is not null && obj.m_pEEType == m_pEEType && Bits == Unsafe.As<Enum>(obj).Bits;
    /// <inheritdoc/>
    public override int GetHashCode() => Bits.GetHashCode();
    /// <summary>The number.</summary>
    public override string ToString() => IsSigned ? ((long)Bits).ToString() : Bits.ToString();
}

/// <summary>true or false.</summary>
public readonly struct Boolean : IEquatable<bool>, IComparable<bool>
{
    private readonly bool _value;

    /// <summary>The text of true.</summary>
    public static readonly string TrueString = "True";
    /// <summary>The text of false.</summary>
    public static readonly string FalseString = "False";

    /// <inheritdoc/>
    public bool Equals(bool other) => _value == other;
    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is bool other && _value == other;
    /// <inheritdoc/>
    public override int GetHashCode() => _value ? 1 : 0;
    /// <inheritdoc/>
    public int CompareTo(bool other) => _value == other ? 0 : _value ? 1 : -1;
    /// <inheritdoc/>
    public override string ToString() => _value ? "True" : "False";
}

/// <summary>A binary floating-point number of 32 bits. The hypervisor computes none; only the compiler's needs are met.</summary>
public readonly struct Single : IEquatable<float>, IComparable<float>
{
    private readonly float _value;

    /// <summary>Whether the value is no number: its exponent is all ones and its fraction is not zero.</summary>
    public static bool IsNaN(float value) => (BitConverter.SingleToUInt32Bits(value) & 0x7FFFFFFF) > 0x7F800000;

    /// <inheritdoc/>
    public bool Equals(float other) => _value == other || (IsNaN(_value) && IsNaN(other));
    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is float other && Equals(other);
    /// <inheritdoc/>
    public override int GetHashCode() => BitConverter.SingleToInt32Bits(_value);
    /// <inheritdoc/>
    public int CompareTo(float other) => _value < other ? -1 : _value > other ? 1 : 0;
}

/// <summary>A binary floating-point number of 64 bits. The hypervisor computes none; only the compiler's needs are met.</summary>
public readonly struct Double : IEquatable<double>, IComparable<double>
{
    private readonly double _value;

    /// <summary>Whether the value is no number: its exponent is all ones and its fraction is not zero.</summary>
    public static bool IsNaN(double value) => (BitConverter.DoubleToUInt64Bits(value) & 0x7FFFFFFFFFFFFFFF) > 0x7FF0000000000000;

    /// <inheritdoc/>
    public bool Equals(double other) => _value == other || (IsNaN(_value) && IsNaN(other));
    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is double other && Equals(other);
    /// <inheritdoc/>
    public override int GetHashCode() => BitConverter.DoubleToInt64Bits(_value).GetHashCode();
    /// <inheritdoc/>
    public int CompareTo(double other) => _value < other ? -1 : _value > other ? 1 : 0;
}

/// <summary>The address of a method that is not typed.</summary>
public readonly struct RuntimeMethodHandle
{
    private readonly nint _value;

    internal RuntimeMethodHandle(nint value) => _value = value;
}

/// <summary>The address of a field's description.</summary>
public readonly struct RuntimeFieldHandle
{
    private readonly nint _value;

    internal RuntimeFieldHandle(nint value) => _value = value;
}

/// <summary>An argument list of C's kind; only named by the compiler.</summary>
public struct RuntimeArgumentHandle { }
