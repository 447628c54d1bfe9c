using System;
using System.Linq;
using Xenolith.Abi;
using Xenolith.Abi.Contract;
using Xenolith.Domains;
using Xenolith.Abi.Contract.Table;
using Xenolith.Hal;
using Xenolith.Kernel;
using Xunit;

namespace Xenolith.Tests.Unit.Abi;

/// <summary>What every call passes: mode, privilege, exposure, the table, the result's register, the log.</summary>
public sealed class DispatcherTests
{
    [Fact]
    public void Arguments_of_an_unknown_call_keep_their_values()
    {
        using var guest = new CallFixture();
        Assert.Equal(-(long)Errno.ENOSYS, guest.Call(63, 1, 2, 3, 4, 5, 6));
        ref GuestRegisters registers = ref guest.Vcpu.Cpu.Registers;
        Assert.Equal((1UL, 2UL, 3UL, 4UL, 5UL, 6UL), (registers.Rdi, registers.Rsi, registers.Rdx, registers.R10, registers.R8, registers.R9));
    }

    [Theory]
    [InlineData(64UL)]
    [InlineData(11UL)]
    [InlineData(0x1_0000_0011UL)]
    [InlineData(0x8000_0011UL)]
    [InlineData(ulong.MaxValue)]
    public void Numbers_past_the_table_are_unknown(ulong number)
    {
        using var guest = new CallFixture();
        Assert.Equal(-(long)Errno.ENOSYS, guest.Call(number));
    }

    [Fact]
    public void A_32_bit_caller_names_the_call_in_EAX_and_gets_32_bits_back()
    {
        using var guest = new CallFixture(is64Bit: false);
        guest.Vcpu.Cpu.Registers.Rdi = 0xABCD;
        Assert.Equal(0x0004_0011, guest.Call(0xFFFF_FFFF_0000_0011));
        Assert.Equal(-(long)Errno.ENOSYS, guest.Call(63));
        Assert.Equal(0xFFFF_FFDAUL, guest.Vcpu.Cpu.Registers.Rax);
    }

    public static TheoryData<Hypercall, ulong, bool> RowsWithHandlers()
    {
        var rows = new TheoryData<Hypercall, ulong, bool>();
        foreach (HypercallGroup group in HypercallTable.Groups.Where(g => g.Selector != Selector.InArgument))
        {
            if (group.Rows.Length == 0 && group.Self.Handler is not null)
                rows.Add(group.Number, 0, group.Self.Unlocked);
            // What is past 63 does without the lock, and which of it has it all the same its low six bits say.
            foreach (HypercallRow row in group.Rows.Where(r => r.Handler is not null && r.Feature is null))
                rows.Add(group.Number, Convert.ToUInt64(row.Operation), group.Self.Unlocked || row.Unlocked);
        }
        return rows;
    }

