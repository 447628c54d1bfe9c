using System.Collections.Generic;
using Xenolith.Abi.Contract;
using Xenolith.Domains;
using Xenolith.Kernel;
using Xenolith.Mm;

namespace Xenolith.Tests.Unit.Machines;

/// <summary>States every frame that a domain has, is lent or refers to, and checks what its p2m maps.</summary>
internal static class DomainFrames
{
    private const ushort Hypervisor = FrameAllocator.HypervisorOwner;

    /// <summary>All of a domain; of one that is being taken apart, what is left.</summary>
    public static void State(FrameAudit audit, Domain domain)
    {
        StateTables(audit, domain);
        StateShared(audit, domain);
        ulong own = 0;
        // Tables are taken apart when no memory is left, and say nothing from then on.
        ulong from = Private.ReleaseAt(domain.P2m);
        if (from != 0 && (!Private.HasFrames(domain.P2m) || from > domain.P2m.MaximumGfn.Value))
            audit.OwnsTables(domain.Id, domain.P2m.TableFrames);
        else
            own = StateMemory(audit, domain, from);
        foreach (IoRequestServer server in Private.Servers(domain.IoServers))
            own += StateRequests(audit, domain, server.Requests) + StateRequests(audit, domain, server.Buffered);
        P2m p2m = domain.P2m;
        if (Private.UnsettledCount(p2m) + Private.UnsettledReferenced(p2m) != 0 || p2m.HasRetiredTables)
            throw new AuditException($"domain {domain.Id}: frames or tables wait to be let go of between two steps");
        ulong left = audit.LeftBy(domain.Id);
        if (own + left != p2m.PopulatedFrames || left != (ulong)Private.Left(p2m))
            throw new AuditException($"domain {domain.Id} counts {p2m.PopulatedFrames} frames, {Private.Left(p2m)} of them let go of; it maps {own}, and {left} are let go of");
    }

    /// <param name="from">What lies below has been given back, though the tables still name it.</param>
    private static ulong StateMemory(FrameAudit audit, Domain domain, ulong from)
    {
        List<Leaf> leaves = TableWalk.Leaves(audit, Private.Table(domain.P2m), domain.Services.Memory, domain.Id);
        TableWalk.Leaves(audit, Private.Attributes(domain.P2m), domain.Services.Memory, domain.Id);
        List<Leaf> uncleared = TableWalk.Leaves(audit, Private.Uncleared(domain.P2m), domain.Services.Memory, domain.Id);
        DirtyLogAudit.State(audit, domain, leaves);
        ulong own = 0;
        foreach (Leaf leaf in leaves)
        {
            for (ulong i = 0; i < 1UL << leaf.Order; i++)
            {
                if (leaf.Gfn.Value + i >= from)
                    own += StateLeaf(audit, domain, new Leaf(new Gfn(leaf.Gfn.Value + i), new Mfn(leaf.Mfn.Value + i), 0));
            }
        }
        foreach (Leaf leaf in uncleared)
            own += StateOwn(audit, domain, leaf);
        return own;
    }

    /// <summary>Frames of the hypervisor's that it takes for the domain.</summary>
    private static void StateTables(FrameAudit audit, Domain domain)
    {
        State(audit, Private.SharedInfoFrame(domain).Mfn, FrameType.Shared);
        foreach (LentFrame frame in Private.EntryFrames(domain.GrantTable))
            State(audit, frame.Mfn, FrameType.Shared);
        foreach (LentFrame frame in Private.StatusFrames(domain.GrantTable))
            State(audit, frame.Mfn, FrameType.Shared);
        foreach (Mfn frame in new[] { Private.Distances(domain.VirtualNodes), Private.Ranges(domain.VirtualNodes), Private.VcpuNodes(domain.VirtualNodes) })
            State(audit, frame, FrameType.Control);
        State(audit, Private.Active(domain.GrantTable));
        State(audit, Private.Elements(domain.GrantTable.Mappings));
        FrameTable<EventChannel> channels = Private.Channels(domain.EventChannels);
        for (int i = 0; i < channels.FrameCount; i++)
            State(audit, Private.Frames(channels)[i], FrameType.Table);
        // The vCPUs' own are gone with the domain's name.
        if (domain.Services.Domains.Find(domain.Identity) is not null)
        {
            foreach (Vcpu vcpu in domain.Vcpus)
                State(audit, Private.Registers(vcpu.Apic).Frame, FrameType.Control);
        }
    }

