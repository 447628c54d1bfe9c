using System;
using Xenolith.Hal;
using Xenolith.Kernel;

namespace Xenolith.Mm;

/// <summary>
/// The linear address space of one vCPU, as the guest's own page tables make it. Whoever copies on behalf of a vCPU names
/// it by passing this object; there is no "current" one.
/// </summary>
public sealed class GuestAccess
{
    private readonly VirtualCpu _cpu;
    private readonly PageWalker _walker;

    public GuestAccess(VirtualCpu cpu, GuestMemory memory)
    {
        _cpu = cpu;
        Memory = memory;
        _walker = new PageWalker(cpu, memory);
    }

    /// <summary>The domain's memory by guest-physical address.</summary>
    public GuestMemory Memory { get; }

    /// <summary>What the guest's CPUID says about paging; it decides which bits of an entry are reserved.</summary>
    public PagingFeatures Features
    {
        get => _walker.Features;
        set => _walker.Features = value;
    }

    /// <summary>Whether the vCPU runs 64-bit code now; otherwise its pointers have 32 bits.</summary>
    public bool Is64Bit => (_cpu.Efer & ControlBits.EferLma) != 0 && _cpu.GetSegment(SegmentName.Cs).Long;

    /// <summary>
    /// Copies in for a hypercall: a supervisor's data access, in which SMAP and EFLAGS.AC count. False: a byte could not be
    /// read (-EFAULT); what was copied before it stays copied. No exception is raised in the guest.
    /// </summary>
    public bool CopyIn(ulong linear, Span<byte> destination) => TryRead(linear, destination, AccessKind.Read, out _);

    /// <summary>Copies out for a hypercall, like <see cref="CopyIn"/>.</summary>
    public bool CopyOut(ulong linear, ReadOnlySpan<byte> source) => TryWrite(linear, source, AccessKind.Write, out _);

    /// <summary>Copies in through linear addresses, wrapping at the end of the address space as the CPU does.</summary>
    public bool TryRead(ulong linear, Span<byte> destination, AccessKind access, out PageFault fault)
    {
        bool wide = Is64Bit;
        while (destination.Length != 0)
        {
            if (!wide)
                linear = (uint)linear;
            int count = GuestMemory.BytesInPage(linear, destination.Length);
            if (!TryTranslate(linear, access, out ulong physical, out PageFaultError error))
            {
                fault = new PageFault(linear, error, 0);
                return false;
            }
            if (!Memory.TryRead(physical, destination.Slice(0, count)))
            {
                fault = new PageFault(linear, PageFaultError.NotRam, physical);
                return false;
            }
            destination = destination.Slice(count);
            linear = unchecked(linear + (ulong)count);
        }
        fault = default;
        return true;
    }

    /// <summary>Copies out through linear addresses. <paramref name="access"/> includes <see cref="AccessKind.Write"/>.</summary>
    public bool TryWrite(ulong linear, ReadOnlySpan<byte> source, AccessKind access, out PageFault fault)
    {
        bool wide = Is64Bit;
        while (source.Length != 0)
        {
            if (!wide)
                linear = (uint)linear;
            int count = GuestMemory.BytesInPage(linear, source.Length);
            if (!TryTranslate(linear, access | AccessKind.Write, out ulong physical, out PageFaultError error))
            {
                fault = new PageFault(linear, error, 0);
                return false;
            }
            if (!Memory.TryWrite(physical, source.Slice(0, count)))
            {
                fault = new PageFault(linear, PageFaultError.NotRam, physical);
                return false;
            }
            source = source.Slice(count);
            linear = unchecked(linear + (ulong)count);
        }
        fault = default;
        return true;
    }

    /// <summary>Walks the guest's page tables for one byte, setting accessed and dirty bits as the CPU would.</summary>
    /// <param name="physical">The guest-physical address; whether memory is there is for the caller to find out.</param>
    public bool TryTranslate(ulong linear, AccessKind access, out ulong physical, out PageFaultError error) =>
        _walker.TryWalk(Is64Bit ? linear : (uint)linear, access, out physical, out error);
}

/// <summary>What a guest's CPUID says about its paging.</summary>
/// <param name="PhysicalAddressBits">MAXPHYADDR: 32 to 48.</param>
/// <param name="GigabytePages">CPUID 0x80000001 EDX bit 26.</param>
public readonly record struct PagingFeatures(int PhysicalAddressBits, bool GigabytePages);
