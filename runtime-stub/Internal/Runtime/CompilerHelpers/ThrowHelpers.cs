using System;
using System.Runtime;
using System.Runtime.CompilerServices;
using Xenolith.Runtime;

namespace Internal.Runtime.CompilerHelpers;

/// <summary>Violations that compiled code finds, called by the compiler by name. The stubs hand on the address of the
/// code that found them.</summary>
internal static class ThrowHelpers
{
    [RuntimeImport("*", "runtime_throw_index_out_of_range")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    private static extern void ThrowIndexOutOfRangeException();
    [RuntimeImport("*", "runtime_throw_overflow")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    private static extern void ThrowOverflowException();
    [RuntimeImport("*", "runtime_throw_null_reference")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    private static extern void ThrowNullReferenceException();
    [RuntimeImport("*", "runtime_throw_divide_by_zero")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    private static extern void ThrowDivideByZeroException();
    [RuntimeImport("*", "runtime_throw_array_type_mismatch")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    private static extern void ThrowArrayTypeMismatchException();
    [RuntimeImport("*", "runtime_throw_argument")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    private static extern void ThrowArgumentException();
    [RuntimeImport("*", "runtime_throw_argument_out_of_range")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    private static extern void ThrowArgumentOutOfRangeException();
    [RuntimeImport("*", "runtime_throw_not_supported")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    private static extern void ThrowPlatformNotSupportedException();
    [RuntimeImport("*", "runtime_throw_not_supported")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    private static extern void ThrowNotImplementedException();
    [RuntimeImport("*", "runtime_throw_not_supported")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    private static extern void ThrowNotSupportedException();

    // A method that refers to what there is not is translated to a call of one of these. Which identifier is meant is
    // not known here; the build shows ilc's warning about it.
    [RuntimeImport("*", "runtime_throw_untranslatable")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    private static extern void ThrowInvalidProgramException(int id);
    [RuntimeImport("*", "runtime_throw_untranslatable")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    private static extern void ThrowInvalidProgramExceptionWithArgument(int id, string methodName);
    [RuntimeImport("*", "runtime_throw_untranslatable")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    private static extern void ThrowTypeLoadException(int id, string className, string typeName);
    [RuntimeImport("*", "runtime_throw_untranslatable")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    private static extern void ThrowTypeLoadExceptionWithArgument(int id, string className, string typeName, string messageArg);
    [RuntimeImport("*", "runtime_throw_untranslatable")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    private static extern void ThrowMissingMethodException(int id, string methodName);
    [RuntimeImport("*", "runtime_throw_untranslatable")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    private static extern void ThrowMissingFieldException(int id, string fieldName);
    [RuntimeImport("*", "runtime_throw_untranslatable")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    private static extern void ThrowFileNotFoundException(int id, string fileName);
    [RuntimeImport("*", "runtime_throw_untranslatable")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    private static extern void ThrowBadImageFormatException(int id);
    [RuntimeImport("*", "runtime_throw_untranslatable")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    private static extern void ThrowMarshalDirectiveException(int id);
    [RuntimeImport("*", "runtime_throw_untranslatable")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    private static extern void ThrowAmbiguousMatchException(int id);
    [RuntimeImport("*", "runtime_throw_untranslatable")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    private static extern void ThrowUnavailableType();
    [RuntimeImport("*", "runtime_throw_untranslatable")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    private static extern void ThrowBodyRemoved();
    [RuntimeImport("*", "runtime_throw_untranslatable")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    private static extern void ThrowFeatureBodyRemoved();
    [RuntimeImport("*", "runtime_throw_untranslatable")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    private static extern void ThrowInstanceBodyRemoved();
}
