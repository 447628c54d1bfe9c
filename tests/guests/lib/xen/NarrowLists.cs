using Xenolith.Abi.Contract;

namespace Xenolith.Guests;

/// <summary>
/// The lists of frame numbers and indices that an argument points at: a word each in the 32-bit ABI. They are copied for the call, and what the
/// call has changed is taken back.
/// </summary>
internal unsafe struct NarrowLists
{
    // unsafe: lists and the pointers to them are known by address.

    /// <summary>Longer lists are passed as they are: nothing means their length.</summary>
    private const ulong MostElements = 1024;

    private NarrowList _first, _second;

    /// <summary>Words that the copies take.</summary>
    public readonly int Words => _first.Count + _second.Count;

    /// <summary>The lists of an argument, by both of its layouts.</summary>
    public static NarrowLists Of(NarrowArgument argument, byte* wide, byte* narrow)
    {
        var lists = default(NarrowLists);
        switch (argument)
        {
            case NarrowArgument.MemoryReservation:
                lists._first = List(ref *(MemoryReservation*)wide, ref *(MemoryReservation32*)narrow);
                break;
            case NarrowArgument.MemoryExchange:
                lists._first = List(ref ((MemoryExchange*)wide)->In, ref ((MemoryExchange32*)narrow)->In);
                lists._second = List(ref ((MemoryExchange*)wide)->Out, ref ((MemoryExchange32*)narrow)->Out);
                break;
            case NarrowArgument.AddToPhysmapBatch:
                var batch = (AddToPhysmapBatch*)wide;
                lists._first = List(&batch->Indices, &((AddToPhysmapBatch32*)narrow)->Indices, batch->Size);
                lists._second = List(&batch->Gpfns, &((AddToPhysmapBatch32*)narrow)->Gpfns, batch->Size);
                break;
            case NarrowArgument.GnttabSetupTable:
                var table = (GnttabSetupTable*)wide;
                lists._first = List(&table->FrameList, &((GnttabSetupTable32*)narrow)->FrameList, table->FrameCount);
                break;
            case NarrowArgument.MemAcquireResource:
                var resource = (MemAcquireResource*)wide;
                lists._first = List(&resource->FrameList, &((MemAcquireResource32*)narrow)->FrameList, resource->FrameCount);
                break;
        }

        return lists;
    }

    /// <summary>Copies the lists to the words and has the 32-bit argument point there.</summary>
    public void Place(uint* words)
    {
        _first.Place(words);
        _second.Place(words + _first.Count);
    }

    /// <summary>Takes back what the call changed; the 64-bit argument points where it did.</summary>
    public readonly void TakeBack()
    {
        _first.TakeBack();
        _second.TakeBack();
    }

    private static NarrowList List(ref MemoryReservation wide, ref MemoryReservation32 narrow)
    {
        fixed (ulong* pointer = &wide.ExtentStart)
        fixed (uint* narrowPointer = &narrow.ExtentStart)
        {
            return List(pointer, narrowPointer, wide.ExtentCount);
        }
    }

    private static NarrowList List(ulong* pointer, uint* narrowPointer, ulong count)
    {
        bool isThere = count <= MostElements && NarrowCalls.IsMemory(*pointer, count * sizeof(ulong));
        return new NarrowList { Pointer = pointer, NarrowPointer = narrowPointer, Elements = (ulong*)*pointer, Count = isThere ? (int)count : 0 };
    }

    private struct NarrowList
    {
        public ulong* Pointer, Elements;
        public uint* NarrowPointer, Copy;
        public int Count;

        public void Place(uint* words)
        {
            if (Count == 0)
            {
                return;
            }

            Copy = words;
            *NarrowPointer = (uint)words;
            for (int i = 0; i < Count; i++)
            {
                words[i] = unchecked((uint)Elements[i]);
            }
        }

        public readonly void TakeBack()
        {
            if (Count == 0)
            {
                return;
            }

            *Pointer = (ulong)Elements;
            for (int i = 0; i < Count; i++)
            {
                if (Copy[i] != unchecked((uint)Elements[i]))
                {
                    Elements[i] = Copy[i];
                }
            }
        }
    }
}
