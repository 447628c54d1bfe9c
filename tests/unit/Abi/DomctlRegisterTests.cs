using System;
using Xenolith.Abi.Contract;
using Xenolith.Domains;
using Xenolith.Hal;
using Xunit;

namespace Xenolith.Tests.Unit.Abi;

/// <summary>domctl: a vCPU's registers, and what Xen keeps beside them. What is expected is what 4.17.7 answered, but where a test says otherwise.</summary>
public sealed class DomctlRegisterTests : IDisposable
{
    private const ulong Buffer = CallFixture.List;

    private readonly ControlFixture _control = new();
    private readonly Domain _target;

    public DomctlRegisterTests() => _target = _control.Make(vcpus: 2);

    public void Dispose() => _control.Dispose();

    private Vcpu First => _target.Vcpus[0];

    private static long Error(Errno error) => -(long)error;

    private long Context(DomctlOp operation, ushort domain, uint vcpu, ulong address) =>
        _control.Call(operation, domain, new Domctl { VcpuContext = new DomctlVcpuContext { Vcpu = vcpu, Context = address } }, out _);

    private long Set(VcpuGuestContext context, uint vcpu = 0)
    {
        _control.Guest.Write(Buffer, context);
        return Context(DomctlOp.Setvcpucontext, _target.Id, vcpu, Buffer);
    }

    private VcpuGuestContext Get()
    {
        Assert.Equal(0, Context(DomctlOp.Getvcpucontext, _target.Id, 0, Buffer));
        return _control.Guest.Read<VcpuGuestContext>(Buffer);
    }

    [Fact]
    public void ContextsOfWhomAreRefused()
    {
        Assert.Equal(Error(Errno.EINVAL), Context(DomctlOp.Getvcpucontext, 0, 0, Buffer));
        Assert.Equal(Error(Errno.EINVAL), Context(DomctlOp.Getvcpucontext, _target.Id, 2, Buffer));
        Assert.Equal(Error(Errno.EINVAL), Context(DomctlOp.Getvcpucontext, _target.Id, uint.MaxValue, Buffer));
        Assert.Equal(Error(Errno.ENODATA), Context(DomctlOp.Getvcpucontext, _target.Id, 1, CallFixture.NotCanonical));
        Assert.Equal(Error(Errno.EINVAL), Context(DomctlOp.Setvcpucontext, 0, 0, Buffer));
        Assert.Equal(Error(Errno.EINVAL), Context(DomctlOp.Setvcpucontext, _target.Id, 2, CallFixture.NotCanonical));
        Assert.Equal(Error(Errno.EFAULT), Context(DomctlOp.Setvcpucontext, _target.Id, 1, CallFixture.NotCanonical));
        First.IsInitialised = true;
        Assert.Equal(Error(Errno.EFAULT), Context(DomctlOp.Getvcpucontext, _target.Id, 0, CallFixture.NotCanonical));
        Assert.Equal(Error(Errno.EINVAL), Set(new VcpuGuestContext { Assists = 1 }));
        Assert.Equal(0, Set(new VcpuGuestContext { Assists = 1 }, vcpu: 1));
        Assert.Equal(0, _target.PauseCount - 1);
    }

