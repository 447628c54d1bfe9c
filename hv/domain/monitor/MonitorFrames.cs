using System;
using System.Runtime.InteropServices;
using Xenolith.Abi.Contract;
using Xenolith.Kernel;

namespace Xenolith.Domains;

/// <summary>
/// Memory of the hypervisor for a domain that is listened to, from enable to disable: which MSRs are watched, and for each vCPU the events that
/// the ring has no room for, and the answer that it has got. Two frames, and one for each three vCPUs.
/// </summary>
internal sealed class MonitorFrames(Domain domain)
{
    private const int MsrFrames = 2, VcpusPerFrame = 3, EventSize = 400, RecordSize = (MaximumHeld + 1) * EventSize;

    /// <summary>Events that one exit of a vCPU may bring: that it was one, and what it was.</summary>
    public const int MaximumHeld = 2;

    private readonly Mfn[] _frames = new Mfn[MsrFrames + (domain.Vcpus.Length + VcpusPerFrame - 1) / VcpusPerFrame];
    private int _count;

    public bool AreThere => _count != 0;

    /// <summary>False, and nothing is taken: there is no memory.</summary>
    public bool TryAllocate()
    {
        while (_count < _frames.Length)
        {
            if (!domain.Services.Frames.TryAllocate(0, FrameAllocator.HypervisorOwner, FrameType.Control, out Mfn mfn))
            {
                Free();
                return false;
            }
            domain.Services.Memory.Frame(mfn).Clear();
            _frames[_count++] = mfn;
        }
        return true;
    }

    public void Free()
    {
        while (_count != 0)
            domain.Services.Frames.Free(_frames[--_count], 0);
    }

    /// <summary>An event of a vCPU that waits for room in the ring.</summary>
    /// <param name="index">Its place among them, less than <see cref="MaximumHeld"/>.</param>
    public ref VmEventRequest Held(Vcpu vcpu, int index) => ref Record(vcpu, index * EventSize);

    /// <summary>What the listener has answered to a vCPU.</summary>
    public ref VmEventRequest Answer(Vcpu vcpu) => ref Record(vcpu, MaximumHeld * EventSize);

    private ref VmEventRequest Record(Vcpu vcpu, int offset)
    {
        ulong address = _frames[MsrFrames + vcpu.Id / VcpusPerFrame].Address + (ulong)(vcpu.Id % VcpusPerFrame * RecordSize + offset);
        return ref MemoryMarshal.AsRef<VmEventRequest>(domain.Services.Memory.Bytes(address, EventSize));
    }

    /// <summary>Whether there is a bit for the MSR: the ranges that an MSR bitmap has, and that of hypervisors (Intel SDM vol. 3, 25.6.9).</summary>
    public static bool Covers(uint msr) => (msr & RangeMask) < RangeLength && (msr & ~RangeMask) is 0 or 0x4000_0000 or 0xC000_0000;

    private const uint RangeMask = 0x3FFF_FFFF, RangeLength = 0x2000;

    public bool IsWatched(uint msr) => AreThere && Covers(msr) && (Word(0, msr) & Bit(msr)) != 0;

    public bool IsOnChange(uint msr) => (Word(1, msr) & Bit(msr)) != 0;

    /// <summary>Watches an MSR of those covered, or no more.</summary>
    public void Watch(uint msr, bool on, bool onChange)
    {
        Set(ref Word(0, msr), msr, on);
        Set(ref Word(1, msr), msr, on && onChange);
    }

    private ref ulong Word(int frame, uint msr)
    {
        uint range = msr >> 30 == 0 ? 0 : msr >> 31 == 0 ? 1u : 2;
        return ref domain.Services.Memory.Word64(_frames[frame].Address + (range * RangeLength + (msr & (RangeLength - 1))) / 64 * 8);
    }

    private static ulong Bit(uint msr) => 1UL << (int)(msr & 63);

    private static void Set(ref ulong word, uint msr, bool on) => word = on ? word | Bit(msr) : word & ~Bit(msr);
}
