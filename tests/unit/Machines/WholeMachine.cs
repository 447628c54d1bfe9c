using System;
using System.Collections.Concurrent;
using System.Collections.Generic;
using System.Linq;
using Xenolith.Abi;
using Xenolith.Abi.Contract;
using Xenolith.Domains;
using Xenolith.Hal;
using Xenolith.Kernel;
using Xenolith.Mm;
using Xenolith.Tests.Unit.Harness;
using Xenolith.Tests.Unit.Policy;

namespace Xenolith.Tests.Unit.Machines;

/// <summary>
/// A machine of two physical CPUs with their run loops, and a control domain, all on the calling thread: one CPU takes one step at a time, by
/// the harness's choice, and the others rest where they were, in a guest or idle. Nothing in it depends on anything but the steps.
/// </summary>
internal sealed class WholeMachine : IDisposable
{
    public const int Cpus = 2;

    /// <summary>How often CPUs choose anew before a vCPU that may run counts as forgotten.</summary>
    private const int MostSlices = 2048;

    /// <summary>In how many pieces time passes at most, so that nobody is booked for all of it.</summary>
    private const ulong MostPieces = 16;

    /// <summary>How often interrupted CPUs come by at a time.</summary>
    private const int MostRounds = 64;

    /// <summary>How often a step may read the time.</summary>
    private const int MostReadings = 100_000;

    /// <summary>vCPUs of the control domain.</summary>
    public const int ControlVcpus = 2;

    private const int Mebibytes = 8;

    // The next machine finds in its free memory what the last one left there, as a real one does.
    private static readonly ConcurrentBag<HostPhysicalMemory> s_memories = [];

    private readonly HostPhysicalMemory _memory;
    private readonly Interrupts _interrupts = new();
    private readonly int _cpuBefore = CurrentCpu.Number;
    private readonly SortedSet<ushort> _ids = [];
    private readonly List<Mfn> _hogged = [];
    private CpuSet _atWork;
    private bool _isNested;
    private int _readings;

    /// <param name="controlIs64Bit">Width of the control domain's vCPUs.</param>
    public WholeMachine(bool controlIs64Bit = true)
    {
        CurrentCpu.Number = 0;
        const ulong bytes = (ulong)Mebibytes << 20;
        _memory = s_memories.TryTake(out HostPhysicalMemory? used) ? used : new HostPhysicalMemory(bytes);
        MemoryRange[] map = [new MemoryRange(0, bytes, MemoryKind.Ram)];
        var log = new Log { Clock = Clock };
        log.TryAddDevice(Console);
        var kernel = new KernelServices
        {
            Information = new BootInformation { CommandLine = "", LoaderName = "test", MemoryMap = map, Modules = [] },
            Memory = _memory,
            Frames = FrameAllocator.TryCreate(_memory, map, []) ?? throw new InvalidOperationException("no room for the frame table"),
            Log = log,
            Options = new CommandLine("", KernelOptions.Create()),
            Clock = Clock,
            Power = new NoPower(),
            Messages = new CpuMessages(_interrupts),
        };
        _interrupts.Messages = kernel.Messages;
        for (int cpu = 1; cpu < Cpus; cpu++)
            kernel.Cpus.Add(cpu, (uint)cpu);
        Machine = new Machine(kernel, new ScriptedVirtualisation { NotesWrites = controlIs64Bit }, HostCpuidTable.Intel(), Cpus);
        FreeAtStart = kernel.Frames.FreeFrames;
        Control = Domain.TryCreate(Services, new DomainOptions
        {
            Id = 0, Name = "control", IsPrivileged = true, IsInitialDomain = true, VcpuCount = ControlVcpus, MaximumPages = 1 << 14,
        }) ?? throw new InvalidOperationException("no control domain");
        DomainPolicies.Give(Control, Machine.HostCpuid, new CpuPolicyOptions());
        GuestLayout.Populate(Control);
        Machine.Initial = Control;
        GuestLayout.Boot(Control, controlIs64Bit);
        Machine.Schedule(Control);
        Clock.Read = Wait;
    }

