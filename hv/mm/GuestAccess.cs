using System;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Xenolith.Hal;
using Xenolith.Kernel;

namespace Xenolith.Mm;

/// <summary>
/// The memory of a guest as one vCPU has it: by linear addresses, which its own page tables make, and by the handles of its hypercalls,
/// which mean linear addresses most of the time. Whoever copies on behalf of a vCPU names it by passing this object; there is no "current" one.
/// </summary>
/// <remarks>
/// What handles mean may be in a hypercall TLB, and a call may say that its handles are guest-physical (<see cref="GuestBuffers"/>). What an
/// instruction reads or writes that is carried out for the guest is linear, always.
/// </remarks>
public sealed unsafe partial class GuestAccess
{
    // unsafe: the host's pointers to guest memory do not leave this class; each is to one page, good for one copy.
    private readonly VirtualCpu _cpu;
    private readonly PageWalker _walker;
    private readonly GuestTranslations _translations;

    public GuestAccess(VirtualCpu cpu, GuestMemory memory)
    {
        _cpu = cpu;
        Memory = memory;
        _walker = new PageWalker(memory);
        _translations = new GuestTranslations(memory);
        _handleTranslations = _translations;
        Buffers = new GuestBuffers(cpu, memory);
    }

    /// <summary>The domain's memory by guest-physical address.</summary>
    public GuestMemory Memory { get; }

    /// <summary>What the guest's CPUID says about paging; it decides which bits of an entry are reserved.</summary>
    public PagingFeatures Features
    {
        get => _walker.Features;
        set
        {
            _walker.Features = value;
            _translations.Clear();
        }
    }

    /// <summary>Whether the vCPU runs 64-bit code now; otherwise its pointers have 32 bits.</summary>
    public bool Is64Bit => _cpu.RunsLongCode;

    /// <summary>Copies in through linear addresses, wrapping at the end of the address space as the CPU does.</summary>
    public bool TryRead(ulong linear, Span<byte> destination, AccessKind access, out PageFault fault)
    {
        fault = default;
        if (destination.Length <= Page.Size - (int)(linear & Page.OffsetMask))
        {
            byte* place = _translations.Find(_cpu, linear, access);
            if (place != null)
            {
                new ReadOnlySpan<byte>(place, destination.Length).CopyTo(destination);
                return true;
            }
        }
        return TryReadPages(linear, destination, access, out fault);
    }

    /// <summary>Copies out through linear addresses. <paramref name="access"/> includes <see cref="AccessKind.Write"/>.</summary>
    public bool TryWrite(ulong linear, ReadOnlySpan<byte> source, AccessKind access, out PageFault fault)
    {
        fault = default;
        if (source.Length <= Page.Size - (int)(linear & Page.OffsetMask))
        {
            byte* place = _translations.Find(_cpu, linear, access | AccessKind.Write);
            if (place != null)
            {
                source.CopyTo(new Span<byte>(place, source.Length));
                return true;
            }
        }
        return TryWritePages(linear, source, access | AccessKind.Write, out fault);
    }

    /// <summary>Reads one value, under the rules of <see cref="TryRead"/>.</summary>
    public bool TryReadValue<T>(ulong linear, AccessKind access, out T value, out PageFault fault) where T : unmanaged
    {
        if (IsWithinPage<T>(linear))
        {
            byte* place = _translations.Find(_cpu, linear, access);
            if (place != null)
            {
                value = Unsafe.ReadUnaligned<T>(place);
                fault = default;
                return true;
            }
        }
        value = default;
        return TryReadPages(linear, MemoryMarshal.AsBytes(MemoryMarshal.CreateSpan(ref value, 1)), access, out fault);
    }

    /// <summary>Writes one value, under the rules of <see cref="TryWrite"/>.</summary>
    public bool TryWriteValue<T>(ulong linear, AccessKind access, in T value, out PageFault fault) where T : unmanaged
    {
        if (IsWithinPage<T>(linear))
        {
            byte* place = _translations.Find(_cpu, linear, access | AccessKind.Write);
            if (place != null)
            {
                Unsafe.WriteUnaligned(place, value);
                fault = default;
                return true;
            }
        }
        return TryWritePages(linear, MemoryMarshal.AsBytes(new ReadOnlySpan<T>(in value)), access | AccessKind.Write, out fault);
    }

