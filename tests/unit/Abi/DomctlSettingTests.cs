using System;
using Xenolith.Abi;
using Xenolith.Abi.Contract;
using Xenolith.Domains;
using Xenolith.Kernel;
using Xenolith.Mm;
using Xenolith.Tests.Unit.Harness;
using Xunit;

namespace Xenolith.Tests.Unit.Abi;

/// <summary>domctl: what a toolstack sets and asks. The errors are those that 4.17.7 answered.</summary>
public sealed class DomctlSettingTests
{
    private static long Set(ControlFixture control, DomctlOp operation, ushort id, Domctl argument) => control.Call(operation, id, argument, out _);

    private static Domctl Pool(ulong bytes) => new() { PagingPool = new DomctlPagingPool { Bytes = bytes } };

    private static ulong PoolOf(ControlFixture control, ushort id)
    {
        Assert.Equal(0, control.Call(DomctlOp.GetPagingMempoolSize, id, default, out Domctl answer));
        return answer.PagingPool.Bytes;
    }

    [Fact]
    public void The_pool_for_tables_is_a_limit_that_does_not_fall_below_what_is_in_use()
    {
        using var control = new ControlFixture();
        Domain domain = control.Make(2, mebibytes: 4);
        Assert.Equal(1UL << 20, PoolOf(control, domain.Id));
        Assert.Equal(-(long)Errno.EINVAL, Set(control, DomctlOp.SetPagingMempoolSize, domain.Id, Pool(0x1001)));
        Assert.Equal(-(long)Errno.EINVAL, Set(control, DomctlOp.SetPagingMempoolSize, domain.Id, Pool(1UL << 50)));
        Assert.Equal(-(long)Errno.ENOMEM, Set(control, DomctlOp.SetPagingMempoolSize, domain.Id, Pool(1UL << 40)));
        Assert.Equal(512, control.Populate(domain.Id, 512));
        Assert.Equal(-(long)Errno.ENOMEM, Set(control, DomctlOp.SetPagingMempoolSize, domain.Id, Pool(0)));
        Assert.Equal(domain.P2m.NestedTableFrames << Page.Shift, PoolOf(control, domain.Id));
        // No table can be added now, so memory elsewhere can't be mapped.
        Assert.Equal(0, control.Populate(domain.Id, 1, first: 1UL << 27));
        Assert.Equal(0, Set(control, DomctlOp.SetPagingMempoolSize, domain.Id, Pool(2 << 20)));
        Assert.Equal(1, control.Populate(domain.Id, 1, first: 1UL << 27));
    }

    [Fact]
    public void Shadow_allocation_is_the_pool_in_mebibytes_rounded_up()
    {
        using var control = new ControlFixture();
        Domain domain = control.Make();
        Assert.Equal(0, control.Call(DomctlOp.ShadowOp, domain.Id, new Domctl { Shadow = new DomctlShadow { Operation = (uint)ShadowOp.SetAllocation, Mebibytes = 3 } }, out _));
        Assert.Equal(3UL << 20, PoolOf(control, domain.Id));
        Assert.Equal(0, Set(control, DomctlOp.SetPagingMempoolSize, domain.Id, Pool((3 << 20) + 4096)));
        Assert.Equal(0, control.Call(DomctlOp.ShadowOp, domain.Id, new Domctl { Shadow = new DomctlShadow { Operation = (uint)ShadowOp.GetAllocation } }, out Domctl answer));
        Assert.Equal(4u, answer.Shadow.Mebibytes);
        Assert.Equal(-(long)Errno.ENOMEM,
            Set(control, DomctlOp.ShadowOp, domain.Id, new Domctl { Shadow = new DomctlShadow { Operation = (uint)ShadowOp.SetAllocation, Mebibytes = uint.MaxValue } }));
    }

