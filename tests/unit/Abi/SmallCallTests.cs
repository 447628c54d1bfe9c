using System.Text;
using Xenolith.Abi;
using Xenolith.Abi.Contract;
using Xunit;

namespace Xenolith.Tests.Unit.Abi;

/// <summary>console_io, vm_assist, multicall.</summary>
public sealed class SmallCallTests
{
    [Fact]
    public void The_console_shows_what_the_initial_domain_writes()
    {
        using var guest = new CallFixture();
        guest.WriteArray<byte>(CallFixture.List, "hello\n"u8);
        Assert.Equal(0, guest.Call(Hypercall.ConsoleIo, (ulong)ConsoleIoOp.Write, 6, CallFixture.List));
        Assert.Equal("hello\n", guest.Machine.Console.Text);
        Assert.Equal(0, guest.Call(Hypercall.ConsoleIo, (ulong)ConsoleIoOp.Write, 0, CallFixture.NotCanonical));
        Assert.Equal(-(long)Errno.EFAULT, guest.Call(Hypercall.ConsoleIo, (ulong)ConsoleIoOp.Write, 5, CallFixture.NotCanonical));
    }

    [Fact]
    public void A_long_text_takes_passes_and_stops_at_the_end_of_memory()
    {
        using var guest = new CallFixture();
        var text = new byte[20000];
        for (int i = 0; i < text.Length; i++)
            text[i] = (byte)('a' + i % 26);
        guest.WriteArray<byte>(CallFixture.List, text);
        Assert.Equal(0, guest.Call(Hypercall.ConsoleIo, (ulong)ConsoleIoOp.Write, 20000, CallFixture.List));
        Assert.Equal(Encoding.ASCII.GetString(text), guest.Machine.Console.Text);
        Assert.Equal(2, guest.Restarts);
        Assert.Equal(-(long)Errno.EFAULT, guest.Call(Hypercall.ConsoleIo, (ulong)ConsoleIoOp.Write, 0x8000_0000, 0x3F_F000));
    }

    [Fact]
    public void The_console_gives_what_was_typed()
    {
        using var guest = new CallFixture();
        Assert.Equal(0, guest.Call(Hypercall.ConsoleIo, (ulong)ConsoleIoOp.Read, 10, CallFixture.List));
        foreach (byte typed in "uname\n"u8)
            guest.Input.Push(typed);
        Assert.Equal(4, guest.Call(Hypercall.ConsoleIo, (ulong)ConsoleIoOp.Read, 4, CallFixture.List));
        Assert.Equal("unam"u8.ToArray(), guest.ReadArray<byte>(CallFixture.List, 4));
        Assert.Equal(-(long)Errno.EFAULT, guest.Call(Hypercall.ConsoleIo, (ulong)ConsoleIoOp.Read, 4, CallFixture.Unmapped));
        Assert.Equal(2, guest.Call(Hypercall.ConsoleIo, (ulong)ConsoleIoOp.Read, 10, CallFixture.List));
        Assert.Equal(-(long)Errno.E2BIG, guest.Call(Hypercall.ConsoleIo, (ulong)ConsoleIoOp.Read, 1UL << 31, CallFixture.List));
    }

    [Theory]
    [InlineData(0UL)]
    [InlineData(1UL)]
    [InlineData(5UL)]
    public void The_console_is_not_everybodys(ulong operation)
    {
        using var guest = new CallFixture(isPrivileged: false, id: 3);
        Assert.Equal(-(long)Errno.EPERM, guest.Call(Hypercall.ConsoleIo, operation, 1, CallFixture.List));
    }

