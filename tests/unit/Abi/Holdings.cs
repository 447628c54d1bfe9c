using System;
using System.Linq;
using Xenolith.Domains;
using Xenolith.Tests.Unit.Harness;

namespace Xenolith.Tests.Unit.Abi;

/// <summary>What the hypervisor holds for the domains of a machine, so that a test can say that a refused call left nothing behind.</summary>
internal sealed record Holdings(ulong FreeFrames, int Domains, int Timers, string PerDomain)
{
    public static Holdings Of(TestMachine machine, params Domain[] domains) => new(
        machine.Frames.FreeFrames,
        Enumerable.Range(0, 1 << 15).Count(id => machine.Services.Domains.Find((ushort)id) is not null),
        machine.Services.Timers.Count,
        string.Join("; ", domains.Select(Describe)));

    private static string Describe(Domain domain) =>
        $"d{domain.Id}: {domain.TotalPages} of {domain.MaximumPages} pages, {domain.ClaimedPages} claimed, {CountPorts(domain.EventChannels)} ports, "
        + $"{domain.GrantTable.FrameCount}+{domain.GrantTable.StatusFrameCount} grant frames of version {domain.GrantTable.Version}, {CountMappings(domain.GrantTable.Mappings)} mappings, "
        + $"{domain.P2m.TableFrames} tables, held back {domain.PauseCount} times, shut down {domain.IsShutDown}, dying {domain.IsDying}, "
        + $"parameters {string.Join(',', domain.Parameters.ToArray())}";

    private static int CountPorts(EventChannels channels)
    {
        int count = 0;
        for (uint port = 0; channels.IsValid(port); port++)
            count += channels.Status(port, out EventChannelStatus status) == 0 && status.State != 0 ? 1 : 0;
        return count;
    }

    private static int CountMappings(GrantMappings mappings)
    {
        int count = 0;
        for (uint handle = 0; handle < mappings.Limit; handle++)
            count += mappings.TryGet(handle, out _) ? 1 : 0;
        return count;
    }
}
