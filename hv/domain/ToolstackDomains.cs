using System;
using Xenolith.Abi.Contract;
using Xenolith.Kernel;

namespace Xenolith.Domains;

/// <summary>
/// The domains that a control domain makes by hypercall, and takes apart by one. Each lives in an arena of its own, which the next one gets.
/// All of it is called with <see cref="Lock"/> held, which keeps domains from coming and going meanwhile.
/// </summary>
public sealed class ToolstackDomains
{
    /// <summary>The most vCPUs of all domains together but the initial one: the timer queue has room for their timers.</summary>
    public const int MaximumVcpus = 512;

    // What a domain's objects take, several times over: one with a vCPU 70 KiB, each further vCPU 8. All of it is cleared when a domain is made.
    private const long ArenaBytes = 256 << 10;
    private const long ArenaBytesPerVcpu = 16 << 10;

    /// <summary>Frames for a new domain's tables until the toolstack says how many, as Xen's.</summary>
    private const int PoolPages = 256;

    /// <summary>Frames that one step of an end scrubs.</summary>
    private const ulong FramesPerStep = 1024;

    private readonly DomainServices _services;
    private readonly RunQueues _queues;
    private readonly HostCpuid _cpuid;
    private readonly DomainSlot[] _slots = new DomainSlot[DomainTable.Capacity];
    private readonly ForgetTimer[] _forgetting = new ForgetTimer[CurrentCpu.MaximumCpus];
    private ushort _lastId;

    /// <summary>Nanoseconds after which who finds <see cref="Lock"/> taken looks again.</summary>
    private const ulong Pause = 20_000;

    /// <summary>Allocates what stays: for the start only.</summary>
    /// <param name="queues">Where new domains' vCPUs wait for their turn.</param>
    /// <param name="cpuid">The machine's CPUID, of which a domain's is made.</param>
    public ToolstackDomains(DomainServices services, RunQueues queues, HostCpuid cpuid)
    {
        _services = services;
        _queues = queues;
        _cpuid = cpuid;
        for (int i = 0; i < _slots.Length; i++)
            _slots[i] = new DomainSlot();
        for (int i = 0; i < _forgetting.Length; i++)
            _forgetting[i] = new ForgetTimer(this);
    }

    /// <summary>Held by whoever makes domains or takes them apart.</summary>
    public SpinLock Lock => _services.ControlLock;

    /// <summary>Whether a new domain may have the id: neither a domain has it, nor the rest of one.</summary>
    public bool IsFree(ushort id) => _services.Domains.Find(id) is null && FindEnding(id) is null && _services.OnEnd?.HasPromised(id) != true;

    /// <summary>The domain of that id that is being taken apart and that nobody else finds any more; it is there while <see cref="Lock"/> is held.</summary>
    public Domain? FindEnding(ushort id) => FindEndingFrom(id) is { } domain && domain.Id == id ? domain : null;

    /// <summary>Of those domains the one with the lowest id that is not below.</summary>
    public Domain? FindEndingFrom(ushort id)
    {
        Domain? lowest = null;
        foreach (DomainSlot slot in _slots)
        {
            if (slot is { IsLeft: true, IsOver: false, Domain: { } domain } && domain.Id >= id && (lowest is null || domain.Id < lowest.Id))
                lowest = domain;
        }
        return lowest;
    }

    /// <summary>Forgets domains whose frames are all back, once nothing is done with domains. Needs no lock.</summary>
    internal void ForgetSoon() => _services.Timers.Set(_forgetting[CurrentCpu.Number], _services.Clock.Nanoseconds);

    /// <summary>Forgets domains whose frames are all back.</summary>
    public void ForgetDead()
    {
        foreach (DomainSlot slot in _slots)
            Forget(slot);
    }

    /// <summary>Ids go up, as on Xen, and begin again after the last. False: all are taken.</summary>
    public bool TryChooseId(out ushort id)
    {
        id = _lastId;
        for (int tried = 1; tried < DomainIds.FirstReserved; tried++)
        {
            id = id + 1 < DomainIds.FirstReserved ? (ushort)(id + 1) : (ushort)1;
            if (!IsFree(id))
                continue;
            _lastId = id;
            return true;
        }
        return false;
    }

    /// <summary>
    /// Makes a domain without memory, held back once by the toolstack; the caller has checked the settings. Allocates in the domain's own arena.
    /// ENOMEM: no memory, no room in the table, or too many vCPUs in all.
    /// </summary>
    public Errno TryMake(ushort id, in DomctlCreateDomain settings, out Domain? domain)
    {
        domain = null;
        ForgetDead();
        int vcpus = (int)settings.MaximumVcpus;
        if (CountVcpus() + vcpus > MaximumVcpus || FindFreeSlot() is not { } slot || !slot.Arena.TryReserve(ArenaBytes + vcpus * ArenaBytesPerVcpu))
            return Errno.ENOMEM;
        using (slot.Arena.Open())
        {
            domain = Domain.TryCreate(_services, OptionsFor(id, in settings));
            if (domain is not null)
            {
                domain.Arena = slot.Arena;
                domain.P2m.TableLimit = PoolPages;
                domain.P2m.KeepsLeft = true;
                DomainPolicies.Give(domain, _cpuid, new CpuPolicyOptions());
                domain.Pause();
                domain.CountControllerPause();
                _queues.Attach(domain);
            }
        }
        if (domain is null)
        {
            slot.Arena.Release();
            return Errno.ENOMEM;
        }
        slot.Domain = domain;
        return Errno.None;
    }

