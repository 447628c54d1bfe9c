using System;
using System.Numerics;
using System.Threading;
using Xenolith.Abi.Contract;
using Xenolith.Abi;
using Xenolith.Domains;
using Xenolith.Kernel;
using Xenolith.Mm;
using Timer = Xenolith.Domains.Timer;

namespace Xenolith;

/// <summary>
/// Makes the domains of further boot modules, takes them apart when they end, and makes them anew when they asked for a reboot. While
/// others run it works in small steps off a timer, and leaves them most of the time.
/// </summary>
public sealed class DomainKeeper : DomainEndListener
{
    private const ulong StepBytes = 2UL << 20;

    /// <summary>For each nanosecond of work others get this many.</summary>
    private const ulong OthersShare = 4;

    /// <summary>Nanoseconds between two steps at least.</summary>
    private const ulong ShortestPause = 20_000;

    /// <summary>
    /// Nanoseconds between two builds of one domain at least: one that reboots at once, again and again, does not fill the log.
    /// </summary>
    private const ulong ShortestLife = 50_000_000;

    // What a domain takes beside its RAM: tables for 4 KiB pages at worst, objects, control blocks.
    private const ulong TableShare = 256;
    private const ulong OverheadBytes = 4UL << 20;
    private const long ArenaBytes = 512 << 10;
    private const long ArenaBytesPerVcpu = 16 << 10;

    /// <summary>The most vCPUs of all modules' domains together: the timer queue has room for their timers.</summary>
    public const int MaximumVcpus = 512;

    private readonly Machine _machine;
    private readonly Log _log;
    private readonly StepTimer _timer;
    private ModuleDomain[] _all = [];
    private int _turn;

    public DomainKeeper(Machine machine)
    {
        _machine = machine;
        _log = machine.Kernel.Log;
        _timer = new StepTimer(this);
    }

    /// <summary>In the order of their modules.</summary>
    public ReadOnlySpan<ModuleDomain> All => _all;

    /// <summary>Bytes of free memory that the domains are going to take.</summary>
    public ulong Promised { get; private set; }

    /// <summary>Opens the kernels and looks whether all can be had together. Null: yes. Allocates: for the start only.</summary>
    public BuildError? TryPrepare(DomainPlan plan)
    {
        DomainSpecification[] wanted = plan.Domains;
        for (int i = 0; i < wanted.Length; i++)
        {
            if ((wanted[i].Cpus & _machine.Cpus) == 0)
            {
                return DomainWords.MessageAbout(wanted[i].ModuleNumber, wanted[i].File).Add("\"cpus=").Add(wanted[i].CpusText)
                    .Add("\" names no CPU of this machine, whose CPUs in use are 0 to ").Add((ulong)BitOperations.Log2(_machine.Cpus))
                    .Add("; choose among them").ToError(BuildErrorKind.NoSuchCpu);
            }
        }

        for (int i = 0; i < wanted.Length; i++)
        {
            if (wanted[i].Altp2mMode != Altp2mMode.Disabled && !_machine.Services.HasAltp2m)
            {
                return DomainWords.MessageAbout(wanted[i].ModuleNumber, wanted[i].File)
                    .Add("\"altp2m=\" gives the domain views, which the hypervisor has with its own option altp2m alone; write that, or leave the word out").ToError(BuildErrorKind.BadDomainWord);
            }

            if (ShowCalls(wanted[i]) is { } wrong)
            {
                return wrong;
            }
        }

        var all = new ModuleDomain[wanted.Length];
        int vcpus = 0;
        for (int i = 0; i < wanted.Length; i++)
        {
            BuildError? error = DomainRecipe.TryPrepare(_machine.Services, wanted[i], out DomainRecipe? recipe);
            if (error is not null)
            {
                DiscardRecipes(all);
                return new BuildMessage().Add("domain ").Add(wanted[i].Name).Add(": ").Add(error.Message).ToError(error.Kind);
            }

            all[i] = new ModuleDomain(recipe!, _machine.Kernel, 1 + 2 * (uint)i);
            vcpus += wanted[i].VcpuCount;
        }

        ulong free = _machine.Kernel.Frames.FreeFrames << Page.Shift;
        ulong margin = InitialDomainBuilder.MarginOf(free) + GuestLayout.MinimumMemory;
        ulong available = free > margin ? free - margin : 0;
        for (int i = 0; i < wanted.Length; i++)
        {
            ulong cost = CostOf(wanted[i]);
            if (cost > available - Math.Min(Promised, available))
            {
                DiscardRecipes(all);
                return new BuildMessage().Add("domain ").Add(wanted[i].Name).Add(": memory= asks for ").AddSize(wanted[i].Memory).Add(", but at most ")
                    .AddSize(available - Math.Min(Promised, available)).Add(" are left on this machine; ask for less").ToError(BuildErrorKind.MemoryNotAvailable);
            }

            Promised += cost;
        }

        if (vcpus > MaximumVcpus)
        {
            DiscardRecipes(all);
            return new BuildMessage().Add("the boot modules' domains have ").Add((ulong)vcpus).Add(" vCPUs together; at most ").Add(MaximumVcpus)
                .Add(" are possible: ask for less by vcpus=").ToError(BuildErrorKind.TooManyVcpus);
        }

        _all = all;
        _machine.Services.OnEnd = this;
        return null;
    }

