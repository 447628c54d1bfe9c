using System.Collections.Generic;
using System.Runtime.InteropServices;
using Xenolith.Domains;
using Xenolith.Kernel;
using Xenolith.Mm;

namespace Xenolith.Tests.Unit.Machines;

/// <summary>The log of a domain's writes: its frames, and that no leaf allows a write that would not be logged.</summary>
internal static class DirtyLogAudit
{
    public static void State(FrameAudit audit, Domain domain, List<Leaf> leaves)
    {
        DirtyLog log = domain.P2m.Log;
        StateBits(audit, domain, Private.Written(log));
        StateBits(audit, domain, Private.Tracked(log));
        for (SharedPage? page = Private.FirstShared(domain.P2m); page is not null; page = Private.Next(page))
        {
            if (Private.Copy(page) != Mfn.Invalid)
                audit.Owns(Private.Copy(page), domain.Id, FrameType.PageTable);
        }
        if (!log.IsOn || log.Pass.IsUnderWay || log.RangeDone != 0 || log.IsRangeNew)
            return;
        foreach (Leaf leaf in leaves)
        {
            if (domain.P2m.Lookup(leaf.Gfn).Type != P2mType.Ram)
                continue;
            Private.Table(domain.P2m).TryQuery(leaf.Gfn.Address, out _, out Rights rights, out _);
            // A CPU notes the first write to a page of 4 KiB, where it is told to.
            bool isNoted = (rights & Rights.Logged) != 0 && leaf.Order == 0 && domain.P2m.IsLoggedByCpus;
            for (ulong i = 0; (rights & Rights.Write) != 0 && !isNoted && i < 1UL << leaf.Order; i++)
            {
                if (!Private.MayWrite(log, new Gfn(leaf.Gfn.Value + i)))
                    throw new AuditException($"domain {domain.Id}: frame {leaf.Gfn.Value + i:x} may be written without a mark in the log");
            }
        }
    }

    private static void StateBits(FrameAudit audit, Domain domain, DirtyBitmap bitmap)
    {
        int frames = 0;
        if (Private.Root(bitmap) != Mfn.Invalid)
            Walk(Private.Root(bitmap), 3);
        if (frames != bitmap.FrameCount)
            throw new AuditException($"domain {domain.Id}: a log counts {bitmap.FrameCount} frames and has {frames}");

        void Walk(Mfn at, int level)
        {
            audit.Owns(at, domain.Id, FrameType.PageTable);
            frames++;
            if (level == 0)
                return;
            foreach (ulong entry in MemoryMarshal.Cast<byte, ulong>(domain.Services.Memory.Frame(at)))
            {
                if (entry != 0)
                    Walk(new Mfn(entry >> Page.Shift), level - 1);
            }
        }
    }
}
