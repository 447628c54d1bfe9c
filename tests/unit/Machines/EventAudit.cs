using System.Collections.Generic;
using Xenolith.Abi.Contract;
using Xenolith.Domains;
using Xenolith.Kernel;
using Xenolith.Mm;

namespace Xenolith.Tests.Unit.Machines;

/// <summary>Event channels: both ends agree, who is bound is told, and nothing is pending on a port that is not in use.</summary>
internal sealed class EventAudit
{
    /// <summary>
    /// Domains of whose two levels nothing can be said: those that have used FIFO, since what was pending when they began stays marked, as
    /// on Xen, and shows again after a reset; and those that see shared_info, into which a call may write what it answers.
    /// </summary>
    private readonly HashSet<Domain> _scribbled = [];

    public void Check(Domain domain)
    {
        if (domain.EventChannels.UsesFifo || domain.SharedInfo.Frame.Location != Gfn.Invalid)
            _scribbled.Add(domain);
        EventChannels channels = domain.EventChannels;
        FrameTable<EventChannel> table = Private.Channels(channels);
        uint inUse = 0;
        for (uint port = 1; port < table.Count; port++)
        {
            EventChannel channel = table[port];
            if (channel.State == EventChannelState.Closed)
            {
                if (channels.UsesFifo || !_scribbled.Contains(domain))
                    CheckClosed(domain, port);
                continue;
            }
            inUse++;
            CheckOpen(domain, port, in channel);
        }
        if (table.Count != 0 && table[0].State != EventChannelState.Closed)
            throw new AuditException($"domain {domain.Id}: port 0 is in use");
        if (inUse != Private.InUse(channels))
            throw new AuditException($"domain {domain.Id} counts {Private.InUse(channels)} ports in use and has {inUse}");
        for (uint port = 1; port < Private.FirstFree(channels); port++)
        {
            if (table[port].State == EventChannelState.Closed)
                throw new AuditException($"domain {domain.Id}: port {port} is free, and {Private.FirstFree(channels)} is said to be the first");
        }
        CheckVirqs(domain, table);
        CheckConsumers(domain, table);
        if (channels.UsesFifo)
            FifoAudit.Check(domain);
    }

    private static void CheckOpen(Domain domain, uint port, in EventChannel channel)
    {
        if (channel.NotifyVcpu >= domain.Vcpus.Length)
            throw new AuditException($"domain {domain.Id}: port {port} is told to vCPU {channel.NotifyVcpu}, which is not there");
        if (channel.State == EventChannelState.Virq && domain.Vcpus[IsGlobal(channel.Virq) ? 0 : channel.NotifyVcpu].VirqPorts[(int)channel.Virq] != port)
            throw new AuditException($"domain {domain.Id}: port {port} is VIRQ {channel.Virq}'s, which knows nothing of it");
        if (!channel.IsConnected)
            return;
        if (domain.Services.Domains.Find(channel.RemoteDomain) is not { } remote)
            throw new AuditException($"domain {domain.Id}: port {port} is bound to domain {channel.RemoteDomain}, which is no more");
        FrameTable<EventChannel> far = Private.Channels(remote.EventChannels);
        EventChannel other = channel.RemotePort < far.Count ? far[channel.RemotePort] : default;
        if (!other.IsConnected || other.RemoteDomain != domain.Id || other.RemotePort != port)
        {
            throw new AuditException(
                $"domain {domain.Id}: port {port} is bound to port {channel.RemotePort} of domain {remote.Id}, which is {other.State} to port {other.RemotePort} of domain {other.RemoteDomain}");
        }
    }

    private static void CheckClosed(Domain domain, uint port)
    {
        SharedInfoPage shared = domain.SharedInfo;
        bool isPending = domain.EventChannels.UsesFifo
            ? GuestMind.FindWord(domain, port) is var (page, offset) && page.TestBit(offset, (int)EventWord.Pending)
            : port < shared.PortLimit && shared.Page.TestBit(shared.PendingOffset, (int)port);
        if (isPending && !FifoAudit.IsScribbled(domain))
            throw new AuditException($"domain {domain.Id}: an event is pending on port {port}, which is not in use");
    }

    private static void CheckVirqs(Domain domain, FrameTable<EventChannel> table)
    {
        foreach (Vcpu vcpu in domain.Vcpus)
        {
            for (int virq = 0; virq < vcpu.VirqPorts.Length; virq++)
            {
                uint port = vcpu.VirqPorts[virq];
                if (port != 0 && (port >= table.Count || table[port].State != EventChannelState.Virq || (int)table[port].Virq != virq))
                    throw new AuditException($"d{domain.Id}v{vcpu.Id}: VIRQ {virq} goes to port {port}, which is not its");
            }
        }
    }

    private static void CheckConsumers(Domain domain, FrameTable<EventChannel> table)
    {
        var bound = new List<int>();
        for (uint port = 1; port < table.Count; port++)
        {
            if (table[port].Consumer != 0 && !table[port].IsDeviceModels)
                bound.Add(table[port].Consumer - 1);
        }
        EventConsumer?[] consumers = Private.Consumers(domain.EventChannels);
        for (int i = 0; i < consumers.Length; i++)
        {
            if (consumers[i] is null == bound.Contains(i))
                throw new AuditException($"domain {domain.Id}: the hypervisor's end {i} of an event channel has no port, or a port without it");
        }
    }

    private static bool IsGlobal(Virq virq) => EventChannels.IsGlobal(virq);
}