    public Machine Machine { get; }

    public DomainServices Services => Machine.Services;

    public Domain Control { get; }

    public MachineClock Clock { get; } = new();

    /// <summary>What the log shows.</summary>
    public CapturingConsole Console { get; } = new();

    public ulong FreeAtStart { get; }

    /// <summary>The vCPU whose guest a CPU is in; null: it is idle.</summary>
    public Vcpu? On(int cpu) => Machine.Loops[cpu].Current;

    /// <summary>Domains that can be found.</summary>
    public IEnumerable<Domain> Domains
    {
        get
        {
            for (int i = 0; i < DomainTable.Capacity; i++)
            {
                if (Services.Domains.At(i) is { } domain)
                    yield return domain;
            }
        }
    }

    /// <summary>Domains that nobody finds any more, and that have not given all back.</summary>
    public IEnumerable<Domain> Ending
    {
        get
        {
            foreach (ushort id in _ids)
            {
                if (Services.Toolstack!.FindEnding(id) is { } domain)
                    yield return domain;
            }
        }
    }

    /// <summary>Ids that domains have had.</summary>
    public IEnumerable<ushort> Ids => _ids;

    /// <summary>Takes note of the domains that there are.</summary>
    public void NoteIds()
    {
        foreach (Domain domain in Domains)
            _ids.Add(domain.Id);
    }

    /// <summary>Brings a vCPU onto a CPU by the scheduler's own choice; null: it may not run.</summary>
    public int? TryBring(Vcpu vcpu)
    {
        for (int slice = 0; slice < MostSlices; slice++)
        {
            if (!vcpu.IsRunnable)
                return null;
            for (int cpu = 0; cpu < Cpus; cpu++)
            {
                if (On(cpu) == vcpu)
                    return cpu;
            }
            Clock.Advance(Scheduler.Slice + 1);
            Step(vcpu.HomeCpu);
        }
        // A cap or an uneven weight may hold it back for long.
        return Domains.Any(domain => domain.Cap != 0 || domain.Weight != DomainShare.DefaultWeight)
            ? null
            : throw new InvalidOperationException($"d{vcpu.Domain.Id}v{vcpu.Id} may run and never gets a CPU");
    }

    /// <summary>One step of a CPU: the exit of the guest that it is in, by a host interrupt unless stated otherwise, and on to the next entry.</summary>
    public void Step(int cpu, Action<ScriptedCpu>? exit = null)
    {
        _readings = 0;
        StepAlone(cpu, exit);
        ServeInterrupted();
    }

    /// <summary>Time passes, and each CPU's timers fire.</summary>
    public void Pass(ulong nanoseconds)
    {
        ulong piece = Math.Max(nanoseconds / MostPieces + 1, Scheduler.Slice);
        for (ulong left = nanoseconds; left != 0; left -= Math.Min(left, piece))
        {
            Clock.Advance(Math.Min(left, piece));
            for (int cpu = 0; cpu < Cpus; cpu++)
                Step(cpu);
        }
    }

    /// <summary>Frames that nobody else gets.</summary>
    public IReadOnlyList<Mfn> Hogged => _hogged;

    /// <summary>Takes frames away until that many are free, or gives them back until then.</summary>
    public void Hog(ulong free)
    {
        while (Services.Frames.FreeFrames > free && Services.Frames.TryAllocateUncleared(0, FrameAllocator.HypervisorOwner, FrameType.Unspecified, out Mfn mfn))
            _hogged.Add(mfn);
        for (; Services.Frames.FreeFrames < free && _hogged.Count != 0; _hogged.RemoveAt(_hogged.Count - 1))
            Services.Frames.Free(_hogged[^1], 0);
    }