    [Fact]
    public void A_vcpu_is_described()
    {
        using var control = new ControlFixture();
        Assert.Equal(0, control.Create(ControlFixture.Pvh(2), out ushort id));
        Domctl Ask(uint vcpu) => new() { VcpuInformation = new DomctlVcpuInformation { Vcpu = vcpu } };
        Assert.Equal(-(long)Errno.ESRCH, Set(control, DomctlOp.Getvcpuinfo, id, Ask(1)));
        Assert.Equal(-(long)Errno.EINVAL, Set(control, DomctlOp.Getvcpuinfo, id, Ask(2)));
        control.Machine.Services.Domains.Find(id)!.HasVcpus = true;
        Assert.Equal(0, control.Call(DomctlOp.Getvcpuinfo, id, Ask(1), out Domctl answer));
        Assert.Equal((0, 0, 0), (answer.VcpuInformation.IsOnline, answer.VcpuInformation.IsBlocked, answer.VcpuInformation.IsRunning));
        Assert.Equal(-(long)Errno.EINVAL, Set(control, DomctlOp.Getvcpuinfo, id, Ask(uint.MaxValue)));
        Assert.Equal(0, control.Call(DomctlOp.Getvcpuinfo, 0, Ask(0), out answer));
        Assert.Equal(1, answer.VcpuInformation.IsOnline);
    }

    private static Domctl Affinity(uint vcpu, AffinityFlags flags, ulong bytes = CallFixture.List, uint bits = 64) => new()
    {
        VcpuAffinity = new DomctlVcpuAffinity
        {
            Vcpu = vcpu, Flags = (uint)flags, Hard = new ControlBitmap { Bytes = bytes, Bits = bits }, Soft = new ControlBitmap { Bytes = bytes + 64, Bits = bits },
        },
    };

    [Theory]
    [InlineData(1UL, true)]
    [InlineData(3UL, true)]
    [InlineData(ulong.MaxValue, true)]
    [InlineData(0UL, false)]
    [InlineData(2UL, false)]
    public void Affinity_keeps_what_the_machine_has(ulong set, bool isUsable)
    {
        using var control = new ControlFixture();
        Domain domain = control.Make(2);
        control.Guest.WriteArray(CallFixture.List, set, set, set, set, set, set, set, set, set);
        Assert.Equal(isUsable ? 0 : -(long)Errno.EINVAL, Set(control, DomctlOp.Setvcpuaffinity, domain.Id, Affinity(1, AffinityFlags.Hard)));
        Assert.Equal(isUsable ? 1 : set, control.Guest.Read<ulong>(CallFixture.List));
        Assert.Equal(0, Set(control, DomctlOp.Setvcpuaffinity, domain.Id, Affinity(1, AffinityFlags.Soft)));
        Assert.Equal(set & 1, control.Guest.Read<ulong>(CallFixture.List + 64));
        Assert.Equal(0, Set(control, DomctlOp.Getvcpuaffinity, domain.Id, Affinity(1, AffinityFlags.Hard)));
        Assert.Equal(1UL, control.Guest.Read<ulong>(CallFixture.List));
    }

    [Theory]
    [InlineData(0u, 0x5555_5555_5555_5555UL)]
    [InlineData(1u, 0x5555_5555_5555_5501UL)]
    [InlineData(9u, 0x5555_5555_5555_0001UL)]
    [InlineData(64u, 1UL)]
    public void A_set_is_written_in_whole_bytes(uint bits, ulong expected)
    {
        using var control = new ControlFixture();
        Domain domain = control.Make();
        control.Guest.WriteArray(CallFixture.List, 0x5555_5555_5555_5555UL, 0x5555_5555_5555_5555UL);
        Assert.Equal(0, Set(control, DomctlOp.Getvcpuaffinity, domain.Id, Affinity(0, AffinityFlags.Hard, bits: bits)));
        Assert.Equal([expected, 0x5555_5555_5555_5555UL], control.Guest.ReadArray<ulong>(CallFixture.List, 2));
    }