    /// <summary>
    /// Whether the first bytes at a linear address are those, within a page whose walk is kept. False says nothing: they are read by <see cref="TryRead"/> then, which keeps
    /// the walk.
    /// </summary>
    /// <param name="access">How they are fetched.</param>
    /// <param name="code">The bytes, the first one lowest.</param>
    /// <param name="mask">Which bits of four bytes count.</param>
    public bool HasKeptCode(ulong linear, AccessKind access, uint code, uint mask)
    {
        if (!IsWithinPage<uint>(linear))
            return false;
        byte* place = _translations.Find(_cpu, linear, access);
        return place != null && (Unsafe.ReadUnaligned<uint>(place) & mask) == code;
    }

    /// <summary>Walks the guest's page tables for one byte, setting accessed and dirty bits as the CPU would.</summary>
    /// <param name="physical">The guest-physical address; whether memory is there is for the caller to find out.</param>
    public bool TryTranslate(ulong linear, AccessKind access, out ulong physical, out PageFaultError error)
    {
        _cpu.ReadPaging(out PagingState paging);
        return _walker.TryWalk(paging.RunsLongCode ? linear : (uint)linear, access, in paging, out physical, out error);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static bool IsWithinPage<T>(ulong linear) where T : unmanaged =>
        (linear & Page.OffsetMask) <= Page.Size - (ulong)sizeof(T);

    private bool TryReadPages(ulong linear, Span<byte> destination, AccessKind access, out PageFault fault)
    {
        while (destination.Length != 0)
        {
            int count = GuestMemory.BytesInPage(linear, destination.Length);
            if (!TryLocate(linear, access, out byte* place, out fault))
                return false;
            new ReadOnlySpan<byte>(place, count).CopyTo(destination);
            destination = destination.Slice(count);
            linear = unchecked(linear + (ulong)count);
        }
        fault = default;
        return true;
    }

    private bool TryWritePages(ulong linear, ReadOnlySpan<byte> source, AccessKind access, out PageFault fault)
    {
        while (source.Length != 0)
        {
            int count = GuestMemory.BytesInPage(linear, source.Length);
            if (!TryLocate(linear, access, out byte* place, out fault))
                return false;
            if (place != null)
                source.Slice(0, count).CopyTo(new Span<byte>(place, count));
            source = source.Slice(count);
            linear = unchecked(linear + (ulong)count);
        }
        fault = default;
        return true;
    }

    /// <summary>Finds the byte's place, by a kept walk or by walking, which is kept for the next time.</summary>
    /// <param name="place">The byte in the host; null: memory where what is written is dropped.</param>
    private bool TryLocate(ulong linear, AccessKind access, out byte* place, out PageFault fault)
    {
        fault = default;
        place = _translations.Find(_cpu, linear, access);
        if (place != null)
            return true;
        _cpu.ReadPaging(out PagingState paging);
        if (!paging.RunsLongCode)
            linear = (uint)linear;
        WalkStart start = WalkStart.Of(Memory.P2m);
        if (!_walker.TryWalk(linear, access, in paging, out ulong physical, out PageFaultError error))
        {
            fault = new PageFault(linear, error, 0);
            return false;
        }
        P2mEntry entry = Memory.P2m.Lookup(Gfn.Of(physical));
        if (!entry.IsReadable)
        {
            fault = new PageFault(linear, PageFaultError.NotRam, physical);
            return false;
        }
        if ((access & AccessKind.Write) != 0)
        {
            if (!entry.IsWritable)
                return true;
            // Once for a kept walk: a look that clears marks makes it stale.
            Memory.P2m.MarkWritten(Gfn.Of(physical));
        }
        place = _translations.PlaceOf(entry.Mfn) + (linear & Page.OffsetMask);
        _translations.Keep(linear, access, in paging, start, Gfn.Of(physical), entry.Mfn, _walker);
        return true;
    }
}

/// <summary>What a guest's CPUID says about its paging.</summary>
/// <param name="PhysicalAddressBits">MAXPHYADDR: 32 to 48.</param>
/// <param name="GigabytePages">CPUID 0x80000001 EDX bit 26.</param>
public readonly record struct PagingFeatures(int PhysicalAddressBits, bool GigabytePages);
