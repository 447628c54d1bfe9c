using Xenolith.Abi;
using Xenolith.Abi.Contract;
using Xenolith.Domains;
using Xenolith.Kernel;
using Xenolith.Tests.Unit.Harness;
using Xunit;

namespace Xenolith.Tests.Unit.Abi;

/// <summary>domctl: a domain from its creation to its end, and who may do it.</summary>
public sealed class DomctlLifeTests
{
    private const ushort Nobody = 77;

    [Fact]
    public void The_head_is_checked_before_anything_else()
    {
        using var control = new ControlFixture();
        CallFixture guest = control.Guest;
        Assert.Equal(-(long)Errno.EFAULT, guest.Call(Hypercall.Domctl, CallFixture.Unmapped));
        Assert.Equal(-(long)Errno.EFAULT, guest.Call(Hypercall.Domctl, 0x3F_FF80 + 0x10));
        foreach (uint version in new uint[] { 0, InterfaceVersions.Domctl - 1, InterfaceVersions.Domctl + 1, uint.MaxValue })
        {
            guest.Write(CallFixture.Argument, new Domctl { Command = (uint)DomctlOp.Pausedomain, InterfaceVersion = version, Domain = Nobody });
            Assert.Equal(-(long)Errno.EACCES, guest.Call(Hypercall.Domctl, CallFixture.Argument));
        }
        Assert.Equal(-(long)Errno.ESRCH, control.Call(DomctlOp.Pausedomain, Nobody));
        Assert.Equal(-(long)Errno.ESRCH, control.Call(DomctlOp.Pausedomain, DomainIds.Self));
        Assert.Equal(-(long)Errno.ESRCH, control.Call((DomctlOp)999, Nobody));
        Assert.Equal(-(long)Errno.ENOSYS, control.Call((DomctlOp)999, 0));
    }

