using System.Threading;
using Xenolith.Kernel;

namespace Xenolith.Mm;

/// <summary>Large pages in place of small ones that lie side by side.</summary>
public sealed partial class P2m
{
    /// <summary>
    /// Makes large pages, of 2 MiB and of 1 GiB, of those around a guest frame, where all are of one type, with the same rights, one behind the
    /// other in the machine, and the domain's own or a device's; gives a table back that maps nothing. To be called where the
    /// reason for small pages is gone. Nothing translates otherwise after it. Not while writes are logged, which needs small pages again at once.
    /// </summary>
    public void Merge(Gfn gfn)
    {
        if (!IsAddressable(gfn, 0) || Log.IsOn)
            return;
        for (int order = Page.Order2M; order <= Page.Order1G; order += Page.Order2M)
        {
            Gfn first = new(gfn.Value & ~((1UL << order) - 1));
            // Tables that are no longer linked may be cached, and only who sees a new generation forgets them.
            if (MayMerge(first, order) && _table.TryMerge(first.Address, order))
                Volatile.Write(ref _generation, unchecked(_generation + 1));
        }
    }

    private bool MayMerge(Gfn first, int order)
    {
        ulong others = (1UL << order) - 1;
        bool isMapped = _table.TryLocate(first.Address, out Mfn mfn, out _, out TablePlace place);
        if (place.Level != LevelOf(order) - 1)
            return false;
        // What is not cleared needs the table that leads to it.
        if (!isMapped)
            return place.Level == 1 || _unclearedChunks == 0;
        // Mostly it ends here.
        if ((mfn.Value & others) != 0 || !_table.TryQuery(new Gfn(first.Value + others).Address, out Mfn last, out _, out _) || last.Value != mfn.Value + others)
            return false;
        return AreAlike(first, order) && (TypeOf(first) switch
        {
            P2mType.Mmio => true,
            // A frame that the hypervisor lends may be any, even the one that was there before.
            P2mType.Ram or P2mType.RamReadOnly or P2mType.RamForwarded => _frames.AreHeldBy(Owner, mfn, order),
            _ => false,
        });
    }

    /// <summary>Whether all guest frames have the same attributes, which are one leaf, or none, after it.</summary>
    private bool AreAlike(Gfn first, int order)
    {
        if (_attributes.TableFrames <= 1)
            return true;
        _attributes.TryMerge(first.Address, order);
        _attributes.TryLocate(first.Address, out _, out _, out TablePlace place);
        if (place.Level >= LevelOf(order))
            return true;
        int part = order - Page.Order2M;
        P2mAttributes attributes = AttributesOf(first);
        for (ulong i = 0; i < ChunkFrames; i++)
        {
            Gfn gfn = new(first.Value + (i << part));
            _attributes.TryLocate(gfn.Address, out _, out _, out place);
            if (place.Level != LevelOf(part) || AttributesOf(gfn) != attributes)
                return false;
        }
        // A table is where the leaf goes, so this needs no memory.
        return TrySetAttributes(first, order, attributes);
    }
}
