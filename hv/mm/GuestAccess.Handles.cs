using System;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Threading;
using Xenolith.Kernel;

namespace Xenolith.Mm;

/// <summary>
/// Copies for hypercalls: a supervisor's data accesses, in which SMAP and EFLAGS.AC count where page tables are walked. False is -EFAULT; what was
/// copied before it stays copied, and no exception is raised in the guest.
/// </summary>
public sealed unsafe partial class GuestAccess
{
    // The vCPU's kept walks as long as handles are linear addresses and nothing else; so looking at more costs only those who use it.
    private GuestTranslations? _handleTranslations;
    private bool _looksIntoTables;

    /// <summary>What handles mean beside linear addresses.</summary>
    public GuestBuffers Buffers { get; }

    /// <summary>Copies in what a handle means.</summary>
    public bool CopyIn(ulong handle, Span<byte> destination)
    {
        if (_handleTranslations is { } translations && destination.Length <= Page.Size - (int)(handle & Page.OffsetMask))
        {
            byte* place = translations.Find(_cpu, handle, AccessKind.Read);
            if (place != null)
            {
                new ReadOnlySpan<byte>(place, destination.Length).CopyTo(destination);
                return true;
            }
        }
        return CopyInPages(handle, destination);
    }

    /// <summary>Copies out to what a handle means. What is written to read-only memory is dropped.</summary>
    public bool CopyOut(ulong handle, ReadOnlySpan<byte> source)
    {
        if (_handleTranslations is { } translations && source.Length <= Page.Size - (int)(handle & Page.OffsetMask))
        {
            byte* place = translations.Find(_cpu, handle, AccessKind.Write);
            if (place != null)
            {
                source.CopyTo(new Span<byte>(place, source.Length));
                return true;
            }
        }
        return CopyOutPages(handle, source);
    }

    /// <summary>Copies one value in.</summary>
    public bool TryCopyIn<T>(ulong handle, out T value) where T : unmanaged
    {
        if (_handleTranslations is { } translations && IsWithinPage<T>(handle))
        {
            byte* place = translations.Find(_cpu, handle, AccessKind.Read);
            if (place != null)
            {
                value = Unsafe.ReadUnaligned<T>(place);
                return true;
            }
        }
        Unsafe.SkipInit(out value);
        if (CopyInBytes(handle, ref Unsafe.As<T, byte>(ref value), sizeof(T)))
            return true;
        value = default;
        return false;
    }

    /// <summary>Copies one value out.</summary>
    public bool TryCopyOut<T>(ulong handle, in T value) where T : unmanaged
    {
        if (_handleTranslations is { } translations && IsWithinPage<T>(handle))
        {
            byte* place = translations.Find(_cpu, handle, AccessKind.Write);
            if (place != null)
            {
                Unsafe.WriteUnaligned(place, value);
                return true;
            }
        }
        return CopyOutBytes(handle, ref Unsafe.As<T, byte>(ref Unsafe.AsRef(in value)), sizeof(T));
    }

    /// <summary>The guest frame that a handle leads to, for who pins it; whether memory is there is for the caller to find out.</summary>
    public bool TryResolve(ulong handle, AccessKind access, out Gfn gfn)
    {
        gfn = default;
        BufferPlace found = IsPlain ? BufferPlace.Walk : Buffers.FindFrame(handle, (access & AccessKind.Write) != 0, out gfn);
        if (found != BufferPlace.Walk)
            return found == BufferPlace.Found;
        bool isThere = TryTranslate(handle, access, out ulong physical, out _);
        gfn = Gfn.Of(physical);
        return isThere;
    }

    /// <summary>A call begins whose handles are guest-physical, until <see cref="EndPhysical"/>.</summary>
    /// <param name="mayBeLists">Whether they may name lists of frames.</param>
    public void BeginPhysical(bool mayBeLists)
    {
        Buffers.BeginPhysical(mayBeLists);
        _handleTranslations = null;
    }

    /// <summary>Handles are what they are for other calls.</summary>
    public void EndPhysical()
    {
        Buffers.ArePhysical = false;
        _handleTranslations = _translations;
        // Another CPU may have begun to use tables meanwhile, and then thinks that this is done.
        Interlocked.MemoryBarrier();
        if (Volatile.Read(ref _looksIntoTables))
            _handleTranslations = null;
    }

    /// <summary>Handles may be in a hypercall TLB from now on, or be out of reach. Any CPU may say so.</summary>
    internal void LookIntoTables()
    {
        Volatile.Write(ref _looksIntoTables, true);
        Interlocked.MemoryBarrier();
        Volatile.Write(ref _handleTranslations, null);
    }

    private bool IsPlain => _handleTranslations is not null;

    // These two are not inlined, so that who finds a walk that was kept has no span to make room for.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private bool CopyInBytes(ulong handle, ref byte destination, int length) => CopyInPages(handle, MemoryMarshal.CreateSpan(ref destination, length));

    [MethodImpl(MethodImplOptions.NoInlining)]
    private bool CopyOutBytes(ulong handle, ref byte source, int length) => CopyOutPages(handle, MemoryMarshal.CreateSpan(ref source, length));

    private bool CopyInPages(ulong handle, Span<byte> destination)
    {
        while (destination.Length != 0)
        {
            int count = GuestMemory.BytesInPage(handle, destination.Length);
            if (!TryLocateBuffer(handle, AccessKind.Read, out byte* place))
                return false;
            new ReadOnlySpan<byte>(place, count).CopyTo(destination);
            destination = destination.Slice(count);
            handle = unchecked(handle + (ulong)count);
        }
        return true;
    }

    private bool CopyOutPages(ulong handle, ReadOnlySpan<byte> source)
    {
        while (source.Length != 0)
        {
            int count = GuestMemory.BytesInPage(handle, source.Length);
            if (!TryLocateBuffer(handle, AccessKind.Write, out byte* place))
                return false;
            if (place != null)
                source.Slice(0, count).CopyTo(new Span<byte>(place, count));
            source = source.Slice(count);
            handle = unchecked(handle + (ulong)count);
        }
        return true;
    }

    private bool TryLocateBuffer(ulong handle, AccessKind access, out byte* place)
    {
        if (!IsPlain)
        {
            BufferPlace found = Buffers.Find(handle, (access & AccessKind.Write) != 0, out place);
            if (found != BufferPlace.Walk)
                return found == BufferPlace.Found;
        }
        return TryLocate(handle, access, out place, out _);
    }
}
