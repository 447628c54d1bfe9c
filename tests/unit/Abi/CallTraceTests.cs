using System;
using System.Linq;
using System.Text.RegularExpressions;
using Xenolith.Abi.Contract;
using Xenolith.Abi.Contract.Table;
using Xenolith.Abi.Tracing;
using Xenolith.Kernel;
using Xenolith.Tests.Unit.Harness;
using Xunit;

namespace Xenolith.Tests.Unit.Abi;

/// <summary>trace=: which calls are written to the log, what a line says, and that no guest can fill the log with them.</summary>
public sealed class CallTraceTests
{
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_line_has_the_fields_by_name_and_what_came_out_behind_an_arrow(bool is64Bit)
    {
        using var guest = Traced("all", out CapturingConsole log, is64Bit);
        var unbound = new EvtchnAllocUnbound { Domain = DomainIds.Self, RemoteDomain = 7, Port = 0xAA };
        Assert.Equal(0, guest.Call(Hypercall.EventChannelOp, (ulong)EventChannelOp.AllocUnbound, ref unbound));
        var close = new EvtchnClose { Port = unbound.Port };
        Assert.Equal(0, guest.Call(Hypercall.EventChannelOp, (ulong)EventChannelOp.Close, ref close));
        Assert.Equal(-(long)Errno.EINVAL, guest.Call(Hypercall.EventChannelOp, (ulong)EventChannelOp.Close, ref close));
        Assert.Equal(
        [
            $"trace d0v0: EVTCHNOP_alloc_unbound = 0 dom=0x7ff0 remote_dom=0x7 port=0xaa->0x{unbound.Port:x}",
            $"trace d0v0: EVTCHNOP_close = 0 port=0x{close.Port:x}",
            $"trace d0v0: EVTCHNOP_close = -EINVAL port=0x{close.Port:x}",
        ], Lines(log));
    }

    /// <summary>One call of each shape: registers, an index beside the argument, progress beside the operation, what only comes out, text, none.</summary>
    [Theory]
    [InlineData(Hypercall.XenVersion, VersionOp.Version, 0UL, 0UL, "XENVER_version = 262161")]
    [InlineData(Hypercall.XenVersion, VersionOp.Extraversion, CallFixture.Argument, 0UL, "XENVER_extraversion = 0 \".7-xenolith\"")]
    [InlineData(Hypercall.XenVersion, VersionOp.Extraversion, CallFixture.Unmapped, 0UL, "XENVER_extraversion = -EFAULT")]
    [InlineData(Hypercall.XenVersion, 63U, 0UL, 0UL, "xen_version 0x3f = -ENOSYS")]
    [InlineData(Hypercall.VcpuOp, VcpuOp.IsUp, 1UL, 0UL, "VCPUOP_is_up = 0 vcpuid=0x1")]
    [InlineData(Hypercall.VcpuOp, VcpuOp.GetPhysid, 0UL, CallFixture.Argument, "VCPUOP_get_physid = -EINVAL vcpuid=0x0")]
    [InlineData(Hypercall.VcpuOp, VcpuOp.SetPeriodicTimer, 0UL, CallFixture.Unmapped, "VCPUOP_set_periodic_timer = -EFAULT vcpuid=0x0 (the argument can't be read)")]
    [InlineData(Hypercall.MemoryOp, 6U | 5 << 6, CallFixture.Argument, 0UL, "XENMEM_populate_physmap = 5 start_extent=0x5 extent_start=0x0 nr_extents=0x0 extent_order=0x0 mem_flags=0x0 domid=0x0")]
    [InlineData(Hypercall.VmAssist, VmAssistCommand.Enable, 5UL, 0UL, "vm_assist = 0 cmd=0x0 type=0x5")]
    [InlineData(Hypercall.ConsoleIo, ConsoleIoOp.Write, 0UL, CallFixture.Argument, "CONSOLEIO_write = 0 count=0x0 buffer=0x200000")]
    [InlineData(Hypercall.SetTrapTable, 3U, 0UL, 0UL, "set_trap_table = -ENOSYS")]
    [InlineData((Hypercall)0x12345, 3U, 0UL, 0UL, "no hypercall 0x12345 = -ENOSYS")]
    public void A_line_says_what_was_asked_and_what_came_of_it(Hypercall number, object operation, ulong a1, ulong a2, string line)
    {
        using var guest = Traced("all", out CapturingConsole log);
        guest.Call((ulong)number, Convert.ToUInt64(operation), a1, a2);
        Assert.Equal("trace d0v0: " + line, Assert.Single(Lines(log)));
    }

