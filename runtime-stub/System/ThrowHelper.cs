using System.Diagnostics.CodeAnalysis;
using System.Runtime;
using System.Runtime.CompilerServices;

namespace System;

/// <summary>Violations that the library finds. Each is a stub that hands the caller's address on, so that what is
/// violated on behalf of a guest can be contained; nothing is allocated.</summary>
internal static class ThrowHelper
{
    /// <summary>An index outside a span.</summary>
    [DoesNotReturn]
    [RuntimeImport("*", "runtime_throw_index_out_of_range")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    internal static extern void ThrowIndexOutOfRange();

    /// <summary>A start, length or count outside what there is.</summary>
    [DoesNotReturn]
    [RuntimeImport("*", "runtime_throw_argument_out_of_range")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    internal static extern void ThrowArgumentOutOfRange();

    /// <summary>An argument that makes no sense.</summary>
    [DoesNotReturn]
    [RuntimeImport("*", "runtime_throw_argument")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    internal static extern void ThrowArgument();

    /// <summary>A null where there must be none.</summary>
    [DoesNotReturn]
    [RuntimeImport("*", "runtime_throw_argument_null")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    internal static extern void ThrowArgumentNull();

    /// <summary>An operation that the object's state does not allow.</summary>
    [DoesNotReturn]
    [RuntimeImport("*", "runtime_throw_invalid_operation")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    internal static extern void ThrowInvalidOperation();

    /// <summary>An operation that there is not.</summary>
    [DoesNotReturn]
    [RuntimeImport("*", "runtime_throw_not_supported")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    internal static extern void ThrowNotSupported();

    /// <summary>A text that is no number.</summary>
    [DoesNotReturn]
    [RuntimeImport("*", "runtime_throw_format")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    internal static extern void ThrowFormat();

    /// <summary>A result that does not fit.</summary>
    [DoesNotReturn]
    [RuntimeImport("*", "runtime_throw_overflow")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    internal static extern void ThrowOverflow();

    /// <summary>A cast to what the object is not.</summary>
    [DoesNotReturn]
    [RuntimeImport("*", "runtime_throw_invalid_cast")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    internal static extern void ThrowInvalidCast();

    /// <summary>An element stored in an array of another type.</summary>
    [DoesNotReturn]
    [RuntimeImport("*", "runtime_throw_array_type_mismatch")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    internal static extern void ThrowArrayTypeMismatch();

    /// <summary>Use of null.</summary>
    [DoesNotReturn]
    [RuntimeImport("*", "runtime_throw_null_reference")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    internal static extern void ThrowNullReference();
}