    /// <summary>Holding the domain's lock shows who takes it: a CPU that waits for itself is told so.</summary>
    [Theory]
    [MemberData(nameof(RowsWithHandlers))]
    public void A_call_takes_the_domains_lock_unless_the_table_says_that_it_needs_none(Hypercall number, ulong operation, bool unlocked)
    {
        using var guest = new CallFixture();
        guest.Domain.Exposure.Set(ExposureGroup.HighNumber, Dispatch.WholeExposure(ExposureGroup.HighNumber));
        guest.Domain.Acquire();
        Exception? fault = Record.Exception(() => guest.Call(number, operation));
        guest.Domain.Abandon();
        Assert.Equal(unlocked, fault is null);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public void Only_level_0_may_call(int level)
    {
        using var guest = new CallFixture();
        guest.Vcpu.Cpu.SetSegment(SegmentName.Ss, new Segment(0x18, (ushort)(0xC93 | level << 5), uint.MaxValue, 0));
        Assert.Equal(-(long)Errno.EPERM, guest.Call(Hypercall.XenVersion));
        Assert.Equal(-(long)Errno.EPERM, guest.Call(Hypercall.HvmOp, (ulong)HvmOp.GuestRequestVmEvent));
    }

    [Fact]
    public void Real_mode_may_call_and_virtual_8086_mode_may_not()
    {
        using var guest = new CallFixture(is64Bit: false);
        guest.Vcpu.Cpu.Cr0 = 0x10;
        Assert.Equal(0x0004_0011, guest.Call(Hypercall.XenVersion));
        guest.Vcpu.Cpu.Cr0 = 0x11;
        guest.Vcpu.Cpu.Rflags |= 1UL << 17;
        Assert.Equal(-(long)Errno.EPERM, guest.Call(Hypercall.XenVersion));
    }

    [Fact]
    public void What_is_not_exposed_is_unknown()
    {
        using var guest = new CallFixture();
        Exposure exposure = guest.Vcpu.Domain.Exposure;
        Assert.Equal(Errno.None, exposure.Set(ExposureGroup.Version, exposure[ExposureGroup.Version] & ~(1UL << (int)VersionOp.Pagesize)));
        Assert.Equal(-(long)Errno.ENOSYS, guest.Call(Hypercall.XenVersion, (ulong)VersionOp.Pagesize));
        Assert.Equal(0x0004_0011, guest.Call(Hypercall.XenVersion));
        Assert.Equal(Errno.None, exposure.Set(ExposureGroup.Number, exposure[ExposureGroup.Number] & ~(1UL << (int)Hypercall.XenVersion)));
        Assert.Equal(-(long)Errno.ENOSYS, guest.Call(Hypercall.XenVersion));
        Assert.Equal(Errno.EINVAL, exposure.Set(ExposureGroup.Version, 1UL << 63));
        Assert.Equal(Errno.None, exposure.Set(ExposureGroup.Vcpu, 0));
        Assert.Equal(-(long)Errno.ENOENT, guest.Call(Hypercall.VcpuOp, (ulong)VcpuOp.IsUp, 1000));
        Assert.Equal(-(long)Errno.ENOSYS, guest.Call(Hypercall.VcpuOp, (ulong)VcpuOp.IsUp, 0));
    }

    [Fact]
    public void An_error_says_why_and_a_flood_of_them_is_cut()
    {
        using var guest = new CallFixture();
        guest.Machine.Log.GuestThresholds = new(LogLevel.None, LogLevel.Warning);
        guest.Call(Hypercall.XenVersion, (ulong)VersionOp.Extraversion, CallFixture.NotCanonical);
        Assert.Contains("d0v0: XENVER_extraversion (call 17, operation 1): -EFAULT: ", guest.Machine.Console.Text);
        for (int i = 0; i < 1000; i++)
            guest.Call(63);
        Assert.InRange(guest.Machine.Console.Text.Count(c => c == '\n'), 1, 20);
    }

    [Fact]
    public void Every_row_that_is_not_done_answers_what_it_says()
    {
        using var guest = new CallFixture();
        foreach (HypercallGroup group in HypercallTable.Groups)
        {
            if (group.Rows.Length == 0 || group.Self.State != RowState.Done)
                AssertRefused(guest, group, group.Self, 0);
            foreach (HypercallRow row in group.Rows.Where(_ => group.Selector != Selector.InArgument))
                AssertRefused(guest, group, row, Convert.ToUInt64(row.Operation));
        }
    }

    private static void AssertRefused(CallFixture guest, HypercallGroup group, HypercallRow row, ulong operation)
    {
        if (row.State != RowState.Done)
            Assert.Equal((row.Name, -(long)row.Answer), (row.Name, guest.Call((ulong)group.Number, operation)));
    }

    [Theory]
    [InlineData(Hypercall.MemoryOp, 8UL)]
    [InlineData(Hypercall.MemoryOp, 29UL)]
    [InlineData(Hypercall.MemoryOp, 63UL)]
    [InlineData(Hypercall.XenVersion, 11UL)]
    [InlineData(Hypercall.GrantTableOp, 13UL)]
    [InlineData(Hypercall.VcpuOp, 14UL)]
    [InlineData(Hypercall.SchedOp, 8UL)]
    [InlineData(Hypercall.EventChannelOp, 15UL)]
    [InlineData(Hypercall.PhysdevOp, 32UL)]
    [InlineData(Hypercall.HvmOp, 26UL)]
    [InlineData(Hypercall.HvmOp, 0x1_0000_0001UL)]
    [InlineData(Hypercall.ConsoleIo, 5UL)]
    public void Operations_past_a_group_are_unknown(Hypercall number, ulong operation)
    {
        using var guest = new CallFixture();
        Assert.Equal(-(long)Errno.ENOSYS, guest.Call(number, operation));
    }
}
