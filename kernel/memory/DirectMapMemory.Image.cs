using System;
using System.Runtime;
using System.Runtime.CompilerServices;

namespace Xenolith.Kernel;

/// <summary>RAM of this machine, through the direct map: physical address p lies at <see cref="AddressSpace.DirectMap"/> + p.</summary>
public sealed unsafe class DirectMapMemory : PhysicalMemory
{
    private readonly MemoryRange[] _ram;

    // The longest range, where nearly every access is.
    private readonly ulong _start;
    private readonly ulong _length;

    // How far into it an aligned word can begin. There is RAM, or nothing runs.
    private readonly ulong _lastWord;

    /// <param name="ram">The RAM ranges, sorted, merged, whole frames.</param>
    public DirectMapMemory(MemoryRange[] ram)
    {
        _ram = ram;
        Limit = ram.Length == 0 ? 0 : ram[^1].End;
        foreach (MemoryRange range in ram)
        {
            if (range.End - range.Start > _length)
            {
                _start = range.Start;
                _length = range.End - range.Start;
                _lastWord = _length - sizeof(ulong);
            }
        }
    }

    /// <inheritdoc/>
    public override ulong Limit { get; }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public override bool IsRam(ulong address, ulong length)
    {
        ulong within = unchecked(address - _start);
        return (within <= _length && length <= _length - within) || IsRamElsewhere(address, length);
    }

    private static ArgumentOutOfRangeException NotRam() => new("address");

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ref ulong Plain(ulong address) => ref Unsafe.AsRef<ulong>((void*)(AddressSpace.DirectMap + address));

    private ref ulong Word64Elsewhere(ulong address) => ref Unsafe.AsRef<ulong>(At(address, sizeof(ulong), sizeof(ulong)));

    private bool IsRamElsewhere(ulong address, ulong length)
    {
        foreach (MemoryRange range in _ram.AsSpan())
        {
            if (address >= range.Start && address <= range.End && length <= range.End - address)
            {
                return true;
            }
        }

        return false;
    }

    /// <inheritdoc/>
    public override Span<byte> Bytes(ulong address, int length)
    {
        if (length < 0)
        {
            throw new ArgumentOutOfRangeException(nameof(length));
        }

        return new Span<byte>(At(address, (uint)length, 1), length);
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public override ref ulong Word64(ulong address) =>
        ref (unchecked(address - _start) <= _lastWord && (address & 7) == 0 ? ref Plain(address) : ref Word64Elsewhere(address));

    /// <inheritdoc/>
    public override ref uint Word32(ulong address) => ref Unsafe.AsRef<uint>(At(address, 4, 4));

    /// <inheritdoc/>
    public override void Clear(ulong address, ulong length)
    {
        if (((address | length) & Page.OffsetMask) != 0 || !IsRam(address, length))
        {
            base.Clear(address, length);
            return;
        }

        ClearFrames((void*)(AddressSpace.DirectMap + address), length);
    }

    // unsafe: whole frames of RAM, checked above.
    [RuntimeImport("*", "kernel_clear_frames")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    private static extern void ClearFrames(void* frames, ulong length);

    // The pointer arithmetic of this seam: range and alignment are checked here, once.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private byte* At(ulong address, ulong length, uint alignment)
    {
        if (!IsRam(address, length) || (address & (alignment - 1)) != 0)
        {
            throw NotRam();
        }

        return (byte*)(AddressSpace.DirectMap + address);
    }
}
