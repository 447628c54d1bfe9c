namespace Xenolith.Kernel;

/// <summary>NMIs: a panic elsewhere stops this CPU by one; any other comes from the machine and means trouble, which <c>nmi=</c> says what to do about.</summary>
internal static class NonMaskable
{
    /// <summary>Whether NMIs that nobody here sent are noted and nothing else (<c>nmi=ignore</c>).</summary>
    public static bool IsIgnored { get; set; }

    /// <summary>Takes one. False: it is fatal.</summary>
    public static bool TryTake(ref InterruptFrame frame)
    {
        StoppedCpus.StopIfAsked(ref frame);
        if (!IsIgnored)
        {
            return false;
        }

        LineText text = default;
        text.Append("an NMI that nobody asked for interrupted CPU ");
        text.Append((uint)CurrentCpu.Number, null);
        text.Append(" at rip 0x");
        text.Append(frame.Rip, "x16");
        text.Append(": ignored, because of nmi=ignore");

        // The CPU may have been interrupted while it wrote to the log.
        Boot.Log?.TryAlways(text.Written);
        return true;
    }
}