    /// <summary>
    /// Goes on with the end of a domain, by a bounded step. True: it is over, and every frame is back but those that others refer to. The
    /// caller holds no domain's lock.
    /// </summary>
    public bool EndStep(Domain domain)
    {
        DomainSlot slot = SlotOf(domain) ?? throw new ArgumentException("the domain is another's to end", nameof(domain));
        if (!slot.IsLeft)
        {
            domain.BeginDying();
            if (_queues.IsAnywhere(domain))
                return false;
            _queues.Detach(domain);
            // Before it is not found otherwise: a reference to a frame of it may be dropped at any moment, and has to be counted.
            _services.Domains.AddEnded(domain);
            _queues.Retire(domain);
            _services.Virqs.Forget(domain);
            domain.Leave();
            slot.IsLeft = true;
            return false;
        }
        if (domain.IsDead)
            return true;
        if (!domain.ReleaseStep(FramesPerStep))
            return false;
        domain.IsDead = true;
        _services.Virqs.Raise(Virq.DomExc);
        Forget(slot);
        return true;
    }

    /// <summary>Gives a dead domain's arena and id back if nobody refers to a frame of it any more.</summary>
    private void Forget(DomainSlot slot)
    {
        if (!slot.IsOver || slot.Domain is not { } domain)
            return;
        _services.Domains.RemoveEnded(domain);
        slot.Domain = null;
        slot.IsLeft = false;
        slot.Arena.Release();
        _services.Virqs.Raise(Virq.DomExc);
    }

    /// <summary>Whether the domain is one of those made here.</summary>
    public bool IsMine(Domain domain) => SlotOf(domain) is not null;

    private static DomainOptions OptionsFor(ushort id, in DomctlCreateDomain settings) => new()
    {
        Id = id,
        Name = "toolstack's",
        VcpuCount = (int)settings.MaximumVcpus,
        MaximumPages = 0,
        MaximumGrantFrames = settings.MaximumGrantFrames < 0 ? DomainOptions.DefaultGrantFrames : settings.MaximumGrantFrames,
        MaximumMappingFrames = settings.MaximumMaptrackFrames < 0 ? DomainOptions.DefaultMappingFrames : settings.MaximumMaptrackFrames,
        Settings = settings,
        HasVcpus = false,
        MaximumEventPort = settings.MaximumPort,
    };

    private int CountVcpus()
    {
        int count = 0;
        foreach (DomainSlot slot in _slots)
            count += slot.Domain is { } domain ? domain.Vcpus.Length : 0;
        return count;
    }

    /// <summary>Whether there is no room for a domain, and would be without those that have ended and of which others map frames.</summary>
    public bool IsFullOfEnded
    {
        get
        {
            bool hasEnded = false;
            foreach (DomainSlot slot in _slots)
            {
                if (slot.Domain is null)
                    return false;
                hasEnded |= slot.Domain.IsDead;
            }
            return hasEnded;
        }
    }

    private DomainSlot? FindFreeSlot()
    {
        foreach (DomainSlot slot in _slots)
        {
            if (slot.Domain is null)
                return slot;
        }
        return null;
    }

    private DomainSlot? SlotOf(Domain domain)
    {
        foreach (DomainSlot slot in _slots)
        {
            if (slot.Domain == domain)
                return slot;
        }
        return null;
    }

    /// <summary>Fires when a reference to a dead domain's frame was dropped, where no lock is held.</summary>
    private sealed class ForgetTimer(ToolstackDomains domains) : Timer
    {
        protected internal override void Fire(ulong now)
        {
            if (!domains.Lock.TryAcquire())
            {
                domains._services.Timers.Set(this, now + Pause);
                return;
            }
            domains.ForgetDead();
            domains.Lock.Release();
        }
    }

    /// <summary>Room for one domain after the other. Immortal.</summary>
    private sealed class DomainSlot
    {
        private Unowned<Domain> _domain;

        public DomainArena Arena { get; } = new();

        /// <summary>Whether nobody finds the domain any more: only its memory is still to go back.</summary>
        public bool IsLeft { get; set; }

        /// <summary>Whether nothing is left of it at all.</summary>
        public bool IsOver => Domain is { IsDead: true, P2m.HasLeft: false };

        /// <summary>The domain; null: the slot is free.</summary>
        public Domain? Domain
        {
            get => _domain.Value;
            set => _domain = new Unowned<Domain>(value);
        }
    }
}
