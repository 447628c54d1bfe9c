using System;
using System.Threading;

namespace Xenolith.Mm;

/// <summary>
/// Which guest frames the page walks that a domain's vCPUs keep went through: frames of page tables, and those they led to. A change of the
/// p2m at any other frame leaves all kept walks good. It is a filter by a frame's lowest bits: it may take a frame for one that was
/// walked, and never the other way round.
/// </summary>
/// <remarks>
/// A walker and who changes the p2m may be on two CPUs. Changes of one p2m exclude each other, walks exclude nothing. A walker takes
/// <see cref="WalkStart"/>, walks, adds its frames, and keeps the walk only if the p2m's generation is still the one of the start.
/// A change writes the table, raises the p2m's generation, and after a fence looks for its frame here. If the walker did not see the
/// generation rise, its frames were added before the change looked, so the change finds them and raises <see cref="Generation"/>, under
/// whose older value the walk is kept. The filter is emptied before that rises: who sees the new value adds to the emptied filter.
/// </remarks>
public sealed class WalkedFrames
{
    private const int Words = 64;

    private readonly ulong[] _words = new ulong[Words];
    private ulong _generation;

    /// <summary>Rises whenever walks that were kept before may be wrong.</summary>
    public ulong Generation => Volatile.Read(ref _generation);

    /// <summary>A walk that is about to be kept went through the frame.</summary>
    public void Add(Gfn gfn)
    {
        ref ulong word = ref _words[WordOf(gfn)];
        if ((Volatile.Read(ref word) & BitOf(gfn)) == 0)
            Interlocked.Or(ref word, BitOf(gfn));
    }

    /// <summary>The translations of 2^order frames have changed. What is in large pages is rarely given up, so nothing is looked for there.</summary>
    public void Forget(Gfn first, int order)
    {
        Interlocked.MemoryBarrier();
        if (order == 0 && (Volatile.Read(ref _words[WordOf(first)]) & BitOf(first)) == 0)
            return;
        Array.Clear(_words);
        Volatile.Write(ref _generation, unchecked(_generation + 1));
    }

    private static int WordOf(Gfn gfn) => (int)(gfn.Value >> 6) & (Words - 1);

    private static ulong BitOf(Gfn gfn) => 1UL << ((int)gfn.Value & 63);
}

/// <summary>What a walk that is to be kept has to find unchanged at its end.</summary>
/// <param name="Walked"><see cref="WalkedFrames.Generation"/>, read first.</param>
/// <param name="P2m"><see cref="P2m.Generation"/>.</param>
public readonly record struct WalkStart(ulong Walked, ulong P2m)
{
    /// <summary>Now.</summary>
    public static WalkStart Of(P2m p2m)
    {
        ulong walked = p2m.Walked.Generation;
        return new WalkStart(walked, p2m.Generation);
    }
}
