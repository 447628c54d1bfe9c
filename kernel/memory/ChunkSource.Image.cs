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

    // Zeroed memory of at least that many bytes, page-aligned; null when there is none.
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

        int order = 0;
        while (order <= FrameAllocator.MaximumOrder && (ulong)Page.Size << order < size)
        {
            order++;
        }

        return bytes >= 0 && s_frames.TryAllocate(order, FrameAllocator.HypervisorOwner, FrameType.Managed, out Mfn mfn)
            ? (void*)(AddressSpace.DirectMap + mfn.Address)
            : null;
    }
}
