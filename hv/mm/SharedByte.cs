using System.Threading;

namespace Xenolith.Mm;

/// <summary>
/// A flag in a <see cref="SharedPage"/>, for what is looked at before every entry. Good as long as the page stays attached; whoever
/// holds one drops it before that ends.
/// </summary>
public readonly unsafe struct SharedByte
{
    // unsafe: a byte of a frame that is pinned, in RAM, which does not move.
    private readonly byte* _place;

    internal SharedByte(byte* place) => _place = place;

    /// <summary>Whether there is one, and it is not 0.</summary>
    public bool IsSet => _place != null && Volatile.Read(ref *_place) != 0;
}
