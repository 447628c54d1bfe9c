using Xenolith.Abi.Contract;
using Xenolith.Domains;
using Xenolith.Hal;
using Xenolith.Kernel;
using Xenolith.Mm;
using Xunit;

namespace Xenolith.Tests.Unit.Abi;

/// <summary>XENMEM_access_op, and what its rights' violations tell.</summary>
public sealed class MemoryAccessTests
{
    private const ulong Everything = ulong.MaxValue, Hole = 0x300, Gfns = CallFixture.List, Accesses = CallFixture.Results;

    private static long Call(MonitorFixture fixture, MemoryAccessOp operation, ulong gfn, uint count, byte access, out MemoryAccess answer, ushort? domain = null)
    {
        CallFixture guest = fixture.Control.Guest;
        long result;
        if (guest.Is64Bit)
        {
            var argument = new MemoryAccessArgument
            {
                Operation = (byte)operation, Access = access, Domain = domain ?? fixture.Target.Id, Count = count, Gfn = gfn, Gfns = Gfns, Accesses = Accesses,
            };
            result = guest.Call(Hypercall.MemoryOp, (ulong)MemoryOp.AccessOp, ref argument);
            answer = (MemoryAccess)argument.Access;
            return result;
        }
        var narrow = new MemoryAccessArgument32
        {
            Operation = (byte)operation, Access = access, Domain = domain ?? fixture.Target.Id, Count = count, Gfn = gfn, Gfns = (uint)Gfns, Accesses = (uint)Accesses,
        };
        result = guest.Call(Hypercall.MemoryOp, (ulong)MemoryOp.AccessOp, ref narrow);
        answer = (MemoryAccess)narrow.Access;
        return result;
    }

    private static long Set(MonitorFixture fixture, ulong gfn, uint count, MemoryAccess access, ushort? domain = null) =>
        Call(fixture, MemoryAccessOp.Set, gfn, count, (byte)access, out _, domain);

