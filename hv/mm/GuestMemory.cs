using System;
using Xenolith.Kernel;

namespace Xenolith.Mm;

/// <summary>
/// A domain's memory by guest-physical address. Only what the p2m calls memory can be reached; everything is copied, so
/// that a value judged is the value used, whatever the guest writes meanwhile.
/// </summary>
public sealed class GuestMemory
{
    public GuestMemory(P2m p2m, PhysicalMemory memory)
    {
        P2m = p2m;
        Physical = memory;
    }

    public P2m P2m { get; }

    /// <summary>The seam below.</summary>
    public PhysicalMemory Physical { get; }

    /// <summary>Copies in. False when a byte of the range is not readable memory; what was copied before it stays copied.</summary>
    public bool TryRead(ulong guestPhysical, Span<byte> destination)
    {
        while (destination.Length != 0)
        {
            int count = BytesInPage(guestPhysical, destination.Length);
            P2mEntry entry = P2m.Lookup(Gfn.Of(guestPhysical));
            if (!entry.IsReadable)
                return false;
            Physical.Bytes(entry.Mfn.Address + (guestPhysical & Page.OffsetMask), count).CopyTo(destination);
            destination = destination.Slice(count);
            guestPhysical = unchecked(guestPhysical + (ulong)count);
        }
        return true;
    }

    /// <summary>
    /// Copies out. False when a byte of the range is not memory; what was written before it stays written. Writes to
    /// <see cref="P2mType.RamReadOnly"/> are dropped, as Xen does.
    /// </summary>
    public bool TryWrite(ulong guestPhysical, ReadOnlySpan<byte> source)
    {
        while (source.Length != 0)
        {
            int count = BytesInPage(guestPhysical, source.Length);
            P2mEntry entry = P2m.Lookup(Gfn.Of(guestPhysical));
            if (!entry.IsReadable)
                return false;
            if (entry.IsWritable)
            {
                source.Slice(0, count).CopyTo(Physical.Bytes(entry.Mfn.Address + (guestPhysical & Page.OffsetMask), count));
                P2m.MarkWritten(Gfn.Of(guestPhysical));
            }
            source = source.Slice(count);
            guestPhysical = unchecked(guestPhysical + (ulong)count);
        }
        return true;
    }

    /// <summary>Writes zeroes, under the rules of <see cref="TryWrite"/>.</summary>
    /// <param name="length">Bytes.</param>
    public bool TryClear(ulong guestPhysical, ulong length)
    {
        while (length != 0)
        {
            int count = BytesInPage(guestPhysical, (int)Math.Min(length, Page.Size));
            P2mEntry entry = P2m.Lookup(Gfn.Of(guestPhysical));
            if (!entry.IsReadable)
                return false;
            if (entry.IsWritable)
            {
                Physical.Bytes(entry.Mfn.Address + (guestPhysical & Page.OffsetMask), count).Clear();
                P2m.MarkWritten(Gfn.Of(guestPhysical));
            }
            length -= (ulong)count;
            guestPhysical = unchecked(guestPhysical + (ulong)count);
        }
        return true;
    }

    /// <summary>Copies from host-physical memory (a boot module, say) into the guest, under the rules of <see cref="TryWrite"/>.</summary>
    public bool TryCopyFromPhysical(ulong guestPhysical, ulong physical, ulong length)
    {
        while (length != 0)
        {
            int count = BytesInPage(physical, (int)Math.Min(length, Page.Size));
            if (!TryWrite(guestPhysical, Physical.Bytes(physical, count)))
                return false;
            length -= (ulong)count;
            physical += (ulong)count;
            guestPhysical = unchecked(guestPhysical + (ulong)count);
        }
        return true;
    }

    /// <summary>Bytes from the address to the end of its page, or <paramref name="length"/> when that is less.</summary>
    internal static int BytesInPage(ulong address, int length) => Math.Min(length, Page.Size - (int)(address & Page.OffsetMask));
}