    [Fact]
    public void Affinity_refuses_what_xen_refuses()
    {
        using var control = new ControlFixture();
        Domain domain = control.Make();
        foreach (DomctlOp operation in new[] { DomctlOp.Getvcpuaffinity, DomctlOp.Setvcpuaffinity })
        {
            Assert.Equal(-(long)Errno.EINVAL, Set(control, operation, domain.Id, Affinity(0, 0, CallFixture.Unmapped)));
            Assert.Equal(-(long)Errno.EINVAL, Set(control, operation, domain.Id, Affinity(1, AffinityFlags.Hard, CallFixture.Unmapped)));
            Assert.Equal(-(long)Errno.EFAULT, Set(control, operation, domain.Id, Affinity(0, AffinityFlags.Hard, CallFixture.Unmapped)));
            Assert.Equal(-(long)Errno.EFAULT, Set(control, operation, domain.Id, Affinity(0, AffinityFlags.Soft, CallFixture.NotCanonical - 64)));
            Assert.Equal(0, Set(control, operation, domain.Id, Affinity(0, AffinityFlags.Force, CallFixture.Unmapped)));
        }
        // All the room there is, and no more than the caller has: it ends.
        Assert.Equal(-(long)Errno.EFAULT, Set(control, DomctlOp.Getvcpuaffinity, domain.Id, Affinity(0, AffinityFlags.Hard, 0x3F_FF00, uint.MaxValue)));
    }

    [Fact]
    public void A_vcpu_moves_to_where_it_may_run()
    {
        using var guest = new CallFixture();
        using var machine = new TestMachine(cpus: 2);
        Domain caller = machine.CreateDomain(4);
        var toolstack = machine.Services.Toolstack!;
        Assert.Equal(Errno.None, toolstack.TryMake(1, ControlFixture.Pvh(2), out Domain? domain));
        Vcpu vcpu = domain!.Vcpus[0];
        int elsewhere = 1 - vcpu.HomeCpu;
        vcpu.MoveTo(new CpuSet(1UL << elsewhere));
        Assert.Equal(elsewhere, vcpu.HomeCpu);
        vcpu.Up();
        domain.Unpause();
        Assert.Equal(elsewhere, vcpu.HomeCpu);
        Assert.NotNull(caller);
    }

    [Fact]
    public void There_is_one_node()
    {
        using var control = new ControlFixture();
        Domain domain = control.Make();
        Domctl nodes = new() { NodeAffinity = new DomctlNodeAffinity { Nodes = new ControlBitmap { Bytes = CallFixture.List, Bits = 64 } } };
        foreach ((ulong set, Errno error) in new[] { (1UL, Errno.None), (0UL, Errno.EINVAL), (2UL, Errno.EINVAL), (ulong.MaxValue, Errno.None) })
        {
            control.Guest.Write(CallFixture.List, set);
            Assert.Equal(-(long)error, Set(control, DomctlOp.Setnodeaffinity, domain.Id, nodes));
        }
        Assert.Equal(0, Set(control, DomctlOp.Getnodeaffinity, domain.Id, nodes));
        Assert.Equal(1UL, control.Guest.Read<ulong>(CallFixture.List));
        nodes.NodeAffinity.Nodes.Bytes = CallFixture.Unmapped;
        Assert.Equal(-(long)Errno.EFAULT, Set(control, DomctlOp.Setnodeaffinity, domain.Id, nodes));
        Assert.Equal(-(long)Errno.EFAULT, Set(control, DomctlOp.Getnodeaffinity, domain.Id, nodes));
    }

    [Fact]
    public void Triggers_are_for_vcpus_that_there_are()
    {
        using var control = new ControlFixture();
        Domain domain = control.Make();
        for (uint trigger = 0; trigger < 6; trigger++)
        {
            var argument = new Domctl { Trigger = new DomctlTrigger { Trigger = trigger } };
            Assert.Equal(trigger is 0 or 3 or 4 ? 0 : -(long)Errno.ENOSYS, Set(control, DomctlOp.Sendtrigger, domain.Id, argument));
            argument.Trigger.Vcpu = 1;
            Assert.Equal(-(long)Errno.ESRCH, Set(control, DomctlOp.Sendtrigger, domain.Id, argument));
        }
        Assert.True(domain.Vcpus[0].NmiPending);
    }

