using System.Threading;

namespace Xenolith.Kernel;

/// <summary>
/// What a panic does about the other CPUs: stops them by NMI, wherever they are, and says where that was. Of several CPUs that panic at
/// once the first one speaks.
/// </summary>
internal static unsafe class StoppedCpus
{
    private const ulong PatienceNanoseconds = 1_000_000_000;
    private const int FramesShown = 8;

    // The CPU that panics, plus one; 0: none does.
    private static int s_owner;

    /// <summary>Whether this CPU may speak. False: another one panicked before.</summary>
    public static bool TryOwn()
    {
        int own = CurrentCpu.Number + 1;
        int owner = Interlocked.CompareExchange(ref s_owner, own, 0);
        return owner == 0 || owner == own;
    }

    /// <summary>Stops all others, and waits until they have stopped or a second is over. Nothing they hold is waited for any more.</summary>
    public static void StopOthers()
    {
        if (!Boot.TryGetCurrent(out KernelServices? services))
        {
            return;
        }

        CpuSet others = services.Cpus.Online.Without(CurrentCpu.Number);
        services.Messages.Interrupt(others);
        ulong start = Cpu.ReadTsc();
        ulong most = services.Clock.Scale.ToTicks(PatienceNanoseconds);
        for (CpuSet rest = others; !rest.IsEmpty; rest = rest.Without(rest.First))
        {
            while (Interlocked.Read(ref CpuBlocks.AreaOf(rest.First)->Stopped) == 0 && Cpu.ReadTsc() - start < most)
            {
                Cpu.Pause();
            }
        }

        services.Log.BeAlone();
    }

    /// <summary>For the NMI handler: when another CPU panics, this one stops for good. Else it returns.</summary>
    public static void StopIfAsked(ref InterruptFrame frame)
    {
        int owner = Volatile.Read(ref s_owner);
        if (owner != 0 && owner != CurrentCpu.Number + 1)
        {
            // unsafe: the frame lies on this CPU's NMI stack, which nobody uses again.
            Interlocked.Exchange(ref CurrentCpu.Area->Stopped, (ulong)System.Runtime.CompilerServices.Unsafe.AsPointer(ref frame));
            Cpu.Halt();
        }
    }

    /// <summary>Says where the others were.</summary>
    public static void Report()
    {
        if (s_owner == 0 || !Boot.TryGetCurrent(out KernelServices? services))
        {
            return;
        }

        for (CpuSet rest = services.Cpus.Online.Without(CurrentCpu.Number); !rest.IsEmpty; rest = rest.Without(rest.First))
        {
            int cpu = rest.First;
            var frame = (InterruptFrame*)CpuBlocks.AreaOf(cpu)->Stopped;
            LineText text = default;
            text.Append("CPU ");
            text.Append((uint)cpu, null);
            if (frame == null)
            {
                text.Append(" does not answer an NMI");
            }
            else
            {
                text.Append(" was stopped at rip 0x");
                text.Append(frame->Rip, "x16");
            }

            AppendLocks(ref text, cpu);
            services.Activity?.Describe(cpu, ref text);
            Panic.Line(text.Written);
            if (frame != null)
            {
                Panic.Trace(frame->Rip, frame->Rsp, frame->Rbp, ripIsReturn: false, FramesShown);
            }
        }
    }

    /// <summary>Appends what locks a CPU holds, with names where they are recorded.</summary>
    public static void AppendLocks(ref LineText text, int cpu)
    {
        int count = CpuBlocks.AreaOf(cpu)->LocksHeld;
        if (count == 0)
        {
            return;
        }

        text.Append(", holds ");
        text.Append((uint)count, null);
        text.Append(count == 1 ? " lock" : " locks");
        HeldLocks held = CpuBlocks.HeldBy(cpu);
        for (int i = 0; i < held.Count; i++)
        {
            text.Append(i == 0 ? ": " : ", ");
            LockChecks.Name(ref text, held.At(i));
        }
    }
}
