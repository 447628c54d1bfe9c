namespace Xenolith.Kernel;

/// <summary>What is checked of locks: their order, who lets go of them, and how long they are waited for (that always).</summary>
public static class LockChecks
{
    /// <summary>Whether each CPU's held locks are recorded and their order checked; set before a second CPU runs.</summary>
    public static bool Enabled { get; set; } = Spinning.ChecksLocks;

    /// <summary>How long a lock is waited for before that counts as a deadlock, in the units of <see cref="Spinning.Now"/>.</summary>
    internal static ulong Patience { get; set; } = Spinning.DefaultPatience;

    /// <summary>Sets how long a lock is waited for; at the start, when the TSC's speed is known.</summary>
    public static void SetPatience(Clock clock, ulong nanoseconds) => Patience = clock.Scale.ToTicks(nanoseconds);

    internal static void BeforeAcquire(SpinLock wanted)
    {
        HeldLocks held = CurrentCpu.Held;
        for (int i = 0; i < held.Count; i++)
        {
            SpinLock holds = held.At(i);
            if (ReferenceEquals(holds, wanted))
            {
                ReportDeadlock(wanted);
            }

            if (holds.Rank > wanted.Rank || (holds.Rank == wanted.Rank && holds.Order >= wanted.Order))
            {
                var text = default(LineText);
                text.Append("lock order: CPU ");
                text.Append((uint)CurrentCpu.Number, null);
                text.Append(" takes the lock ");
                Name(ref text, wanted);
                text.Append(" while it holds the lock ");
                Name(ref text, holds);
                Spinning.Fail(text.Written);
            }
        }
    }

    internal static void AfterAcquire(SpinLock taken) => CurrentCpu.Held.Add(taken);

    internal static void BeforeRelease(SpinLock given)
    {
        if (!given.IsHeld)
        {
            var text = default(LineText);
            text.Append("CPU ");
            text.Append((uint)CurrentCpu.Number, null);
            text.Append(" releases the lock ");
            Name(ref text, given);
            text.Append(", which it does not hold");
            Spinning.Fail(text.Written);
        }

        CurrentCpu.Held.Remove(given);
    }

    internal static void ReportDeadlock(SpinLock wanted)
    {
        int holder = wanted.Holder;
        var text = default(LineText);
        text.Append("deadlock: CPU ");
        text.Append((uint)CurrentCpu.Number, null);
        text.Append(" waits for the lock ");
        Name(ref text, wanted);
        text.Append(", which ");
        if (holder < 0)
        {
            text.Append("nobody");
        }
        else if (holder == CurrentCpu.Number)
        {
            text.Append("it");
        }
        else
        {
            text.Append("CPU ");
            text.Append((uint)holder, null);
        }

        text.Append(" holds");
        if (holder == CurrentCpu.Number)
        {
            text.Append(" already");
        }

        Spinning.Fail(text.Written);
    }

    /// <summary>Appends a lock's name, in quotation marks, and its place in the order.</summary>
    internal static void Name(ref LineText text, SpinLock spinLock)
    {
        text.Append("\""u8);
        text.Append(spinLock.Name);
        if (spinLock.Order != 0)
        {
            text.Append(" ");
            text.Append(spinLock.Order, null);
        }

        text.Append("\" (rank "u8);
        text.Append((uint)spinLock.Rank, null);
        text.Append(")");
    }
}
