using System;
using System.Threading;
using Xenolith.Abi.Contract;
using Xenolith.Domains;
using Xenolith.Hal;
using Xenolith.Kernel;
using Xenolith.Mm;
using Xenolith.Tests.Unit.Harness;
using Xenolith.Tests.Unit.Machines;
using Xunit;

namespace Xenolith.Tests.Unit.Domains;

/// <summary>
/// Guests that change their view without an exit, by the CPU's VMFUNC, while another CPU makes, hides, leaves or unmakes views. Whatever is done to views waits
/// until they have left their guests, and they wait until it is done.
/// </summary>
public sealed class OwnViewSwitchTests
{
    /// <summary>A domain with views 0 to 2; its second vCPU is in its guest on CPU 1, in view 0, and may change its view.</summary>
    private sealed class Fixture : InterprocessorInterrupts, IDisposable
    {
        public Fixture(bool isHardware = true)
        {
            Machine = new TestMachine(cpus: 2, interrupts: this);
            Machine.Virtualisation.SwitchesViews = isHardware;
            Domain = Machine.CreateDomain(vcpus: 2);
            Vcpu = Domain.Vcpus[1];
            Assert.Equal(ViewResult.Done, Domain.TryActivateAltp2m());
            for (int expected = 1; expected <= 2; expected++)
            {
                Assert.Equal(ViewResult.Done, Views.TryCreate(MemoryAccess.Default, out int index));
                Assert.Equal(expected, index);
            }

            Vcpu.SetNotification(Domain.P2m.Lookup(new Gfn(5)).Mfn);
            CurrentCpu.Number = 1;
            Vcpu.BeginRun();
            Vcpu.TakeAttention();
            Vcpu.AttendToView();
            CurrentCpu.Number = 0;
            IsInGuest = true;
            Domain.Acquire();
        }

        public TestMachine Machine { get; }

        public Domain Domain { get; }

        public Vcpu Vcpu { get; }

        public ScriptedCpu Cpu => TestMachine.Cpu(Vcpu);

        public Altp2m Views => Domain.Altp2m!;

        public bool IsInGuest { get; private set; }

        /// <summary>What is so at the moment at which CPU 1 leaves its guest.</summary>
        public Action AtExit { get; set; } = () => { };

        public Mfn RootOf(int view) => Views.Find(view)!.Root;

        public ulong SlotOf(int view) => Machine.Memory.Word64(Views.VisibleRoots.Address + (ulong)view * 8);

        /// <summary>VMFUNC, as the CPU does it: it goes by the list alone.</summary>
        /// <param name="isNoted">Whether the CPU notes the number.</param>
        public void GoTo(int view, bool isNoted = true)
        {
            Assert.True(IsInGuest);
            Assert.NotEqual(ulong.MaxValue, SlotOf(view));
            Cpu.Choose(RootOf(view), isNoted ? (ushort)view : VirtualCpu.NoView);
        }

        /// <summary>VMFUNC of the guest on CPU 1, where it exits.</summary>
        public bool ChooseByExit(uint view)
        {
            int caller = CurrentCpu.Number;
            CurrentCpu.Number = 1;
            bool isDone = Vcpu.TryChooseView(view);
            CurrentCpu.Number = caller;
            return isDone;
        }

        /// <summary>CPU 1 goes on to its next entry, for which it may need the lock.</summary>
        public void Enter()
        {
            Domain.Release();
            CurrentCpu.Number = 1;
            if ((Vcpu.TakeAttention() & Attention.View) != 0)
                Vcpu.AttendToView();
            CurrentCpu.Number = 0;
            IsInGuest = true;
            Domain.Acquire();
        }

        /// <summary>The interrupt ends the guest's run before CPU 1 answers.</summary>
        public override void Send(int cpu)
        {
            int sender = CurrentCpu.Number;
            CurrentCpu.Number = cpu;
            if (cpu == 1 && IsInGuest)
            {
                AtExit();
                IsInGuest = false;
                Vcpu.FollowView();
            }

            Machine.Services.Messages.Poll();
            CurrentCpu.Number = sender;
        }

        public override void SendNonMaskable(int cpu) => throw new InvalidOperationException("a panic");

