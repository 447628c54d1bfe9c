using System.Threading;
using Xenolith.Kernel;
using Xenolith.Runtime;
using static Xenolith.Tests.Features.Verdict;

namespace Xenolith.Tests.Features;

/// <summary>Several CPUs: each has what is its own, locks exclude, messages arrive, time is one. With one CPU they hold too.</summary>
// unsafe: addresses of locals, which tell the stacks apart.
internal static unsafe class ProcessorFeatures
{
    private const uint PatMsr = 0x277;
    private const uint EferMsr = 0xC000_0080;
    private const uint EferHypervisor = 1 << 12;
    private const int Rounds = 2000;

    private static readonly ulong[] s_seen = new ulong[CurrentCpu.MaximumCpus];

    public static void Run()
    {
        Feature("as many processors as were asked for", &Counts);
        Feature("each processor knows its number", &Numbers);
        Feature("each processor has stacks of its own", &Stacks);
        Feature("all processors are set up alike", &ControlRegisters);
        Feature("locks exclude", &Exclusion);
        Feature("each processor has an arena of its own", &Arenas);
        Feature("work arrives again and again", &Messages);
        Feature("processors that call each other at once", &Crosswise);
        Feature("a kick ends the idle wait", &Kicks);
        Feature("each processor has an alarm", &Alarms);
        Feature("time does not go back between processors", &Time);
        Feature("memory taken and given back by all at once", &Frames);
        Feature("lines of the log stay whole", &Lines);
        Feature("work goes on behind an NMI that is ignored", &NonMaskables);
    }

    private static KernelServices Services => Boot.Current;

    private static CpuSet All => Services.Cpus.Online;

    private static CpuSet Others => All.Without(CurrentCpu.Number);

    private static void Everywhere(CpuWork work) => Services.Messages.Call(All, work);

    // What the machine was given is on the command line of the test.
    private static void Counts() => Expect((ulong)Services.Cpus.Count == Services.Options.GetNumber("expect-cpus", 1));

    private sealed class Note : CpuWork
    {
        public override void Run() => s_seen[CurrentCpu.Number] = (ulong)CurrentCpu.Number + 1;
    }

    private static void Numbers()
    {
        Everywhere(new Note());
        Expect(CurrentCpu.Number == 0);
        for (int cpu = 0; cpu < CurrentCpu.MaximumCpus; cpu++)
            Expect(s_seen[cpu] == (All.Contains(cpu) ? (ulong)cpu + 1 : 0));
    }

    private sealed class NoteStack : CpuWork
    {
        public override void Run()
        {
            ulong here;
            s_seen[CurrentCpu.Number] = (ulong)&here;
        }
    }

    private static void Stacks()
    {
        Everywhere(new NoteStack());
        for (int cpu = 0; cpu < Services.Cpus.Count; cpu++)
        {
            for (int other = 0; other < cpu; other++)
                Expect(s_seen[cpu] >> 17 != s_seen[other] >> 17);
        }
    }

    private sealed class NoteRegisters : CpuWork
    {
        public int Register { get; set; }

        public override void Run() => s_seen[CurrentCpu.Number] = Register switch
        {
            0 => Cpu.ReadCr0(),
            1 => Cpu.ReadCr3(),
            2 => Cpu.ReadCr4(),
            3 => Cpu.ReadMsr(EferMsr) & ~(ulong)EferHypervisor,
            _ => Cpu.ReadMsr(PatMsr),
        };
    }

    private static void ControlRegisters()
    {
        var note = new NoteRegisters();
        for (int register = 0; register < 5; register++)
        {
            note.Register = register;
            Everywhere(note);
            for (int cpu = 1; cpu < Services.Cpus.Count; cpu++)
                Expect(s_seen[cpu] == s_seen[0]);
        }
    }

    // Several CPUs at once, each from its own interrupt: the caller's share runs while the others' do.
    private sealed class CountUp : CpuWork
    {
        private readonly SpinLock _lock = new(LockRank.DomainList, "counter");

        public int Count { get; private set; }

        public override void Run()
        {
            for (int i = 0; i < Rounds; i++)
            {
                _lock.Acquire();
                Count++;
                _lock.Release();
            }
        }
    }

