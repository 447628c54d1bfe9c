using System;
using System.Runtime.CompilerServices;
using Xenolith.Kernel;

namespace Xenolith.Domains;

/// <summary>
/// Timers of one CPU in the order of their deadlines: a binary heap in an array that never grows, over the clock's alarm for that CPU.
/// Other CPUs may stop its timers; all else is its own.
/// </summary>
/// <param name="capacity">How many timers can be set at once: six a vCPU are enough.</param>
/// <param name="cpu">The CPU's number.</param>
public sealed class TimerQueue(Clock clock, int capacity, int cpu = 0)
{
    private readonly SpinLock _lock = new(LockRank.Timer, "timers", (uint)cpu);

    // A timer may live in the arena of a domain, which stops its timers as it ends.
    private readonly Unowned<Timer>[] _heap = new Unowned<Timer>[capacity];
    private ulong _alarm = ulong.MaxValue;

    /// <summary>Timers that are set.</summary>
    public int Count { get; private set; }

    /// <summary>The earliest deadline; <see cref="ulong.MaxValue"/> when no timer is set.</summary>
    public ulong NextDeadline
    {
        get
        {
            _lock.Acquire();
            ulong next = First;
            _lock.Release();
            return next;
        }
    }

    private ulong First
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => Count == 0 ? ulong.MaxValue : At(0).Deadline;
    }

    /// <summary>Sets the timer, or moves one that is set here. A deadline in the past fires at the next <see cref="Run"/>.</summary>
    /// <param name="deadline">Nanoseconds of the clock.</param>
    public void Set(Timer timer, ulong deadline)
    {
        if (timer.Slot < 0 && Count == _heap.Length)
            throw new InvalidOperationException("more timers are set than the queue was made for");
        _lock.Acquire();
        if (timer.Slot < 0)
        {
            timer.Slot = Count;
            timer.Queue = this;
            _heap[Count++] = new Unowned<Timer>(timer);
        }
        timer.Deadline = deadline;
        // One alone is in order.
        if (Count > 1)
            Restore(timer);
        UpdateAlarm();
        _lock.Release();
    }

    /// <summary>Stops the timer. Nothing happens when it is not set here.</summary>
    public void Stop(Timer timer)
    {
        _lock.Acquire();
        if (timer.Slot >= 0 && timer.Queue == this)
        {
            Take(timer);
            // The alarm of another CPU can't be set from here; one that comes for nothing does no harm.
            if (CurrentCpu.Number == cpu)
                UpdateAlarm();
        }
        _lock.Release();
    }

    /// <summary>
    /// Fires every timer whose deadline has come. A timer that sets itself again to a time not after <paramref name="now"/>
    /// waits for the next call, so that a call ends.
    /// </summary>
    public void Run(ulong now)
    {
        _lock.Acquire();
        for (int budget = Count; budget > 0 && First <= now; budget--)
        {
            Timer timer = At(0);
            Take(timer);
            _lock.Release();
            timer.Fire(now);
            _lock.Acquire();
        }
        // Whoever calls has seen an alarm, which a one-shot timer gives once: ask again even for the same time.
        _alarm = First;
        clock.SetAlarm(_alarm);
        _lock.Release();
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private Timer At(int slot) => _heap[slot].Value!;

    private void Take(Timer timer)
    {
        int slot = timer.Slot;
        Timer last = At(--Count);
        _heap[Count] = default;
        timer.Slot = -1;
        timer.Queue = null;
        if (last == timer)
            return;
        Place(last, slot);
        Restore(last);
    }

    private void Restore(Timer timer)
    {
        int slot = timer.Slot;
        while (slot > 0 && At((slot - 1) / 2).Deadline > timer.Deadline)
        {
            Place(At((slot - 1) / 2), slot);
            slot = (slot - 1) / 2;
        }
        while (true)
        {
            int child = 2 * slot + 1;
            if (child >= Count)
                break;
            if (child + 1 < Count && At(child + 1).Deadline < At(child).Deadline)
                child++;
            if (At(child).Deadline >= timer.Deadline)
                break;
            Place(At(child), slot);
            slot = child;
        }
        Place(timer, slot);
    }

    private void Place(Timer timer, int slot)
    {
        _heap[slot] = new Unowned<Timer>(timer);
        timer.Slot = slot;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void UpdateAlarm()
    {
        ulong next = First;
        if (next == _alarm)
            return;
        _alarm = next;
        clock.SetAlarm(next);
    }
}
