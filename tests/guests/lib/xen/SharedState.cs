using System.Threading;
using Xenolith.Abi.Contract;

namespace Xenolith.Guests;

/// <summary>
/// shared_info, mapped over a page of the pool, with vCPU 0's vcpu_info in it or moved elsewhere (Xen public header
/// xen.h, arch-x86/xen.h), in the layout of the width that calls are made in. The bits of a port lie in it on two levels, else in the port's event word.
/// </summary>
public static unsafe class SharedState
{
    // unsafe: words that the hypervisor changes meanwhile; bits are set and cleared by interlocked operations.

    private const int PendingOffset = 2048;
    private const int UpcallPendingOffset = 0, UpcallMaskOffset = 1, NarrowSelectorOffset = 4, SelectorOffset = 8, TimeOffset = 32;

    private static int MaskOffset => NarrowCalls.IsOn ? 2176 : 2560;

    private static int WallClockOffset => NarrowCalls.IsOn ? 2304 : 3072;

    /// <summary>Ports that a word of the bitmaps has bits for, and a bit of the selector stands for; also the number of the words.</summary>
    public static uint WordBits => NarrowCalls.IsOn ? 32u : 64u;

    /// <summary>Where vcpu_runstate_info has its time of entry, and behind it the times of the states: the 32-bit ABI aligns these by 4.</summary>
    public static ulong RunstateEntryTime => NarrowCalls.IsOn ? 4UL : 8UL;

    /// <summary>Ports that can be had on two levels.</summary>
    public static uint PortLimit => WordBits * WordBits;

    /// <summary>Address of shared_info; 0 before <see cref="Map"/>.</summary>
    public static ulong Address { get; private set; }

    /// <summary>Address of this vCPU's vcpu_info.</summary>
    public static ulong VcpuInfo { get; set; }

    /// <summary>Maps it; the result of XENMEM_add_to_physmap.</summary>
    public static long Map()
    {
        var argument = new AddToPhysmap { Domain = DomainIds.Self, Space = (uint)MapSpace.SharedInfo, Index = 0, Gpfn = Layout.FrameOf(PoolPage.SharedInfo) };
        long result = Xen.Call(Hypercall.MemoryOp, (ulong)MemoryOp.AddToPhysmap, ref argument);
        if (result == 0)
        {
            Address = (ulong)Layout.Page(PoolPage.SharedInfo);
            VcpuInfo = Address;
        }

        return result;
    }

    /// <summary>Address of vcpu_time_info.</summary>
    public static ulong Time => VcpuInfo + TimeOffset;

    /// <summary>Address of wc_version, wc_sec, wc_nsec.</summary>
    public static ulong WallClock => Address + (ulong)WallClockOffset;

    public static bool UpcallPending => Memory.Read8(VcpuInfo + UpcallPendingOffset) != 0;

    public static bool UpcallMasked => Memory.Read8(VcpuInfo + UpcallMaskOffset) != 0;

    public static ulong Selector => NarrowCalls.IsOn ? Memory.Read32(VcpuInfo + NarrowSelectorOffset) : Memory.Read64(VcpuInfo + SelectorOffset);

    public static bool IsPending(uint port) => FifoState.IsActive ? FifoState.Test(port, EventWord.Pending) : Test(PendingOffset, port);

    public static bool IsMasked(uint port) => FifoState.IsActive ? FifoState.Test(port, EventWord.Masked) : Test(MaskOffset, port);

    public static void Mask(uint port)
    {
        if (FifoState.IsActive)
        {
            FifoState.Set(port, EventWord.Masked);
            return;
        }

        Interlocked.Or(ref Word(MaskOffset, port), 1UL << (int)(port % 64));
    }

    /// <summary>Clears the mask bit only; a pending event is not raised by it.</summary>
    public static void ClearMask(uint port)
    {
        if (FifoState.IsActive)
        {
            FifoState.Clear(port, EventWord.Masked);
            return;
        }

        Interlocked.And(ref Word(MaskOffset, port), ~(1UL << (int)(port % 64)));
    }

    public static void ClearPending(uint port)
    {
        if (FifoState.IsActive)
        {
            FifoState.Clear(port, EventWord.Pending);
            return;
        }

        Interlocked.And(ref Word(PendingOffset, port), ~(1UL << (int)(port % 64)));
    }

    /// <summary>Clears the upcall's pending byte and takes the selector, as a guest's upcall does first.</summary>
    public static ulong TakeSelector()
    {
        Memory.Write8(VcpuInfo + UpcallPendingOffset, 0);
        return TakeSelector(VcpuInfo);
    }

    /// <summary>Takes the selector of a vcpu_info.</summary>
    public static ulong TakeSelector(ulong vcpuInfo) => NarrowCalls.IsOn
        ? Interlocked.Exchange(ref *(uint*)(vcpuInfo + NarrowSelectorOffset), 0)
        : Interlocked.Exchange(ref *(ulong*)(vcpuInfo + SelectorOffset), 0);

    // The bits of a port stand in the same byte whatever the width of words.
    private static bool Test(int offset, uint port) => (Memory.Read8(Address + (ulong)offset + (port / 8)) >> (int)(port % 8) & 1) != 0;

    private static ref ulong Word(int offset, uint port) => ref *(ulong*)(Address + (ulong)offset + (port / 64 * 8));
}
