using System;
using System.Threading;
using Xenolith.Abi.Contract;

namespace Xenolith.Domains;

/// <summary>
/// Frames that a toolstack has claimed for domains (XENMEM_claim_pages), so that nobody else takes them while a domain is built. Two that take
/// at the same moment may overlook each other; then the later of the claims is not met in full, as if memory had run out.
/// </summary>
public sealed class FrameClaims
{
    private readonly DomainServices _services;
    private ulong _outstanding;

    internal FrameClaims(DomainServices services) => _services = services;

    /// <summary>Frames claimed and not yet given, of all domains.</summary>
    public ulong Outstanding => Volatile.Read(ref _outstanding);

    /// <summary>Frames that are free for whoever asks, claims apart.</summary>
    private ulong Unclaimed
    {
        get
        {
            ulong kept = Outstanding + _services.ReservedFrames;
            ulong free = _services.Frames.FreeFrames;
            return free > kept ? free - kept : 0;
        }
    }

    /// <summary>Claims what a domain lacks to a total; 0: gives its claim up. EINVAL: it has a claim, or as much memory, or may not have so much; ENOMEM.</summary>
    public Errno Claim(Domain domain, ulong total)
    {
        if (total == 0)
        {
            Release(domain);
            return Errno.None;
        }
        if (domain.ClaimedPages != 0 || total <= domain.TotalPages || total > domain.MaximumPages)
            return Errno.EINVAL;
        ulong pages = total - domain.TotalPages;
        if (pages > Unclaimed)
            return Errno.ENOMEM;
        domain.ClaimedPages = pages;
        Interlocked.Add(ref _outstanding, pages);
        return Errno.None;
    }

    /// <summary>Whether the domain may take that many frames: its own claimed ones, or what nobody has claimed.</summary>
    internal bool MayTake(Domain domain, ulong frames) => frames <= domain.ClaimedPages || frames <= Unclaimed;

    /// <summary>The domain has taken that many.</summary>
    internal void Took(Domain domain, ulong frames)
    {
        if (domain.ClaimedPages == 0)
            return;
        ulong met = Math.Min(frames, domain.ClaimedPages);
        domain.ClaimedPages -= met;
        Interlocked.Add(ref _outstanding, unchecked(0 - met));
    }

    internal void Release(Domain domain) => Took(domain, domain.ClaimedPages);
}