    [Fact]
    public void GeneralAndDebugRegistersAreTakenAndTheRestStays()
    {
        First.IsInitialised = true;
        (First.Cpu.Cr0, First.Cpu.Cr3, First.Cpu.Rip) = (0x11, 0x4000, 0x1000);
        First.Cpu.SetSegment(SegmentName.Cs, new Segment(8, 0xC9B, uint.MaxValue, 0));
        VcpuGuestContext context = Get();
        Assert.Equal((0x1000UL, 0x11UL, 0x4000UL, (ushort)8), (context.Rip, context.Cr0, context.Cr3, context.Cs));
        Assert.Equal(0UL, context.Flags);

        context.Rax = 0x1111_2222_3333_4444;
        (context.R15, context.Rip, context.Rflags, context.Dr0, context.Dr6, context.Dr7) = (15, 0x2000, 0x202, 0x123, ulong.MaxValue, ulong.MaxValue);
        (context.Cr0, context.Cr3, context.Cs, context.FsBase) = (0, 0, 0, 0x999);
        context.Flags = (ulong)(GuestContextFlags.Online | GuestContextFlags.FloatingPointValid);
        context.FloatingPoint[0] = 0x7F;
        // Reserved bits of MXCSR, which the host loads.
        context.FloatingPoint[27] = 0xFF;
        Assert.Equal(0, Set(context));
        Assert.True(First.IsOnline);

        VcpuGuestContext now = Get();
        Assert.Equal((context.Rax, context.R15, context.Rip, context.Rflags), (now.Rax, now.R15, now.Rip, now.Rflags));
        Assert.Equal((0x123UL, 0xFFFF_EFFFUL, 0xFFFF_2FFFUL), (now.Dr0, now.Dr6, now.Dr7));
        Assert.Equal((0x11UL, 0x4000UL, (ushort)8, 0UL), (now.Cr0, now.Cr3, now.Cs, now.FsBase));
        Assert.Equal((context.Flags, (byte)0x7F, (byte)0), (now.Flags, now.FloatingPoint[0], now.FloatingPoint[27]));

        Assert.Equal(0, Set(now with { Flags = 0 }));
        Assert.False(First.IsOnline);
        Assert.Equal(0UL, Get().Flags);
    }

    [Theory]
    [InlineData((ushort)0, 0x10UL, 0x20UL)]
    [InlineData((ushort)3, 0x20UL, 0x10UL)]
    public void WhichGsIsTheKernelsDependsOnTheRing(ushort selector, ulong kernel, ulong user)
    {
        First.IsInitialised = true;
        Harness.TestMachine.Cpu(First).HoldMsr(MsrIndex.KernelGsBase, 0x20);
        First.Cpu.SetSegment(SegmentName.Cs, new Segment(selector, 0xC9B, uint.MaxValue, 0));
        First.Cpu.SetSegment(SegmentName.Gs, new Segment(0, 0xC93, uint.MaxValue, 0x10));
        VcpuGuestContext context = Get();
        Assert.Equal((kernel, user), (context.KernelGsBase, context.UserGsBase));
    }

    [Fact]
    public void AVcpuThatWasNeverStartedBeginsInAStateThatCanRun()
    {
        Vcpu second = _target.Vcpus[1];
        Assert.Equal(0, Set(new VcpuGuestContext { Rip = 0x5000, Rflags = 2, Flags = (ulong)GuestContextFlags.Online }, vcpu: 1));
        Assert.True(second.IsOnline);
        Assert.False(second.IsInitialised);
        Assert.Equal((0x5000UL, 0x9Bu), (second.Cpu.Rip, (uint)second.Cpu.GetSegment(SegmentName.Cs).Attributes));
    }

    [Fact]
    public void WithoutAContextAVcpuIsAsIfItHadNeverBeen()
    {
        First.IsInitialised = true;
        First.Up();
        Assert.Equal(0, Context(DomctlOp.Setvcpucontext, _target.Id, 0, 0));
        Assert.Equal((false, false), (First.IsOnline, First.IsInitialised));
        Assert.Equal(Error(Errno.ENODATA), Context(DomctlOp.Getvcpucontext, _target.Id, 0, Buffer));
    }

    private long Extended(DomctlOp operation, ushort domain, DomctlExtendedContext extended, out DomctlExtendedContext answer)
    {
        long result = _control.Call(operation, domain, new Domctl { ExtendedContext = extended }, out Domctl answered);
        answer = answered.ExtendedContext;
        return result;
    }

