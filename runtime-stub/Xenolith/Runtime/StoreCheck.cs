using System.Runtime;
using System.Runtime.CompilerServices;

namespace Xenolith.Runtime;

/// <summary>The check of stores of references: what is stored must live at least as long as the place. The stubs let
/// immortal objects through by their headers and ask here about the others.</summary>
internal static unsafe class StoreCheck
{
    private static nint s_imageStart;
    private static nint s_imageEnd;

    /// <summary>Says where the image's own objects are: places as long-lived as immortal ones.</summary>
    internal static void SetImageObjects(nint start, nint end)
    {
        s_imageStart = start;
        s_imageEnd = end;
    }

    /// <summary>Whether the object may be stored at the place. The object's header is not zero.</summary>
    [RuntimeExport("runtime_may_store")]
    private static bool MayStore(nint place, nint value)
    {
        ArenaState* arena = *(ArenaState**)(value - 8);
        // Objects that the compiler puts on the stack have no header; what stands there is not an arena's address,
        // and is not followed before the place, which then is on the stack too, has been ruled out.
        ArenaState* home = Arena.Find(place);
        if (home == null)
            return place < s_imageStart || place >= s_imageEnd;
        for (ArenaState* outer = home; outer != null; outer = outer->Within)
        {
            if (outer == arena)
                return true;
        }
        return false;
    }

    /// <summary>Checks every reference that a copy of memory would store.</summary>
    internal static void Bulk(nint destination, nint source, nuint byteCount)
    {
        // Which words are references is not known here; a word is taken for one if it points behind the header of an
        // arena that is the source's own, which no other datum does but by chance.
        ArenaState* from = Arena.Find(source);
        if (from == null || from->IsImmortal)
            return;
        ArenaState* to = Arena.Find(destination);
        if (to == from)
            return;
        bool placeIsImage = destination >= s_imageStart && destination < s_imageEnd;
        if (to == null && !placeIsImage)
            return;
        for (ArenaState* outer = to; outer != null; outer = outer->Within)
        {
            if (outer == from)
                return;
        }
        for (nuint offset = 0; offset + 8 <= byteCount; offset += 8)
        {
            nint word = *(nint*)(source + (nint)offset);
            if ((word & 7) == 0 && from->Contains(word - 8) && *(ArenaState**)(word - 8) == from)
                Fault.Raise(FaultKind.ArenaViolation);
        }
    }
}
