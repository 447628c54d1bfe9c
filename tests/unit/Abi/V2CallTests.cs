using System;
using System.Linq;
using Xenolith.Abi;
using Xenolith.Abi.Contract;
using Xenolith.Abi.Contract.Table;
using Xenolith.Domains;
using Xenolith.Hal;
using Xenolith.Mm;
using Xenolith.Tests.Unit.Harness;
using Xunit;

namespace Xenolith.Tests.Unit.Abi;

/// <summary>Calls from 64 on: what is shown, what each does, and what user mode may do of it.</summary>
public sealed class V2CallTests
{
    private const ulong Query = (ulong)Hypercall.V2Query, Event = (ulong)Hypercall.V2Event, Processor = (ulong)Hypercall.V2Vcpu;

    public static TheoryData<uint, uint, bool> ForUsers
    {
        get
        {
            var data = new TheoryData<uint, uint, bool>();
            foreach (HypercallGroup group in HypercallTable.Groups.Where(group => group.IsV2))
            {
                foreach (HypercallRow row in group.Rows)
                {
                    data.Add((uint)group.Number, Convert.ToUInt32(row.Operation), true);
                    data.Add((uint)group.Number, Convert.ToUInt32(row.Operation), false);
                }
            }
            return data;
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void What_is_not_shown_is_unknown(bool is64Bit)
    {
        using var guest = new CallFixture(is64Bit: is64Bit);
        for (ulong number = 64; number < 140; number++)
        {
            Assert.Equal(-(long)Errno.ENOSYS, guest.Call(number, 1, 2, 3, 4, 5));
            GuestRegisters after = guest.Vcpu.Cpu.Registers;
            ulong[] registers = is64Bit ? [after.Rdi, after.Rsi, after.Rdx, after.R10, after.R8] : [after.Rbx, after.Rcx, after.Rdx, after.Rsi, after.Rdi];
            Assert.Equal((ulong[])[1, 2, 3, 4, 5], registers);
        }
        Assert.Equal(0u, guest.Domain.Policies.Cpuid.Read(OwnCpuid.FirstLeaf, 0, 0, true).Eax);
        // Each number has a bit of its own, and there is none without.
        guest.Domain.Exposure.Set(ExposureGroup.HighNumber, 1);
        Assert.Equal(1, guest.Call(Query, (ulong)V2QueryOp.Version));
        Assert.Equal(-(long)Errno.ENOSYS, guest.Call(Processor, (ulong)V2VcpuOp.Own));
        Assert.Equal(1u << (int)CallFeature.HighNumbers, guest.Domain.Policies.Cpuid.Read(OwnCpuid.FirstLeaf + 1, 0, 0, true).Eax);
        Assert.Equal(Errno.EINVAL, guest.Domain.Exposure.Set(ExposureGroup.HighNumber, 1UL << 40));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_number_has_no_flags_and_an_operation_no_other_bits(bool is64Bit)
    {
        using var guest = Shown(is64Bit);
        for (int bit = 28; bit < (is64Bit ? 64 : 32); bit++)
            Assert.Equal(-(long)Errno.ENOSYS, guest.Call(1UL << bit | Query, (ulong)V2QueryOp.Version));
        for (int bit = 6; bit < (is64Bit ? 64 : 32); bit++)
            Assert.Equal(-(long)Errno.ENOSYS, guest.Call(Query, 1UL << bit | (ulong)V2QueryOp.Version));
    }

    [Fact]
    public void In_a_list_of_calls_they_are_unknown()
    {
        using var guest = Shown();
        var entry = new MulticallEntry { Operation = Query };
        guest.Write(CallFixture.List, entry);
        Assert.Equal(0, guest.Call((ulong)Hypercall.Multicall, CallFixture.List, 1));
        Assert.Equal(-(long)Errno.ENOSYS, (long)guest.Read<MulticallEntry>(CallFixture.List).Result);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_query_says_what_there_is(bool is64Bit)
    {
        using var guest = Shown(is64Bit);
        Assert.Equal(V2Calls.Version, guest.Call(Query, (ulong)V2QueryOp.Version));
        Assert.Equal(0xF, guest.Call(Query, (ulong)V2QueryOp.Operations, Query));
        Assert.Equal(0x3FB, guest.Call(Query, (ulong)V2QueryOp.Operations, Event));
        guest.Domain.Exposure.Set(ExposureGroup.CallFeature, 0);
        Assert.Equal(0x3, guest.Call(Query, (ulong)V2QueryOp.Operations, Query));
        Assert.Equal(0x1F, guest.Call(Query, (ulong)V2QueryOp.Operations, (ulong)Hypercall.V2Memory));
        foreach (ulong number in (ulong[])[0, 63, 68, 127, 128, 0xFFFF_FFFF])
            Assert.Equal(-(long)Errno.ENOENT, guest.Call(Query, (ulong)V2QueryOp.Operations, number));
        guest.Domain.Exposure.Set(ExposureGroup.HighNumber, 1);
        Assert.Equal(-(long)Errno.ENOENT, guest.Call(Query, (ulong)V2QueryOp.Operations, Event));
        Assert.Equal(-(long)Errno.ENOSYS, guest.Call(Query, 4));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Event_channels_are_made_used_and_closed_by_numbers(bool is64Bit)
    {
        using var guest = Shown(is64Bit);
        Domain other = guest.Machine.CreateDomain(2, 1, 7, isPrivileged: false);
        long ipi = guest.Call(Event, (ulong)V2EventOp.BindIpi, 1);
        Assert.True(ipi > 0);
        Assert.Equal((1 << 8) | (long)EventChannelState.Ipi, guest.Call(Event, (ulong)V2EventOp.Status, (ulong)ipi));
        Assert.Equal(-(long)Errno.EINVAL, guest.Call(Event, (ulong)V2EventOp.BindVcpu, (ulong)ipi, 0));
        Assert.Equal(0, guest.Call(Event, (ulong)V2EventOp.Send, (ulong)ipi));
        Assert.Equal(0, guest.Call(Event, (ulong)V2EventOp.Unmask, (ulong)ipi));
        Assert.Equal(0, guest.Call(Event, (ulong)V2EventOp.Close, (ulong)ipi));
        Assert.Equal((long)EventChannelState.Closed, guest.Call(Event, (ulong)V2EventOp.Status, (ulong)ipi));
        long virq = guest.Call(Event, (ulong)V2EventOp.BindVirq, (ulong)Virq.Timer, 0);
        Assert.True(virq > 0);
        Assert.Equal(-(long)Errno.EEXIST, guest.Call(Event, (ulong)V2EventOp.BindVirq, (ulong)Virq.Timer, 0));
        long unbound = guest.Call(Event, (ulong)V2EventOp.AllocUnbound, 7);
        Assert.Equal(0, guest.Call(Event, (ulong)V2EventOp.BindVcpu, (ulong)unbound, 1));
        Assert.Equal((1 << 8) | (long)EventChannelState.Unbound, guest.Call(Event, (ulong)V2EventOp.Status, (ulong)unbound));
        Assert.Equal(Errno.None, other.EventChannels.AllocateUnbound(0, out uint theirs));
        long bound = guest.Call(Event, (ulong)V2EventOp.BindInterdomain, 7, theirs);
        Assert.Equal((long)EventChannelState.Interdomain, guest.Call(Event, (ulong)V2EventOp.Status, (ulong)bound));
        // To itself, by either name.
        long own = guest.Call(Event, (ulong)V2EventOp.AllocUnbound, DomainIds.Self);
        Assert.True(guest.Call(Event, (ulong)V2EventOp.BindInterdomain, DomainIds.Self, (ulong)own) > 0);
    }

    [Theory]
    [InlineData(V2EventOp.BindInterdomain, 0x1234, 1, Errno.ESRCH)]
    [InlineData(V2EventOp.BindInterdomain, 0x1_0000, 1, Errno.ESRCH)]
    [InlineData(V2EventOp.BindInterdomain, 0, 0xFFFF_FFFF, Errno.EINVAL)]
    [InlineData(V2EventOp.BindVirq, 24, 0, Errno.EINVAL)]
    [InlineData(V2EventOp.BindVirq, 0, 2, Errno.ENOENT)]
    [InlineData(V2EventOp.BindIpi, 2, 0, Errno.ENOENT)]
    [InlineData(V2EventOp.AllocUnbound, 0x1_0000, 0, Errno.ESRCH)]
    [InlineData(V2EventOp.Close, 0, 0, Errno.EINVAL)]
    [InlineData(V2EventOp.Close, 0xFFFF_FFFF, 0, Errno.EINVAL)]
    [InlineData(V2EventOp.Send, 0, 0, Errno.EINVAL)]
    [InlineData(V2EventOp.Send, 4096, 0, Errno.EINVAL)]
    [InlineData(V2EventOp.Status, 4096, 0, Errno.EINVAL)]
    [InlineData(V2EventOp.BindVcpu, 1, 2, Errno.ENOENT)]
    [InlineData(V2EventOp.BindVcpu, 4096, 0, Errno.EINVAL)]
    [InlineData(V2EventOp.Unmask, 4096, 0, Errno.EINVAL)]
    public void An_event_channel_that_can_not_be_is_refused(V2EventOp operation, ulong a1, ulong a2, Errno error)
    {
        foreach (bool is64Bit in (bool[])[true, false])
        {
            using var guest = Shown(is64Bit);
            Holdings before = Holdings.Of(guest.Machine, guest.Domain);
            Assert.Equal(-(long)error, guest.Call(Event, (ulong)operation, a1, a2));
            if (is64Bit && a1 is not 0)
                Assert.True(guest.Call(Event, (ulong)operation, 1UL << 32 | a1, a2) < 0);
            Assert.Equal(before, Holdings.Of(guest.Machine, guest.Domain));
        }
    }

    [Fact]
    public void Vcpus_go_up_and_down()
    {
        using var guest = Shown();
        Assert.Equal(0, guest.Call(Processor, (ulong)V2VcpuOp.Own));
        Assert.Equal(1, guest.Call(Processor, (ulong)V2VcpuOp.IsUp, 0));
        guest.Domain.Vcpus[1].TakeOffline();
        Assert.Equal(0, guest.Call(Processor, (ulong)V2VcpuOp.IsUp, 1));
        guest.Domain.Vcpus[1].IsInitialised = true;
        Assert.Equal(0, guest.Call(Processor, (ulong)V2VcpuOp.Up, 1));
        Assert.Equal(1, guest.Call(Processor, (ulong)V2VcpuOp.IsUp, 1));
        Assert.Equal(0, guest.Call(Processor, (ulong)V2VcpuOp.SendNmi, 1));
        Assert.Equal(0, guest.Call(Processor, (ulong)V2VcpuOp.Down, 1));
        Assert.Equal(0, guest.Call(Processor, (ulong)V2VcpuOp.IsUp, 1));
        foreach (V2VcpuOp operation in (V2VcpuOp[])[V2VcpuOp.Up, V2VcpuOp.Down, V2VcpuOp.IsUp, V2VcpuOp.SendNmi])
        {
            foreach (ulong vcpu in (ulong[])[2, 1UL << 32, ulong.MaxValue])
                Assert.Equal(-(long)Errno.ENOENT, guest.Call(Processor, (ulong)operation, vcpu));
        }
    }

    /// <summary>Errors in their order, then a vCPU that may choose its view, and one that may not.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_vcpu_goes_to_a_view_by_its_number(bool mayChoose)
    {
        using var views = new Altp2mFixture(isInside: true, mode: Altp2mMode.Mixed);
        CallFixture guest = views.Guest;
        Domain domain = guest.Domain;
        const ulong operation = (ulong)V2VcpuOp.SwitchView;
        domain.Exposure.Set(ExposureGroup.HighNumber, Dispatch.WholeExposure(ExposureGroup.HighNumber));
        Assert.Equal(-(long)Errno.EOPNOTSUPP, guest.Call(Processor, operation, 9));
        Assert.Equal((0, 0), (views.SetState(1), views.Create(MemoryAccess.Default, out ushort view)));
        Assert.Equal(-(long)Errno.EOPNOTSUPP, guest.Call(Processor, operation, 9));
        domain.Exposure.Set(ExposureGroup.Altp2mInside, Dispatch.WholeExposure(ExposureGroup.Altp2mInside));
        foreach (Altp2mMode mode in (Altp2mMode[])[Altp2mMode.Disabled, Altp2mMode.External, Altp2mMode.Limited])
        {
            domain.Parameters[(int)HvmParameter.Altp2m] = (ulong)mode;
            Assert.Equal(-(long)Errno.EPERM, guest.Call(Processor, operation, 9));
        }
        domain.Parameters[(int)HvmParameter.Altp2m] = (ulong)Altp2mMode.Mixed;
        if (mayChoose)
            guest.Vcpu.SetNotification(domain.P2m.Lookup(new Gfn(5)).Mfn);
        foreach (ulong none in (ulong[])[view + 1u, 512, 1UL << 32 | view, ulong.MaxValue])
            Assert.Equal(-(long)Errno.EINVAL, guest.Call(Processor, operation, none));
        Assert.Equal((0, -(long)Errno.EINVAL), (views.Show(view, 0), guest.Call(Processor, operation, view)));
        Assert.Equal((0, 0), (guest.Vcpu.ViewIndex, views.Show(view, 1)));
        Assert.Equal((0, view), (guest.Call(Processor, operation, view), guest.Vcpu.ViewIndex));
        Assert.Equal(domain.Altp2m!.Find(view)!.Root, TestMachine.Cpu(guest.Vcpu).NestedRoot);
        Assert.Equal(-(long)Errno.EBUSY, views.Destroy(view));
        Assert.Equal((0, 0), (guest.Call(Processor, operation, 0), guest.Vcpu.ViewIndex));

        // Without the domain's lock, which another has, where the vCPU may choose its view and nobody holds views.
        guest.Vcpu.TakeAttention();
        domain.Acquire();
        Exception? fault = Record.Exception(() => guest.Call(Processor, operation, view));
        domain.Abandon();
        Assert.Equal((mayChoose, mayChoose ? view : 0), (fault is null, guest.Vcpu.ViewIndex));
    }

    [Fact]
    public void A_kernel_says_what_its_user_mode_may_on_each_vcpu()
    {
        using var guest = Shown();
        Assert.Equal(0, guest.Call(Query, (ulong)V2QueryOp.UserCalls, 0));
        Assert.Equal(0, guest.Call(Query, (ulong)V2QueryOp.SetUserCalls, 0, (ulong)UserCalls.EventSend));
        Assert.Equal((long)UserCalls.EventSend, guest.Call(Query, (ulong)V2QueryOp.UserCalls, 0));
        Assert.Equal(0, guest.Call(Query, (ulong)V2QueryOp.UserCalls, 1));
        Assert.Equal(-(long)Errno.ENOENT, guest.Call(Query, (ulong)V2QueryOp.SetUserCalls, 2, ulong.MaxValue));
        Assert.Equal(-(long)Errno.ENOENT, guest.Call(Query, (ulong)V2QueryOp.UserCalls, 2));
        Assert.Equal(-(long)Errno.EINVAL, guest.Call(Query, (ulong)V2QueryOp.SetUserCalls, 0, (ulong)UserCalls.All + 1));
        Assert.Equal(-(long)Errno.EINVAL, guest.Call(Query, (ulong)V2QueryOp.SetUserCalls, 0, 1UL << 32));
        Assert.Equal((long)UserCalls.EventSend, guest.Call(Query, (ulong)V2QueryOp.UserCalls, 0));
        guest.Domain.Exposure.Set(ExposureGroup.CallFeature, 0);
        Assert.Equal(-(long)Errno.ENOSYS, guest.Call(Query, (ulong)V2QueryOp.SetUserCalls, 0, 0));
        Assert.Equal(-(long)Errno.ENOSYS, guest.Call(Query, (ulong)V2QueryOp.UserCalls, 0));
    }

    /// <summary>Each operation from user mode: EPERM, unless the kernel left that very one; and of those that it can't leave, always.</summary>
    [Theory]
    [MemberData(nameof(ForUsers))]
    public void User_mode_makes_what_its_kernel_left_to_it_and_no_other(uint number, uint operation, bool is64Bit)
    {
        UserCalls bit = HypercallTable.Groups.Single(group => (uint)group.Number == number).Rows.Single(row => Convert.ToUInt32(row.Operation) == operation).User;
        using var guest = Shown(is64Bit);
        long port = guest.Call(Event, (ulong)V2EventOp.BindIpi, 0);
        ulong argument = number == Query ? Query : number == Event ? (ulong)port : 0;
        long kernels = bit == UserCalls.None ? 0 : guest.Call(number, operation, argument);
        EnterUserMode(guest);
        Assert.Equal(-(long)Errno.EPERM, guest.Call(number, operation, argument));
        guest.Vcpu.UserCalls = UserCalls.All & ~bit;
        Assert.Equal(-(long)Errno.EPERM, guest.Call(number, operation, argument));
        guest.Vcpu.UserCalls = UserCalls.All;
        Assert.Equal(bit == UserCalls.None ? -(long)Errno.EPERM : kernels, guest.Call(number, operation, argument));
        // By the vCPU, by the number's own bit of exposure, and not in virtual-8086 mode.
        guest.Vcpu.Cpu.Rflags |= RflagsBits.Virtual8086;
        Assert.Equal(-(long)Errno.EPERM, guest.Call(number, operation, argument));
        guest.Vcpu.Cpu.Rflags &= ~RflagsBits.Virtual8086;
        guest.Domain.Exposure.Set(ExposureGroup.HighNumber, 0);
        Assert.Equal(-(long)Errno.EPERM, guest.Call(number, operation, argument));
    }

    [Fact]
    public void User_mode_makes_no_other_call_whatever_is_left_to_it()
    {
        using var guest = Shown();
        guest.Vcpu.UserCalls = UserCalls.All;
        EnterUserMode(guest);
        for (ulong number = 0; number < 200; number++)
        {
            if (number is not (Query or Event or Processor))
                Assert.Equal(-(long)Errno.EPERM, guest.Call(number));
        }
        foreach (ulong number in (ulong[])[1UL << 32 | Query, CallFlags.Physical | Query, 1UL << 63 | Query])
            Assert.Equal(-(long)Errno.EPERM, guest.Call(number));
        foreach (ulong operation in (ulong[])[4, 63, 64, 1UL << 32, ulong.MaxValue])
            Assert.Equal(-(long)Errno.EPERM, guest.Call(Query, operation));
    }

    [Fact]
    public void What_was_left_to_user_mode_goes_with_a_reset()
    {
        using var guest = Shown();
        foreach (Vcpu vcpu in guest.Domain.Vcpus)
            vcpu.UserCalls = UserCalls.All;
        guest.Domain.Vcpus[1].TakeOffline();
        var context = new VcpuHvmContext { Mode = 32 };
        Assert.Equal(Errno.None, guest.Domain.Vcpus[1].Initialise(in context, false));
        Assert.Equal(UserCalls.None, guest.Domain.Vcpus[1].UserCalls);
        Assert.True(guest.Domain.TryForgetPlaces());
        Assert.Equal(UserCalls.None, guest.Vcpu.UserCalls);
    }

    [Fact]
    public void What_the_administrator_forbids_is_refused()
    {
        using var guest = Shown();
        Assert.Null(CallPolicy.TryParse("0:XENOLITH_V2_EVENT_*:*,3:XENOLITH_V2_VCPU_own:*,0:XENOLITH_V2_VCPU_is_up:0,0:XENOLITH_V2_QUERY_version:3", out CallPolicy? policy));
        guest.Dispatcher.Policy = policy!;
        Assert.Equal(-(long)Errno.EPERM, guest.Call(Event, (ulong)V2EventOp.Send, 0));
        Assert.Equal(-(long)Errno.EPERM, guest.Call(Event, (ulong)V2EventOp.BindIpi, 0));
        Assert.Equal(-(long)Errno.EPERM, guest.Call(Processor, (ulong)V2VcpuOp.IsUp, 0));
        Assert.Equal(0, guest.Call(Processor, (ulong)V2VcpuOp.Own));
        Assert.Equal(1, guest.Call(Query, (ulong)V2QueryOp.Version));
        Assert.Equal(-(long)Errno.ENOSYS, guest.Call(Query, 4));
    }

    /// <summary>A user process that names memory by guest-physical address would reach all of its kernel's.</summary>
    [Fact]
    public void What_can_be_left_to_user_mode_has_no_pointer_does_not_pause_and_acts_on_the_domain_alone()
    {
        HypercallRow[] left = [.. HypercallTable.Rows.Where(row => row.User != UserCalls.None)];
        Assert.Equal(UserCalls.All, left.Aggregate(UserCalls.None, (all, row) => all | row.User));
        Assert.Equal(left.Length, left.Select(row => row.User).Distinct().Count());
        Assert.All(left, row => Assert.True(row is { Argument: null, Preemptible: false, Allocates: false, Permission: Permission.Anyone, Feature: null }, row.Name));
    }

    internal static CallFixture Shown(bool is64Bit = true, int budget = 64)
    {
        var guest = new CallFixture(is64Bit: is64Bit, budget: budget);
        guest.Domain.Exposure.Set(ExposureGroup.HighNumber, Dispatch.WholeExposure(ExposureGroup.HighNumber));
        guest.Domain.Exposure.Set(ExposureGroup.CallFeature, Dispatch.WholeExposure(ExposureGroup.CallFeature));
        return guest;
    }

    private static void EnterUserMode(CallFixture guest)
    {
        VirtualCpu cpu = guest.Vcpu.Cpu;
        cpu.SetSegment(SegmentName.Ss, cpu.GetSegment(SegmentName.Ss) with { Attributes = 0xCF3 });
    }
}