    [Fact]
    public void Weight_and_cap_are_set()
    {
        using var control = new ControlFixture();
        Domain domain = control.Make(2);
        Domctl Ask(SchedulerOp operation, ushort weight, ushort cap, SchedulerKind kind = SchedulerKind.Credit2) =>
            new() { Scheduler = new DomctlScheduler { Scheduler = (uint)kind, Command = (uint)operation, Weight = weight, Cap = cap } };
        Assert.Equal(-(long)Errno.EINVAL, Set(control, DomctlOp.SchedulerOp, domain.Id, Ask(SchedulerOp.GetInformation, 0, 0, SchedulerKind.Credit)));
        Assert.Equal(-(long)Errno.EINVAL, Set(control, DomctlOp.SchedulerOp, domain.Id, Ask(SchedulerOp.PutVcpuInformation, 0, 0)));
        Assert.Equal(0, Set(control, DomctlOp.SchedulerOp, domain.Id, Ask(SchedulerOp.PutInformation, 65535, 200)));
        Assert.Equal(0, Set(control, DomctlOp.SchedulerOp, domain.Id, Ask(SchedulerOp.PutInformation, 0, 50)));
        Assert.Equal(-(long)Errno.EINVAL, Set(control, DomctlOp.SchedulerOp, domain.Id, Ask(SchedulerOp.PutInformation, 0, 201)));
        Assert.Equal(0, control.Call(DomctlOp.SchedulerOp, domain.Id, Ask(SchedulerOp.GetInformation, 1, 1), out Domctl answer));
        Assert.Equal((65535, 50), (answer.Scheduler.Weight, answer.Scheduler.Cap));
        Assert.Equal((65535, 50), (domain.Weight, domain.Cap));
    }

    [Fact]
    public void The_clocks_are_told_and_set()
    {
        using var control = new ControlFixture();
        Domain domain = control.Make();
        Domctl Tsc(uint mode, uint khz = 0) => new() { TscInformation = new DomctlTscInformation { Mode = mode, Kilohertz = khz, Incarnation = 6, Elapsed = 1000 } };
        Assert.Equal(-(long)Errno.EINVAL, Set(control, DomctlOp.Gettscinfo, 0, default));
        Assert.Equal(-(long)Errno.EINVAL, Set(control, DomctlOp.Settscinfo, 0, default));
        Assert.Equal(-(long)Errno.EINVAL, Set(control, DomctlOp.Settscinfo, domain.Id, Tsc(3)));
        Assert.Equal(-(long)Errno.EOPNOTSUPP, Set(control, DomctlOp.Settscinfo, domain.Id, Tsc(1, 1)));
        Assert.Equal(0, Set(control, DomctlOp.Settscinfo, domain.Id, Tsc(1)));
        control.Machine.Advance(500);
        Assert.Equal(0, control.Call(DomctlOp.Gettscinfo, domain.Id, default, out Domctl answer));
        uint khz = (uint)(control.Machine.Clock.TscFrequency / 1000);
        Assert.Equal((1u, 7u, khz, 1500UL), (answer.TscInformation.Mode, answer.TscInformation.Incarnation, answer.TscInformation.Kilohertz, answer.TscInformation.Elapsed));
        Assert.Equal(0, Set(control, DomctlOp.Settscinfo, domain.Id, Tsc(2)));
        Assert.Equal(0, control.Call(DomctlOp.Gettscinfo, domain.Id, default, out answer));
        Assert.Equal((2u, 0u, 0UL), (answer.TscInformation.Mode, answer.TscInformation.Kilohertz, answer.TscInformation.Elapsed));

        ulong start = control.Machine.Clock.WallClockAtStart;
        Assert.Equal(0, Set(control, DomctlOp.Settimeoffset, domain.Id, new Domctl { TimeOffset = new DomctlTimeOffset { Seconds = -3600 } }));
        Assert.Equal((uint)(start - 3600), control.Machine.Memory.Word32(domain.SharedInfo.Frame.Mfn.Address + 3076));
    }

