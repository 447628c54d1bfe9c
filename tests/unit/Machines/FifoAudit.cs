using System.Collections.Generic;
using Xenolith.Abi.Contract;
using Xenolith.Domains;
using Xenolith.Kernel;
using Xenolith.Mm;

namespace Xenolith.Tests.Unit.Machines;

/// <summary>
/// Queues of the FIFO ABI, of a guest that keeps to its rules: each event that is linked is in one queue, reached from its head, which the
/// ready word shows; the last one is the tail that the hypervisor knows.
/// </summary>
internal static class FifoAudit
{
    public static void Check(Domain domain)
    {
        if (IsScribbled(domain))
            return;
        var seen = new Dictionary<uint, (int Vcpu, int Priority)>();
        FifoQueues[] queues = Private.Queues(Private.Fifo(domain.EventChannels));
        for (int vcpu = 0; vcpu < queues.Length; vcpu++)
        {
            for (int priority = 0; queues[vcpu].IsAttached && priority < (int)EventChannelLimits.FifoQueues; priority++)
                Walk(domain, queues[vcpu], vcpu, priority, seen);
        }
        uint words = Private.Fifo(domain.EventChannels).WordCount;
        FrameTable<EventChannel> table = Private.Channels(domain.EventChannels);
        for (uint port = 1; port < words && port < table.Count; port++)
        {
            if (IsLinked(domain, port, out _) && !seen.ContainsKey(port))
                throw new AuditException($"domain {domain.Id}: port {port} is linked and in no queue");
        }
    }

    /// <summary>Whether the guest has put its words where somebody else writes too: then nothing can be said of them.</summary>
    public static bool IsScribbled(Domain domain)
    {
        if (!domain.EventChannels.UsesFifo)
            return false;
        FifoEvents fifo = Private.Fifo(domain.EventChannels);
        var own = new HashSet<Mfn>();
        for (int i = 0; i < Private.PageCount(fifo); i++)
        {
            if (!own.Add(Private.Pages(fifo)[i].Mfn))
                return true;
        }
        var blocks = new HashSet<(Mfn, int)>();
        foreach (FifoQueues queues in Private.Queues(fifo))
        {
            if (!queues.IsAttached)
                continue;
            Mfn mfn = Private.PageOf(queues).Mfn;
            if (own.Contains(mfn) || !blocks.Add((mfn, Private.OffsetOf(queues) / FifoQueues.BlockSize)) || Private.OffsetOf(queues) % FifoQueues.BlockSize != 0)
                return true;
        }
        foreach ((Mfn mfn, _) in blocks)
            own.Add(mfn);
        // They lie where the guest writes nothing else, or they may be anything.
        int kept = 0;
        for (ulong i = 0; i < GuestLayout.FifoFrames; i++)
            kept += own.Contains(domain.P2m.Lookup(new Gfn(GuestLayout.FirstFifo + i)).Mfn) ? 1 : 0;
        return kept != own.Count;
    }

    private static void Walk(Domain domain, FifoQueues queues, int vcpu, int priority, Dictionary<uint, (int Vcpu, int Priority)> seen)
    {
        SharedPage block = Private.PageOf(queues);
        int at = Private.OffsetOf(queues);
        uint port = block.Read32(at + 8 + priority * sizeof(uint));
        uint last = 0;
        bool isReady = block.TestBit(at, priority);
        while (port != 0 && IsLinked(domain, port, out uint link))
        {
            if (!isReady)
                return;
            if (!seen.TryAdd(port, (vcpu, priority)))
                throw new AuditException($"domain {domain.Id}: port {port} is in the queue of vCPU {vcpu}, priority {priority}, and in another, or twice");
            last = port;
            port = link;
        }
        if (last != 0 && queues.Tail(priority) != last)
            throw new AuditException($"domain {domain.Id}: the queue of vCPU {vcpu}, priority {priority}, ends with port {last}, and its tail is said to be {queues.Tail(priority)}");
    }

    private static bool IsLinked(Domain domain, uint port, out uint link)
    {
        link = 0;
        if (GuestMind.FindWord(domain, port) is not var (page, offset))
            return false;
        uint word = page.Read32(offset);
        link = word & EventWord.LinkMask;
        return (word & 1u << (int)EventWord.Linked) != 0;
    }
}