    private static long Get(MonitorFixture fixture, ulong gfn, out MemoryAccess access) => Call(fixture, MemoryAccessOp.Get, gfn, 0, 0xEE, out access);

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Errors_come_in_Xens_order(bool is64Bit)
    {
        using var fixture = new MonitorFixture(is64Bit: is64Bit, isEnabled: false);
        Assert.Equal(-(long)Errno.EFAULT, fixture.Control.Guest.Call(Hypercall.MemoryOp, (ulong)MemoryOp.AccessOp, fixture.Control.Guest.Hole));
        Assert.Equal(-(long)Errno.ESRCH, Set(fixture, 0, 1, MemoryAccess.Read, 9));
        Assert.Equal(-(long)Errno.ESRCH, Set(fixture, 0, 1, MemoryAccess.Read, DomainIds.Self));
        Assert.Equal(-(long)Errno.EPERM, Set(fixture, 0, 1, MemoryAccess.Read, 0));
        Assert.Equal(-(long)Errno.ENODEV, Call(fixture, (MemoryAccessOp)9, 0, 1, 99, out _));
        Assert.Equal(0, fixture.Operate(VmEventOp.Enable));
        Assert.Equal(-(long)Errno.ENOSYS, Call(fixture, (MemoryAccessOp)9, 0, 1, 99, out _));
        Assert.Equal(-(long)Errno.EINVAL, Set(fixture, 0x200, 1, (MemoryAccess)11));
        Assert.Equal(-(long)Errno.EINVAL, Set(fixture, 0x1FF, 2, MemoryAccess.Read));
        Assert.Equal(-(long)Errno.EINVAL, Set(fixture, Everything - 1, 3, MemoryAccess.Read));
        Assert.Equal(-(long)Errno.EINVAL, Set(fixture, 5, 0, MemoryAccess.Read));
        Assert.Equal(-(long)Errno.EINVAL, Set(fixture, 5, 1, (MemoryAccess)11));
        Assert.Equal(-(long)Errno.EINVAL, Get(fixture, Hole, out _));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_right_is_set_and_told(bool is64Bit)
    {
        using var fixture = new MonitorFixture(is64Bit: is64Bit);
        for (MemoryAccess access = 0; access < MemoryAccess.Default; access++)
        {
            if (fixture.Target.P2m.Matrix.FitOf(access) == AccessFit.Refused)
            {
                Assert.Equal(-(long)Errno.EOPNOTSUPP, Set(fixture, 0x10, 3, access));
                continue;
            }
            Assert.Equal(0, Set(fixture, 0x10, 3, access));
            for (ulong gfn = 0x0F; gfn <= 0x13; gfn++)
            {
                Assert.Equal(0, Get(fixture, gfn, out MemoryAccess now));
                Assert.Equal(gfn is >= 0x10 and < 0x13 ? access : MemoryAccess.All, now);
            }
        }
        Assert.Equal(0, Set(fixture, Everything, 0, MemoryAccess.ReadWrite));
        Assert.Equal(0, Get(fixture, Everything, out MemoryAccess every));
        Assert.Equal(MemoryAccess.ReadWrite, every);
        Assert.Equal(0, Set(fixture, 0x10, 1, MemoryAccess.Default));
        Assert.Equal(MemoryAccess.ReadWrite, fixture.Target.P2m.AccessOf(new Gfn(0x10)));
    }

    [Fact]
    public void Lists_and_long_ranges_go_on_where_they_stopped()
    {
        using var fixture = new MonitorFixture();
        fixture.Control.Guest.Dispatcher.Budget = 1;
        fixture.Control.Guest.WriteArray<ulong>(Gfns, 3, 0x300, 5);
        fixture.Control.Guest.WriteArray<byte>(Accesses, (byte)MemoryAccess.Read, (byte)MemoryAccess.Read, (byte)MemoryAccess.ReadExecute);
        Assert.Equal(0, Call(fixture, MemoryAccessOp.SetMulti, 0, 3, 0, out _));
        Assert.Equal(2, fixture.Control.Guest.Restarts);
        Assert.Equal(MemoryAccess.Read, fixture.Target.P2m.AccessOf(new Gfn(3)));
        Assert.Equal(MemoryAccess.ReadExecute, fixture.Target.P2m.AccessOf(new Gfn(5)));
        Assert.Equal(0, Set(fixture, 0x20, 40, MemoryAccess.Read));
        Assert.Equal(39, fixture.Control.Guest.Restarts);
        Assert.Equal(MemoryAccess.Read, fixture.Target.P2m.AccessOf(new Gfn(0x47)));
        Assert.Equal(MemoryAccess.All, fixture.Target.P2m.AccessOf(new Gfn(0x48)));
        fixture.Control.Guest.WriteArray<byte>(Accesses, 0, 11);
        Assert.Equal(-(long)Errno.EINVAL, Call(fixture, MemoryAccessOp.SetMulti, 0, 2, 0, out _));
        Assert.Equal(MemoryAccess.None, fixture.Target.P2m.AccessOf(new Gfn(3)));
    }

    [Theory]
    [InlineData(Rights.Write, VmEventAccess.Write | VmEventAccess.Read)]
    [InlineData(Rights.Read, VmEventAccess.Read)]
    [InlineData(Rights.Execute, VmEventAccess.Execute)]
    public void A_violation_is_told_of(Rights wanted, VmEventAccess told)
    {
        using var fixture = new MonitorFixture();
        Vcpu vcpu = fixture.Target.Vcpus[0];
        (vcpu.Cpu.Exit.HasGuestLinear, vcpu.Cpu.Exit.GuestLinear, vcpu.Cpu.Exit.DuringWalk) = (true, 0x7654_3210, false);
        fixture.Target.Acquire();
        Assert.True(fixture.Monitor.TryReport(vcpu, new AccessViolation(0x5123, wanted, MemoryAccess.None, Vcpu.NoView, IsAllowed: false)));
        fixture.Target.Release();
        VmEventRequest request = fixture.Take();
        Assert.Equal((VmEventReason.MemoryAccess, VmEventFlags.VcpuPaused), (request.Reason, request.Flags));
        Assert.Equal((5UL, 0x123UL, 0x7654_3210UL), (request.MemoryAccess.Gfn, request.MemoryAccess.Offset, request.MemoryAccess.Linear));
        Assert.Equal(told | VmEventAccess.LinearValid | VmEventAccess.FaultWithLinear, request.MemoryAccess.Access);
        Assert.False(vcpu.IsRunnable);
    }

    [Fact]
    public void Nobody_is_told_when_nobody_listens()
    {
        using var fixture = new MonitorFixture(isEnabled: false);
        Assert.False(fixture.Monitor.TryReport(fixture.Target.Vcpus[0], new AccessViolation(0x5123, Rights.Read, MemoryAccess.None, Vcpu.NoView, IsAllowed: false)));
        Assert.True(fixture.Target.Vcpus[0].IsRunnable);
    }
}