    private static BuildError? ShowCalls(DomainSpecification wanted)
    {
        if (wanted.Expose.Length == 0 && wanted.Hide.Length == 0)
        {
            return null;
        }

        wanted.ShownCalls = HypercallDispatcher.FrozenExposure();
        return ExposureWords.TryApply(wanted.Expose.AsSpan(), wanted.Hide.AsSpan(), wanted.ShownCalls, out ReadOnlySpan<char> at) is { } problem
            ? DomainWords.MessageAbout(wanted.ModuleNumber, wanted.File).Add("\"").Add(at).Add("\" is ").Add(problem).ToError(BuildErrorKind.BadDomainWord)
            : null;
    }

    /// <summary>
    /// Makes all domains at the start of the machine. True: they are made, and run as soon as the CPUs do. Otherwise the log says why, and
    /// nothing of them is left.
    /// </summary>
    public bool TryMakeAll()
    {
        for (int i = 0; i < _all.Length; i++)
        {
            ModuleDomain module = _all[i];
            Begin(module);
            while (module.State == ModuleDomainState.Building && module.Build is { } build)
            {
                BuildStep(module, build, ulong.MaxValue);
            }

            if (module.State != ModuleDomainState.Running)
            {
                Discard();
                return false;
            }
        }

        for (int i = 0; i < _all.Length; i++)
        {
            ModuleDomain module = _all[i];

            if (!module.Recipe.Words.RestartsOnReboot)
            {
                module.Recipe.Release(_machine.Kernel);
            }
            else if (!module.Recipe.NeedsKernelModule)
            {
                _machine.Kernel.ReleaseModule(module.Recipe.Words.Kernel);
            }
        }

        return true;
    }

    /// <summary>Undoes what there is so far, when the machine is not to run after all.</summary>
    public void Discard()
    {
        for (int i = 0; i < _all.Length; i++)
        {
            ModuleDomain module = _all[i];
            module.Domain?.Dispose();
            module.Domain = null;
            module.Arena.Release();
            module.Recipe.Discard();
        }

        _all = [];
    }

    public override void HasEnded(Domain domain)
    {
        for (int i = 0; i < _all.Length; i++)
        {
            ModuleDomain module = _all[i];
            if (module.Domain == domain && module.State == ModuleDomainState.Running)
            {
                module.State = ModuleDomainState.Stopping;
                module.ComesBack = domain.ShutdownReason == ShutdownReason.Reboot && module.Recipe.Words.RestartsOnReboot;
                Volatile.Write(ref _hasWork, true);
                _machine.Services.Messages.Kick(0);
                return;
            }
        }
    }

