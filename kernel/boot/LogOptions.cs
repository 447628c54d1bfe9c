using System;

namespace Xenolith.Kernel;

/// <summary>Applies <c>loglvl=</c> and <c>guest_loglvl=</c> to a log, and later <c>conring_size=</c>.</summary>
public static class LogOptions
{
    /// <summary>Sets what is given and well-formed; the rest keeps its default until <see cref="CommandLine.Check"/> complains.</summary>
    public static void Apply(Log log, CommandLine options)
    {
        if (options.TryGetText("loglvl", out ReadOnlySpan<char> own) && OptionValue.TryParseThresholds(own, out LogThresholds thresholds))
        {
            log.Thresholds = thresholds;
        }

        if (options.TryGetText("guest_loglvl", out ReadOnlySpan<char> guest) && OptionValue.TryParseThresholds(guest, out thresholds))
        {
            log.GuestThresholds = thresholds;
        }
    }

    /// <summary>Gives the ring its size, of whatever memory there is by then: the little that is there at first is not enough for a large one.</summary>
    public static void ApplyRingSize(Log log, CommandLine options)
    {
        ulong size = options.GetSize("conring_size", Log.DefaultRingSize);
        if (size != Log.DefaultRingSize)
        {
            log.ResizeRing(size);
        }
    }
}