    [Theory]
    [InlineData((ulong)VmAssistCommand.Enable, 5UL, 0)]
    [InlineData((ulong)VmAssistCommand.Disable, 5UL, 0)]
    [InlineData(9UL, 5UL, -(int)Errno.ENOSYS)]
    [InlineData(9UL, 9UL, -(int)Errno.EINVAL)]
    [InlineData(0UL, 0UL, -(int)Errno.EINVAL)]
    [InlineData(0UL, 2UL, -(int)Errno.EINVAL)]
    [InlineData(0UL, 64UL, -(int)Errno.EINVAL)]
    [InlineData(0UL, 0xFFFF_FFFFUL, -(int)Errno.EINVAL)]
    public void Assists(ulong command, ulong type, int expected)
    {
        using var guest = new CallFixture();
        guest.Domain.SetAssist(VmAssistType.RunstateUpdateFlag, command == 1);
        Assert.Equal(expected, guest.Call(Hypercall.VmAssist, command, type));
        if (expected == 0)
            Assert.Equal(command == 0, guest.Domain.HasAssist(VmAssistType.RunstateUpdateFlag));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Each_call_of_a_multicall_has_its_result(bool is64Bit)
    {
        using var guest = new CallFixture(is64Bit: is64Bit);
        WriteCall(guest, 0, (ulong)Hypercall.XenVersion, (ulong)VersionOp.Version);
        WriteCall(guest, 1, (ulong)Hypercall.Multicall, CallFixture.List, 1);
        WriteCall(guest, 2, 64);
        WriteCall(guest, 3, (ulong)Hypercall.ConsoleIo, (ulong)ConsoleIoOp.Write, 5, guest.Hole);
        Assert.Equal(0, guest.Call(Hypercall.Multicall, CallFixture.List, 4));
        Assert.Equal([4 << 16 | 17, -(long)Errno.EINVAL, -(long)Errno.ENOSYS, -(long)Errno.EFAULT], Results(guest, 4));
    }

    [Fact]
    public void A_long_multicall_takes_passes()
    {
        using var guest = new CallFixture();
        for (uint i = 0; i < 200; i++)
            WriteCall(guest, i, (ulong)Hypercall.XenVersion, (ulong)VersionOp.Pagesize);
        Assert.Equal(0, guest.Call(Hypercall.Multicall, CallFixture.List, 200));
        Assert.Equal(3, guest.Restarts);
        Assert.All(Results(guest, 200), result => Assert.Equal(4096, result));
    }

    /// <summary>The clock is read at the start, and before each call but the first.</summary>
    [Theory]
    [InlineData(1_000_000UL, 1)]
    [InlineData(999_999UL, 2)]
    [InlineData(250_000UL, 4)]
    [InlineData(10_000_000UL, 1)]
    public void A_multicall_of_slow_calls_takes_a_pass_a_millisecond(ulong eachTakes, int callsInPass)
    {
        using var guest = new CallFixture();
        for (uint i = 0; i < 8; i++)
            WriteCall(guest, i, (ulong)Hypercall.XenVersion, (ulong)VersionOp.Pagesize);
        guest.Machine.Clock.Step = eachTakes;
        Assert.Equal(0, guest.Call(Hypercall.Multicall, CallFixture.List, 8));
        Assert.Equal((8 / callsInPass) - 1, guest.Restarts);
        Assert.All(Results(guest, 8), result => Assert.Equal(4096, result));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_call_that_is_not_done_leaves_its_progress_in_its_entry(bool is64Bit)
    {
        using var guest = new CallFixture(is64Bit: is64Bit);
        for (ulong i = 0; i < 150; i++)
        {
            if (is64Bit)
                guest.Write(CallFixture.Results + i * 8, CallFixture.SpareGfn + i);
            else
                guest.Write(CallFixture.Results + i * 4, (uint)(CallFixture.SpareGfn + i));
        }
        if (is64Bit)
            guest.Write(CallFixture.Argument, new MemoryReservation { ExtentStart = CallFixture.Results, ExtentCount = 150, Domain = DomainIds.Self });
        else
            guest.Write(CallFixture.Argument, new MemoryReservation32 { ExtentStart = (uint)CallFixture.Results, ExtentCount = 150, Domain = DomainIds.Self });
        WriteCall(guest, 0, (ulong)Hypercall.MemoryOp, (ulong)MemoryOp.DecreaseReservation, CallFixture.Argument);
        WriteCall(guest, 1, (ulong)Hypercall.XenVersion, (ulong)VersionOp.Pagesize);
        Assert.Equal(0, guest.Call(Hypercall.Multicall, CallFixture.List, 2));
        Assert.Equal([150L, 4096L], Results(guest, 2));
        Assert.Equal(1024UL - 150, guest.Domain.TotalPages);
    }

    [Fact]
    public void A_multicall_faults_at_the_entry_that_is_not_there()
    {
        using var guest = new CallFixture();
        Assert.Equal(-(long)Errno.EFAULT, guest.Call(Hypercall.Multicall, CallFixture.NotCanonical, 1));
        Assert.Equal(0, guest.Call(Hypercall.Multicall, CallFixture.NotCanonical, 0));
        Assert.Equal(-(long)Errno.EFAULT, guest.Call(Hypercall.Multicall, 0x3F_FFE0, 1));
        Assert.Equal(-(long)Errno.EFAULT, guest.Call(Hypercall.Multicall, 0x3F_FFC0, 2));
        Assert.Equal(HypercallOutcome.Done, guest.Outcome);
    }

    private static void WriteCall(CallFixture guest, uint index, ulong number, ulong a0 = 0, ulong a1 = 0, ulong a2 = 0)
    {
        if (guest.Is64Bit)
        {
            var wide = new MulticallEntry { Operation = number, Result = 77 };
            (wide.Arguments[0], wide.Arguments[1], wide.Arguments[2]) = (a0, a1, a2);
            guest.Write(CallFixture.List + index * 64, wide);
            return;
        }
        var narrow = new MulticallEntry32 { Operation = (uint)number, Result = 77 };
        (narrow.Arguments[0], narrow.Arguments[1], narrow.Arguments[2]) = ((uint)a0, (uint)a1, (uint)a2);
        guest.Write(CallFixture.List + index * 32, narrow);
    }

    private static long[] Results(CallFixture guest, int count)
    {
        var results = new long[count];
        for (int i = 0; i < count; i++)
        {
            results[i] = guest.Is64Bit
                ? (long)guest.Read<MulticallEntry>(CallFixture.List + (ulong)i * 64).Result
                : (int)guest.Read<MulticallEntry32>(CallFixture.List + (ulong)i * 32).Result;
        }
        return results;
    }
}
