using Xenolith.Abi;
using Xenolith.Abi.Contract;
using Xenolith.Tests.Unit.Harness;
using Xunit;

namespace Xenolith.Tests.Unit.Abi;

/// <summary>hvm_op.</summary>
public sealed class HvmCallTests
{
    private static long Hvm<T>(CallFixture guest, HvmOp operation, ref T argument) where T : unmanaged =>
        guest.Call(Hypercall.HvmOp, (ulong)operation, ref argument);

    private static long Set(CallFixture guest, uint index, ulong value, ushort domain = DomainIds.Self)
    {
        var argument = new HvmParam { Domain = domain, Index = index, Value = value };
        return Hvm(guest, HvmOp.SetParam, ref argument);
    }

    private static long Get(CallFixture guest, uint index, out ulong value, ushort domain = DomainIds.Self)
    {
        var argument = new HvmParam { Domain = domain, Index = index, Value = 0x1234 };
        long result = Hvm(guest, HvmOp.GetParam, ref argument);
        value = argument.Value;
        return result;
    }

    /// <summary>What 4.17.7 answered a domain about its own parameters.</summary>
    [Fact]
    public void Each_parameter_is_readable_as_on_xen()
    {
        using var guest = new CallFixture();
        uint[] readable = [0, 1, 2, 15, 17, 18, 19, 34, 35, 36, 37];
        uint[] unknown = [4, 13, 20, 21, 22, 23, 24, 25, 26, 30, 39, 40, 44, uint.MaxValue];
        for (uint index = 0; index < 39; index++)
        {
            long expected = System.Array.IndexOf(readable, index) >= 0 ? 0
                : System.Array.IndexOf(unknown, index) >= 0 ? -(long)Errno.EINVAL : -(long)Errno.EPERM;
            Assert.Equal((index, expected), (index, Get(guest, index, out ulong value)));
            Assert.Equal(expected == 0 ? 0UL : 0x1234UL, value);
        }
        Assert.Equal(-(long)Errno.EINVAL, Get(guest, 39, out _));
        Assert.Equal(-(long)Errno.EINVAL, Get(guest, uint.MaxValue, out _));
    }

    /// <summary>What 4.17.7 answered a domain that set its own parameters to 7.</summary>
    [Fact]
    public void Each_parameter_is_settable_as_on_xen()
    {
        using var guest = new CallFixture();
        uint[] settable = [2, 15, 18, 34];
        uint[] unknown = [4, 13, 20, 21, 22, 23, 24, 25, 26, 30, 36];
        for (uint index = 1; index < 39; index++)
        {
            if (index == (uint)HvmParameter.Vm86TssSized)
                continue;
            long expected = System.Array.IndexOf(settable, index) >= 0 ? 0 : System.Array.IndexOf(unknown, index) >= 0
                ? -(long)Errno.EINVAL : index == (uint)HvmParameter.AcpiIoportsLocation ? -(long)Errno.ENODEV : -(long)Errno.EPERM;
            Assert.Equal((index, expected), (index, Set(guest, index, 7)));
        }
        Assert.Equal(0, Set(guest, (uint)HvmParameter.X87FipWidth, 8));
        Assert.Equal(0, Get(guest, (uint)HvmParameter.X87FipWidth, out ulong width));
        Assert.Equal(8UL, width);
    }

    [Fact]
    public void The_control_domain_sets_what_others_may_not()
    {
        using var guest = new CallFixture();
        using var other = guest.Machine.CreateDomain(2, 1, 4);
        Assert.Equal(0, Set(guest, (uint)HvmParameter.ConsolePfn, 0xFEFFF, domain: 4));
        Assert.Equal(0, Get(guest, (uint)HvmParameter.ConsolePfn, out ulong value, domain: 4));
        Assert.Equal(0xFEFFFUL, value);
        Assert.Equal(-(long)Errno.EINVAL, Set(guest, (uint)HvmParameter.TripleFaultReason, 6, domain: 4));
        Assert.Equal(0, Set(guest, (uint)HvmParameter.TripleFaultReason, 5, domain: 4));
        Assert.Equal(-(long)Errno.ESRCH, Get(guest, 0, out _, domain: 5));
        Assert.Equal(-(long)Errno.EINVAL, Get(guest, 99, out _, domain: 5));
        using var plain = new CallFixture(isPrivileged: false, id: 3);
        using var neighbour = plain.Machine.CreateDomain(2, 1, 4);
        Assert.Equal(-(long)Errno.EPERM, Get(plain, 0, out _, domain: 4));
        Assert.Equal(-(long)Errno.EPERM, Set(plain, 0, 0, domain: 4));
    }

    [Theory]
    [InlineData(2UL << 56 | 0xF3, (byte)0xF3)]
    [InlineData(2UL << 56 | 0x0F, (byte)0x0F)]
    [InlineData(1UL << 56 | 3, (byte)0)]
    [InlineData(0x20UL, (byte)0)]
    [InlineData(0xFFUL << 56, (byte)0)]
    public void The_callback_takes_any_value(ulong value, byte vector)
    {
        using var guest = new CallFixture();
        Assert.Equal(0, Set(guest, 0, value));
        Assert.Equal(0, Get(guest, 0, out ulong stored));
        Assert.Equal((value, vector), (stored, guest.Domain.CallbackVector));
    }

    [Fact]
    public void The_callback_latches_the_width_of_shared_info()
    {
        using var guest = new CallFixture(is64Bit: false);
        Assert.True(guest.Domain.SharedInfo.Is64Bit);
        Assert.Equal(0, Set(guest, 0, 0));
        Assert.False(guest.Domain.SharedInfo.Is64Bit);
    }