    /// <summary>Ends all domains, the control domain last.</summary>
    public void EndAll()
    {
        Hog(ulong.MaxValue);
        foreach (Domain domain in Domains.Where(domain => domain != Control).ToArray())
            EndToolstacks(domain);
        // What a destruction that nobody went on with has left.
        foreach (Domain rest in Ending.ToArray())
            EndToolstacks(rest);
        Control.BeginDying();
        LeaveCpus(Control);
        Machine.Unschedule(Control);
        Machine.Queues.Retire(Control);
        Services.Virqs.Forget(Control);
        Control.Dispose();
    }

    public void Dispose()
    {
        CurrentCpu.Number = _cpuBefore;
        s_memories.Add(_memory);
    }

    private void EndToolstacks(Domain domain)
    {
        Services.ControlLock.Acquire();
        for (int step = 0; !Services.Toolstack!.EndStep(domain); step++)
        {
            if (step > 10_000)
                throw new InvalidOperationException($"domain {domain.Id} does not end");
            Services.ControlLock.Release();
            LeaveCpus(domain);
            Services.ControlLock.Acquire();
        }
        Services.ControlLock.Release();
    }

    private void LeaveCpus(Domain domain)
    {
        for (int cpu = 0; cpu < Cpus; cpu++)
        {
            if (On(cpu)?.Domain == domain)
                Step(cpu);
        }
    }

    private void StepAlone(int cpu, Action<ScriptedCpu>? exit)
    {
        int before = CurrentCpu.Number;
        CurrentCpu.Number = cpu;
        _interrupts.Waiting = _interrupts.Waiting.Without(cpu);
        if (On(cpu) is { } vcpu)
            TestMachine.Cpu(vcpu).Script.Enqueue(exit ?? (static at => at.Exit = new Exit { Reason = ExitReason.Interrupt }));
        _atWork = _atWork.With(cpu);
        Machine.Loops[cpu].Step();
        _atWork = _atWork.Without(cpu);
        CurrentCpu.Number = before;
    }

    /// <summary>The time is read. Without locks, but for that of the control interface, a CPU may wait for others, which go on meanwhile.</summary>
    private void Wait()
    {
        if (CurrentCpu.LocksHeld != (Services.ControlLock.IsHeld ? 1 : 0))
            return;
        ServeInterrupted();
        if (++_readings > MostReadings)
            throw new InvalidOperationException("a CPU waits for what never comes");
    }

    /// <summary>CPUs that another one interrupted come by their run loops.</summary>
    private void ServeInterrupted()
    {
        if (_isNested)
            return;
        _isNested = true;
        // A CPU at work is in the middle of its step, and comes by when that is over.
        for (int rounds = 0; rounds < MostRounds; rounds++)
        {
            var ready = new CpuSet(_interrupts.Waiting.Bits & ~_atWork.Bits);
            if (ready.IsEmpty)
                break;
            StepAlone(ready.First, null);
        }
        _isNested = false;
    }

    /// <summary>An interrupt reaches the other CPU at once, which does what it is asked for, and comes by its run loop as soon as it can.</summary>
    private sealed class Interrupts : InterprocessorInterrupts
    {
        public CpuMessages? Messages { get; set; }

        public CpuSet Waiting { get; set; }

        public override void Send(int cpu)
        {
            int sender = CurrentCpu.Number;
            CurrentCpu.Number = cpu;
            Messages!.Poll();
            CurrentCpu.Number = sender;
            Waiting = Waiting.With(cpu);
        }

        public override void SendNonMaskable(int cpu) => throw new InvalidOperationException("a panic");
    }

    private sealed class NoPower : PowerControl
    {
        public override void Off() => throw new InvalidOperationException("the machine was switched off");

        public override void Reset() => throw new InvalidOperationException("the machine was restarted");

        public override void Halt() => throw new InvalidOperationException("the machine was halted");
    }
}