    /// <summary>Frames of the domain's memory that the hypervisor writes to.</summary>
    private static void StateShared(FrameAudit audit, Domain domain)
    {
        Refer(audit, domain.SharedInfo.Page);
        Refer(audit, Private.PageOf(domain.Console));
        for (int i = 0; i < Private.BrokenCount(domain); i++)
            audit.Refers(Private.Broken(domain)[i]);
        FifoEvents fifo = Private.Fifo(domain.EventChannels);
        foreach (SharedPage page in Private.Pages(fifo))
            Refer(audit, page);
        foreach (FifoQueues queues in Private.Queues(fifo))
            Refer(audit, Private.PageOf(queues));
        foreach (Vcpu vcpu in domain.Vcpus)
        {
            Refer(audit, Private.Own(vcpu.Info));
            foreach (RegisteredArea area in new[] { Private.RunStateArea(vcpu), Private.TimeArea(vcpu) })
            {
                Refer(audit, Private.First(area));
                Refer(audit, Private.Second(area));
            }
        }
        for (uint handle = 0; handle < domain.GrantTable.Mappings.Limit; handle++)
        {
            if (domain.GrantTable.Mappings.TryGet(handle, out GrantMapping mapping))
                audit.Refers(mapping.Mfn);
        }
    }

    /// <summary>A page by which device models are asked: the hypervisor's, or the domain's, which may not see it. How many frames of the domain's.</summary>
    private static ulong StateRequests(FrameAudit audit, Domain domain, IoRequestPage page)
    {
        Refer(audit, page.Page);
        if (Private.IsOwn(page))
            State(audit, page.Page.Mfn, FrameType.Shared);
        return Private.IsHidden(page) ? StateOwn(audit, domain, new Leaf(page.Gfn, page.Page.Mfn, 0)) : 0;
    }

    private static ulong StateLeaf(FrameAudit audit, Domain domain, Leaf leaf)
    {
        P2mEntry entry = domain.P2m.Lookup(leaf.Gfn);
        if (entry.Mfn != leaf.Mfn)
            throw new AuditException($"domain {domain.Id}: guest frame {leaf.Gfn.Value:x} is {leaf.Mfn.Value:x} in the table and {entry.Mfn.Value:x} to who asks");
        switch (entry.Type)
        {
            case P2mType.Ram when domain.Services.Frames.OwnerOf(leaf.Mfn) == Hypervisor && leaf.Order == 0:
                if (!IsLent(domain, leaf))
                    throw new AuditException($"domain {domain.Id} maps frame {leaf.Mfn.Value:x} of the hypervisor's at {leaf.Gfn.Value:x}, where it is not lent");
                return 0;
            case P2mType.Ram or P2mType.RamReadOnly:
                return StateOwn(audit, domain, leaf);
            case P2mType.Grant or P2mType.GrantReadOnly:
                if (!HasMapping(domain, leaf.Mfn))
                    throw new AuditException($"domain {domain.Id} maps frame {leaf.Mfn.Value:x} at {leaf.Gfn.Value:x} by no grant that it has mapped");
                return 0;
            case P2mType.Foreign:
                audit.Refers(leaf.Mfn);
                return 0;
            default:
                throw new AuditException($"domain {domain.Id}: guest frame {leaf.Gfn.Value:x} is mapped and of no type");
        }
    }

    private static ulong StateOwn(FrameAudit audit, Domain domain, Leaf leaf)
    {
        ulong count = 1UL << leaf.Order;
        for (ulong i = 0; i < count; i++)
            audit.Owns(new Mfn(leaf.Mfn.Value + i), domain.Id, FrameType.Guest);
        return count;
    }

    private static bool IsLent(Domain domain, Leaf leaf)
    {
        LentFrame shared = Private.SharedInfoFrame(domain);
        LentFrame? frame = shared.Mfn == leaf.Mfn ? shared : domain.GrantTable.FindFrame(leaf.Mfn);
        return frame is not null && frame.Location == leaf.Gfn;
    }

    private static bool HasMapping(Domain domain, Mfn mfn)
    {
        GrantMappings mappings = domain.GrantTable.Mappings;
        for (uint handle = 0; handle < mappings.Limit; handle++)
        {
            if (mappings.TryGet(handle, out GrantMapping mapping) && mapping.Mfn == mfn)
                return true;
        }
        return false;
    }

    private static void Refer(FrameAudit audit, SharedPage page)
    {
        if (page.IsAttached)
            audit.Refers(page.Mfn);
    }

    private static void State(FrameAudit audit, FrameTable<GrantWords> table)
    {
        for (int i = 0; i < table.FrameCount; i++)
            State(audit, Private.Frames(table)[i], FrameType.Table);
    }

    private static void State(FrameAudit audit, Mfn mfn, FrameType type)
    {
        if (mfn != Mfn.Invalid)
            audit.Owns(mfn, Hypervisor, type);
    }
}