    [Fact]
    public void Only_the_control_domain_may()
    {
        using var plain = new ControlFixture(isPrivileged: false, id: 3);
        using Domain other = plain.Machine.CreateDomain(2, 1, 4);
        Assert.Equal(-(long)Errno.EPERM, plain.Create(ControlFixture.Pvh(), out _));
        foreach (ushort id in new ushort[] { 3, 4 })
        {
            Assert.Equal(-(long)Errno.EPERM, plain.Call(DomctlOp.Pausedomain, id));
            Assert.Equal(-(long)Errno.EPERM, plain.Call(DomctlOp.Destroydomain, id));
            Assert.Equal(-(long)Errno.EPERM, plain.Call(DomctlOp.Getdomaininfo, id));
            Assert.Equal(-(long)Errno.EPERM, plain.Call((DomctlOp)999, id));
        }
        Assert.Equal(-(long)Errno.ESRCH, plain.Call(DomctlOp.Destroydomain, Nobody));
        Assert.False(plain.Machine.Services.ControlLock.IsHeld);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_domain_is_made_filled_started_and_destroyed(bool is64Bit)
    {
        using var control = new ControlFixture(is64Bit: is64Bit);
        Assert.Equal(0, control.Create(ControlFixture.Pvh(2), out ushort id));
        Assert.Equal(1, id);
        DomainInformation made = control.Describe(id);
        Assert.Equal((DomctlLimits.NoVcpu, 0u, 0UL, 0UL), (made.MaximumVcpuId, made.OnlineVcpus, made.TotalPages, made.MaximumPages));
        Assert.Equal((uint)(DomainStateFlags.Hvm | DomainStateFlags.Hap | DomainStateFlags.Paused) | 0xFFFF_0000, made.Flags);

        Assert.Equal(0, control.Call(DomctlOp.MaxVcpus, id, new Domctl { MaximumVcpus = new DomctlMaximumVcpus { Count = 2 } }, out _));
        Assert.Equal(1u, control.Describe(id).MaximumVcpuId);
        Assert.Equal(0, control.Call(DomctlOp.MaxMem, id, new Domctl { MaximumMemory = new DomctlMaximumMemory { Kibibytes = 64 } }, out _));
        Domain domain = control.Machine.Services.Domains.Find(id)!;
        Assert.Equal((16UL, 0UL), (domain.MaximumPages, domain.TotalPages));

        Vcpu vcpu = domain.Vcpus[0];
        TestMachine.EnterFlat32(vcpu);
        vcpu.IsInitialised = true;
        vcpu.Up();
        Assert.False(vcpu.IsRunnable);
        Assert.Equal(0, control.Call(DomctlOp.Unpausedomain, id));
        Assert.True(vcpu.IsRunnable);
        Assert.Equal(-(long)Errno.EINVAL, control.Call(DomctlOp.Unpausedomain, id));

        domain.Shutdown(ShutdownReason.Reboot);
        DomainInformation ended = control.Describe(id);
        Assert.Equal((uint)(DomainStateFlags.Hvm | DomainStateFlags.Hap | DomainStateFlags.Shutdown) | 1 << 16, ended.Flags & ~(uint)DomainStateFlags.Running);
        Assert.Equal(1u, ended.OnlineVcpus);
        Assert.Equal(0, control.Call(DomctlOp.Destroydomain, id));
        Assert.Equal(-(long)Errno.ESRCH, control.Call(DomctlOp.Getdomaininfo, id));
        Assert.Equal(control.FreeAtStart, control.Machine.Frames.FreeFrames);
        Assert.False(control.Machine.Services.ControlLock.IsHeld);
    }

    [Fact]
    public void Memory_goes_up_to_the_limit_and_comes_back_scrubbed()
    {
        using var control = new ControlFixture();
        Domain domain = control.Make(mebibytes: 6);
        Assert.Equal(512, control.Populate(domain.Id, 512));
        Assert.Equal(2, control.Populate(domain.Id, 3, order: 9, first: 512));
        Assert.Equal(0, control.Populate(domain.Id, 1, first: 4096));
        Mfn mfn = domain.P2m.Lookup(new Xenolith.Mm.Gfn(5)).Mfn;
        domain.Memory.TryWrite(5 << 12, "secret"u8);
        Assert.Equal(1536UL, control.Describe(domain.Id).TotalPages);
        Assert.Equal(0, control.Call(DomctlOp.Destroydomain, domain.Id));
        Assert.True(control.Guest.Restarts >= 1);
        Assert.Equal(control.FreeAtStart, control.Machine.Frames.FreeFrames);
        Assert.Equal(0UL, control.Machine.Memory.Word64(mfn.Address));
    }

    [Fact]
    public void What_makes_no_domain_is_refused_as_on_xen_and_leaves_nothing()
    {
        using var control = new ControlFixture();
        DomctlCreateDomain pvh = ControlFixture.Pvh();
        (DomctlCreateDomain Settings, Errno Error)[] refused =
        [
            (pvh with { Flags = 3 | 0x100 }, Errno.EINVAL),
            (pvh with { Flags = 2 }, Errno.EINVAL),
            (pvh with { Flags = 3 | 4 }, Errno.EINVAL),
            (pvh with { Flags = 3 | 0x20 }, Errno.EINVAL),
            (pvh with { Flags = 3 | 0x40 }, Errno.EINVAL),
            (pvh with { Flags = 3 | 0x80 }, Errno.EINVAL),
            (pvh with { IommuOptions = 1 }, Errno.EINVAL),
            (pvh with { MaximumVcpus = 0, Emulation = default }, Errno.EINVAL),
            (pvh with { MaximumVcpus = 129 }, Errno.EINVAL),
            (pvh with { MaximumVcpus = uint.MaxValue }, Errno.EINVAL),
            (pvh with { TraceSize = 4096 }, Errno.EINVAL),
            (pvh with { GrantOptions = 0x12 }, Errno.EINVAL),
            (pvh with { Emulation = new DomainEmulation { Flags = 1, Miscellaneous = 2 } }, Errno.EINVAL),
            (pvh with { Emulation = new DomainEmulation { Flags = 0x800 } }, Errno.EINVAL),
            (pvh with { Emulation = default, GrantOptions = 0 }, Errno.EOPNOTSUPP),
            (pvh with { Emulation = new DomainEmulation { Flags = 3 }, CpuPool = 9 }, Errno.EOPNOTSUPP),
            (pvh with { Flags = 0 }, Errno.EOPNOTSUPP),
            (pvh with { Flags = 1 }, Errno.EOPNOTSUPP),
            (pvh with { GrantOptions = 0 }, Errno.EINVAL),
            (pvh with { GrantOptions = 3 }, Errno.EINVAL),
            (pvh with { MaximumGrantFrames = 0 }, Errno.EINVAL),
            (pvh with { MaximumGrantFrames = 65 }, Errno.EINVAL),
            (pvh with { MaximumMaptrackFrames = 1025 }, Errno.EINVAL),
            (pvh with { CpuPool = 1 }, Errno.ESRCH),
            (pvh with { CpuPool = uint.MaxValue }, Errno.ESRCH),
        ];
        for (int i = 0; i < refused.Length; i++)
        {
            Assert.Equal((i, -(long)refused[i].Error), (i, control.Create(refused[i].Settings, out _)));
            Assert.Equal(1, control.Machine.Services.Domains.Count);
        }
        foreach (DomctlCreateDomain taken in new[] { pvh with { MaximumGrantFrames = -1, MaximumMaptrackFrames = -1 }, pvh with { MaximumMaptrackFrames = 0 },
            pvh with { Flags = 3 | 8 | 16 }, pvh with { GrantOptions = 1 }, pvh with { MaximumPort = 0 }, pvh with { MaximumVcpus = 128 } })
        {
            Assert.Equal(0, control.Create(taken, out ushort id));
            Assert.Equal(0, control.Call(DomctlOp.Destroydomain, id));
        }
        Assert.Equal(control.FreeAtStart, control.Machine.Frames.FreeFrames);
    }

    [Fact]
    public void An_id_may_be_asked_for_and_others_go_up()
    {
        using var control = new ControlFixture();
        Assert.Equal(0, control.Create(ControlFixture.Pvh(), out ushort asked, wanted: 5));
        Assert.Equal(5, asked);
        Assert.Equal(-(long)Errno.EEXIST, control.Create(ControlFixture.Pvh(0), out _, wanted: 5));
        ushort[] ids = new ushort[6];
        for (int i = 0; i < ids.Length; i++)
            Assert.Equal(0, control.Create(ControlFixture.Pvh(), out ids[i]));
        Assert.Equal([1, 2, 3, 4, 6, 7], ids);
        Assert.Equal(0, control.Call(DomctlOp.Destroydomain, 7));
        Assert.Equal(0, control.Create(ControlFixture.Pvh(), out ushort next));
        Assert.Equal(8, next);
    }

    /// <summary>The limits of all domains together, reached and left again.</summary>
    [Fact]
    public void Domains_and_vcpus_have_a_limit()
    {
        using var control = new ControlFixture();
        int made = 0;
        while (control.Create(ControlFixture.Pvh(128), out _) == 0)
            made++;
        Assert.InRange(made, 1, ToolstackDomains.MaximumVcpus / 128);
        for (int i = 1; i <= made; i++)
            Assert.Equal(0, control.Call(DomctlOp.Destroydomain, (ushort)i));
        Assert.Equal(control.FreeAtStart, control.Machine.Frames.FreeFrames);
        int small = 0;
        while (control.Create(ControlFixture.Pvh(), out _) == 0)
            small++;
        Assert.Equal(DomainTable.Capacity - 1, small);
    }

    /// <summary>Whatever frame is the first that is not there: the caller is told, and nothing is left of the domain.</summary>
    [Fact]
    public void Without_frames_no_domain_is_made()
    {
        using var control = new ControlFixture();
        var virtualisation = (ScriptedVirtualisation)control.Machine.Services.Virtualisation;
        for (int cpus = 0; cpus < 3; cpus++)
        {
            virtualisation.CpusLeft = cpus;
            Assert.Equal(-(long)Errno.ENOMEM, control.Create(ControlFixture.Pvh(3), out _));
            Assert.Equal(control.FreeAtStart, control.Machine.Frames.FreeFrames);
        }
        virtualisation.CpusLeft = 3;
        FrameAllocator frames = control.Machine.Frames;
        var taken = new System.Collections.Generic.Stack<Mfn>();
        while (frames.TryAllocate(0, FrameAllocator.HypervisorOwner, FrameType.Control, out Mfn mfn))
            taken.Push(mfn);
        ulong left = 0;
        for (; control.Create(ControlFixture.Pvh(3), out _) is var result && result != 0; left++)
        {
            Assert.Equal((left, -(long)Errno.ENOMEM, left), (left, result, frames.FreeFrames));
            virtualisation.CpusLeft = 3;
            frames.Free(taken.Pop(), 0);
        }
        Assert.InRange(left, 5UL, 64UL);
        Assert.False(control.Machine.Services.ControlLock.IsHeld);
    }

    [Fact]
    public void A_toolstack_holds_a_domain_back_up_to_255_times()
    {
        using var control = new ControlFixture();
        Domain domain = control.Make();
        for (int i = 1; i < Domain.MaximumControllerPauses; i++)
            Assert.Equal(0, control.Call(DomctlOp.Pausedomain, domain.Id));
        Assert.Equal(-(long)Errno.EOVERFLOW, control.Call(DomctlOp.Pausedomain, domain.Id));
        Assert.Equal(Domain.MaximumControllerPauses, domain.PauseCount);
        Assert.Equal(-(long)Errno.EINVAL, control.Call(DomctlOp.Pausedomain, 0));
        Assert.Equal(-(long)Errno.EINVAL, control.Call(DomctlOp.Unpausedomain, 0));
    }

    [Fact]
    public void The_caller_can_neither_destroy_itself_nor_make_its_vcpus()
    {
        using var control = new ControlFixture();
        Assert.Equal(-(long)Errno.EINVAL, control.Call(DomctlOp.Destroydomain, 0));
        Assert.Equal(-(long)Errno.EINVAL, control.Call(DomctlOp.MaxVcpus, 0, new Domctl { MaximumVcpus = new DomctlMaximumVcpus { Count = 2 } }, out _));
        Domain domain = control.Make(2);
        Assert.Equal(-(long)Errno.EINVAL, control.Call(DomctlOp.MaxVcpus, domain.Id, new Domctl { MaximumVcpus = new DomctlMaximumVcpus { Count = 1 } }, out _));
        Assert.Equal(0, control.Call(DomctlOp.MaxVcpus, domain.Id, new Domctl { MaximumVcpus = new DomctlMaximumVcpus { Count = 2 } }, out _));
    }

    /// <summary>An id that nobody has: the next higher domain answers, with its id; from the reserved ones on none does.</summary>
    [Fact]
    public void Information_is_found_from_an_id_on()
    {
        using var control = new ControlFixture();
        Assert.Equal(0, control.Create(ControlFixture.Pvh(), out _, wanted: 9));
        Assert.Equal(0, control.Call(DomctlOp.Getdomaininfo, 4, default, out Domctl answer));
        Assert.Equal((9, 9), (answer.Domain, answer.DomainInformation.Domain));
        Assert.Equal(-(long)Errno.ESRCH, control.Call(DomctlOp.Getdomaininfo, 10));
        Assert.Equal(-(long)Errno.EINVAL, control.Call(DomctlOp.Getdomaininfo, DomainIds.Self));
    }

    [Fact]
    public void A_death_is_announced_to_the_initial_domain()
    {
        using var control = new ControlFixture();
        control.Machine.Advance(1);
        Assert.Equal(Errno.None, control.Guest.Domain.EventChannels.BindVirq((uint)Virq.DomExc, 0, out uint port));
        Domain domain = control.Make();
        control.Machine.Advance(1);
        Assert.False(control.Guest.Domain.EventChannels.IsPending(port));
        domain.Shutdown(ShutdownReason.Crash);
        Assert.False(control.Guest.Domain.EventChannels.IsPending(port));
        control.Machine.Advance(1);
        Assert.True(control.Guest.Domain.EventChannels.IsPending(port));
    }

    /// <summary>
    /// What is left of a domain is looked for with the control lock held: before that another CPU may be done with it. Here that one takes
    /// the lock in the middle of a destruction.
    /// </summary>
    [Theory]
    [InlineData("", 0)]
    [InlineData("0:XEN_DOMCTL_destroydomain:1", (int)Errno.EPERM)]
    public void The_rest_of_a_domain_is_looked_for_under_the_lock(string rules, int error)
    {
        using var control = new ControlFixture();
        Domain domain = control.Make(mebibytes: 6);
        Assert.Equal(512, control.Populate(domain.Id, 512));
        Assert.Equal(2, control.Populate(domain.Id, 2, order: 9, first: 512));
        SpinLock controlLock = control.Machine.Services.ControlLock;
        ToolstackDomains toolstack = control.Machine.Services.Toolstack!;
        control.Guest.Write(CallFixture.Argument, new Domctl { Command = (uint)DomctlOp.Destroydomain, InterfaceVersion = InterfaceVersions.Domctl, Domain = 1 });
        control.Guest.Load((ulong)Hypercall.Domctl, CallFixture.Argument, 0, 0, 0, 0, 0);
        Assert.Equal(HypercallOutcome.Restart, control.Guest.Dispatcher.Handle(control.Guest.Vcpu));
        Assert.Null(control.Machine.Services.Domains.Find(1));
        Assert.Same(domain, toolstack.FindEnding(1));

        controlLock.Acquire();
        Assert.Equal(-(long)Errno.ESRCH, control.Call(DomctlOp.Pausedomain, 1));
        control.Guest.Write(CallFixture.Argument, new Domctl { Command = (uint)DomctlOp.Destroydomain, InterfaceVersion = InterfaceVersions.Domctl, Domain = Nobody });
        control.Guest.Load((ulong)Hypercall.Domctl, CallFixture.Argument, 0, 0, 0, 0, 0);
        Assert.Equal(HypercallOutcome.Restart, control.Guest.Dispatcher.Handle(control.Guest.Vcpu));
        controlLock.Release();
        Assert.Equal(-(long)Errno.ESRCH, control.Call(DomctlOp.Destroydomain, Nobody));
        Assert.False(controlLock.IsHeld);

        Assert.Null(CallPolicy.TryParse(rules, out CallPolicy? policy));
        control.Guest.Dispatcher.Policy = policy!;
        Assert.Equal(-(long)error, control.Call(DomctlOp.Destroydomain, 1));
        Assert.Equal(error == 0, toolstack.IsFree(1));
        Assert.False(controlLock.IsHeld);
    }

    /// <summary>A frame that is mapped elsewhere is the dead domain's until it is let go of, and so is the id.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_domain_of_which_a_frame_is_mapped_stays_as_a_dying_one(bool isGivenBackBefore)
    {
        using var control = new ControlFixture();
        Domain domain = control.Make(mebibytes: 6);
        ToolstackDomains toolstack = control.Machine.Services.Toolstack!;
        Assert.Equal(512, control.Populate(domain.Id, 512));
        Assert.Equal(1, control.Populate(domain.Id, 1, order: 9, first: 512));
        Mfn[] mapped = [domain.P2m.Lookup(new Xenolith.Mm.Gfn(5)).Mfn, domain.P2m.Lookup(new Xenolith.Mm.Gfn(600)).Mfn];
        foreach (Mfn mfn in mapped)
            domain.P2m.Pin(mfn);
        if (isGivenBackBefore)
            Assert.True(domain.P2m.TryDepopulate(new Xenolith.Mm.Gfn(5)));
        Assert.Equal(0, control.Call(DomctlOp.Destroydomain, 1));
        Assert.Equal(0, control.Call(DomctlOp.Destroydomain, 1));
        DomainInformation dead = control.Describe(1);
        Assert.Equal((1, 2UL, (uint)DomainStateFlags.Dying), (dead.Domain, dead.TotalPages, dead.Flags & (uint)DomainStateFlags.Dying));
        Assert.Equal(-(long)Errno.EEXIST, control.Create(ControlFixture.Pvh(), out _, wanted: 1));
        Assert.Equal(0, control.Create(ControlFixture.Pvh(), out ushort next));
        Assert.Equal(2, next);
        Assert.Equal(0, control.Call(DomctlOp.Destroydomain, 2));

        control.Machine.Services.Foreign.LetGo(mapped[0]);
        control.Machine.Advance(1);
        Assert.Equal(1UL, control.Describe(1).TotalPages);

        // Something is done with domains meanwhile: it is forgotten later, but no longer there.
        control.Machine.Services.ControlLock.Acquire();
        control.Machine.Services.Foreign.LetGo(mapped[1]);
        control.Machine.Advance(1);
        control.Machine.Services.ControlLock.Release();
        Assert.Equal(-(long)Errno.ESRCH, control.Call(DomctlOp.Getdomaininfo, 1));
        Assert.Equal(-(long)Errno.ESRCH, control.Call(DomctlOp.Destroydomain, 1));
        Assert.True(toolstack.IsFree(1));
        control.Machine.Advance(100_000);
        Assert.Equal(control.FreeAtStart, control.Machine.Frames.FreeFrames);
        Assert.Equal(0, control.Create(ControlFixture.Pvh(), out _, wanted: 1));
    }

    /// <summary>
    /// Whoever maps a frame of each domain that is made keeps all of them, one after the other, until there is room for no more: who makes them is told so, and that it is
    /// those that have ended. With one frame that is let go of there is room for one.
    /// </summary>
    [Fact]
    public void Domains_that_have_ended_with_frames_that_others_map_take_room_up_to_the_limit()
    {
        using var control = new ControlFixture();
        var kept = new System.Collections.Generic.Queue<Mfn>();
        while (control.Create(ControlFixture.Pvh(), out ushort id) == 0)
        {
            Domain domain = control.Machine.Services.Domains.Find(id)!;
            domain.MaximumPages = 1;
            Assert.Equal(1, control.Populate(id, 1));
            Mfn mfn = domain.P2m.Lookup(new Xenolith.Mm.Gfn(0)).Mfn;
            domain.P2m.Pin(mfn);
            kept.Enqueue(mfn);
            Assert.Equal(0, control.Call(DomctlOp.Destroydomain, id));
            Assert.True(kept.Count <= DomainTable.Capacity);
        }
        Assert.Equal(DomainTable.Capacity, kept.Count);
        Assert.Equal(1, control.Machine.Services.Domains.Count);
        Assert.Equal(-(long)Errno.ENOMEM, control.Create(ControlFixture.Pvh(), out _));
        Assert.Contains("domains that have ended, with frames that others still map", control.Machine.Console.Text);
        // They are as ever.
        Assert.Equal(1UL, control.Describe(1).TotalPages);
        control.Machine.Services.Foreign.LetGo(kept.Dequeue());
        control.Machine.Advance(1);
        Assert.Equal(0, control.Create(ControlFixture.Pvh(), out ushort next));
        Assert.Equal(-(long)Errno.ENOMEM, control.Create(ControlFixture.Pvh(), out _));
        Assert.Equal(0, control.Call(DomctlOp.Destroydomain, next));
        foreach (Mfn mfn in kept)
            control.Machine.Services.Foreign.LetGo(mfn);
        control.Machine.Advance(100_000);
        Assert.Equal(control.FreeAtStart, control.Machine.Frames.FreeFrames);
    }

    /// <summary>While another CPU has the control lock, the call is issued again and nothing has happened.</summary>
    [Fact]
    public void Only_one_call_of_control_is_under_way()
    {
        using var control = new ControlFixture();
        Domain domain = control.Make();
        control.Machine.Services.ControlLock.Acquire();
        control.Guest.Write(CallFixture.Argument, new Domctl { Command = (uint)DomctlOp.Pausedomain, InterfaceVersion = InterfaceVersions.Domctl, Domain = domain.Id });
        control.Guest.Load((ulong)Hypercall.Domctl, CallFixture.Argument, 0, 0, 0, 0, 0);
        Assert.Equal(HypercallOutcome.Restart, control.Guest.Dispatcher.Handle(control.Guest.Vcpu));
        control.Machine.Services.ControlLock.Release();
        Assert.Equal(1, domain.ControllerPauses);
        Assert.Equal(HypercallOutcome.Done, control.Guest.Dispatcher.Handle(control.Guest.Vcpu));
        Assert.Equal(2, domain.ControllerPauses);
    }
}
