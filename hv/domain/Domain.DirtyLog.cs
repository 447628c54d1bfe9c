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
        | (((CreateFlags)Settings.Flags & CreateFlags.NestedVirtualisation) != 0 ? MemoryFeatures.NestedVirtualisation : MemoryFeatures.None);

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
