using System;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Xenolith.Kernel;

/// <summary>RAM of a machine that exists in a test: physical addresses 0 to a limit, zeroed at the start, over native memory.</summary>
public sealed unsafe class HostPhysicalMemory : PhysicalMemory, IDisposable
{
    // Native memory, not an array: frames keep their alignment and refs to words stay valid while the collector moves things.
    private byte* _base;

    private ulong _watchedFrame = ulong.MaxValue;
    private int _untilAction;
    private Action? _action;

    /// <param name="bytes">Size; rounded up to whole frames.</param>
    public HostPhysicalMemory(ulong bytes)
    {
        Limit = Page.FramesFor(bytes) << Page.Shift;
        _base = (byte*)NativeMemory.AlignedAlloc((nuint)Limit, Page.Size);
        NativeMemory.Clear(_base, (nuint)Limit);
    }

    ~HostPhysicalMemory() => Free();

    /// <inheritdoc/>
    public override ulong Limit { get; }

    /// <inheritdoc/>
    public override bool IsRam(ulong address, ulong length) => address <= Limit && length <= Limit - address;

    /// <inheritdoc/>
    public override Span<byte> Bytes(ulong address, int length) => new(At(address, length, 1), length);

    /// <inheritdoc/>
    public override ref ulong Word64(ulong address) => ref Unsafe.AsRef<ulong>(At(address, 8, 8));

    /// <inheritdoc/>
    public override ref uint Word32(ulong address) => ref Unsafe.AsRef<uint>(At(address, 4, 4));

    /// <summary>Does something once, as another CPU might, after an access to a frame through this seam has got its place.</summary>
    /// <param name="frame">The frame's address.</param>
    /// <param name="access">Which access: 1 is the next one.</param>
    public void After(ulong frame, int access, Action action) => (_watchedFrame, _untilAction, _action) = (frame, access, action);

    /// <summary>Whether what <see cref="After"/> was given is still to be done.</summary>
    public bool IsWaiting => _action is not null;

    /// <summary>Gives the memory back to the host.</summary>
    public void Dispose()
    {
        Free();
        GC.SuppressFinalize(this);
    }

    // The pointer arithmetic of this seam: range and alignment are checked here, once.
    private byte* At(ulong address, int length, uint alignment)
    {
        ObjectDisposedException.ThrowIf(_base == null, this);
        if (length < 0 || !IsRam(address, (ulong)length) || address % alignment != 0)
        {
            throw new ArgumentOutOfRangeException(nameof(address), $"0x{address:x}+{length} is no RAM, or not aligned");
        }

        if (address - _watchedFrame < Page.Size && _action is { } action && --_untilAction == 0)
        {
            _action = null;
            action();
        }

        return _base + address;
    }

    private void Free()
    {
        NativeMemory.AlignedFree(_base);
        _base = null;
    }
}
