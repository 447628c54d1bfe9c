using System;
using System.Runtime;
using System.Runtime.CompilerServices;
using Internal.Runtime;

namespace Internal.Runtime.CompilerHelpers;

/// <summary>New arrays of several dimensions, called by the compiler by name.</summary>
internal static unsafe class ArrayHelpers
{
    private static Array NewObjArray(nint type, int dimensions, int* lengths)
    {
        MethodTable* table = (MethodTable*)type;
        nint total = 1;
        for (int i = 0; i < dimensions; i++)
        {
            if (lengths[i] < 0)
                ThrowHelper.ThrowOverflow();
            total *= lengths[i];
            if (total > int.MaxValue)
                ThrowHelper.ThrowOverflow();
        }
        Array array = Unsafe.As<Array>(Allocation.NewArray(table, total));
        for (int i = 0; i < dimensions; i++)
            Unsafe.Add(ref array.Bounds, i) = lengths[i];
        return array;
    }

    private static Array NewObjArrayRare(nint type, int dimensions, int* lengths) => NewObjArray(type, dimensions, lengths);
}
