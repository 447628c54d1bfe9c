using System;
using System.Threading;
using Xenolith.Kernel;

namespace Xenolith.Mm;

/// <summary>
/// A frame that the hypervisor and a guest both write: shared_info, vcpu_info, rings. The frame is pinned while attached, so
/// the guest can't take it away; every access is a single one, of one value, at a place that the caller (not the guest)
/// chose. Offsets are in bytes from the start of the frame, naturally aligned; one past the frame is a bug and panics.
/// An object of this class is made once and attached again and again.
/// </summary>
public sealed class SharedPage(P2m p2m, PhysicalMemory memory)
{
    /// <summary>The frame, or <see cref="Mfn.Invalid"/> when detached.</summary>
    public Mfn Mfn { get; private set; } = Mfn.Invalid;

    public bool IsAttached => Mfn != Mfn.Invalid;

    /// <summary>Pins the frame behind a guest frame. False when that is not the guest's own writable RAM.</summary>
    public bool TryAttach(Gfn gfn)
    {
        P2mEntry entry = p2m.Lookup(gfn);
        if (entry.Type != P2mType.Ram || (entry.Access & Rights.Write) == 0)
            return false;
        Attach(entry.Mfn);
        return true;
    }

    /// <summary>Pins a frame that the caller allocated for the domain. What was attached before is let go.</summary>
    public void Attach(Mfn mfn)
    {
        p2m.Pin(mfn);
        Detach();
        Mfn = mfn;
    }

    /// <summary>Lets go of the frame. Nothing happens when detached.</summary>
    public void Detach()
    {
        if (!IsAttached)
            return;
        Mfn old = Mfn;
        Mfn = Mfn.Invalid;
        p2m.Unpin(old);
    }

    public byte Read8(int offset) => Volatile.Read(ref memory.Bytes(Address(offset, 1), 1)[0]);

    public void Write8(int offset, byte value) => Volatile.Write(ref memory.Bytes(Address(offset, 1), 1)[0], value);

    public uint Read32(int offset) => Volatile.Read(ref memory.Word32(Address(offset, 4)));

    public void Write32(int offset, uint value) => Volatile.Write(ref memory.Word32(Address(offset, 4)), value);

    public ulong Read64(int offset) => Volatile.Read(ref memory.Word64(Address(offset, 8)));

    public void Write64(int offset, ulong value) => Volatile.Write(ref memory.Word64(Address(offset, 8)), value);

    /// <summary>Copies bytes out to the page, in no particular order or size of access.</summary>
    public void Write(int offset, ReadOnlySpan<byte> source) => source.CopyTo(memory.Bytes(Address(offset, source.Length), source.Length));

    /// <summary>Copies bytes in from the page, in no particular order or size of access.</summary>
    public void Read(int offset, Span<byte> destination) =>
        memory.Bytes(Address(offset, destination.Length), destination.Length).CopyTo(destination);

    /// <summary>Writes a whole page of zeroes.</summary>
    public void Clear() => memory.Frame(Mfn).Clear();

    /// <summary>Reads bit <paramref name="bit"/> of the little-endian bitmap at the offset.</summary>
    public bool TestBit(int offset, int bit) => (Read32(offset + Word(bit)) & Mask(bit)) != 0;

    /// <summary>Sets the bit; true when it was set already. Atomic, a full fence.</summary>
    public bool TestAndSetBit(int offset, int bit) =>
        (Interlocked.Or(ref memory.Word32(Address(offset + Word(bit), 4)), Mask(bit)) & Mask(bit)) != 0;

    /// <summary>Clears the bit; true when it was set. Atomic, a full fence.</summary>
    public bool TestAndClearBit(int offset, int bit) =>
        (Interlocked.And(ref memory.Word32(Address(offset + Word(bit), 4)), ~Mask(bit)) & Mask(bit)) != 0;

    private static int Word(int bit) => bit / 32 * 4;

    private static uint Mask(int bit) => 1u << (bit & 31);

    private ulong Address(int offset, int length)
    {
        if (offset < 0 || length > Page.Size - offset || !IsAttached)
            throw new ArgumentOutOfRangeException(nameof(offset));
        return Mfn.Address + (uint)offset;
    }
}
