using System.Threading;

namespace Xenolith.Kernel;

/// <summary>
/// Messages between CPUs: "look at your run loop", and work that has to be done on another CPU before the sender goes on. A CPU takes
/// work where it opens interrupts, and while it waits for a lock or for an answer of its own, so no sender waits for one that waits.
/// </summary>
/// <param name="interrupts">How to reach another CPU; null: there is one CPU.</param>
public sealed class CpuMessages(InterprocessorInterrupts? interrupts)
{
    // By receiver: a bit for each sender whose work waits. By sender: a bit for each receiver that has not done it; and the work.
    private readonly ulong[] _waiting = new ulong[CurrentCpu.MaximumCpus];
    private readonly ulong[] _unanswered = new ulong[CurrentCpu.MaximumCpus];
    private readonly Unowned<CpuWork>[] _work = new Unowned<CpuWork>[CurrentCpu.MaximumCpus];

    /// <summary>How long <see cref="Call(CpuSet, CpuWork)"/> waits: far longer than any CPU stays in the hypervisor at a stretch.</summary>
    public const ulong PatienceNanoseconds = 5_000_000_000;

    /// <summary>Interrupts a CPU, so that its run loop looks at what it has to do; nothing happens when it is this one.</summary>
    public void Kick(int cpu)
    {
        if (cpu != CurrentCpu.Number)
        {
            interrupts?.Send(cpu);
        }
    }

    /// <summary>Interrupts several CPUs, less this one.</summary>
    public void Kick(CpuSet cpus)
    {
        for (CpuSet rest = cpus.Without(CurrentCpu.Number); !rest.IsEmpty; rest = rest.Without(rest.First))
        {
            interrupts?.Send(rest.First);
        }
    }

    /// <summary>Sends other CPUs an NMI: the panic's way to stop them.</summary>
    public void Interrupt(CpuSet cpus)
    {
        for (CpuSet rest = cpus.Without(CurrentCpu.Number); !rest.IsEmpty; rest = rest.Without(rest.First))
        {
            interrupts?.SendNonMaskable(rest.First);
        }
    }

    /// <summary>As <see cref="Call(CpuSet, CpuWork, ulong)"/>, and a CPU that does not answer is a panic.</summary>
    public void Call(CpuSet cpus, CpuWork work)
    {
        CpuSet silent = Call(cpus, work, PatienceNanoseconds);
        if (!silent.IsEmpty)
        {
            var text = default(LineText);
            text.Append("CPU ");
            text.Append((uint)silent.First, null);
            text.Append(" does not answer CPU ");
            text.Append((uint)CurrentCpu.Number, null);
            text.Append(": it has not come by its run loop");
            Spinning.Fail(text.Written);
        }
    }

    /// <summary>
    /// Has CPUs do work, and waits until they have; this CPU does its own share at once if it is among them. The work must take no lock,
    /// allocate nothing and call nobody: it may run in the middle of the receiver's wait for a lock. Locks may be held by the caller.
    /// </summary>
    /// <param name="cpus">Whom; CPUs that run.</param>
    /// <param name="work">What.</param>
    /// <param name="patience">Nanoseconds to wait at most.</param>
    /// <returns>Those that did not answer in time; they may yet do the work.</returns>
    public CpuSet Call(CpuSet cpus, CpuWork work, ulong patience)
    {
        int own = CurrentCpu.Number;
        CpuSet others = cpus.Without(own);
        _work[own] = new Unowned<CpuWork>(work);
        Volatile.Write(ref _unanswered[own], others.Bits);
        for (CpuSet rest = others; !rest.IsEmpty; rest = rest.Without(rest.First))
        {
            Interlocked.Or(ref _waiting[rest.First], 1UL << own);
        }

        Kick(others);
        if (cpus.Contains(own))
        {
            work.Run();
        }

        ulong start = Spinning.Now;
        ulong most = others.IsEmpty ? 0 : Spinning.Ticks(patience);
        while (Volatile.Read(ref _unanswered[own]) != 0 && Spinning.Now - start <= most)
        {
            Poll();
            Spinning.Once();
        }

        var silent = new CpuSet(Volatile.Read(ref _unanswered[own]));
        for (CpuSet rest = silent; !rest.IsEmpty; rest = rest.Without(rest.First))
        {
            Interlocked.And(ref _waiting[rest.First], ~(1UL << own));
        }

        return silent;
    }

    /// <summary>
    /// Waits until each of the CPUs has been outside of its guest after this call began. Its view of what was written before is
    /// then the new one.
    /// </summary>
    /// <returns>Those that were not, within the time (nanoseconds).</returns>
    public CpuSet Synchronise(CpuSet cpus, ulong patience) => Call(cpus, Nothing.Work, patience);

    /// <summary>Does the work that others want of this CPU.</summary>
    public void Poll()
    {
        int own = CurrentCpu.Number;
        if (Volatile.Read(ref _waiting[own]) == 0)
        {
            return;
        }

        for (var senders = new CpuSet(Interlocked.Exchange(ref _waiting[own], 0)); !senders.IsEmpty; senders = senders.Without(senders.First))
        {
            int sender = senders.First;
            _work[sender].Value!.Run();
            Interlocked.And(ref _unanswered[sender], ~(1UL << own));
        }
    }

    private sealed class Nothing : CpuWork
    {
        public static readonly Nothing Work = new();

        public override void Run()
        {
        }
    }
}
