using System;
using Xenolith.Abi;
using Xenolith.Abi.Contract;
using Xenolith.Domains;
using Xenolith.Kernel;
using Xenolith.Mm;
using Xenolith.Tests.Unit.Harness;
using Xunit;

namespace Xenolith.Tests.Unit.Abi;

/// <summary>XEN_DOMCTL_shadow_op's log of what a domain writes. The answers are those that 4.17.7 gave, but for what docs/differences.md says.</summary>
public sealed class DirtyLogCallTests
{
    private static long Set(ControlFixture control, DomctlOp operation, ushort id, Domctl argument) => control.Call(operation, id, argument, out _);

    [Theory]
    [InlineData(ShadowOp.Off, 0u, Errno.None)]
    [InlineData(ShadowOp.EnableTest, 0u, Errno.EINVAL)]
    [InlineData(ShadowOp.Enable, 0u, Errno.EINVAL)]
    [InlineData(ShadowOp.Enable, 3u, Errno.EINVAL)]
    [InlineData(ShadowOp.Enable, 4u, Errno.None)]
    [InlineData(ShadowOp.EnableLogDirty, 0u, Errno.None)]
    [InlineData(ShadowOp.Clean, 0u, Errno.None)]
    [InlineData(ShadowOp.Clean, 2u, Errno.EINVAL)]
    [InlineData(ShadowOp.Peek, 1u, Errno.None)]
    [InlineData((ShadowOp)99, 0u, Errno.EINVAL)]
    [InlineData((ShadowOp)uint.MaxValue, 0u, Errno.EINVAL)]
    public void Shadow_operations_answer_as_with_hardware_assisted_paging(ShadowOp operation, uint mode, Errno error)
    {
        using var control = new ControlFixture();
        Domain domain = control.Make();
        var argument = new Domctl { Shadow = new DomctlShadow { Operation = (uint)operation, Mode = mode } };
        Assert.Equal(-(long)error, Set(control, DomctlOp.ShadowOp, domain.Id, argument));
        Assert.Equal(-(long)Errno.EINVAL, Set(control, DomctlOp.ShadowOp, 0, argument));
        Assert.Equal(0, control.Create(ControlFixture.Pvh(), out ushort young));
        Assert.Equal(-(long)Errno.EINVAL, Set(control, DomctlOp.ShadowOp, young, argument));
    }

    private static Domctl Argument(ShadowOp operation, ulong pages = 2048, ulong bitmap = CallFixture.Results, uint mode = 0) =>
        new() { Shadow = new DomctlShadow { Operation = (uint)operation, Mode = mode, Bitmap = bitmap, Pages = pages } };

    private static Domain MakeLogged(ControlFixture control)
    {
        Domain domain = control.Make(1, mebibytes: 8);
        Assert.Equal(Errno.None, domain.TryPopulate(new Gfn(1), 1023));
        Assert.Equal(0, Set(control, DomctlOp.ShadowOp, domain.Id, Argument(ShadowOp.EnableLogDirty)));
        return domain;
    }

    /// <summary>In as many passes as it takes, each as the other number, and with the same result.</summary>
    [Theory]
    [InlineData(1, true)]
    [InlineData(64, true)]
    [InlineData(1, false)]
    public void A_look_goes_on_as_the_other_call(int budget, bool is64Bit)
    {
        using var control = new ControlFixture(budget: budget, is64Bit: is64Bit);
        Domain domain = MakeLogged(control);
        Assert.Equal(budget == 1, control.Guest.Restarts != 0);
        for (ulong gfn = 1; gfn < 1024; gfn += 3)
            Assert.True(domain.Memory.TryWrite(gfn << Page.Shift, [1]));
        Assert.Equal(0, control.Call(DomctlOp.ShadowOp, domain.Id, Argument(ShadowOp.Clean, pages: 16384), out Domctl answer));
        Assert.Equal(budget == 1, control.Guest.Restarts != 0);
        Assert.Equal(341u, answer.Shadow.DirtyCount);
        byte[] bits = control.Guest.ReadArray<byte>(CallFixture.Results, 2048);
        for (int gfn = 0; gfn < 16384; gfn++)
            Assert.Equal(gfn < 1024 && gfn % 3 == 1, (bits[gfn / 8] >> (gfn & 7) & 1) != 0);
        Assert.Equal(0, control.Call(DomctlOp.ShadowOp, domain.Id, Argument(ShadowOp.Peek), out answer));
        Assert.Equal(0u, answer.Shadow.DirtyCount);
        Assert.All(control.Guest.ReadArray<byte>(CallFixture.Results, 256), b => Assert.Equal(0, b));
        Assert.Equal(0, Set(control, DomctlOp.ShadowOp, domain.Id, Argument(ShadowOp.Off)));
        Assert.Equal(0, domain.P2m.Log.FrameCount);
        Assert.Equal(0, domain.PauseCount - domain.ControllerPauses);
    }

