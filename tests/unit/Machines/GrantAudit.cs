using System.Collections.Generic;
using Xenolith.Abi.Contract;
using Xenolith.Domains;
using Xenolith.Kernel;
using Xenolith.Mm;

namespace Xenolith.Tests.Unit.Machines;

/// <summary>Mappings of grants and the entries that they use: each knows of the other.</summary>
internal sealed class GrantAudit
{
    /// <summary>Domains that see their status words, into which a call may write what it answers.</summary>
    private readonly HashSet<Domain> _scribbled = [];

    /// <summary>Checks the entries of one domain against the mappings of all, those that are being taken apart included.</summary>
    public void Check(Domain granter, Domain[] users)
    {
        foreach (LentFrame frame in Private.StatusFrames(granter.GrantTable))
        {
            if (frame.Location != Gfn.Invalid)
                _scribbled.Add(granter);
        }
        var uses = new Dictionary<uint, (int Readers, int Writers)>();
        foreach (Domain user in users)
            Count(granter, user, uses);
        FrameTable<GrantWords> active = Private.Active(granter.GrantTable);
        for (uint reference = 0; reference < active.Count; reference++)
        {
            // Most entries are never used.
            if (active[reference].First == 0 && (uses.Count == 0 || !uses.ContainsKey(reference)))
                continue;
            ActiveGrant grant = ActiveGrant.Unpack(active[reference].First, active[reference].Second);
            (int readers, int writers) = uses.GetValueOrDefault(reference);
            if (grant.Readers != readers || grant.Writers != writers)
                throw new AuditException($"grant {reference} of domain {granter.Id} counts {grant.Readers} readers and {grant.Writers} writers; {readers} and {writers} mappings are there");
            CheckMarks(granter, reference, in grant);
        }
    }

    /// <summary>Each handle of a domain names a mapping, or waits once in the list of free ones.</summary>
    public static void CheckHandles(Domain domain)
    {
        GrantMappings mappings = domain.GrantTable.Mappings;
        uint inUse = 0, free = 0, last = uint.MaxValue;
        for (uint handle = 0; handle < mappings.Limit; handle++)
            inUse += mappings.TryGet(handle, out _) ? 1u : 0;
        for (uint handle = Private.FirstFree(mappings); handle != uint.MaxValue && free <= mappings.Limit; handle = (uint)Private.Elements(mappings)[handle].Second - 1, free++)
        {
            if (mappings.TryGet(handle, out _))
                throw new AuditException($"domain {domain.Id}: mapping {handle} is in use, and free");
            last = handle;
        }
        if (inUse + free != mappings.Limit || last != Private.LastFree(mappings))
            throw new AuditException($"domain {domain.Id} has {inUse} mappings in use and {free} free, of {mappings.Limit}; the last is {last}, and said to be {Private.LastFree(mappings)}");
    }

    private static void Count(Domain granter, Domain user, Dictionary<uint, (int Readers, int Writers)> uses)
    {
        GrantMappings mappings = user.GrantTable.Mappings;
        for (uint handle = 0; handle < mappings.Limit; handle++)
        {
            if (!mappings.TryGet(handle, out GrantMapping mapping) || mapping.Granter != granter.Identity)
                continue;
            (int readers, int writers) = uses.GetValueOrDefault(mapping.Reference);
            uses[mapping.Reference] = mapping.IsReadOnly ? (readers + 1, writers) : (readers, writers + 1);
            FrameTable<GrantWords> active = Private.Active(granter.GrantTable);
            if (mapping.Reference >= active.Count)
                throw new AuditException($"domain {user.Id} has grant {mapping.Reference} of domain {granter.Id} mapped, which has none of that number");
            ActiveGrant grant = ActiveGrant.Unpack(active[mapping.Reference].First, active[mapping.Reference].Second);
            if (grant.Mfn != mapping.Mfn || grant.User != user.Id)
                throw new AuditException($"domain {user.Id} has frame {mapping.Mfn.Value:x} mapped by grant {mapping.Reference} of domain {granter.Id}, which is domain {grant.User}'s to use, frame {grant.Mfn.Value:x}");
        }
    }

    /// <summary>The guest sees that its entry is in use. It may clear that itself in version 1, where the marks stand in its own entry.</summary>
    private void CheckMarks(Domain granter, uint reference, in ActiveGrant grant)
    {
        GrantTable table = granter.GrantTable;
        if (table.Version != 2 || reference >= (uint)table.EntryCount || _scribbled.Contains(granter))
            return;
        const uint perFrame = Page.Size / 2;
        Mfn frame = table.StatusFrame((int)(reference / perFrame)).Mfn;
        var status = (ushort)(granter.Services.Memory.Word32(frame.Address + (reference % perFrame & ~1u) * 2) >> (int)(reference & 1) * 16);
        bool reading = (status & GrantEntryFlags.Reading) != 0, writing = (status & GrantEntryFlags.Writing) != 0;
        if (reading != grant.IsUsed || writing != (grant.Writers != 0))
            throw new AuditException($"grant {reference} of domain {granter.Id} has {grant.Readers} readers and {grant.Writers} writers, and status {status:x}");
    }
}