    [Fact]
    public void An_operation_in_the_argument_is_found_there()
    {
        using var control = new ControlFixture();
        CapturingConsole log = Attach(control.Guest, "domctl");
        control.Call(DomctlOp.Pausedomain, 5);
        control.Create(ControlFixture.Pvh(), out ushort id, wanted: 3);
        control.Call(DomctlOp.MaxVcpus, id, new Domctl { MaximumVcpus = new DomctlMaximumVcpus { Count = 1 } }, out _);
        control.Guest.Call(Hypercall.Domctl, CallFixture.Unmapped);
        string[] lines = Lines(log);
        Assert.Equal("trace d0v0: XEN_DOMCTL_pausedomain = -ESRCH domain=0x5", lines[0]);
        Assert.StartsWith("trace d0v0: XEN_DOMCTL_createdomain = 0 domain=0x3 ssidref=0x0 handle=00000000000000000000000000000000 flags=0x3 ", lines[1], StringComparison.Ordinal);
        Assert.EndsWith(" vmtrace_size=0x0 cpupool_i...", lines[1], StringComparison.Ordinal);
        Assert.Equal("trace d0v0: XEN_DOMCTL_max_vcpus = 0 domain=0x3 max=0x1", lines[2]);
        Assert.Equal("trace d0v0: domctl 0x0 = -EFAULT (the argument can't be read)", lines[3]);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void An_argument_in_the_first_buffer_is_found_there(bool is64Bit)
    {
        using var model = new DmOpFixture(is64Bit);
        CapturingConsole log = Attach(model.Guest, "dm_op:nr_vcpus,dm_op:remote_shutdown");
        Assert.Equal(0, model.Call(DmOp.NrVcpus));
        Assert.Equal(0, model.Call(DmOp.RemoteShutdown, new DmOpArgument { RemoteShutdown = new DmOpRemoteShutdown { Reason = 3 } }));
        model.Call(DmOp.SetIrqLevel);
        Assert.Equal(
        [
            "trace d0v0: XEN_DMOP_nr_vcpus = 0 domid=0x7 nr_bufs=0x1 pad=0x0 vcpus=0x2",
            "trace d0v0: XEN_DMOP_remote_shutdown = 0 domid=0x7 nr_bufs=0x1 pad=0x0 reason=0x3",
        ], Lines(log));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Calls_of_a_multicall_have_lines_of_their_own(bool is64Bit)
    {
        using var guest = Traced("all", out CapturingConsole log, is64Bit);
        if (is64Bit)
        {
            var entry = new MulticallEntry { Operation = (ulong)Hypercall.SchedOp };
            entry.Arguments[0] = (ulong)SchedOp.Yield;
            guest.WriteArray(CallFixture.List, entry, new MulticallEntry { Operation = 99 });
        }
        else
        {
            var entry = new MulticallEntry32 { Operation = (uint)Hypercall.SchedOp };
            entry.Arguments[0] = (uint)SchedOp.Yield;
            guest.WriteArray(CallFixture.List, entry, new MulticallEntry32 { Operation = 99 });
        }
        Assert.Equal(0, guest.Call(Hypercall.Multicall, CallFixture.List, 2));
        Assert.Equal(
        [
            "trace d0v0: SCHEDOP_yield = 0", "trace d0v0: no hypercall 0x63 = -ENOSYS", "trace d0v0: multicall = 0 call_list=0x210000 nr_calls=0x2",
        ], Lines(log));
    }

    [Fact]
    public void Each_pass_of_a_long_call_is_a_line()
    {
        using var guest = new CallFixture(budget: 1);
        CapturingConsole log = Attach(guest, "all");
        guest.WriteArray(CallFixture.List, 0x300UL, 0x301UL);
        var argument = new MemoryReservation { ExtentStart = CallFixture.List, ExtentCount = 2, Domain = DomainIds.Self };
        Assert.Equal(2, guest.Call(Hypercall.MemoryOp, (ulong)MemoryOp.DecreaseReservation, ref argument));
        string[] lines = Lines(log);
        Assert.StartsWith("trace d0v0: XENMEM_decrease_reservation = to be continued extent_start=0x210000 nr_extents=0x2 ", lines[0], StringComparison.Ordinal);
        Assert.StartsWith("trace d0v0: XENMEM_decrease_reservation = 2 start_extent=0x1 ", lines[^1], StringComparison.Ordinal);
    }

    /// <summary>Version, a failing version call, a failing memory call: which of the three have a line.</summary>
    [Theory]
    [InlineData("all", "123")]
    [InlineData("errors", "23")]
    [InlineData("unlimited", "123")]
    [InlineData("xen_version", "12")]
    [InlineData("xen_version,errors", "2")]
    [InlineData("xen_version:version", "1")]
    [InlineData("XENVER_version,memory_op", "13")]
    [InlineData("memory_op:maximum_ram_page", "")]
    [InlineData("d0", "123")]
    [InlineData("d1", "")]
    [InlineData("d1:all,d0:memory_op", "3")]
    [InlineData("d0:xen_version:version", "1")]
    [InlineData("d32752:all", "")]
    public void Words_choose_calls(string words, string expected)
    {
        using var guest = Traced(words, out CapturingConsole log);
        guest.Call(Hypercall.XenVersion, (ulong)VersionOp.Version);
        guest.Call(Hypercall.XenVersion, (ulong)VersionOp.Extraversion, CallFixture.Unmapped);
        guest.Call(Hypercall.MemoryOp, (ulong)MemoryOp.AddToPhysmap, CallFixture.Unmapped);
        string seen = string.Concat(Lines(log).Select(line => line.Contains("XENVER_version", StringComparison.Ordinal) ? '1' : line.Contains("XENVER", StringComparison.Ordinal) ? '2' : '3'));
        Assert.Equal(expected, seen);
    }

    [Theory]
    [InlineData("everything", "everything", "no call")]
    [InlineData("all,", null, null)]
    [InlineData("all,,errors", "", "no call")]
    [InlineData("memory_op:memory_map,memory_op:map", "memory_op:map", "no operation of that group")]
    [InlineData("memory_ops:populate_physmap", "memory_ops:populate_physmap", "no call")]
    [InlineData("d1:", "d1:", "no call")]
    [InlineData("d123456", "d123456", "no call")]
    [InlineData("dx:all", "dx:all", "no call")]
    public void A_wrong_word_is_named_with_what_would_be_right(string words, string? at, string? problem)
    {
        string? said = CallTrace.TryParse(words, out CallTrace? trace, out ReadOnlySpan<char> word);
        Assert.Equal(problem is null, trace is not null);
        if (problem is null)
            return;
        Assert.Equal(at, word.ToString());
        Assert.StartsWith(problem, said, StringComparison.Ordinal);
    }

    [Fact]
    public void There_is_a_limit_to_words()
    {
        string words = string.Join(',', Enumerable.Repeat("domctl", CallTrace.MaximumRules));
        Assert.Null(CallTrace.TryParse(words, out _, out _));
        Assert.NotNull(CallTrace.TryParse(words + ",domctl", out _, out _));
        Assert.Null(CallTrace.TryParse("", out CallTrace? none, out _));
        Assert.Null(none);
    }

    /// <summary>Every operation can be chosen by its C name and by its group and name.</summary>
    [Fact]
    public void Every_name_of_the_table_is_a_word()
    {
        foreach (HypercallGroup group in HypercallTable.Groups)
        {
            // arch_0 and its like have words in parentheses.
            string groupName = group.Self.Name;
            Assert.True(groupName.Contains(' ', StringComparison.Ordinal) || CallTrace.TryParse(groupName, out _, out _) is null, groupName);
            if (group.Self.Handler is not null || !group.Rows.Any(row => row.Handler is not null))
                continue;
            foreach (HypercallRow row in group.Rows)
            {
                string shortName = Regex.Replace(row.Name, "^(?:[A-Z]+_)+", "");
                Assert.True(CallTrace.TryParse(row.Name, out _, out _) is null, row.Name);
                Assert.True(CallTrace.TryParse($"d3:{groupName}:{shortName}", out _, out _) is null, $"{groupName}:{shortName}");
            }
        }
    }

    [Fact]
    public void A_guest_that_calls_without_end_has_its_lines_counted_and_dropped()
    {
        using var guest = Traced("all", out CapturingConsole log);
        for (int i = 0; i < 3 * CallTrace.DomainLines; i++)
            guest.Call(Hypercall.XenVersion, (ulong)VersionOp.Version);
        string[] lines = Lines(log);
        Assert.Equal((int)CallTrace.DomainLines + 1, lines.Length);
        Assert.Equal("trace d0: 200 lines in 5 s are the most; trace=unlimited has all", lines[^1]);
        guest.Machine.Clock.Advance(RateLimit.PeriodNanoseconds);
        guest.Call(Hypercall.XenVersion, (ulong)VersionOp.Version);
        Assert.Equal($"trace d0: {2 * CallTrace.DomainLines} lines were left out here", Lines(log)[^2]);
    }

    [Fact]
    public void The_administrator_may_have_all_lines()
    {
        using var guest = Traced("unlimited,xen_version", out CapturingConsole log);
        for (int i = 0; i < 3 * CallTrace.AllLines; i++)
            guest.Call(Hypercall.XenVersion, (ulong)VersionOp.Version);
        Assert.Equal(3 * (int)CallTrace.AllLines, Lines(log).Length);
    }

    /// <summary>A domain that reboots has a fresh limit of its own: all together have one more.</summary>
    [Fact]
    public void All_domains_together_have_a_limit()
    {
        using var guest = Traced("all", out CapturingConsole log);
        for (int i = 0; i < 2 * CallTrace.AllLines; i++)
        {
            if (i % 50 == 0)
                guest.Domain.TraceLimit = default;
            guest.Call(Hypercall.XenVersion, (ulong)VersionOp.Version);
        }
        Assert.Equal((int)CallTrace.AllLines + 1, Lines(log).Length);
    }

    /// <summary>What a call does and answers is the same with a trace and without.</summary>
    [Fact]
    public void A_trace_changes_nothing()
    {
        using var plain = new CallFixture();
        using var traced = Traced("all,unlimited", out _);
        var random = new Random(7);
        for (int i = 0; i < 4000; i++)
        {
            ulong number = (ulong)random.Next(42), operation = (ulong)random.Next(32), argument = random.Next(4) switch { 0 => CallFixture.Unmapped, 1 => CallFixture.Argument + 0xFFC, _ => CallFixture.Argument };
            // A domain that stops itself ends the comparison, and a multicall of two million entries delays it.
            if (number is (ulong)Hypercall.SchedOp or (ulong)Hypercall.VcpuOp or (ulong)Hypercall.Multicall)
                continue;
            byte[] content = new byte[64];
            for (int at = 0; at < content.Length; at += 4)
                content[at] = (byte)random.Next(8);
            plain.WriteArray<byte>(CallFixture.Argument, content);
            traced.WriteArray<byte>(CallFixture.Argument, content);
            Assert.Equal(plain.Call(number, operation, argument, 1), traced.Call(number, operation, argument, 1));
            Assert.Equal(plain.ReadArray<byte>(CallFixture.Argument, 64), traced.ReadArray<byte>(CallFixture.Argument, 64));
            Assert.Equal(plain.Vcpu.Cpu.Registers.Rdi, traced.Vcpu.Cpu.Registers.Rdi);
        }
    }

    private static CallFixture Traced(string words, out CapturingConsole log, bool is64Bit = true)
    {
        var guest = new CallFixture(is64Bit: is64Bit);
        log = Attach(guest, words);
        return guest;
    }

    private static CapturingConsole Attach(CallFixture guest, string words)
    {
        Assert.Null(CallTrace.TryParse(words, out CallTrace? trace, out _));
        guest.Dispatcher.Trace = trace;
        guest.Machine.Log.GuestThresholds = new LogThresholds(LogLevel.None, LogLevel.None);
        var log = new CapturingConsole();
        guest.Machine.Log.TryAddDevice(log);
        return log;
    }

    private static string[] Lines(CapturingConsole log) => [.. log.Text.Split('\n', StringSplitOptions.RemoveEmptyEntries)
        .Where(line => line.StartsWith("(xenolith) trace", StringComparison.Ordinal)).Select(line => line["(xenolith) ".Length..])];
}
