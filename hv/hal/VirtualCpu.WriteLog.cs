using System;
using Xenolith.Kernel;

namespace Xenolith.Hal;

/// <summary>
/// A log that the CPU keeps of the frames that the guest writes to, by guest-physical address: where the leaf of the nested page table is
/// <see cref="Rights.Logged"/>, the first write is noted and the leaf is that no more. While it is kept, the CPU takes its walks of the guest's page
/// tables for writes.
/// </summary>
public abstract partial class VirtualCpu
{
    /// <summary>Whether the CPU keeps it, from the next entry on.</summary>
    public bool LogsWrites { get; private set; }

    /// <summary>Gets what the log needs, to be kept until <see cref="Release"/>. False: there is no frame, or the CPU keeps no log.</summary>
    public virtual bool TryPrepareWriteLog() => false;

    /// <summary>
    /// Has the CPU keep the log or not. Only after <see cref="TryPrepareWriteLog"/>, and with <see cref="InvalidateNested"/>. Asked by the CPU that has the vCPU.
    /// </summary>
    public void LogWrites(bool isWanted)
    {
        if (isWanted == LogsWrites)
            return;
        LogsWrites = isWanted;
        Check(ExitChecks.Writes, isWanted);
        SwitchWriteLog();
    }

    protected virtual void SwitchWriteLog()
    {
    }

    /// <summary>
    /// The guest-physical addresses of the frames that were noted since the entry, which the log forgets. To be called after each exit while it is kept; the
    /// answer is good until the next entry.
    /// </summary>
    public virtual ReadOnlySpan<ulong> TakeWrites() => default;
}
