using System;
using System.Runtime;

namespace Xenolith.Kernel;

/// <summary>Memory for the runtime's arenas: from a part of the image at first, then from the frame allocator, through the direct map.</summary>
internal static unsafe class ChunkSource
{
    private static ulong s_earlyUsed;
    private static FrameAllocator? s_frames;

    /// <summary>From now on chunks come from the allocator.</summary>
    public static void UseFrames(FrameAllocator frames) => s_frames = frames;

    // Memory of at least that many bytes, page-aligned, which the runtime clears; null when there is none.
    [RuntimeExport("runtime_allocate_chunk")]
    private static void* Allocate(nint bytes)
    {
        ulong size = Page.FramesFor((ulong)bytes) << Page.Shift;
        if (s_frames is null)
        {
            // unsafe: a part of .bss set aside by the linker.
            ref readonly ImageLayout layout = ref ImageLayout.Current;
            if (bytes < 0 || size > layout.EarlyHeapBytes - s_earlyUsed)
            {
                return null;
            }

            s_earlyUsed += size;
            return (void*)(layout.EarlyHeap + s_earlyUsed - size);
        }

        return bytes >= 0 && s_frames.TryAllocateUncleared(OrderFor(size), FrameAllocator.HypervisorOwner, FrameType.Managed, out Mfn mfn)
            ? (void*)(AddressSpace.DirectMap + mfn.Address)
            : null;
    }

    // 0: the chunk is a part of the image.
    [RuntimeExport("runtime_free_chunk")]
    private static int Free(void* chunk, nint bytes)
    {
        // unsafe: the address in the direct map says which frames they are.
        ulong address = (ulong)chunk - AddressSpace.DirectMap;
        if (s_frames is null || (ulong)chunk < AddressSpace.DirectMap || s_frames.TypeOf(Mfn.Of(address)) != FrameType.Managed)
        {
            return 0;
        }

        ulong size = Page.FramesFor((ulong)bytes) << Page.Shift;
        return s_frames.Free(Mfn.Of(address), OrderFor(size)) ? 1 : 0;
    }

    private static int OrderFor(ulong size)
    {
        int order = 0;
        while (order <= FrameAllocator.MaximumOrder && (ulong)Page.Size << order < size)
        {
            order++;
        }

        return order;
    }
}
