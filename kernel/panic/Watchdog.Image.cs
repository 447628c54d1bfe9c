using System.Threading;

namespace Xenolith.Kernel;

/// <summary>
/// A CPU takes its timer's interrupt only where it passes its run loop or idles. Each time it does, it looks whether the others have; one that
/// has not for too long hangs, which is a panic that shows where. With one CPU nobody looks.
/// </summary>
public sealed unsafe class Watchdog
{
    /// <summary>How often a CPU's timer comes at least, in nanoseconds.</summary>
    public const ulong Period = 250_000_000;

    private readonly CpuTable _cpus;
    private readonly ulong _seconds;
    private readonly ulong _most;

    /// <param name="cpus">Whom to watch.</param>
    /// <param name="clock">The clock.</param>
    /// <param name="seconds">How long a CPU may stay away, 1 at least.</param>
    public Watchdog(CpuTable cpus, Clock clock, ulong seconds)
    {
        _cpus = cpus;
        _seconds = seconds;
        _most = clock.Scale.ToTicks(seconds * 1_000_000_000);
    }

    /// <summary>This CPU has taken its timer's interrupt.</summary>
    public void Check()
    {
        int own = CurrentCpu.Number;
        ulong now = Cpu.ReadTsc();
        Volatile.Write(ref CurrentCpu.Area->LastSeen, now);
        for (CpuSet rest = _cpus.Online.Without(own); !rest.IsEmpty; rest = rest.Without(rest.First))
        {
            // One that has not been seen yet is busy with the start.
            ulong seen = Volatile.Read(ref CpuBlocks.AreaOf(rest.First)->LastSeen);
            if (seen != 0 && (long)(now - seen) > (long)_most)
            {
                LineText text = default;
                text.Append("watchdog: CPU ");
                text.Append((uint)rest.First, null);
                text.Append(" has not passed its run loop for ");
                text.Append(_seconds, null);
                text.Append(" s");
                Panic.Now(text.Written);
            }
        }
    }
}
