using System;
using System.Collections.Generic;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Xenolith.Kernel;

namespace Xenolith.Tests.Unit.Mm.Model;

/// <summary>
/// RAM in which every store to a word of a page table is seen by itself, in order: a word that was handed out is compared with what it held
/// when the next access comes. Of frames that are no tables only this is kept: whose data is in them.
/// </summary>
internal sealed unsafe class WatchedMemory : PhysicalMemory, IDisposable
{
    /// <summary>Whose data is in a frame that has been cleared.</summary>
    public const ushort Nobody = 0;

    /// <summary>Whose data was there at first.</summary>
    public const ushort Firmware = 0x7777;

    private readonly List<int> _touched = [];
    private readonly bool[] _isTouched;
    private readonly ushort[] _contents;
    private void* _allocation;
    private readonly byte* _base;
    private ulong _pending;
    private ulong _pendingValue;

    /// <param name="frames">Size.</param>
    public WatchedMemory(int frames)
    {
        Limit = (ulong)frames << Page.Shift;
        // Much memory costs nothing as long as nobody looks at it.
        _allocation = NativeMemory.AllocZeroed((nuint)Limit + Page.Size);
        _base = (byte*)(((nuint)_allocation + Page.Size - 1) & ~(nuint)(Page.Size - 1));
        _isTouched = new bool[frames];
        _contents = new ushort[frames];
        Array.Fill(_contents, Firmware);
    }

    ~WatchedMemory() => Free();

    public override ulong Limit { get; }

    /// <summary>A word changed: its address, what it was, what it is.</summary>
    public Action<ulong, ulong, ulong>? Stored { get; set; }

    /// <summary>So many frames from one on are about to be cleared.</summary>
    public Action<ulong, ulong>? Clearing { get; set; }

    /// <summary>Whose data is in a frame.</summary>
    public ref ushort Contents(ulong mfn) => ref _contents[mfn];

    /// <summary>All as at first.</summary>
    public void Reset()
    {
        Flush();
        foreach (int frame in _touched)
        {
            NativeMemory.Clear(_base + ((long)frame << Page.Shift), Page.Size);
            _isTouched[frame] = false;
        }
        _touched.Clear();
        Array.Fill(_contents, Firmware);
        _pending = 0;
        _pendingValue = *(ulong*)_base;
    }

    /// <summary>Tells of a store that no access has followed yet.</summary>
    public void Flush()
    {
        ulong now = *(ulong*)(_base + _pending);
        if (now == _pendingValue)
            return;
        ulong old = _pendingValue;
        _pendingValue = now;
        Stored?.Invoke(_pending, old, now);
    }

    /// <summary>A frame as it is, for those who judge.</summary>
    public ReadOnlySpan<ulong> Peek(ulong mfn) => new(_base + (mfn << Page.Shift), Page.Size / sizeof(ulong));

    public override bool IsRam(ulong address, ulong length) => address <= Limit && length <= Limit - address;

    public override Span<byte> Bytes(ulong address, int length)
    {
        Flush();
        Require(address, (ulong)length);
        for (ulong frame = address >> Page.Shift; frame << Page.Shift < address + (ulong)length; frame++)
            Touch((int)frame);
        return new Span<byte>(_base + address, length);
    }

    public override ref ulong Word64(ulong address)
    {
        Flush();
        Require(address, sizeof(ulong));
        Touch((int)(address >> Page.Shift));
        _pending = address;
        _pendingValue = *(ulong*)(_base + address);
        return ref Unsafe.AsRef<ulong>(_base + address);
    }

    public override ref uint Word32(ulong address) => throw new NotSupportedException("nothing here has 32-bit words");

    public override void Clear(ulong address, ulong length)
    {
        Flush();
        Require(address, length);
        ulong first = address >> Page.Shift, count = length >> Page.Shift;
        Clearing?.Invoke(first, count);
        _contents.AsSpan((int)first, (int)count).Fill(Nobody);
        for (int frame = (int)first; frame < (int)(first + count); frame++)
        {
            if (_isTouched[frame])
                NativeMemory.Clear(_base + ((long)frame << Page.Shift), Page.Size);
        }
        _pendingValue = *(ulong*)(_base + _pending);
    }

    public void Dispose()
    {
        Free();
        GC.SuppressFinalize(this);
    }

    private void Touch(int frame)
    {
        if (_isTouched[frame])
            return;
        _isTouched[frame] = true;
        _touched.Add(frame);
    }

    private void Require(ulong address, ulong length)
    {
        if (!IsRam(address, length))
            throw new ModelException($"0x{address:x}+0x{length:x} is no RAM");
    }

    private void Free()
    {
        NativeMemory.Free(_allocation);
        _allocation = null;
    }
}

/// <summary>The real code and the model disagree.</summary>
internal sealed class ModelException(string message) : Exception(message);