        public void Dispose()
        {
            CurrentCpu.Number = 0;
            Domain.Release();
            Machine.Dispose();
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_view_to_which_a_guest_has_gone_is_not_destroyed(bool isNoted)
    {
        using var f = new Fixture();
        f.GoTo(1, isNoted);
        Assert.Equal(0, f.Vcpu.ViewIndex);
        Assert.Equal(ViewResult.InUse, f.Views.TryDestroy(1));
        Assert.Equal((1, f.Views.Find(1)), (f.Vcpu.ViewIndex, f.Vcpu.View));
        Assert.True(f.Views.IsVisible(1));

        // It does not enter its guest before the lock is given back.
        Assert.Equal((false, Attention.View), (f.IsInGuest, f.Vcpu.Attention & Attention.View));
        f.Enter();
        Assert.Equal((f.RootOf(1), 1), (f.Cpu.NestedRoot, f.Vcpu.ViewIndex));
        f.GoTo(2, isNoted);
        Assert.Equal(ViewResult.Done, f.Views.TryDestroy(1));
        Assert.Equal(2, f.Vcpu.ViewIndex);
    }

    [Fact]
    public void A_view_is_taken_from_the_list_when_no_guest_can_go_there()
    {
        using var f = new Fixture();
        bool wasAsked = false;
        f.AtExit = () =>
        {
            wasAsked = true;
            Assert.NotEqual(ulong.MaxValue, f.SlotOf(2));
            // To where it is just being taken apart.
            f.GoTo(2);
        };
        Assert.Equal(ViewResult.InUse, f.Views.TryDestroy(2));
        Assert.True(wasAsked);
        f.Enter();
        Assert.True(f.Views.TrySetVisible(2, false));
        Assert.Equal((2, ulong.MaxValue), (f.Vcpu.ViewIndex, f.SlotOf(2)));
    }

    [Fact]
    public void Who_is_in_a_view_that_is_hidden_stays_there()
    {
        using var f = new Fixture();
        f.GoTo(1, isNoted: false);
        Assert.True(f.Views.TrySetVisible(1, false));
        Assert.Equal((1, false), (f.Vcpu.ViewIndex, f.Views.IsVisible(1)));
        f.Enter();
        Assert.Equal((1, ViewResult.InUse), (f.Vcpu.ViewIndex, f.Views.TryDestroy(1)));
    }

    [Fact]
    public void A_new_view_is_shown_while_nobody_reads_the_list_and_no_root_is_cached()
    {
        using var f = new Fixture();
        f.AtExit = () => Assert.Equal(ulong.MaxValue, f.SlotOf(3));
        ulong generation = f.Domain.P2m.Generation;
        Assert.Equal(ViewResult.Done, f.Views.TryCreate(MemoryAccess.Default, out int index));
        Assert.Equal((3, false), (index, f.IsInGuest));
        Assert.NotEqual(generation, f.Domain.P2m.Generation);
    }

    [Fact]
    public void Views_end_while_a_guest_goes_from_one_to_another()
    {
        using var f = new Fixture();
        ulong list = f.Views.VisibleRoots.Address;
        f.AtExit = () =>
        {
            f.GoTo(2);
            Assert.Equal(FrameAllocator.HypervisorOwner, f.Machine.Frames.OwnerOf(new Mfn(list >> Page.Shift)));
        };
        Assert.True(f.Domain.DeactivateAltp2m(int.MaxValue));
        Assert.Equal((Vcpu.NoView, false), (f.Vcpu.ViewIndex, f.Vcpu.MayChooseView));
        f.Enter();
        Assert.Equal((f.Domain.P2m.Root, false), (f.Cpu.NestedRoot, f.Cpu.HasViews));
        Assert.False(f.Domain.IsShutDown);
    }

    [Fact]
    public void Who_is_sent_to_a_view_is_there_wherever_it_went_meanwhile()
    {
        using var f = new Fixture();
        f.AtExit = () => f.GoTo(2);
        Assert.Equal(ViewResult.Done, f.Domain.SwitchViews(1));
        Assert.Equal(1, f.Vcpu.ViewIndex);
        f.Enter();
        Assert.Equal((f.RootOf(1), 1), (f.Cpu.NestedRoot, (int)f.Cpu.ViewIndex));
    }

    [Fact]
    public void An_end_of_exceptions_leaves_the_guest_where_it_went()
    {
        using var f = new Fixture();
        f.GoTo(2);
        f.Vcpu.SetNotification(Mfn.Invalid);
        Assert.Equal(2, f.Vcpu.ViewIndex);
        f.Enter();
        Assert.Equal((f.RootOf(2), true, false), (f.Cpu.NestedRoot, f.Cpu.HasViews, f.Cpu.HasInformationPage));
    }

    [Fact]
    public void How_many_are_in_a_view_is_what_is_so()
    {
        using var f = new Fixture();
        f.GoTo(2);
        Assert.Equal((1, 0, 1), (f.Views.Find(0)!.Users, f.Views.Find(1)!.Users, f.Views.Find(2)!.Users));
    }

    /// <summary>CPU 0 has the domain's lock all the while, and who waited for it would not come back.</summary>
    [Fact]
    public void VMFUNC_that_exits_takes_no_lock()
    {
        using var f = new Fixture(isHardware: false);
        Assert.True(f.ChooseByExit(2));
        Assert.Equal((2, f.RootOf(2), 2), (f.Vcpu.ViewIndex, f.Cpu.NestedRoot, (int)f.Cpu.ViewIndex));
        Assert.False(f.ChooseByExit(3));
        Assert.False(f.ChooseByExit(uint.MaxValue));
        Assert.Equal(ViewResult.InUse, f.Views.TryDestroy(2));
    }

    /// <summary>Who holds views has CPU 1 do what its VMFUNC says only behind the lock, in which the view may have gone.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void VMFUNC_that_exits_while_views_are_held_waits(bool isDestroyed)
    {
        using var f = new Fixture(isHardware: false);
        f.Domain.HoldViews();
        Assert.Equal((false, Attention.View), (f.IsInGuest, f.Vcpu.Attention & Attention.View));
        bool? isDone = null;
        var other = new Thread(() => isDone = f.ChooseByExit(1));
        other.Start();
        Assert.False(other.Join(50));
        Assert.Equal(0, f.Vcpu.ViewIndex);
        if (isDestroyed)
            Assert.Equal(ViewResult.Done, f.Views.TryDestroy(1));
        f.Domain.Release();
        other.Join();
        f.Domain.Acquire();
        Assert.Equal((!isDestroyed, isDestroyed ? 0 : 1), (isDone, f.Vcpu.ViewIndex));
    }

    /// <summary>Another CPU has sent the vCPU to view 1, which it has not been told yet: it goes on from there, and its instruction is not undefined for that.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void VMFUNC_that_exits_is_done_behind_what_was_noted(bool isSent)
    {
        using var f = new Fixture(isHardware: false);
        if (isSent)
            Assert.Equal(ViewResult.Done, f.Domain.SwitchViews(1));
        else
            Assert.True(f.Domain.DeactivateAltp2m(int.MaxValue));
        f.Domain.Release();
        Assert.Equal(isSent, f.ChooseByExit(2));
        f.Domain.Acquire();
        f.Enter();
        Assert.Equal((isSent ? 2 : Vcpu.NoView, isSent ? f.RootOf(2) : f.Domain.P2m.Root), (f.Vcpu.ViewIndex, f.Cpu.NestedRoot));
    }

    /// <summary>A frame that was a view's root is not one by what it was.</summary>
    [Fact]
    public void A_guest_in_no_view_ends_its_domain()
    {
        using var f = new Fixture();
        f.Cpu.Choose(new Mfn(3), 1);
        f.Domain.HoldViews();
        Assert.True(f.Domain.IsShutDown);
    }

    /// <summary>The run loop looks before it does anything about the exit.</summary>
    [Fact]
    public void Each_exit_shows_where_the_guest_is()
    {
        using var machine = new WholeMachine();
        Domain domain = machine.Control;
        Assert.Equal(ViewResult.Done, domain.TryActivateAltp2m());
        Assert.Equal(ViewResult.Done, domain.Altp2m!.TryCreate(MemoryAccess.Default, out int index));
        Vcpu vcpu = domain.Vcpus[0];
        vcpu.SetNotification(domain.P2m.Lookup(new Gfn(5)).Mfn);
        int cpu = machine.TryBring(vcpu)!.Value;
        int seen = -1;
        machine.Step(cpu, at =>
        {
            at.Choose(domain.Altp2m!.Find(index)!.Root, VirtualCpu.NoView);
            at.Exit = new Exit { Reason = ExitReason.Interrupt };
            machine.Clock.Read = () => seen = seen < 0 ? vcpu.ViewIndex : seen;
        });
        Assert.Equal((index, index), (seen, vcpu.ViewIndex));
        while (!domain.DeactivateAltp2m(int.MaxValue))
        {
        }

        machine.EndAll();
    }
}