    [Fact]
    public void ExtendedContextsHaveNothingForThisKindOfGuest()
    {
        var whole = new DomctlExtendedContext { Size = 64 };
        Assert.Equal(Error(Errno.ESRCH), Extended(DomctlOp.GetExtVcpucontext, 0, whole, out _));
        Assert.Equal(Error(Errno.ESRCH), Extended(DomctlOp.GetExtVcpucontext, _target.Id, whole with { Vcpu = 2 }, out _));
        Assert.Equal(0, Extended(DomctlOp.GetExtVcpucontext, _target.Id, new DomctlExtendedContext { Vcpu = 1, SyscallAddress = 9 }, out DomctlExtendedContext answer));
        Assert.Equal(whole with { Vcpu = 1 }, answer);

        Assert.Equal(Error(Errno.ESRCH), Extended(DomctlOp.SetExtVcpucontext, 0, whole, out _));
        Assert.Equal(Error(Errno.ESRCH), Extended(DomctlOp.SetExtVcpucontext, 0, whole with { Vcpu = 1 }, out _));
        Assert.Equal(0, Extended(DomctlOp.SetExtVcpucontext, _target.Id, whole with { SyscallSelector = 3 }, out _));
        foreach (DomctlExtendedContext wrong in new[]
        {
            whole with { Size = 31 }, whole with { SyscallAddress = 1 }, whole with { SysenterAddress = 1 }, whole with { SysenterSelector = 4 },
            whole with { MachineCheck = new HvmVmceVcpu { Capabilities = 2 } },
        })
        {
            Assert.Equal(Error(Errno.EINVAL), Extended(DomctlOp.SetExtVcpucontext, _target.Id, wrong, out _));
        }
        Assert.Equal(0, Extended(DomctlOp.SetExtVcpucontext, _target.Id, whole with { Size = 39, MachineCheck = new HvmVmceVcpu { Capabilities = 2 } }, out _));
    }

    private long State(DomctlOp operation, ushort domain, DomctlExtendedState state, out DomctlExtendedState answer)
    {
        long result = _control.Call(operation, domain, new Domctl { ExtendedState = state }, out Domctl answered);
        answer = answered.ExtendedState;
        return result;
    }

    [Fact]
    public void ThereIsNoStateBeyondFxsave()
    {
        const DomctlOp get = DomctlOp.Getvcpuextstate, set = DomctlOp.Setvcpuextstate;
        var whole = new DomctlExtendedState { Size = 16, Buffer = Buffer };
        foreach (DomctlOp operation in new[] { get, set })
        {
            Assert.Equal(Error(Errno.EINVAL), State(operation, 0, whole, out _));
            Assert.Equal(Error(Errno.ESRCH), State(operation, _target.Id, whole with { Vcpu = 2 }, out _));
            Assert.Equal(Error(Errno.EINVAL), State(operation, _target.Id, whole with { Size = 15 }, out _));
            Assert.Equal(Error(Errno.EFAULT), State(operation, _target.Id, whole with { Buffer = CallFixture.NotCanonical }, out _));
            Assert.Equal(0, State(operation, _target.Id, whole, out _));
        }
        Assert.Equal(Error(Errno.EINVAL), State(set, _target.Id, whole with { Size = 17 }, out _));
        Assert.Equal(Error(Errno.EINVAL), State(get, _target.Id, whole with { FeatureMask = 1 }, out _));
        Assert.Equal(0, State(get, _target.Id, new DomctlExtendedState { Size = 99, FeatureMask = 7 }, out DomctlExtendedState answer));
        Assert.Equal((16UL, 0UL), (answer.Size, answer.FeatureMask));
        _control.Guest.WriteArray(Buffer, 9UL, 9UL);
        Assert.Equal(0, State(get, _target.Id, whole, out _));
        Assert.Equal([0UL, 0UL], _control.Guest.ReadArray<ulong>(Buffer, 2));
    }

    [Theory]
    [InlineData(DomctlOp.GetVcpuMsrs)]
    [InlineData(DomctlOp.SetVcpuMsrs)]
    public void MsrsAreParavirtualDomains(DomctlOp operation)
    {
        Assert.Equal(Error(Errno.ESRCH), _control.Call(operation, _target.Id, new Domctl { VcpuMsrs = new DomctlVcpuMsrs { Vcpu = 2 } }, out _));
        Assert.Equal(Error(Errno.EINVAL), _control.Call(operation, _target.Id));
        Assert.Equal(Error(Errno.EINVAL), _control.Call(operation, 0));
    }
}