    private static void Exclusion()
    {
        var work = new CountUp();
        Everywhere(work);
        Expect(work.Count == Rounds * Services.Cpus.Count);
        Expect(CurrentCpu.LocksHeld == 0);
    }

    private sealed class NoteArena : CpuWork
    {
        // On the others none is open, so that an object there would be a violation; here the tests' is.
        public override void Run()
        {
            bool made = Fault.Guard(&Make, 0, out FaultReport report);
            s_seen[CurrentCpu.Number] = made ? 1UL : (ulong)report.Kind;
        }

        private static void Make(nint argument) => Opaque.Of(new object());
    }

    private static void Arenas()
    {
        Everywhere(new NoteArena());
        Expect(s_seen[0] == 1);
        for (int cpu = 1; cpu < Services.Cpus.Count; cpu++)
            Expect(s_seen[cpu] == (ulong)FaultKind.NoArena);
    }

    private sealed class Tally : CpuWork
    {
        private ulong _count;

        public ulong Count => Interlocked.Read(ref _count);

        public override void Run() => Interlocked.Increment(ref _count);
    }

    private static void Messages()
    {
        var work = new Tally();
        for (int i = 0; i < Rounds / 10; i++)
            Everywhere(work);
        Expect(work.Count == (ulong)(Rounds / 10 * Services.Cpus.Count));
        Expect(Services.Messages.Synchronise(All, CpuMessages.PatienceNanoseconds).IsEmpty);
    }

    /// <summary>Work that itself calls all: allowed in the run loop's place, which is where the CPUs wait for work.</summary>
    private sealed class CallAll(Tally tally) : CpuWork
    {
        private ulong _finished;

        public ulong Finished => Interlocked.Read(ref _finished);

        public override void Run()
        {
            for (int i = 0; i < Rounds / 20; i++)
                Services.Messages.Call(All, tally);
            Interlocked.Increment(ref _finished);
        }
    }

    private static void Crosswise()
    {
        var tally = new Tally();
        var work = new CallAll(tally);
        Services.Cpus.StartOthers(work, Services.Messages);
        work.Run();
        ulong start = Services.Clock.Nanoseconds;
        while (work.Finished != (ulong)Services.Cpus.Count && Services.Clock.Nanoseconds - start < 20_000_000_000)
            Services.Messages.Poll();
        Expect(work.Finished == (ulong)Services.Cpus.Count);
        Expect(tally.Count == (ulong)(Services.Cpus.Count * Services.Cpus.Count * (Rounds / 20)));
    }

    private sealed class KickFirst : CpuWork
    {
        public override void Run() => Services.Messages.Kick(0);
    }

    private static void Kicks()
    {
        var kick = new KickFirst();
        for (CpuSet rest = Others; !rest.IsEmpty; rest = rest.Without(rest.First))
        {
            // The kick waits until interrupts are open; without it nothing would end the wait but the alarm.
            Services.Messages.Call(CpuSet.Of(rest.First), kick);
            ulong start = Services.Clock.Nanoseconds;
            Services.Clock.SetAlarm(start + 5_000_000_000);
            Cpu.Idle();
            Expect(Services.Clock.Nanoseconds - start < 4_000_000_000);
            Services.Clock.SetAlarm(ulong.MaxValue);
        }
    }

    private sealed class WaitForAlarm : CpuWork
    {
        public override void Run()
        {
            ulong start = Services.Clock.Nanoseconds;
            Services.Clock.SetAlarm(start + 2_000_000);
            while (Services.Clock.Nanoseconds - start < 2_000_000)
                Cpu.Idle();
            Volatile.Write(ref s_seen[CurrentCpu.Number], Services.Clock.Nanoseconds - start);
        }
    }

    private static void Alarms()
    {
        for (int cpu = 0; cpu < Services.Cpus.Count; cpu++)
            s_seen[cpu] = 0;
        var work = new WaitForAlarm();
        Services.Cpus.StartOthers(work, Services.Messages);
        work.Run();
        ulong start = Services.Clock.Nanoseconds;
        for (int cpu = 0; cpu < Services.Cpus.Count; cpu++)
        {
            while (Volatile.Read(ref s_seen[cpu]) == 0 && Services.Clock.Nanoseconds - start < 10_000_000_000)
                Services.Messages.Poll();
            Expect(Volatile.Read(ref s_seen[cpu]) >= 2_000_000);
        }
    }