    [Fact]
    public void The_hypercall_page_needs_memory_of_the_domain()
    {
        using var control = new ControlFixture();
        Domain domain = control.Make();
        Assert.Equal(4, control.Populate(domain.Id, 4));
        Domctl At(ulong gfn) => new() { HypercallPage = new DomctlHypercallPage { Gfn = gfn } };
        Assert.Equal(0, Set(control, DomctlOp.HypercallInit, domain.Id, At(3)));
        Span<byte> stub = stackalloc byte[9];
        Assert.True(domain.Memory.TryRead(3 * 4096 + 36 * 32, stub));
        Assert.Equal((0xB8, 36, 0xC3), (stub[0], stub[1], stub[8]));
        foreach (ulong gfn in new[] { 4UL, 1UL << 36, 1UL << 60, ulong.MaxValue })
            Assert.Equal(-(long)Errno.EINVAL, Set(control, DomctlOp.HypercallInit, domain.Id, At(gfn)));
    }

    [Fact]
    public void No_device_can_be_handed_on()
    {
        using var control = new ControlFixture();
        Domain domain = control.Make();
        Domctl Frames(ulong first, ulong count) => new() { MemoryPermission = new DomctlMemoryPermission { First = first, Count = count } };
        Domctl Ports(uint first, uint count) => new() { PortPermission = new DomctlPortPermission { First = first, Count = count } };
        Domctl Irq(uint pirq) => new() { IrqPermission = new DomctlIrqPermission { Pirq = pirq } };
        Assert.Equal(-(long)Errno.EINVAL, Set(control, DomctlOp.IomemPermission, domain.Id, Frames(0xA0, 0)));
        Assert.Equal(-(long)Errno.EINVAL, Set(control, DomctlOp.IomemPermission, domain.Id, Frames(ulong.MaxValue, 2)));
        Assert.Equal(-(long)Errno.EPERM, Set(control, DomctlOp.IomemPermission, domain.Id, Frames(ulong.MaxValue, 1)));
        Assert.Equal(-(long)Errno.EINVAL, Set(control, DomctlOp.IoportPermission, domain.Id, Ports(0, 0)));
        Assert.Equal(-(long)Errno.EINVAL, Set(control, DomctlOp.IoportPermission, domain.Id, Ports(0xFFFF, 2)));
        Assert.Equal(-(long)Errno.EINVAL, Set(control, DomctlOp.IoportPermission, domain.Id, Ports(2, uint.MaxValue)));
        Assert.Equal(-(long)Errno.EPERM, Set(control, DomctlOp.IoportPermission, domain.Id, Ports(0xFFFF, 1)));
        Assert.Equal(-(long)Errno.EINVAL, Set(control, DomctlOp.IrqPermission, domain.Id, Irq(99999)));
        Assert.Equal(-(long)Errno.EPERM, Set(control, DomctlOp.IrqPermission, domain.Id, Irq(4)));
    }

    [Fact]
    public void A_virq_of_the_machine_goes_to_another_until_that_ends()
    {
        using var control = new ControlFixture();
        Domain domain = control.Make();
        Domctl To(uint virq) => new() { VirqHandler = new DomctlVirqHandler { Virq = virq } };
        foreach (uint virq in new uint[] { 0, 1, 7, 13, 24, uint.MaxValue })
            Assert.Equal(-(long)Errno.EINVAL, Set(control, DomctlOp.SetVirqHandler, domain.Id, To(virq)));
        Assert.Equal(0, Set(control, DomctlOp.SetVirqHandler, domain.Id, To((uint)Virq.DomExc)));
        Assert.Equal(Errno.None, control.Guest.Domain.EventChannels.BindVirq((uint)Virq.DomExc, 0, out uint own));
        Assert.Equal(Errno.None, domain.EventChannels.BindVirq((uint)Virq.DomExc, 0, out uint others));
        control.Machine.Services.Virqs.Raise(Virq.DomExc);
        control.Machine.Advance(1);
        Assert.Equal((true, false), (domain.EventChannels.IsPending(others), control.Guest.Domain.EventChannels.IsPending(own)));
        Assert.Equal(0, control.Call(DomctlOp.Destroydomain, domain.Id));
        control.Machine.Advance(1);
        Assert.True(control.Guest.Domain.EventChannels.IsPending(own));
    }

