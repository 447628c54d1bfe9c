using System;
using System.Runtime.CompilerServices;
using System.Threading;
using Xenolith.Kernel;

namespace Xenolith.Mm;

/// <summary>
/// A frame that the hypervisor and a guest both write: shared_info, vcpu_info, rings. The frame is pinned while attached, so
/// the guest can't take it away; every access is a single one, of one value, at a place that the caller (not the guest)
/// chose. Offsets are in bytes from the start of the frame, naturally aligned; one past the frame is a bug and panics.
/// An object of this class is made once and attached again and again.
/// </summary>
public sealed unsafe class SharedPage(P2m p2m, PhysicalMemory memory)
{
    // unsafe: the frame's bytes, null when detached. The frame is pinned and RAM does not move; going through PhysicalMemory for
    // every flag that is looked at before every entry costs too much.
    private byte* _bytes;

    /// <summary>The frame, or <see cref="Mfn.Invalid"/> when detached.</summary>
    public Mfn Mfn { get; private set; } = Mfn.Invalid;

    public bool IsAttached => _bytes != null;

    /// <summary>Where the domain has the frame, as far as is known; <see cref="Gfn.Invalid"/>: nowhere.</summary>
    public Gfn Place { get; set; } = Gfn.Invalid;

    // The attached pages of a domain are a list, which its p2m has.
    internal SharedPage? Next, Previous;

    /// <summary>What the page held when the log of the domain's writes looked last; <see cref="Mfn.Invalid"/>: not known.</summary>
    internal Mfn Copy = Mfn.Invalid;

    /// <summary>Pins the frame behind a guest frame. False when that is not the guest's own writable RAM.</summary>
    public bool TryAttach(Gfn gfn)
    {
        P2mEntry entry = p2m.Lookup(gfn);
        if (entry.Type != P2mType.Ram)
            return false;
        Attach(entry.Mfn);
        Place = gfn;
        return true;
    }

    /// <summary>Pins a frame that the caller allocated for the domain. What was attached before is let go.</summary>
    public void Attach(Mfn mfn)
    {
        p2m.Pin(mfn);
        Detach();
        Mfn = mfn;
        _bytes = (byte*)Unsafe.AsPointer(ref memory.Word64(mfn.Address));
        p2m.AddShared(this);
    }

    /// <summary>Lets go of the frame. Nothing happens when detached.</summary>
    public void Detach()
    {
        if (!IsAttached)
            return;
        p2m.RemoveShared(this);
        Mfn old = Mfn;
        Mfn = Mfn.Invalid;
        Place = Gfn.Invalid;
        _bytes = null;
        p2m.Unpin(old);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public byte Read8(int offset) => Volatile.Read(ref *At(offset, 1));

    /// <summary>The byte itself, to be looked at often; while the page is attached.</summary>
    public SharedByte Byte(int offset) => new(At(offset, 1));

    public void Write8(int offset, byte value) => Volatile.Write(ref *At(offset, 1), value);

    public uint Read32(int offset) => Volatile.Read(ref Word32(offset));

    public void Write32(int offset, uint value) => Volatile.Write(ref Word32(offset), value);

    public ulong Read64(int offset) => Volatile.Read(ref Word64(offset));

    public void Write64(int offset, ulong value) => Volatile.Write(ref Word64(offset), value);

    /// <summary>Copies bytes out to the page, in no particular order or size of access.</summary>
    public void Write(int offset, ReadOnlySpan<byte> source) => source.CopyTo(new Span<byte>(At(offset, source.Length), source.Length));

    /// <summary>Copies bytes in from the page, in no particular order or size of access.</summary>
    public void Read(int offset, Span<byte> destination) =>
        new ReadOnlySpan<byte>(At(offset, destination.Length), destination.Length).CopyTo(destination);

    /// <summary>The bytes, as they are when they are looked at.</summary>
    internal Span<byte> Content => new(At(0, Page.Size), Page.Size);

    /// <summary>Writes a whole page of zeroes.</summary>
    public void Clear() => new Span<byte>(At(0, Page.Size), Page.Size).Clear();

    /// <summary>Reads bit <paramref name="bit"/> of the little-endian bitmap at the offset.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool TestBit(int offset, int bit) => (Read32(offset + Word(bit)) & Mask(bit)) != 0;

    /// <summary>Sets the bit; true when it was set already. Atomic, a full fence.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool TestAndSetBit(int offset, int bit) => (Interlocked.Or(ref Word32(offset + Word(bit)), Mask(bit)) & Mask(bit)) != 0;

    /// <summary>Clears the bit; true when it was set. Atomic, a full fence.</summary>
    public bool TestAndClearBit(int offset, int bit) => (Interlocked.And(ref Word32(offset + Word(bit)), ~Mask(bit)) & Mask(bit)) != 0;

    /// <summary>Writes the word if it holds what was expected; what it held. Atomic, a full fence.</summary>
    public uint CompareExchange32(int offset, uint value, uint expected) => Interlocked.CompareExchange(ref Word32(offset), value, expected);

    private static int Word(int bit) => (int)((uint)bit >> 5 << 2);

    private static uint Mask(int bit) => 1u << (bit & 31);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private ref uint Word32(int offset) => ref *(uint*)Aligned(offset, sizeof(uint));

    private ref ulong Word64(int offset) => ref *(ulong*)Aligned(offset, sizeof(ulong));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private byte* Aligned(int offset, int length) => (offset & (length - 1)) == 0 ? At(offset, length) : throw OutOfPage();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private byte* At(int offset, int length)
    {
        byte* bytes = _bytes;
        if (bytes == null || (ulong)(uint)offset + (uint)length > Page.Size)
            throw OutOfPage();
        return bytes + (uint)offset;
    }

    private static ArgumentOutOfRangeException OutOfPage() => new("offset");
}