    private sealed class NoteTime : CpuWork
    {
        public override void Run() => s_seen[CurrentCpu.Number] = Services.Clock.Nanoseconds;
    }

    private static void Time()
    {
        var note = new NoteTime();
        for (int i = 0; i < 20; i++)
        {
            ulong before = Services.Clock.Nanoseconds;
            Everywhere(note);
            ulong after = Services.Clock.Nanoseconds;
            for (int cpu = 0; cpu < Services.Cpus.Count; cpu++)
                Expect(s_seen[cpu] >= before && s_seen[cpu] <= after);
        }
    }

    private sealed class TakeAndGive : CpuWork
    {
        public override void Run()
        {
            FrameAllocator frames = Services.Frames;
            for (int i = 0; i < Rounds / 10; i++)
            {
                int order = i % 3;
                if (!frames.TryAllocate(order, (ushort)CurrentCpu.Number, FrameType.Unspecified, out Mfn mfn))
                    return;
                ref ulong word = ref Services.Memory.Word64(mfn.Address);
                if (word != 0 || !frames.Reference(mfn))
                    return;
                word = (ulong)CurrentCpu.Number + 1;
                frames.Release(mfn);
                if (word != (ulong)CurrentCpu.Number + 1 || frames.OwnerOf(mfn) != CurrentCpu.Number || !frames.Free(mfn, order))
                    return;
            }
            s_seen[CurrentCpu.Number] = 1;
        }
    }

    private static void Frames()
    {
        ulong before = Services.Frames.FreeFrames;
        for (int cpu = 0; cpu < Services.Cpus.Count; cpu++)
            s_seen[cpu] = 0;
        Everywhere(new TakeAndGive());
        for (int cpu = 0; cpu < Services.Cpus.Count; cpu++)
            Expect(s_seen[cpu] == 1);
        Expect(Services.Frames.FreeFrames == before);
    }

    private sealed class Say : CpuWork
    {
        public override void Run()
        {
            for (int i = 0; i < 5; i++)
                Services.Log.Info($"whole line {i} of a processor, to its end");
        }
    }

    private static void Lines() => Everywhere(new Say());

    /// <summary>Sums in vector registers while NMIs come.</summary>
    private sealed class Sum : CpuWork
    {
        private int _hasBegun;
        private int _isOver;

        public bool HasBegun => Volatile.Read(ref _hasBegun) != 0;

        public bool IsRight { get; private set; }

        public bool IsOver => Volatile.Read(ref _isOver) != 0;

        public override void Run()
        {
            double sum = 0;
            Interlocked.Increment(ref _hasBegun);
            for (int i = 1; i <= 400_000; i++)
                sum += Opaque.Of((double)i);
            IsRight = sum == 400_000d * 400_001d / 2;
            Interlocked.Increment(ref _isOver);
        }
    }

    private static void NonMaskables()
    {
        // Only where the command line says so, as they are fatal else.
        if (!Services.Options.TryGetText("nmi", out _) || Others.IsEmpty)
            return;
        var sum = new Sum();
        Services.Cpus.StartOthers(sum, Services.Messages);
        ulong patience = Services.Clock.Nanoseconds + CpuMessages.PatienceNanoseconds;
        while (!sum.HasBegun && Services.Clock.Nanoseconds < patience)
            Cpu.Pause();
        for (int i = 0; i < 20 && !sum.IsOver; i++)
        {
            Services.Messages.Interrupt(CpuSet.Of(1));
            ulong start = Services.Clock.Nanoseconds;
            while (Services.Clock.Nanoseconds - start < 200_000)
                Cpu.Pause();
        }

        while (!sum.IsOver && Services.Clock.Nanoseconds < patience)
            Cpu.Pause();
        Expect(sum.IsOver && sum.IsRight);
    }
}