    /// <summary>EBUSY but for who goes on, and for a question about the pool, until it is done.</summary>
    [Fact]
    public void While_one_operation_is_under_way_there_is_no_other()
    {
        using var control = new ControlFixture(budget: 1);
        Domain domain = MakeLogged(control);
        control.Guest.Write(CallFixture.Argument, Argument(ShadowOp.Clean, pages: 1 << 15) with
        {
            Command = (uint)DomctlOp.ShadowOp, InterfaceVersion = InterfaceVersions.Domctl, Domain = domain.Id,
        });
        control.Guest.Vcpu.Cpu.Registers.Rax = (ulong)Hypercall.Domctl;
        control.Guest.Vcpu.Cpu.Registers.Rdi = CallFixture.Argument;
        Assert.Equal(HypercallOutcome.Restart, control.Guest.Dispatcher.Handle(control.Guest.Vcpu));
        Assert.Equal((ulong)Hypercall.Arch1, control.Guest.Vcpu.Cpu.Registers.Rax);
        Assert.True(domain.P2m.Log.Pass.IsUnderWay);
        foreach (ShadowOp operation in new[] { ShadowOp.Clean, ShadowOp.Peek, ShadowOp.Off, ShadowOp.EnableLogDirty, ShadowOp.SetAllocation })
            Assert.Equal(-(long)Errno.EBUSY, Set(control, DomctlOp.ShadowOp, domain.Id, Argument(operation)));
        Assert.Equal(0, Set(control, DomctlOp.ShadowOp, domain.Id, Argument(ShadowOp.GetAllocation)));
        control.Guest.Write(CallFixture.Argument, Argument(ShadowOp.Clean, pages: 1 << 15) with
        {
            Command = (uint)DomctlOp.ShadowOp, InterfaceVersion = InterfaceVersions.Domctl, Domain = domain.Id,
        });
        Assert.Equal(0, control.Guest.Call(Hypercall.Arch1, CallFixture.Argument));
        Assert.False(domain.P2m.Log.Pass.IsUnderWay);
        Assert.Equal(-(long)Errno.EBUSY, control.Guest.Call(Hypercall.Arch1, CallFixture.Argument));
    }

    [Fact]
    public void Marks_that_did_not_arrive_are_still_there()
    {
        using var control = new ControlFixture();
        Domain domain = MakeLogged(control);
        Assert.True(domain.Memory.TryWrite(5 << Page.Shift, [1]));
        Assert.Equal(-(long)Errno.EFAULT, control.Call(DomctlOp.ShadowOp, domain.Id, Argument(ShadowOp.Clean, bitmap: control.Guest.Hole), out Domctl answer));
        Assert.Equal(1u, answer.Shadow.DirtyCount);
        Assert.Equal(0, Set(control, DomctlOp.ShadowOp, domain.Id, Argument(ShadowOp.Clean)));
        Assert.Equal(0x20, control.Guest.Read<byte>(CallFixture.Results));
    }

    [Fact]
    public void A_log_that_lost_a_mark_says_ENOMEM_until_it_ends()
    {
        using var control = new ControlFixture();
        Domain domain = MakeLogged(control);
        domain.P2m.TableLimit = (int)domain.P2m.NestedTableFrames;
        Assert.True(domain.Memory.TryWrite(5 << Page.Shift, [1]));
        Assert.Equal(-(long)Errno.ENOMEM, Set(control, DomctlOp.ShadowOp, domain.Id, Argument(ShadowOp.Clean)));
        Assert.Equal(-(long)Errno.ENOMEM, Set(control, DomctlOp.ShadowOp, domain.Id, Argument(ShadowOp.Peek)));
        domain.P2m.TableLimit = 256;
        Assert.Equal(0, Set(control, DomctlOp.ShadowOp, domain.Id, Argument(ShadowOp.Off)));
        Assert.Equal(0, Set(control, DomctlOp.ShadowOp, domain.Id, Argument(ShadowOp.EnableLogDirty)));
        Assert.Equal(0, Set(control, DomctlOp.ShadowOp, domain.Id, Argument(ShadowOp.Clean)));
    }

    /// <summary>However many frames are asked for, a pass is bounded: where nothing can be written the first page that is not there ends it.</summary>
    [Theory]
    [InlineData(ulong.MaxValue, 0UL, 0UL)]
    [InlineData(1UL << 50, 1UL << 40, 0UL)]
    [InlineData(1UL << 50, 1UL << 50, 14UL)]
    public void Huge_counts_of_frames_end(ulong pages, ulong answered, ulong error)
    {
        using var control = new ControlFixture();
        Domain domain = MakeLogged(control);
        ulong bitmap = error == 0 ? 0 : CallFixture.Results;
        Assert.Equal(-(long)error, control.Call(DomctlOp.ShadowOp, domain.Id, Argument(ShadowOp.Peek, pages, bitmap), out Domctl answer));
        Assert.Equal(answered, answer.Shadow.Pages);
        Assert.False(domain.P2m.Log.Pass.IsUnderWay);
    }
}
