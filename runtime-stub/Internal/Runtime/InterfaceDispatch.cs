using System.Runtime;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Threading;
using Xenolith.Runtime;

namespace Internal.Runtime;

/// <summary>Calls through interfaces. Each call site has a cell of two words: the code to jump to and its datum, at
/// first a tagged relative pointer to the interface. The cell's first call writes, once, the datum (an immortal block
/// of the types seen there) and then the code (the stub that searches the block). x86 keeps the order of stores and
/// that of loads, so a CPU that sees the new code sees the block too; one that still enters by the old code finds
/// either datum and knows them apart by the tag.</summary>
internal static unsafe class InterfaceDispatch
{
    private const nint TagMask = 3;
    private const nint IndirectRelativeTag = 2;
    private const nint RelativeTag = 3;

    [StructLayout(LayoutKind.Sequential)]
    private struct Cell
    {
        internal nint Code;
        internal nint Datum;
    }

    /// <summary>The types seen at a call site. The stub reads the pairs in order up to the first empty one; a pair's
    /// target is written before its type.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private struct Block
    {
        internal const int Pairs = 4;

        internal MethodTable* Type0;
        internal nint Target0;
        internal MethodTable* Type1;
        internal nint Target1;
        internal MethodTable* Type2;
        internal nint Target2;
        internal MethodTable* Type3;
        internal nint Target3;
        internal MethodTable* Interface;
        internal int Slot;
    }

    private static SpinLock s_lock;

    [RuntimeImport("*", "runtime_dispatch_block_address")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    private static extern nint BlockCode();

    /// <summary>Finds the method of an object for a cell, and notes it. Called by the dispatch stubs.</summary>
    [RuntimeExport("runtime_resolve_dispatch")]
    private static nint Resolve(object value, Cell* cell)
    {
        MethodTable* type = value.m_pEEType;
        nint datum = Volatile.Read(ref cell->Datum);
        if ((datum & TagMask) == 0)
        {
            Block* known = (Block*)datum;
            nint found = Find(type, known->Interface, known->Slot);
            Note(known, type, found);
            return found;
        }

        byte* relative = (byte*)&cell->Datum + ((int)datum & ~(int)TagMask);
        MethodTable* target = (datum & TagMask) switch
        {
            RelativeTag => (MethodTable*)relative,
            IndirectRelativeTag => *(MethodTable**)relative,
            _ => (MethodTable*)(datum & ~TagMask),
        };
        // Cells come in groups; the one behind the last has no code, and its datum is the slot.
        Cell* end = cell;
        while (end->Code != 0)
            end++;
        int slot = (ushort)end->Datum;
        nint implementation = Find(type, target, slot);

        s_lock.Enter();
        if ((cell->Datum & TagMask) == 0)
        {
            s_lock.Leave();
            Note((Block*)cell->Datum, type, implementation);
            return implementation;
        }
        Block* block = (Block*)Arena.AllocateImmortal(sizeof(Block));
        block->Interface = target;
        block->Slot = slot;
        block->Target0 = implementation;
        block->Type0 = type;
        Volatile.Write(ref cell->Datum, (nint)block);
        Volatile.Write(ref cell->Code, BlockCode());
        s_lock.Leave();
        return implementation;
    }

    /// <summary>The method of an object for a cell, for delegates over interfaces.</summary>
    [RuntimeExport("RhpResolveInterfaceMethod")]
    internal static nint ResolveInterfaceMethod(object value, nint cell) => Resolve(value, (Cell*)cell);

    private static void Note(Block* block, MethodTable* type, nint target)
    {
        s_lock.Enter();
        MethodTable** pair = &block->Type0;
        for (int i = 0; i < Block.Pairs; i++, pair += 2)
        {
            if (*pair == type)
                break;
            if (*pair == null)
            {
                Volatile.Write(ref *(nint*)(pair + 1), target);
                Volatile.Write(ref *(nint*)pair, (nint)type);
                break;
            }
        }
        s_lock.Leave();
    }

    /// <summary>Finds the method that implements an interface's slot: the classes from the most derived one up, then
    /// the default implementations; at each class the very interface first, then one that varies to it.</summary>
    private static nint Find(MethodTable* type, MethodTable* target, int slot)
    {
        if (!target->IsInterface)
            return type->VirtualTable[slot];
        for (int pass = 0; pass < 2; pass++)
        {
            for (MethodTable* current = type; current != null; current = current->Base)
            {
                if (!current->HasDispatchMap)
                    continue;
                int implementation = FindSlot(current, target, slot, pass == 1, false);
                if (implementation < 0)
                    implementation = FindSlot(current, target, slot, pass == 1, true);
                if (implementation < 0)
                    continue;
                if (implementation < current->VirtualSlots)
                    return type->VirtualTable[implementation];
                if (implementation is DispatchMapEntry.Reabstracted or DispatchMapEntry.Ambiguous)
                    Fault.Panic("an interface method has no implementation, or two");
                return current->SealedSlot(implementation - current->VirtualSlots);
            }
        }
        Fault.Panic("an interface method has no implementation");
        return 0;
    }

    private static int FindSlot(MethodTable* type, MethodTable* target, int slot, bool defaults, bool variant)
    {
        DispatchMap* map = type->DispatchMap;
        DispatchMapEntry* entry = map->Entries + (defaults ? map->ClassEntries : 0);
        DispatchMapEntry* end = entry + (defaults ? map->DefaultEntries : map->ClassEntries);
        for (; entry != end; entry++)
        {
            if (entry->InterfaceSlot != slot)
                continue;
            MethodTable* candidate = type->Interfaces[entry->InterfaceIndex];
            if (variant ? candidate != target && TypeCast.VariesTo(candidate, target, type->IsArray || IsArrayHelper(type)) : candidate == target)
                return entry->ImplementationSlot;
        }
        return -1;
    }

    // Enumerators of arrays vary as arrays do; their one parameter is marked so.
    private static bool IsArrayHelper(MethodTable* type)
        => type->IsGeneric && type->HasVariance && type->GenericDefinition->GenericParameters == 1
            && type->GenericDefinition->Variances[0] == Variance.ArrayCovariant;
}
