using Xenolith.Abi.Contract;
using Xenolith.Domains;
using Xenolith.Hal;
using Xenolith.Kernel;
using Xenolith.Mm;
using Xenolith.Tests.Unit.Harness;
using Xunit;

namespace Xenolith.Tests.Unit.Domains;

/// <summary>vCPUs that go from one view of their domain's memory to another.</summary>
public sealed class ViewSwitchTests
{
    [Fact]
    public void With_views_every_vCPU_is_in_the_first_and_without_in_none()
    {
        using var machine = new TestMachine();
        Domain domain = machine.CreateDomain(vcpus: 2);
        Assert.Null(domain.Altp2m);
        Assert.Equal(ViewResult.NoSuchView, domain.SwitchViews(0));
        Assert.Equal(ViewResult.NoSuchView, domain.Vcpus[0].SwitchView(0));
        ulong free = machine.Frames.FreeFrames;
        Assert.Equal(ViewResult.Done, domain.TryActivateAltp2m());
        Assert.Equal(ViewResult.Done, domain.TryActivateAltp2m());
        P2mView first = domain.Altp2m!.Find(0)!;
        Assert.Equal(2, first.Users);
        foreach (Vcpu vcpu in domain.Vcpus)
        {
            Assert.Equal(Attention.View, vcpu.Attention & Attention.View);
            Assert.Equal((first, 0), (vcpu.View, vcpu.ViewIndex));

            // Its CPU hears of it when it runs next.
            Assert.Equal(domain.P2m.Root, TestMachine.Cpu(vcpu).NestedRoot);
            vcpu.AttendToView();
            Assert.Equal((first.Root, 0), (TestMachine.Cpu(vcpu).NestedRoot, vcpu.Cpu.ViewIndex));
        }
        while (!domain.DeactivateAltp2m(1))
        {
        }
        Assert.Equal(free, machine.Frames.FreeFrames);
        foreach (Vcpu vcpu in domain.Vcpus)
        {
            Assert.Null(vcpu.View);
            vcpu.AttendToView();
            Assert.Equal((domain.P2m.Root, VirtualCpu.NoView), (TestMachine.Cpu(vcpu).NestedRoot, vcpu.Cpu.ViewIndex));
        }
    }

    [Fact]
    public void A_vCPU_goes_alone_and_its_view_can_not_be_destroyed()
    {
        using var machine = new TestMachine();
        Domain domain = machine.CreateDomain(vcpus: 2);
        Assert.Equal(ViewResult.Done, domain.TryActivateAltp2m());
        Altp2m views = domain.Altp2m!;
        Assert.Equal(ViewResult.Done, views.TryCreate(MemoryAccess.All, out int index));
        Assert.Equal(ViewResult.Done, domain.Vcpus[1].SwitchView(index));
        Assert.Equal(ViewResult.NoSuchView, domain.Vcpus[1].SwitchView(2));
        Assert.Equal((1, 1), (views.Find(0)!.Users, views.Find(index)!.Users));
        Assert.Equal(ViewResult.InUse, views.TryDestroy(index));
        domain.Vcpus[1].LeaveViews();
        Assert.Null(domain.Vcpus[1].View);
        Assert.Equal(ViewResult.Done, views.TryDestroy(index));
        domain.Vcpus[1].AttendToView();
        Assert.Equal(domain.P2m.Root, TestMachine.Cpu(domain.Vcpus[1]).NestedRoot);
    }

    /// <summary>Only the CPU that runs a vCPU may write what it is told; the running one needs no detour.</summary>
    [Fact]
    public void The_running_vCPU_is_in_its_new_view_at_once()
    {
        using var machine = new TestMachine();
        Domain domain = machine.CreateDomain();
        Vcpu vcpu = domain.Vcpus[0];
        vcpu.BeginRun();
        Assert.Equal(ViewResult.Done, domain.TryActivateAltp2m());
        Assert.Equal(domain.Altp2m!.Find(0)!.Root, TestMachine.Cpu(vcpu).NestedRoot);
        Assert.Equal(Attention.None, vcpu.Attention & Attention.View);
        vcpu.LeaveViews();
        Assert.Equal(domain.P2m.Root, TestMachine.Cpu(vcpu).NestedRoot);
        vcpu.EndRun();
    }

