using Xenolith.Abi.Contract;
using Xenolith.Mm;

namespace Xenolith.Domains;

/// <summary>What of the domain's memory others than its vCPUs write, for the log of it.</summary>
public sealed partial class Domain
{
    /// <summary>What is done with the domain's memory at present, for <see cref="FeatureMatrix"/>.</summary>
    public MemoryFeatures MemoryFeatures =>
        (P2m.Log.IsGlobal ? MemoryFeatures.DirtyLog : MemoryFeatures.None)
        | (P2m.Log.HasRange ? MemoryFeatures.TrackedRange : MemoryFeatures.None)
        | (IoServers.HasMemory ? MemoryFeatures.ForwardedMemory : MemoryFeatures.None)
        | (P2m.Views is not null ? MemoryFeatures.Views : MemoryFeatures.None)
        | (P2m.ChecksAccess ? MemoryFeatures.AccessRights : MemoryFeatures.None)
        | (((CreateFlags)Settings.Flags & CreateFlags.NestedVirtualisation) != 0 ? MemoryFeatures.NestedVirtualisation : MemoryFeatures.None);

    /// <summary>Switches the log of all memory on (<see cref="P2m.BeginLog"/>). The domain stands still.</summary>
    public void BeginLog() => P2m.BeginLog(TryLogByCpus());

    /// <summary>Looks after another range (<see cref="P2m.TrackRange"/>). The domain stands still.</summary>
    public void TrackRange(Gfn first, ulong count) => P2m.TrackRange(first, count, TryLogByCpus());

    /// <summary>Ends the log of all memory (<see cref="P2m.EndLog"/>). The domain stands still.</summary>
    public void EndLog()
    {
        if (P2m.Log.IsGlobal)
            Services.Log.Debug($"domain {Id}: what it writes is logged no more: {P2m.Log.Noted} first writes were noted by CPUs, {P2m.Log.Faults} were exits");
        P2m.EndLog();
    }

    /// <summary>Whether CPUs may do their part for a log, and can: each vCPU has what its CPU needs for it.</summary>
    private bool TryLogByCpus()
    {
        if (!Services.Virtualisation.LogsWrites || (MemoryFeatures & FeatureMatrix.AgainstCpuLog) != 0)
            return false;
        bool can = true;
        foreach (Vcpu vcpu in Vcpus)
            can &= vcpu.Cpu.TryPrepareWriteLog();
        return can;
    }

    /// <summary>Marks what the hypervisor has written unasked since the last look. The domain stands still.</summary>
    /// <param name="isFinal">Whether there is no look after this one: then whatever others have mapped for writing counts as written.</param>
    public void MarkShared(bool isFinal)
    {
        if (!P2m.Log.IsOn)
            return;
        SharedInfo.Page.Place = _sharedInfoFrame.Location;
        P2m.MarkShared();
        if (isFinal)
            GrantTable.MarkWritable();
    }
}
