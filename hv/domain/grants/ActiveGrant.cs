using Xenolith.Kernel;

namespace Xenolith.Domains;

/// <summary>Who uses an entry of a grant table at present, and what the hypervisor found in it when it was used first.</summary>
/// <param name="Readers">Uses that only read: mappings and copies under way; 0 to <see cref="MostUses"/>.</param>
/// <param name="Writers">Uses that may write, likewise.</param>
/// <param name="User">The one domain that uses it.</param>
/// <param name="Mfn">The frame; <see cref="Mfn.Invalid"/> when nobody uses the entry.</param>
/// <param name="IsSubPage">Whether only a part of the frame may be copied from or to, and nothing mapped.</param>
/// <param name="Start">The first byte of that part.</param>
/// <param name="Length">Its bytes.</param>
/// <param name="Through">Of a transitive entry: the reference that it leads to.</param>
public readonly record struct ActiveGrant(int Readers, int Writers, ushort User, Mfn Mfn, bool IsSubPage, ushort Start, ushort Length, uint Through)
{
    /// <summary>The most uses of a kind at a time, as on Xen, which counts in 8 bits and stops at half of that.</summary>
    public const int MostUses = 128;

    private const int UserShift = 28, ReadersShift = 44, WritersShift = 52, SubPageShift = 60;
    private const ulong MfnMask = (1UL << UserShift) - 1;

    public static ActiveGrant Unused => new(0, 0, 0, Mfn.Invalid, false, 0, 0, 0);

    public bool IsUsed => (Readers | Writers) != 0;

    /// <summary>Whether no further use fits.</summary>
    public bool IsFull => Readers >= MostUses || Writers >= MostUses;

    public ActiveGrant WithUse(bool readOnly, int count) => readOnly ? this with { Readers = Readers + count } : this with { Writers = Writers + count };

    /// <summary>As it is kept: frame numbers have 28 bits.</summary>
    public static ActiveGrant Unpack(ulong first, ulong second)
    {
        int readers = (byte)(first >> ReadersShift);
        int writers = (byte)(first >> WritersShift);
        return (readers | writers) == 0
            ? Unused
            : new(readers, writers, (ushort)(first >> UserShift), new Mfn(first & MfnMask), (first >> SubPageShift & 1) != 0,
                (ushort)second, (ushort)(second >> 16), (uint)(second >> 32));
    }

    public ulong First => IsUsed
        ? Mfn.Value | (ulong)User << UserShift | (ulong)Readers << ReadersShift | (ulong)Writers << WritersShift | (IsSubPage ? 1UL << SubPageShift : 0)
        : 0;

    public ulong Second => Start | (ulong)Length << 16 | (ulong)Through << 32;
}