    [Fact]
    public void A_device_model_serves_one_domain()
    {
        using var control = new ControlFixture();
        Domain model = control.Make();
        Domain served = control.Make();
        Domctl Serve(ushort id) => new() { Target = new DomctlTarget { Target = id } };
        Assert.Equal(-(long)Errno.ESRCH, Set(control, DomctlOp.SetTarget, model.Id, Serve(99)));
        Assert.Equal(-(long)Errno.EINVAL, Set(control, DomctlOp.SetTarget, model.Id, Serve(model.Id)));
        Assert.Equal(0, Set(control, DomctlOp.SetTarget, model.Id, Serve(served.Id)));
        Assert.Equal(-(long)Errno.EINVAL, Set(control, DomctlOp.SetTarget, model.Id, Serve(0)));
        CallPolicy policy = CallPolicy.Default();
        Assert.True(policy.Allows(Permission.Target, model, served, 0, 0));
        Assert.True(policy.Allows(Permission.DeviceModel, model, served, 0, 0));
        Assert.False(policy.Allows(Permission.Privileged, model, served, 0, 0));
        Assert.False(policy.Allows(Permission.Target, served, model, 0, 0));
        Assert.False(policy.Allows(Permission.DeviceModel, model, control.Guest.Domain, 0, 0));
        Assert.False(policy.Allows(Permission.DeviceModel, model, null, 0, 0));
    }

    /// <summary>The right is over the very domain, whoever made it and whoever takes it apart; a later one of its id is another.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_device_model_has_no_right_over_the_next_domain_of_the_id(bool byToolstack)
    {
        const ushort id = 9;
        using var control = new ControlFixture();
        Domain model = control.Make();
        var serve = new Domctl { Target = new DomctlTarget { Target = id } };
        CallPolicy policy = CallPolicy.Default();
        Domain Make()
        {
            if (!byToolstack)
                return control.Machine.CreateDomain(2, 1, id, isPrivileged: false);
            Assert.Equal(0, control.Create(ControlFixture.Pvh(), out _, wanted: id));
            return control.Machine.Services.Domains.Find(id)!;
        }
        Domain first = Make();
        Assert.Equal(0, Set(control, DomctlOp.SetTarget, model.Id, serve));
        Assert.True(policy.Allows(Permission.DeviceModel, model, first, 0, 0));
        if (byToolstack)
            Assert.Equal(0, control.Call(DomctlOp.Destroydomain, id));
        else
            first.Dispose();
        Domain second = Make();
        Assert.False(policy.Allows(Permission.DeviceModel, model, second, 0, 0));
        // It serves once: not the next one, nor any other.
        Assert.Equal(-(long)Errno.EINVAL, Set(control, DomctlOp.SetTarget, model.Id, new Domctl { Target = new DomctlTarget { Target = 0 } }));
        second.Dispose();
        Assert.Equal(-(long)Errno.EINVAL, Set(control, DomctlOp.SetTarget, model.Id, serve));
        Assert.False(policy.Allows(Permission.DeviceModel, model, second, 0, 0));
    }

    [Fact]
    public void A_domain_that_has_shut_down_goes_on()
    {
        using var control = new ControlFixture();
        Domain domain = control.Make();
        Assert.Equal(-(long)Errno.EINVAL, control.Call(DomctlOp.Resumedomain, 0));
        Assert.Equal(0, control.Call(DomctlOp.Resumedomain, domain.Id));
        Assert.Equal(0, control.Call(DomctlOp.Unpausedomain, domain.Id));
        domain.Vcpus[0].IsInitialised = true;
        domain.Vcpus[0].Up();
        domain.Shutdown(ShutdownReason.Suspend);
        Assert.False(domain.Vcpus[0].IsRunnable);
        Assert.Equal(0, control.Call(DomctlOp.Resumedomain, domain.Id));
        Assert.True(domain.Vcpus[0].IsRunnable);
        domain.Shutdown(ShutdownReason.Crash);
        Assert.Equal(3u, control.Describe(domain.Id).Flags >> 16);
    }

