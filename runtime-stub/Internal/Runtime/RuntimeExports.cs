using System.Runtime;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Internal.Runtime;

namespace System.Runtime;

/// <summary>Values as objects and back, called by the compiler by name.</summary>
internal static unsafe class RuntimeExports
{
    private static object? RhBox(MethodTable* type, ref byte value)
    {
        if (type->IsNullable)
        {
            if (value == 0)
                return null;
            value = ref Unsafe.Add(ref value, (int)type->NullableValueOffset);
            type = type->GenericArgument(0);
        }
        object box = Allocation.NewObject(type);
        ref byte data = ref Unsafe.As<RawData>(box).Data;
        if (type->HasReferences)
            Buffer.BulkMoveWithWriteBarrier(ref data, ref value, type->ValueSize);
        else
            SpanHelpers.Memmove(ref data, ref value, type->ValueSize);
        return box;
    }

    private static ref byte RhUnbox2(MethodTable* type, object? box)
    {
        if (box is null)
            ThrowHelper.ThrowNullReference();
        if (!MayUnbox(box.m_pEEType, type))
            ThrowHelper.ThrowInvalidCast();
        return ref Unsafe.As<RawData>(box).Data;
    }

    private static void RhUnboxTypeTest(MethodTable* type, MethodTable* boxed)
    {
        if (!MayUnbox(boxed, type))
            ThrowHelper.ThrowInvalidCast();
    }

    private static void RhUnboxNullable(ref byte destination, MethodTable* type, object? box)
    {
        if (box is null)
        {
            SpanHelpers.ClearWithoutReferences(ref destination, type->ValueSize);
            return;
        }
        MethodTable* underlying = type->GenericArgument(0);
        if (!MayUnbox(box.m_pEEType, underlying))
            ThrowHelper.ThrowInvalidCast();
        destination = 1;
        ref byte place = ref Unsafe.Add(ref destination, (int)type->NullableValueOffset);
        ref byte data = ref Unsafe.As<RawData>(box).Data;
        if (underlying->HasReferences)
            Buffer.BulkMoveWithWriteBarrier(ref place, ref data, underlying->ValueSize);
        else
            SpanHelpers.Memmove(ref place, ref data, underlying->ValueSize);
    }

    // An enum unboxes as its number and the other way round (ECMA-335 III.4.32).
    private static bool MayUnbox(MethodTable* boxed, MethodTable* type)
        => boxed == type || (type->IsPrimitiveOrEnum && boxed->IsPrimitiveOrEnum && boxed->ElementType == type->ElementType);
}
