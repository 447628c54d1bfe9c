using System;
using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using System.Text;
using System.Threading;

namespace Xenolith.Kernel;

/// <summary>What a CPU does while it waits for another one: on a host, it yields.</summary>
internal static class Spinning
{
    public const bool ChecksLocks = true;

    public static ulong DefaultPatience => (ulong)Stopwatch.Frequency * 20;

    /// <summary>A clock, in ticks of its own.</summary>
    public static ulong Now => (ulong)Stopwatch.GetTimestamp();

    /// <summary>Nanoseconds as ticks of <see cref="Now"/>.</summary>
    public static ulong Ticks(ulong nanoseconds) => nanoseconds / 1000 * (ulong)Stopwatch.Frequency / 1_000_000;

    public static void Once() => Thread.Yield();

    [DoesNotReturn]
    public static void Fail(ReadOnlySpan<byte> text) => throw new InvalidOperationException(Encoding.UTF8.GetString(text));
}