    [Fact]
    public void What_the_guest_chose_itself_counts_until_it_is_sent_elsewhere()
    {
        using var machine = new TestMachine();
        Domain domain = machine.CreateDomain();
        Vcpu vcpu = domain.Vcpus[0];
        Assert.Equal(ViewResult.Done, domain.TryActivateAltp2m());
        Altp2m views = domain.Altp2m!;
        Assert.Equal(ViewResult.Done, views.TryCreate(MemoryAccess.All, out int index));
        vcpu.SetNotification(domain.P2m.Lookup(new Gfn(5)).Mfn);
        vcpu.AttendToView();
        Assert.True(vcpu.Cpu.HasViews && vcpu.Cpu.HasInformationPage);

        // VMFUNC.
        vcpu.Cpu.ViewIndex = (ushort)index;
        Assert.Equal((index, 1, 0), (vcpu.ViewIndex, views.Find(index)!.Users, views.Find(0)!.Users));
        Assert.Equal(ViewResult.InUse, views.TryDestroy(index));
        Assert.Equal(ViewResult.Done, domain.SwitchViews(0));
        Assert.Equal((0, 0), (vcpu.ViewIndex, views.Find(index)!.Users));
        vcpu.AttendToView();
        Assert.Equal((0, views.Find(0)!.Root), (vcpu.Cpu.ViewIndex, TestMachine.Cpu(vcpu).NestedRoot));

        // Not to be told leaves it where it is, and leaves VMFUNC, as on Xen, until views are off.
        vcpu.Cpu.ViewIndex = (ushort)index;
        vcpu.SetNotification(Mfn.Invalid);
        vcpu.AttendToView();
        Assert.Equal((index, true, false), (vcpu.ViewIndex, vcpu.Cpu.HasViews, vcpu.Cpu.HasInformationPage));
        Assert.True(domain.DeactivateAltp2m(int.MaxValue));
        vcpu.AttendToView();
        Assert.Equal((Vcpu.NoView, false), (vcpu.ViewIndex, vcpu.Cpu.HasViews));
    }

    [Fact]
    public void A_change_of_a_view_makes_vCPUs_forget()
    {
        using var machine = new TestMachine();
        Domain domain = machine.CreateDomain();
        Assert.Equal(ViewResult.Done, domain.TryActivateAltp2m());
        P2mView view = domain.Altp2m!.Find(0)!;
        view.Fill(new Gfn(5));
        domain.Vcpus[0].SynchroniseNested();
        int before = TestMachine.Cpu(domain.Vcpus[0]).NestedInvalidations;
        Assert.Equal(FillResult.Filled, view.Fill(new Gfn(0x250)));
        domain.Vcpus[0].SynchroniseNested();
        Assert.Equal(before, TestMachine.Cpu(domain.Vcpus[0]).NestedInvalidations);
        Assert.Equal(ViewResult.Done, view.TrySetAccess(new Gfn(5), MemoryAccess.Read));
        domain.Vcpus[0].SynchroniseNested();
        Assert.Equal(before + 1, TestMachine.Cpu(domain.Vcpus[0]).NestedInvalidations);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_domain_that_ends_with_views_gives_every_frame_back(bool inSteps)
    {
        using var machine = new TestMachine();
        ulong free = machine.Frames.FreeFrames;
        Domain domain = machine.CreateDomain(id: 3);
        Assert.Equal(ViewResult.Done, domain.TryActivateAltp2m());
        Assert.Equal(ViewResult.Done, domain.Altp2m!.TryCreate(MemoryAccess.All, out int index));
        P2mView view = domain.Altp2m!.Find(index)!;
        Assert.Equal(ViewResult.Done, view.TryRemap(new Gfn(5), new Gfn(6)));
        view.Fill(new Gfn(5));
        view.Fill(new Gfn(0x250));
        if (inSteps)
        {
            domain.Leave();
            while (!domain.ReleaseStep(512))
            {
            }
        }
        else
        {
            domain.Dispose();
        }
        Assert.Equal(free, machine.Frames.FreeFrames);
    }

    [Fact]
    public void A_guest_that_begins_anew_has_no_views()
    {
        using var machine = new TestMachine();
        Domain domain = machine.CreateDomain();
        Assert.Equal(ViewResult.Done, domain.TryActivateAltp2m());
        Assert.True(domain.TryForgetPlaces());
        Assert.Null(domain.Altp2m);
        Assert.Null(domain.Vcpus[0].View);
    }
}