    [Fact]
    public void The_task_state_segment_has_two_names_and_a_least_size()
    {
        using var guest = new CallFixture();
        Assert.Equal(0, Set(guest, (uint)HvmParameter.Vm86TssSized, 104UL << 32 | 0x5000));
        Get(guest, (uint)HvmParameter.Vm86TssSized, out ulong sized);
        Get(guest, (uint)HvmParameter.Vm86Tss, out ulong address);
        Assert.Equal((104UL << 32 | 0x5000, 0x5000UL), (sized, address));
        Assert.Equal(0, Set(guest, (uint)HvmParameter.Vm86Tss, 0x6000));
        Get(guest, (uint)HvmParameter.Vm86TssSized, out sized);
        Assert.Equal(128UL << 32 | 0x6000, sized);
        Assert.Equal(0, Set(guest, (uint)HvmParameter.Vm86TssSized, ulong.MaxValue));
        Get(guest, (uint)HvmParameter.Vm86TssSized, out sized);
        Assert.Equal(8328UL << 32 | 0xFFFF_FFFF, sized);
        Set(guest, (uint)HvmParameter.Vm86TssSized, 103UL << 32);
        Assert.Equal((HypercallOutcome.Blocked, true), (guest.Outcome, guest.Domain.IsShutDown));
    }

    [Theory]
    [InlineData(0u, (byte)15, Errno.EINVAL)]
    [InlineData(0u, (byte)16, Errno.None)]
    [InlineData(1u, (byte)255, Errno.None)]
    [InlineData(1000u, (byte)16, Errno.ENOENT)]
    [InlineData(1000u, (byte)3, Errno.EINVAL)]
    public void Upcall_vectors(uint vcpu, byte vector, Errno expected)
    {
        using var guest = new CallFixture();
        var argument = new HvmEvtchnUpcallVector { Vcpu = vcpu, Vector = vector };
        Assert.Equal(-(long)expected, Hvm(guest, HvmOp.SetEvtchnUpcallVector, ref argument));
        if (expected == Errno.None)
            Assert.Equal(vector, guest.Domain.Vcpus[(int)vcpu].UpcallVector);
    }

    [Theory]
    [InlineData(1UL, HvmMemoryType.RamRw)]
    [InlineData(0xFEE00UL, HvmMemoryType.MmioDm)]
    [InlineData(ulong.MaxValue, HvmMemoryType.MmioDm)]
    public void Memory_types(ulong gfn, HvmMemoryType expected)
    {
        using var guest = new CallFixture();
        var argument = new HvmGetMemType { Domain = DomainIds.Self, Pfn = gfn };
        Assert.Equal(0, Hvm(guest, HvmOp.GetMemType, ref argument));
        Assert.Equal((ushort)expected, argument.MemoryType);
    }

    [Fact]
    public void Calls_whose_argument_must_be_null()
    {
        using var guest = new CallFixture();
        Assert.Equal(-(long)Errno.EINVAL, guest.Call(Hypercall.HvmOp, (ulong)HvmOp.FlushTlbs, CallFixture.Argument));
        int before = TestMachine.Cpu(guest.Vcpu).NestedInvalidations;
        Assert.Equal(0, guest.Call(Hypercall.HvmOp, (ulong)HvmOp.FlushTlbs));
        Assert.Equal(before + 1, TestMachine.Cpu(guest.Vcpu).NestedInvalidations);
        Assert.Equal(-(long)Errno.EINVAL, guest.Call(Hypercall.HvmOp, (ulong)HvmOp.GuestRequestVmEvent, CallFixture.Argument));
        Assert.Equal(0, guest.Call(Hypercall.HvmOp, (ulong)HvmOp.GuestRequestVmEvent));
    }

    [Fact]
    public void Small_calls()
    {
        using var guest = new CallFixture();
        var dying = new HvmPagetableDying { Domain = DomainIds.Self };
        Assert.Equal(-(long)Errno.EINVAL, Hvm(guest, HvmOp.PagetableDying, ref dying));
        dying.Domain = 5;
        Assert.Equal(-(long)Errno.ESRCH, Hvm(guest, HvmOp.PagetableDying, ref dying));
        guest.Machine.Advance(12345);
        var time = new HvmGetTime();
        Assert.Equal(0, Hvm(guest, HvmOp.GetTime, ref time));
        Assert.Equal(12345UL, time.Now);
        var trace = new HvmXentrace { ExtraBytes = 28, Event = 0xFFF };
        Assert.Equal(0, Hvm(guest, HvmOp.Xentrace, ref trace));
        trace.ExtraBytes = 29;
        Assert.Equal(-(long)Errno.EINVAL, Hvm(guest, HvmOp.Xentrace, ref trace));
        trace = new HvmXentrace { Event = 0x1000 };
        Assert.Equal(-(long)Errno.EINVAL, Hvm(guest, HvmOp.Xentrace, ref trace));
    }

    [Theory]
    [InlineData(HvmOp.SetParam)]
    [InlineData(HvmOp.GetParam)]
    [InlineData(HvmOp.PagetableDying)]
    [InlineData(HvmOp.GetTime)]
    [InlineData(HvmOp.Xentrace)]
    [InlineData(HvmOp.GetMemType)]
    [InlineData(HvmOp.SetEvtchnUpcallVector)]
    public void A_bad_argument_faults(HvmOp operation)
    {
        using var guest = new CallFixture();
        Assert.Equal(-(long)Errno.EFAULT, guest.Call(Hypercall.HvmOp, (ulong)operation, CallFixture.Unmapped));
        Assert.Equal(-(long)Errno.EFAULT, guest.Call(Hypercall.HvmOp, (ulong)operation, CallFixture.NotCanonical));
    }
}
