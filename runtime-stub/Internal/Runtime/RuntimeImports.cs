using Internal.Runtime;

namespace System.Runtime;

/// <summary>What the compiler's own code for arrays of several dimensions calls by name.</summary>
internal static unsafe class RuntimeImports
{
    private static void RhCheckArrayStore(object array, object? value)
    {
        if (value is not null && !TypeCast.IsAssignable(value.m_pEEType, array.m_pEEType->Element))
            ThrowHelper.ThrowArrayTypeMismatch();
    }
}
