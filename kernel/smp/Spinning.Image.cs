using System;
using System.Diagnostics.CodeAnalysis;

namespace Xenolith.Kernel;

/// <summary>What a CPU does while it waits for another one: it pauses, and answers what others ask of it, so that two that wait for each other's answer get one.</summary>
internal static class Spinning
{
    public const bool ChecksLocks = false;

    /// <summary>For as long as the TSC's speed is not known, ten seconds of a fast one.</summary>
    public const ulong DefaultPatience = 50_000_000_000;

    /// <summary>A clock, in ticks of its own.</summary>
    public static ulong Now => Cpu.ReadTsc();

    /// <summary>Nanoseconds as ticks of <see cref="Now"/>.</summary>
    public static ulong Ticks(ulong nanoseconds) =>
        Boot.TryGetCurrent(out KernelServices? services) ? services.Clock.Scale.ToTicks(nanoseconds) : nanoseconds * 5;

    public static void Once()
    {
        if (Boot.TryGetCurrent(out KernelServices? services))
        {
            services.Messages.Poll();
        }

        Cpu.Pause();
    }

    [DoesNotReturn]
    public static void Fail(ReadOnlySpan<byte> text) => Panic.Now(text);
}
