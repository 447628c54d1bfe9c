using Xenolith.Abi.Contract;
using Xenolith.Kernel;

namespace Xenolith.Mm;

/// <summary>What a view has of its own for a guest frame. It stands until the view's owner changes it, whatever the host p2m does.</summary>
/// <param name="Target">The guest frame of the host p2m that is seen in its place; <see cref="Gfn.Invalid"/>: itself.</param>
/// <param name="Access"><see cref="MemoryAccess.Default"/>: the view's default.</param>
/// <param name="SuppressesVe">Whether a violation stays unknown to the guest itself, as it does unless somebody says otherwise.</param>
public readonly record struct ViewOverride(Gfn Target, MemoryAccess Access, bool SuppressesVe)
{
    /// <summary>Nothing of its own.</summary>
    public static ViewOverride None => new(Gfn.Invalid, MemoryAccess.Default, true);

    /// <summary>Whether another frame is seen.</summary>
    public bool IsRemap => Target != Gfn.Invalid;
}

/// <summary>
/// Entries of the tables that say what a view has of its own, by guest frame, and which guest frames see a target. They have the shape of a
/// page table, leaves of 4 KiB only, and no CPU ever walks them: a leaf's "frame" and "rights" are what it says.
/// </summary>
internal sealed class ViewRecordFormat() : PageTableFormat(PresentBit)
{
    private const ulong PresentBit = 1;
    private const int FlagShift = 52;

    private const int AccessShift = P2m.MaximumAddressBits - Page.Shift;
    private const ulong GfnMask = (1UL << AccessShift) - 1;

    private const Rights RemapFlag = (Rights)1, ConvertibleFlag = (Rights)2, OneFlag = (Rights)1;

    public override ulong Leaf(Mfn mfn, int level, Rights rights, Caching caching) => mfn.Address | PresentBit | ((ulong)rights << FlagShift);

    public override ulong Table(Mfn mfn) => mfn.Address | PresentBit;

    public override Rights RightsOf(ulong entry) => (Rights)(byte)(entry >> FlagShift);

    public override ulong Absent => 0;

    public override int MaximumOrder => Page.Order4K;

    public static void Encode(ViewOverride value, out Mfn word, out Rights flags)
    {
        word = new Mfn(((ulong)value.Access << AccessShift) | (value.IsRemap ? value.Target.Value : 0));
        flags = (value.IsRemap ? RemapFlag : 0) | (value.SuppressesVe ? 0 : ConvertibleFlag);
    }

    public static ViewOverride Decode(Mfn word, Rights flags) => new(
        (flags & RemapFlag) != 0 ? new Gfn(word.Value & GfnMask) : Gfn.Invalid,
        (MemoryAccess)(word.Value >> AccessShift),
        (flags & ConvertibleFlag) == 0);

    /// <summary>A target that one guest frame sees, which can be found by it; or how many do.</summary>
    public static void EncodeTarget(ulong count, Gfn only, out Mfn word, out Rights flags)
    {
        word = new Mfn(count == 1 && only != Gfn.Invalid ? only.Value : count);
        flags = count == 1 && only != Gfn.Invalid ? OneFlag : 0;
    }

    /// <summary>How many guest frames see a target, and which one that is; invalid: several, or nobody knows.</summary>
    public static ulong DecodeTarget(Mfn word, Rights flags, out Gfn only)
    {
        bool isOne = (flags & OneFlag) != 0;
        only = isOne ? new Gfn(word.Value) : Gfn.Invalid;
        return isOne ? 1 : word.Value;
    }
}