    [Fact]
    public void The_handle_is_kept_for_the_toolstack()
    {
        using var control = new ControlFixture();
        Domain domain = control.Make();
        var argument = default(Domctl);
        argument.Handle.Handle[15] = 0x5A;
        Assert.Equal(0, Set(control, DomctlOp.Setdomainhandle, domain.Id, argument));
        Assert.Equal(0x5A, control.Describe(domain.Id).Handle[15]);
    }

    [Fact]
    public void Only_paravirtual_domains_have_a_width()
    {
        using var control = new ControlFixture();
        Domain domain = control.Make();
        Assert.Equal(-(long)Errno.EOPNOTSUPP, Set(control, DomctlOp.GetAddressSize, domain.Id, default));
        Assert.Equal(-(long)Errno.EOPNOTSUPP, Set(control, DomctlOp.SetAddressSize, domain.Id, new Domctl { AddressSize = new DomctlAddressSize { Bits = 64 } }));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_memory_map_is_set_whole_or_not_at_all(bool is64Bit)
    {
        using var control = new ControlFixture(is64Bit: is64Bit);
        Domain domain = control.Make();
        control.Guest.WriteArray(CallFixture.List, new E820Entry { Size = 0x1000, Type = 1 }, new E820Entry { Address = 0x8000, Size = 0x2000, Type = 2 });
        long Map(ushort id, uint count, ulong buffer)
        {
            if (is64Bit)
            {
                var wide = new ForeignMemoryMap { Domain = id, EntryCount = count, Buffer = buffer };
                return control.Guest.Call(Hypercall.MemoryOp, (ulong)MemoryOp.SetMemoryMap, ref wide);
            }
            var narrow = new ForeignMemoryMap32 { Domain = id, EntryCount = count, Buffer = (uint)buffer };
            return control.Guest.Call(Hypercall.MemoryOp, (ulong)MemoryOp.SetMemoryMap, ref narrow);
        }
        Assert.Equal(0, Map(domain.Id, 2, CallFixture.List));
        Assert.Equal((2, 0x8000UL), (domain.MemoryMap.Length, domain.MemoryMap[1].Address));
        Assert.Equal(-(long)Errno.EFAULT, Map(domain.Id, 1, control.Guest.Hole));
        Assert.Equal(-(long)Errno.ENOMEM, Map(domain.Id, 129, CallFixture.List));
        Assert.Equal(-(long)Errno.ENOMEM, Map(domain.Id, uint.MaxValue, control.Guest.Hole));
        Assert.Equal(-(long)Errno.ESRCH, Map(99, 129, CallFixture.List));
        Assert.Equal(2, domain.MemoryMap.Length);
        Assert.Equal(0, Map(domain.Id, 128, CallFixture.List));
        Assert.Equal(0, Map(domain.Id, 0, control.Guest.Hole));
        Assert.Equal(0, domain.MemoryMap.Length);
    }

    [Fact]
    public void Claims_keep_memory_for_who_made_them()
    {
        using var control = new ControlFixture();
        Domain domain = control.Make(mebibytes: 8);
        Domain rival = control.Make(mebibytes: 64);
        long Claim(ushort id, ulong pages, uint order = 0, uint flags = 0, ulong list = 0)
        {
            var argument = new MemoryReservation { ExtentStart = list, ExtentCount = pages, ExtentOrder = order, Flags = flags, Domain = id };
            return control.Guest.Call(Hypercall.MemoryOp, (ulong)MemoryOp.ClaimPages, ref argument);
        }
        ulong free = control.Machine.Frames.FreeFrames;
        Assert.Equal(512, control.Populate(domain.Id, 512));
        Assert.Equal(-(long)Errno.EINVAL, Claim(domain.Id, 512));
        Assert.Equal(-(long)Errno.EINVAL, Claim(domain.Id, 2049));
        Assert.Equal(-(long)Errno.EINVAL, Claim(domain.Id, 1024, order: 1));
        Assert.Equal(-(long)Errno.EINVAL, Claim(domain.Id, 1024, flags: 1));
        Assert.Equal(-(long)Errno.EINVAL, Claim(domain.Id, 1024, list: 1));
        Assert.Equal(-(long)Errno.EINVAL, Claim(99, 1024));
        Assert.Equal(-(long)Errno.EINVAL, Claim(DomainIds.Self, 1 << 20));
        Assert.Equal(-(long)Errno.ENOMEM, Claim(rival.Id, free + 1));
        Assert.Equal(0, Claim(domain.Id, 1024));
        Assert.Equal(-(long)Errno.EINVAL, Claim(domain.Id, 2048));
        Assert.Equal(512UL, control.Describe(domain.Id).OutstandingPages);
        // Who has no claim gets what is left, and not what is claimed; one frame at a time, to the last.
        ulong at = 0;
        while (control.Populate(rival.Id, 64, first: at) == 64)
            at += 64;
        Assert.InRange(control.Machine.Frames.FreeFrames, 500UL, 640UL);
        Assert.Equal(256, control.Populate(domain.Id, 256, first: 512));
        Assert.Equal(256UL, control.Describe(domain.Id).OutstandingPages);
        Assert.Equal(0, control.Call(DomctlOp.Destroydomain, domain.Id));
        Assert.Equal(0UL, control.Machine.Services.Claims.Outstanding);
    }

    /// <summary>4.17 knows the operation in its 64-bit ABI only, whoever asks and for whatever.</summary>
    [Fact]
    public void A_32_bit_caller_can_not_claim()
    {
        using var control = new ControlFixture(is64Bit: false);
        Domain domain = control.Make();
        control.Guest.Write(CallFixture.Argument, new MemoryReservation32 { ExtentCount = 16, Domain = domain.Id });
        Assert.Equal(-(long)Errno.ENOSYS, control.Guest.Call(Hypercall.MemoryOp, (ulong)MemoryOp.ClaimPages, CallFixture.Argument));
        Assert.Equal(-(long)Errno.ENOSYS, control.Guest.Call(Hypercall.MemoryOp, (ulong)MemoryOp.ClaimPages | 1 << 6, CallFixture.Unmapped));
    }

    [Theory]
    [InlineData(5u)]
    [InlineData(6u)]
    [InlineData(9u)]
    [InlineData(32u)]
    [InlineData(33u)]
    public void Some_parameters_are_written_once(uint index)
    {
        using var control = new ControlFixture();
        Domain domain = control.Make();
        long Write(ulong value)
        {
            var argument = new HvmParam { Domain = domain.Id, Index = index, Value = value };
            return control.Guest.Call(Hypercall.HvmOp, (ulong)HvmOp.SetParam, ref argument);
        }
        Assert.Equal(0, Write(5));
        Assert.Equal(0, Write(5));
        Assert.Equal(-(long)Errno.EEXIST, Write(6));
        Assert.Equal(-(long)Errno.EEXIST, Write(0));
    }

    [Theory]
    [InlineData(10u, 4UL)]
    [InlineData(14u, 5UL)]
    [InlineData(35u, 4UL)]
    [InlineData(37u, 5UL)]
    [InlineData(38u, 2UL)]
    public void Some_values_of_parameters_mean_nothing(uint index, ulong value)
    {
        using var control = new ControlFixture();
        Domain domain = control.Make();
        var argument = new HvmParam { Domain = domain.Id, Index = index, Value = value };
        Assert.Equal(-(long)Errno.EINVAL, control.Guest.Call(Hypercall.HvmOp, (ulong)HvmOp.SetParam, ref argument));
        Assert.False(domain.IsShutDown);
    }
}
