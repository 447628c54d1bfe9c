using System.Runtime.CompilerServices;
using System.Threading;

namespace Xenolith.Kernel;

/// <summary>
/// A lock that a CPU waits for, served in the order of asking. It is held with interrupts off, as all of the hypervisor's C# is, and by
/// one CPU once: it does not nest. Not for NMI or machine-check handlers.
/// </summary>
/// <param name="rank">Its place in the order.</param>
/// <param name="name">What a report calls it.</param>
/// <param name="order">Its place among those of the same rank: only a higher one may be taken too.</param>
public sealed class SpinLock(LockRank rank, string name, uint order = 0)
{
    private const int Nobody = -1;

    private uint _next;
    private uint _serving;
    private int _holder = Nobody;

    /// <summary>Its place in the order.</summary>
    public LockRank Rank { get; } = rank;

    /// <summary>Its place among those of the same rank.</summary>
    public uint Order { get; } = order;

    /// <summary>What a report calls it.</summary>
    public string Name { get; } = name;

    /// <summary>Whether the calling CPU holds it.</summary>
    public bool IsHeld => Volatile.Read(ref _holder) == CurrentCpu.Number;

    /// <summary>The CPU that holds it; -1: none.</summary>
    internal int Holder => Volatile.Read(ref _holder);

    /// <summary>Waits for the lock and takes it. Waiting for longer than any holder may take is a panic that names both CPUs.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Acquire()
    {
        if (LockChecks.Enabled)
        {
            AcquireChecked();
            return;
        }

        uint ticket = Interlocked.Increment(ref _next) - 1;
        if (Volatile.Read(ref _serving) != ticket)
        {
            Wait(ticket);
        }

        _holder = CurrentCpu.CountLock(1);
    }

    /// <summary>Takes the lock if nobody has it or waits for it.</summary>
    public bool TryAcquire()
    {
        uint ticket = Volatile.Read(ref _serving);
        if (Interlocked.CompareExchange(ref _next, ticket + 1, ticket) != ticket)
        {
            return false;
        }

        _holder = CurrentCpu.CountLock(1);
        if (LockChecks.Enabled)
        {
            LockChecks.AfterAcquire(this);
        }

        return true;
    }

    /// <summary>Gives the lock to whoever asked next.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Release()
    {
        if (LockChecks.Enabled)
        {
            LockChecks.BeforeRelease(this);
        }

        _holder = Nobody;
        CurrentCpu.CountLock(-1);
        Volatile.Write(ref _serving, _serving + 1);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private void AcquireChecked()
    {
        LockChecks.BeforeAcquire(this);
        uint ticket = Interlocked.Increment(ref _next) - 1;
        if (Volatile.Read(ref _serving) != ticket)
        {
            Wait(ticket);
        }

        _holder = CurrentCpu.CountLock(1);
        LockChecks.AfterAcquire(this);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private void Wait(uint ticket)
    {
        if (IsHeld)
        {
            LockChecks.ReportDeadlock(this);
        }

        ulong start = Spinning.Now;
        while (Volatile.Read(ref _serving) != ticket)
        {
            Spinning.Once();
            if (Spinning.Now - start > LockChecks.Patience)
            {
                LockChecks.ReportDeadlock(this);
            }
        }
    }
}
