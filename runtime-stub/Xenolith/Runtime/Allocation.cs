using System.Runtime.CompilerServices;
using Internal.Runtime;
using Xenolith.Runtime;

namespace System.Runtime;

/// <summary>New objects, from the arena that is open on this CPU. Called by the compiler by symbol.</summary>
internal static unsafe class Allocation
{
    [RuntimeExport("RhpNewFast")]
    private static nint NewFast(MethodTable* type) => Place(type, type->BaseSize);

    [RuntimeExport("RhNewObject")]
    internal static object NewObject(MethodTable* type)
    {
        nint place = Place(type, type->BaseSize);
        return *(object*)&place;
    }

    [RuntimeExport("RhpNewArrayFast")]
    private static nint NewArrayFast(MethodTable* type, nint length) => PlaceArray(type, length);

    [RuntimeExport("RhpNewPtrArrayFast")]
    private static nint NewPointerArrayFast(MethodTable* type, nint length) => PlaceArray(type, length);

    [RuntimeExport("RhNewArray")]
    internal static object NewArray(MethodTable* type, nint length)
    {
        nint place = PlaceArray(type, length);
        return *(object*)&place;
    }

    private static nint PlaceArray(MethodTable* type, nint length)
    {
        if ((nuint)length > int.MaxValue)
            ThrowHelper.ThrowOverflow();
        nint place = Place(type, type->BaseSize + (ulong)length * type->ComponentSize);
        *(int*)(place + 8) = (int)length;
        return place;
    }

    private static nint Place(MethodTable* type, ulong size)
    {
        ArenaState* arena = CpuState.Current->Arena;
        if (arena == null)
        {
            // An exception is about to be thrown, which is a panic or the end of a guarded call: its message matters.
            if (!TypeCast.IsAssignable(type, MethodTable.Of<Exception>()))
                Fault.Raise(FaultKind.NoArena);
            arena = Arena.Immortal;
        }
        nint* header = (nint*)Arena.Allocate(arena, (size + 7) & ~7ul);
        // The header names the arena. Zero, as in objects of the image, stands for the immortal one.
        header[0] = arena->IsImmortal ? 0 : (nint)arena;
        header[1] = (nint)type;
        return (nint)(header + 1);
    }
}
