using System.Runtime;
using System.Runtime.CompilerServices;

namespace Xenolith.Runtime;

/// <summary>The check of stores of references: what is stored must live at least as long as the place. The stubs let
/// immortal objects through by their headers and ask here about the others.</summary>
internal static unsafe class StoreCheck
{
    // Places so close above the stack pointer are locals of callers; those further up are found by what they are not.
    private const int NearStackBytes = 8192;

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
        byte here;
        if ((nuint)(place - (nint)(&here)) < NearStackBytes)
            return true;
        // Objects that the compiler puts on the stack have no header, so what stands there need not be an arena. Such
        // an object is stored nowhere but on the stack.
        ArenaState* arena = *(ArenaState**)(value - 8);
        if (Arena.Immortal->Contains((nint)arena) && arena->Contains(place))
            return true;
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
        if (!Arena.AnyMortal)
            return;
        ArenaState* home = Arena.Find(destination);
        if (home == null ? destination < s_imageStart || destination >= s_imageEnd : Arena.Find(source) == home)
            return;
        // Which words are references is not known here. One is taken for a reference if it points behind a header
        // that names the very arena it points into, which no other datum does but by chance.
        for (nuint offset = 0; offset + 8 <= byteCount; offset += 8)
        {
            nint word = *(nint*)(source + (nint)offset);
            if (word == 0 || (word & 7) != 0)
                continue;
            ArenaState* arena = Arena.Find(word);
            if (arena != null && !arena->IsImmortal && *(ArenaState**)(word - 8) == arena && !MayStore(destination, word))
                Fault.Raise(FaultKind.ArenaViolation);
        }
    }
}