    public override bool HasPromised(ushort id)
    {
        foreach (ModuleDomain module in _all)
        {
            if (module.State is ModuleDomainState.Building or ModuleDomainState.Stopping or ModuleDomainState.Releasing && module.Id == id)
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Whether some CPU has said that there is something to do: the first CPU does it.</summary>
    private bool _hasWork;

    /// <summary>Looks whether a domain has ended since.</summary>
    public void Listen()
    {
        if (Volatile.Read(ref _hasWork))
        {
            Volatile.Write(ref _hasWork, false);
            StepSoon();
        }
    }

    /// <summary>Does a piece of what is to be done, for one of the domains after the other. False: nothing is.</summary>
    public bool Step()
    {
        for (int i = 0; i < _all.Length; i++)
        {
            ModuleDomain module = _all[_turn];
            _turn = _turn + 1 == _all.Length ? 0 : _turn + 1;
            switch (module.State)
            {
                case ModuleDomainState.Building:
                    if (module.Build is { } build)
                    {
                        BuildStep(module, build, StepBytes);
                    }
                    else if (_machine.Kernel.Clock.Nanoseconds < module.NotBefore)
                    {
                        _machine.Timers.Set(_timer, module.NotBefore);
                        continue;
                    }
                    else
                    {
                        Begin(module);
                    }

                    return true;
                case ModuleDomainState.Stopping:
                    Stop(module);
                    return true;
                case ModuleDomainState.Releasing:
                    Release(module);
                    return true;
            }
        }

        return false;
    }

    private static void DiscardRecipes(ModuleDomain[] modules)
    {
        for (int i = 0; i < modules.Length; i++)
        {
            modules[i]?.Recipe.Discard();
        }
    }

    private static ulong CostOf(DomainSpecification words) => words.Memory + words.Memory / TableShare + OverheadBytes;

    private void StepSoon() => _machine.Timers.Set(_timer, _machine.Kernel.Clock.Nanoseconds + ShortestPause);

    private void StepByTimer()
    {
        ulong start = _machine.Kernel.Clock.Nanoseconds;
        if (Step())
        {
            ulong now = _machine.Kernel.Clock.Nanoseconds;
            _machine.Timers.Set(_timer, now + Math.Max((now - start) * OthersShare, ShortestPause));
        }
    }

    private void Stop(ModuleDomain module)
    {
        Domain domain = module.Domain!;

        // Who has it may wait for a vCPU that is on this CPU, so that it is never waited for here.
        if (!_machine.Services.ControlLock.TryAcquire())
        {
            return;
        }

        // A toolstack may have let it go on since it shut down, and can't from here on.
        domain.BeginDying();
        if (_machine.Queues.IsAnywhere(domain))
        {
            _machine.Services.ControlLock.Release();
            return;
        }

        _machine.Unschedule(domain);
        _machine.Queues.Retire(domain);
        _machine.Services.Virqs.Forget(domain);
        domain.Leave();
        _machine.Services.ControlLock.Release();
        module.State = ModuleDomainState.Releasing;
    }

    private void Release(ModuleDomain module)
    {
        if (!module.Domain!.ReleaseStep(StepBytes >> Page.Shift))
        {
            return;
        }

        module.Domain = null;
        module.Arena.Release();
        if (!module.ComesBack)
        {
            GiveUp(module);
        }
        else
        {
            module.State = ModuleDomainState.Building;
        }

        ReportGone(module);
    }

    private void ReportGone(ModuleDomain module) =>
        _log.Info($"domain {module.Id} ({module.Name}) is gone, its memory scrubbed; {_machine.Kernel.Frames.FreeFrames} frames are free");

    private void GiveUp(ModuleDomain module)
    {
        module.State = ModuleDomainState.Gone;
        module.Recipe.Release(_machine.Kernel);
        _machine.Input.LeaveIfAt(module);
    }

    /// <summary>Starts the build of a module's domain. Allocates in the domain's own arena.</summary>
    private void Begin(ModuleDomain module)
    {
        DomainSpecification words = module.Recipe.Words;
        ulong free = _machine.Kernel.Frames.FreeFrames << Page.Shift;
        if (free < CostOf(words) || !module.Arena.TryReserve(ArenaBytes + words.VcpuCount * ArenaBytesPerVcpu + words.MaximumViews * Altp2m.BytesPerView))
        {
            _log.Error($"domain {module.Name} can't be built anew: memory= asks for {words.Memory >> 20} MiB, and {free >> 20} MiB are free");
            GiveUp(module);
            return;
        }

        if (!_machine.Services.ControlLock.TryAcquire())
        {
            return;
        }

        module.NotBefore = _machine.Kernel.Clock.Nanoseconds + ShortestLife;
        bool hasId = _machine.Services.Toolstack!.TryChooseId(out ushort id);
        module.Id = id;
        _machine.Services.ControlLock.Release();
        if (!hasId)
        {
            _log.Error($"domain {module.Name} can't be built: every domain id is taken");
            GiveUp(module);
            return;
        }

        module.Console.Begin(module.Id);
        module.Debug.Begin(module.Id);
        using (module.Arena.Open())
        {
            module.Build = module.Recipe.Begin(module.Id, _machine.HostCpuid, module.Console, module.Debug);
        }
    }

    /// <summary>Goes on with a build. Allocates in the domain's own arena.</summary>
    private void BuildStep(ModuleDomain module, DomainBuild build, ulong bytes)
    {
        if (!_machine.Services.ControlLock.TryAcquire())
        {
            return;
        }

        using (module.Arena.Open())
        {
            bool isOver = build.Step(bytes);
            _machine.Services.ControlLock.Release();
            if (!isOver)
            {
                return;
            }

            module.Build = null;
            if (build.Made is { } domain)
            {
                module.Domain = domain;
                domain.Arena = module.Arena;
                module.State = ModuleDomainState.Running;
                if (module.Recipe.Words.IsHeldBack)
                {
                    domain.Pause();
                    domain.CountControllerPause();
                }

                _machine.Schedule(domain);
                ReportBuilt(module);
                return;
            }

            _log.Error(build.Error!.Message);
        }

        module.Arena.Release();
        GiveUp(module);
    }

    private void ReportBuilt(ModuleDomain module)
    {
        if (module.ComesBack)
        {
            module.ComesBack = false;
            module.Rebuilds++;
            _log.Info($"domain {module.Id} ({module.Name}) is built anew, reboot {module.Rebuilds}; {_machine.Kernel.Frames.FreeFrames} frames are free");
        }
    }

    private sealed class StepTimer(DomainKeeper keeper) : Timer
    {
        protected override void Fire(ulong now) => keeper.StepByTimer();
    }
}
