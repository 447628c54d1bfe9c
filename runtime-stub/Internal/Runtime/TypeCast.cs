using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Internal.Runtime;

namespace System.Runtime;

/// <summary>Casts and stores into arrays of references, called by the compiler by name.</summary>
internal static unsafe class TypeCast
{
    private static object? IsInstanceOfAny(MethodTable* target, object? value)
        => value is not null && IsAssignable(value.m_pEEType, target) ? value : null;

    private static object? IsInstanceOfInterface(MethodTable* target, object? value)
        => value is not null && Implements(value.m_pEEType, target) ? value : null;

    private static object? IsInstanceOfClass(MethodTable* target, object? value)
    {
        if (value is null || value.m_pEEType == target)
            return value;
        return IsDerived(value.m_pEEType, target) ? value : null;
    }

    private static bool IsInstanceOfException(MethodTable* target, object? value)
        => value is not null && IsDerived(value.m_pEEType, target);

    private static object? CheckCastAny(MethodTable* target, object? value)
    {
        if (value is not null && !IsAssignable(value.m_pEEType, target))
            ThrowHelper.ThrowInvalidCast();
        return value;
    }

    private static object? CheckCastInterface(MethodTable* target, object? value)
    {
        if (value is not null && !Implements(value.m_pEEType, target))
            ThrowHelper.ThrowInvalidCast();
        return value;
    }

    private static object? CheckCastClass(MethodTable* target, object? value)
    {
        if (value is not null && value.m_pEEType != target && !IsDerived(value.m_pEEType, target))
            ThrowHelper.ThrowInvalidCast();
        return value;
    }

    // The compiler has already seen that the value is there and of another type.
    private static object CheckCastClassSpecial(MethodTable* target, object value)
    {
        if (!IsDerived(value.m_pEEType, target))
            ThrowHelper.ThrowInvalidCast();
        return value;
    }

    private static void StelemRef(object?[] array, nint index, object? value)
    {
        if ((nuint)index >= (nuint)(uint)array.Length)
            ThrowHelper.ThrowIndexOutOfRange();
        ref object? place = ref Unsafe.Add(ref MemoryMarshal.GetArrayDataReference(array), index);
        if (value is not null)
        {
            MethodTable* element = array.m_pEEType->Element;
            if (value.m_pEEType != element && element != MethodTable.Of<object>() && !IsAssignable(value.m_pEEType, element))
                ThrowHelper.ThrowArrayTypeMismatch();
        }
        place = value;
    }

    private static ref object? LdelemaRef(object?[] array, nint index, MethodTable* element)
    {
        if ((nuint)index >= (nuint)(uint)array.Length)
            ThrowHelper.ThrowIndexOutOfRange();
        if (array.m_pEEType->Element != element)
            ThrowHelper.ThrowArrayTypeMismatch();
        return ref Unsafe.Add(ref MemoryMarshal.GetArrayDataReference(array), index);
    }

    /// <summary>Whether an object of the one type may be seen as the other.</summary>
    internal static bool IsAssignable(MethodTable* source, MethodTable* target)
    {
        if (source == target)
            return true;
        if (target->IsInterface)
            return Implements(source, target);
        if (target->IsParameterized)
            return source->IsArray && target->IsArray && source->BaseSize == target->BaseSize && AreElementsCompatible(source->Element, target->Element);
        if (target->IsNullable)
            return target->GenericArgument(0) == source;
        return IsDerived(source, target);
    }

    private static bool IsDerived(MethodTable* source, MethodTable* target)
    {
        for (MethodTable* current = source; current != null; current = current->Base)
        {
            if (current == target)
                return true;
        }
        // Among classes only delegates vary.
        return target->HasVariance && source->HasVariance && VariesTo(source, target, false);
    }

    private static bool Implements(MethodTable* source, MethodTable* target)
    {
        if (source == target)
            return true;
        MethodTable** interfaces = source->Interfaces;
        for (int i = 0; i < source->InterfaceCount; i++)
        {
            if (interfaces[i] == target)
                return true;
        }
        if (!target->HasVariance)
            return false;
        for (int i = 0; i < source->InterfaceCount; i++)
        {
            if (interfaces[i]->HasVariance && VariesTo(interfaces[i], target, source->IsArray))
                return true;
        }
        return source->IsInterface && source->HasVariance && VariesTo(source, target, false);
    }

    /// <summary>Whether both are instances of one generic type and the arguments of the one may stand for the other's.</summary>
    internal static bool VariesTo(MethodTable* source, MethodTable* target, bool isArray)
    {
        if (!source->IsGeneric || !target->IsGeneric)
            return false;
        MethodTable* definition = target->GenericDefinition;
        if (source->GenericDefinition != definition)
            return false;
        for (int i = 0; i < definition->GenericParameters; i++)
        {
            MethodTable* from = source->GenericArgument(i);
            MethodTable* to = target->GenericArgument(i);
            if (from == to)
                continue;
            Variance variance = definition->HasVariance ? definition->Variances[i] : Variance.None;
            bool compatible = variance switch
            {
                Variance.Covariant => !from->IsValueType && !to->IsValueType && IsAssignable(from, to),
                Variance.Contravariant => !from->IsValueType && !to->IsValueType && IsAssignable(to, from),
                Variance.ArrayCovariant => isArray && AreElementsCompatible(from, to),
                _ => isArray && AreElementsCompatible(from, to),
            };
            if (!compatible)
                return false;
        }
        return true;
    }

    private static bool AreElementsCompatible(MethodTable* source, MethodTable* target)
    {
        if (source == target)
            return true;
        if (source->IsValueType || target->IsValueType)
        {
            // Integers of one size, and enums of them, may stand for each other in arrays (ECMA-335 I.8.7.1).
            return source->IsPrimitiveOrEnum && target->IsPrimitiveOrEnum
                && WithoutSign(source->ElementType) == WithoutSign(target->ElementType);
        }
        return IsAssignable(source, target);
    }

    private static ElementType WithoutSign(ElementType type) => type switch
    {
        ElementType.SByte => ElementType.Byte,
        ElementType.Int16 => ElementType.UInt16,
        ElementType.Int32 => ElementType.UInt32,
        ElementType.Int64 or ElementType.IntPtr or ElementType.UIntPtr => ElementType.UInt64,
        _ => type,
    };
}
