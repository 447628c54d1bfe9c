using System.Runtime.CompilerServices;

namespace System;

/// <summary>A value or nothing.</summary>
public struct Nullable<T> where T : struct
{
    private readonly bool hasValue;
    internal T value;

    /// <summary>A value.</summary>
    public Nullable(T value)
    {
        this.value = value;
        hasValue = true;
    }

    /// <summary>Whether there is a value.</summary>
    public readonly bool HasValue => hasValue;

    /// <summary>The value.</summary>
    /// <exception cref="InvalidOperationException">There is none.</exception>
    public readonly T Value
    {
        get
        {
            if (!hasValue)
                ThrowHelper.ThrowInvalidOperation();
            return value;
        }
    }

    /// <summary>The value, or zero.</summary>
    public readonly T GetValueOrDefault() => value;
    /// <summary>The value, or another.</summary>
    public readonly T GetValueOrDefault(T defaultValue) => hasValue ? value : defaultValue;
    /// <inheritdoc/>
    public override bool Equals(object? other) => hasValue ? other is not null && value.Equals(other) : other is null;
    /// <inheritdoc/>
    public override int GetHashCode() => hasValue ? value.GetHashCode() : 0;
    /// <inheritdoc/>
    public override string? ToString() => hasValue ? value.ToString() : "";
    /// <summary>A value.</summary>
    public static implicit operator T?(T value) => new T?(value);
    /// <summary>The value.</summary>
    public static explicit operator T(T? value) => value!.Value;
}
