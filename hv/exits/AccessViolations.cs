using Xenolith.Abi.Contract;
using Xenolith.Domains;
using Xenolith.Hal;
using Xenolith.Kernel;
using Xenolith.Mm;

namespace Xenolith;

/// <summary>What a nested page fault is, of a domain with views or with access rights.</summary>
internal enum AccessVerdict
{
    /// <summary>It is done with.</summary>
    Done,
    /// <summary>No right forbids it: the host p2m has its reasons.</summary>
    Host,
    /// <summary>It is allowed, and the CPU's table can't say so.</summary>
    Allowed,
    /// <summary>A right forbids it.</summary>
    Violation,
}

/// <summary>
/// The decision at a nested page fault: first the lazy fill of the view, then the access right, as Xen has it; a fault that no right is about is the
/// host p2m's. A violation goes to the guest itself where it has asked for that, or by the domain's option where it has restricted itself, else to who listens, else the
/// right is opened, or the domain ends.
/// </summary>
internal static class AccessViolations
{
    /// <summary>The kind of access that the last exit is.</summary>
    public static Rights WantedBy(in Exit exit) => exit.IsWrite ? Rights.Write : exit.IsFetch ? Rights.Execute : Rights.Read;

    /// <summary>Judges the vCPU's last exit, a nested page fault.</summary>
    /// <param name="host">The guest frame of the host p2m that it is about.</param>
    /// <param name="allowed">What the right allows there, when the verdict is <see cref="AccessVerdict.Allowed"/>.</param>
    public static AccessVerdict Judge(Vcpu vcpu, out Gfn host, out Rights allowed)
    {
        P2m p2m = vcpu.Domain.P2m;
        Gfn gfn = Gfn.Of(vcpu.Cpu.Exit.GuestPhysical);
        P2mView? view = vcpu.View;
        host = gfn;
        allowed = Rights.All;
        if (view is null && vcpu.Cpu.HasViews && vcpu.ViewIndex == Vcpu.NoView)
        {
            vcpu.Domain.Crash("a vCPU is in no view that there is");
            return AccessVerdict.Done;
        }

        ViewOverride own = ViewOverride.None;
        P2mEntry entry;
        if (view is null)
        {
            entry = p2m.Lookup(gfn);
        }
        else
        {
            switch (view.Fill(gfn, out own, out entry))
            {
                case FillResult.Filled:
                    return AccessVerdict.Done;
                case FillResult.NoMemory:
                    vcpu.Domain.Crash("there is no frame for a table of a view");
                    return AccessVerdict.Done;
            }

            host = own.IsRemap ? own.Target : gfn;
        }

        if (entry.Type == P2mType.None || p2m.IsApicPage(host))
        {
            return AccessVerdict.Host;
        }

        allowed = AccessMatrix.RightsOf(view?.AccessOf(gfn, in own) ?? p2m.AccessOf(gfn));
        Rights wanted = WantedBy(in vcpu.Cpu.Exit);
        if ((allowed & wanted) == 0)
        {
            return AccessVerdict.Violation;
        }

        bool isSaid = (p2m.Matrix.LeafFor(allowed & entry.Access) & wanted) != 0;
        return isSaid || (entry.Access & wanted) == 0 ? AccessVerdict.Host : AccessVerdict.Allowed;
    }

    /// <summary>Does what a violation brings about.</summary>
    /// <param name="wanted">The kind of access that is not allowed.</param>
    public static void Answer(Vcpu vcpu, Rights wanted)
    {
        Domain domain = vcpu.Domain;
        P2mView? view = vcpu.View;
        ulong guestPhysical = vcpu.Cpu.Exit.GuestPhysical;
        Gfn gfn = Gfn.Of(guestPhysical);
        ViewOverride own = view?.OverrideOf(gfn) ?? ViewOverride.None;
        MemoryAccess access = view?.AccessOf(gfn, in own) ?? domain.P2m.AccessOf(gfn);
        // Before anything else, as it is where the CPU itself tells the guest.
        if (view is not null && !own.SuppressesVe && vcpu.Cpu.TryRaiseVirtualisationException(AccessMatrix.RightsOf(access)))
        {
            return;
        }

        MemoryAccess becomes = access;
        bool isConverted = AccessMatrix.TryConvert(wanted, ref becomes);
        if (isConverted && !TryOpen(domain, view, gfn, becomes))
        {
            return;
        }

        // What becomes writable by itself is nobody's concern; what becomes everything is told of.
        if (isConverted && access == MemoryAccess.ReadExecuteToReadWrite)
        {
            return;
        }

        var violation = new AccessViolation(guestPhysical, wanted, access, vcpu.ViewIndex, isConverted);
        if (domain.AccessListener?.TryReport(vcpu, in violation) == true || isConverted)
        {
            return;
        }

        if (domain.EndsAtViolation)
        {
            domain.Crash("an access right is violated, and nobody is there to be told");
            return;
        }

        TryOpen(domain, view, gfn, MemoryAccess.All);
    }

    private static bool TryOpen(Domain domain, P2mView? view, Gfn gfn, MemoryAccess access)
    {
        bool isOpen = view is not null ? view.TrySetAccess(gfn, access) == ViewResult.Done : domain.P2m.TrySetAccess(gfn, 0, access);
        if (!isOpen)
        {
            domain.Crash("there is no frame for the table that opens an access right");
        }

        return isOpen;
    }
}
