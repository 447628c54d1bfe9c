using System;
using System.Linq;
using Xenolith.Abi;
using Xenolith.Abi.Contract;
using Xenolith.Domains;
using Xenolith.Hal;
using Xenolith.Kernel;
using Xenolith.Mm;
using Xunit;

namespace Xenolith.Tests.Unit.Abi;

/// <summary>Calls from 64 on that take lists by guest-physical address, and pause with a cookie.</summary>
public sealed class V2ListTests
{
    private const ulong Hctlb = (ulong)Hypercall.V2Hctlb, Memory = (ulong)Hypercall.V2Memory, Device = 0x300;
    private const ulong Populate = (ulong)V2MemoryOp.Populate, Decrease = (ulong)V2MemoryOp.Decrease, CallSize = 40;

    private static readonly long s_again = -(long)Errno.EAGAIN;

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_batch_leaves_each_calls_result_and_counts_what_failed(bool is64Bit)
    {
        using var guest = V2CallTests.Shown(is64Bit);
        Write(guest, CallFixture.List, Insert(0x100, 0x200, 1), Insert(0x100, 0x200, 1), Insert(0x101, 0x201, 0), Insert(0x102, 0x202, 1, vcpu: 2), Command(VcpuOp.HctlbQuery, 1),
            Command((VcpuOp)0x4D05, 0), Command(VcpuOp.Up, 0), Insert(0x7_0000_0000, 0x200, 1, vcpu: 1), Command(VcpuOp.HctlbPurge, 0));
        Assert.Equal(is64Bit ? 5 : 6, guest.Call(Hctlb, 0, CallFixture.List, 9));
        long[] expected = [0, -(long)Errno.EEXIST, -(long)Errno.EINVAL, -(long)Errno.ENOENT, 1, -(long)Errno.ENOSYS, -(long)Errno.ENOSYS, is64Bit ? 0 : -(long)Errno.EINVAL, 1];
        Assert.Equal(expected, guest.ReadArray<HypercallTlbCall>(CallFixture.List, 9).Select(one => one.Result));
        Assert.Equal(is64Bit ? 1 : 0, guest.Domain.Vcpus[1].Access.Buffers.Table.Count);
        Assert.Equal(0, guest.Vcpu.Access.Buffers.Table.Count);
        Assert.Equal(0, guest.Call(Hctlb, 0, 0xF000_0000, 0));
    }

    [Fact]
    public void A_batch_sets_no_policy_that_is_not_shown_and_is_unknown_without_tables()
    {
        using var guest = V2CallTests.Shown();
        guest.Domain.Exposure.Set(ExposureGroup.CallFeature, 1);
        Write(guest, CallFixture.List, Command(VcpuOp.HctlbPolicy, 1));
        Assert.Equal(1, guest.Call(Hctlb, 0, CallFixture.List, 1));
        Assert.Equal(-(long)Errno.ENOSYS, guest.Read<HypercallTlbCall>(CallFixture.List).Result);
        Assert.False(guest.Vcpu.Access.Buffers.IsStrict);
        guest.Domain.Exposure.Set(ExposureGroup.CallFeature, 0);
        Assert.Equal(-(long)Errno.ENOSYS, guest.Call(Hctlb, 0, CallFixture.List, 1));
    }

    /// <summary>Page tables and hypercall TLBs have nothing to do with it.</summary>
    [Fact]
    public void Lists_are_guest_physical()
    {
        using var guest = V2CallTests.Shown();
        Write(guest, CallFixture.List, Command(VcpuOp.HctlbPolicy, 1), Command(VcpuOp.HctlbQuery, 3));
        guest.Vcpu.Cpu.Cr3 = 0xF_FFFF_F000;
        Assert.Equal(0, guest.Call(Hctlb, 0, CallFixture.List, 2));
        Assert.Equal(1, guest.Read<HypercallTlbCall>(CallFixture.List + CallSize).Result);
        // And the next call is by linear addresses again, strictly.
        Assert.Equal(-(long)Errno.EFAULT, guest.Call(Hypercall.XenVersion, (ulong)VersionOp.Extraversion, CallFixture.Argument));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_list_over_pages_reaches_as_far_as_memory_does(bool is64Bit)
    {
        using var guest = V2CallTests.Shown(is64Bit);
        guest.Domain.P2m.TrySet(new Gfn(Device), new Mfn(0xFEE00), 0, P2mType.Mmio);
        guest.Domain.P2m.TryDepopulate(new Gfn(Device - 2));
        guest.WriteArray<ulong>(((Device - 1) << 12) + 0xFF0, 0x240, 0x241);
        Assert.Equal(2, guest.Call(Memory, Decrease, ((Device - 1) << 12) + 0xFF0, 3));
        Assert.False(guest.Domain.P2m.Lookup(new Gfn(0x241)).IsRam);
        ulong[] nowhere = is64Bit ? [Device << 12, (Device - 2) << 12, ((Device - 1) << 12) + 0xFFC, 0xF_FFFF_F000, 1UL << 62, ulong.MaxValue]
            : [Device << 12, (Device - 2) << 12, ((Device - 1) << 12) + 0xFFC, 0xFFFF_FFFC];
        foreach (ulong list in nowhere)
        {
            Assert.Equal(-(long)Errno.EFAULT, guest.Call(Memory, Decrease, list, 1));
            Assert.Equal(-(long)Errno.EFAULT, guest.Call(Hctlb, 0, list, 1));
        }
        // A batch keeps what came before.
        Write(guest, ((Device - 1) << 12) + 0xFD8, Insert(0x100, 0x200, 1));
        Assert.Equal(-(long)Errno.EFAULT, guest.Call(Hctlb, 0, ((Device - 1) << 12) + 0xFD8, 2));
        Assert.Equal(0, guest.Read<HypercallTlbCall>(((Device - 1) << 12) + 0xFD8).Result);
        Assert.Equal(1, guest.Vcpu.Access.Buffers.Table.Count);
    }

    [Fact]
    public void A_list_may_be_one_of_frames_where_those_are_shown()
    {
        using var guest = V2CallTests.Shown();
        guest.WriteArray<ulong>(0x26_1000, 0x2000, 2, 0, 0x260, 0x25E);
        guest.WriteArray<ulong>(0x26_0FF8, 0x250);
        guest.WriteArray<ulong>(0x25_E000, 0x251);
        ulong handle = 1UL << 63 | 0x261UL << 30 | 0xFF8;
        Assert.Equal(2, guest.Call(Memory, Decrease, handle, 2));
        Assert.False(guest.Domain.P2m.Lookup(new Gfn(0x251)).IsRam);
        guest.Domain.Exposure.Set(ExposureGroup.CallFeature, 0);
        Assert.Equal(-(long)Errno.EFAULT, guest.Call(Memory, Decrease, handle, 2));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Memory_is_taken_and_given_and_counted(bool is64Bit)
    {
        using var guest = V2CallTests.Shown(is64Bit);
        long pages = guest.Call(Memory, (ulong)V2MemoryOp.Pages);
        Assert.Equal((long)guest.Domain.TotalPages, pages);
        guest.WriteArray<ulong>(CallFixture.List, 0x250, 0x251, 0x252);
        Assert.Equal(3, guest.Call(Memory, Decrease, CallFixture.List, 3));
        Assert.Equal(pages - 3, guest.Call(Memory, (ulong)V2MemoryOp.Pages));
        Assert.Equal(-(long)Errno.EINVAL, guest.Call(Memory, Decrease, CallFixture.List, 3));
        Assert.Equal(3, guest.Call(Memory, Populate, CallFixture.List, 3));
        Assert.Equal(pages, guest.Call(Memory, (ulong)V2MemoryOp.Pages));
        Assert.True(guest.Domain.P2m.Lookup(new Gfn(0x252)).IsRam);
        Assert.Equal((long)guest.Domain.P2m.MaximumGfn.Value, guest.Call(Memory, (ulong)V2MemoryOp.MaximumGfn));
        guest.Domain.MaximumPages = ulong.MaxValue;
        Assert.Equal(is64Bit ? long.MaxValue : int.MaxValue, guest.Call(Memory, (ulong)V2MemoryOp.MostPages));
        // What is no frame, in the middle and in front.
        guest.WriteArray<ulong>(CallFixture.List, 0x250, 1UL << 36, 0x251);
        Assert.Equal(1, guest.Call(Memory, Decrease, CallFixture.List, 3));
        Assert.Equal(-(long)Errno.EINVAL, guest.Call(Memory, Populate, CallFixture.List + 8, 2));
        Assert.Equal(-(long)Errno.EINVAL, guest.Call(Memory, Decrease, CallFixture.List + 8, 2));
        guest.Domain.MaximumPages = guest.Domain.TotalPages;
        Assert.Equal(-(long)Errno.ENOMEM, guest.Call(Memory, Populate, CallFixture.List, 1));
    }

    [Fact]
    public void A_list_that_is_too_long_is_refused_before_anything_else()
    {
        using var guest = V2CallTests.Shown();
        foreach (ulong count in (ulong[])[513, 1UL << 32, ulong.MaxValue])
            Assert.Equal(-(long)Errno.E2BIG, guest.Call(Hctlb, 0, 0xF000_0000, count, 0, 77));
        foreach (ulong count in (ulong[])[(1 << 20) + 1, 1UL << 32, ulong.MaxValue])
        {
            Assert.Equal(-(long)Errno.E2BIG, guest.Call(Memory, Populate, 0xF000_0000, count, 0, 77));
            Assert.Equal(-(long)Errno.E2BIG, guest.Call(Memory, Decrease, 0xF000_0000, count, 0, 77));
        }
        Assert.Equal(-(long)Errno.EBADF, guest.Call(Memory, Decrease, 0xF000_0000, 1 << 20, 0, 77));
        Assert.Equal(-(long)Errno.EFAULT, guest.Call(Memory, Decrease, 0xF000_0000, 1 << 20));
    }

    /// <summary>The caller makes the same call until it is done; of its registers the cookie's alone changes, and RIP moves on.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_call_pauses_with_a_cookie_and_goes_on_by_it(bool is64Bit)
    {
        using var guest = V2CallTests.Shown(is64Bit, budget: 2);
        guest.WriteArray<ulong>(CallFixture.List, 0x250, 0x251, 0x252, 0x253, 0x254);
        ulong cookie = 0;
        for (int pass = 0; pass < 2; pass++)
        {
            Assert.Equal(s_again, guest.Call(Memory, Decrease, CallFixture.List, 5, 9, cookie));
            Assert.Equal(HypercallOutcome.Done, guest.Outcome);
            Assert.Equal(guest.Domain.TotalPages, (ulong)(0x400 - 2 * (pass + 1)));
            GuestRegisters after = guest.Vcpu.Cpu.Registers;
            Assert.Equal((Decrease, CallFixture.List, 5UL, 9UL), is64Bit ? (after.Rdi, after.Rsi, after.Rdx, after.R10) : (after.Rbx, after.Rcx, after.Rdx, after.Rsi));
            ulong next = is64Bit ? after.R8 : after.Rdi;
            Assert.NotEqual(cookie, next);
            cookie = next;
            Assert.True(cookie is > 0 and <= uint.MaxValue);
            Assert.Equal(1, guest.Domain.PausedCalls.Count);
        }
        Assert.Equal(5, guest.Call(Memory, Decrease, CallFixture.List, 5, 9, cookie));
        Assert.Equal(0, guest.Domain.PausedCalls.Count);
        // It is good once.
        Assert.Equal(-(long)Errno.EBADF, guest.Call(Memory, Decrease, CallFixture.List, 5, 9, cookie));
        Assert.DoesNotContain("EAGAIN", guest.Machine.Console.Text);
    }

    [Fact]
    public void A_batch_goes_on_with_its_count_of_failures()
    {
        using var guest = V2CallTests.Shown(budget: 1);
        Write(guest, CallFixture.List, Insert(0x100, 0x200, 0), Insert(0x100, 0x200, 1), Insert(0x100, 0x200, 1));
        Assert.Equal(2, Whole(guest, Hctlb, 0, CallFixture.List, 3));
        Assert.Equal(1, guest.Vcpu.Access.Buffers.Table.Count);
    }

    [Fact]
    public void Another_vcpu_may_go_on()
    {
        using var guest = V2CallTests.Shown(budget: 2);
        guest.WriteArray<ulong>(CallFixture.List, 0x250, 0x251, 0x252);
        Assert.Equal(s_again, guest.Call(Memory, Decrease, CallFixture.List, 3));
        Vcpu other = guest.Domain.Vcpus[1];
        other.Cpu.Registers = guest.Vcpu.Cpu.Registers with { Rax = Memory };
        guest.Dispatcher.Handle(other);
        Assert.Equal(3UL, other.Cpu.Registers.Rax);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_cookie_of_nobody_or_of_another_call_is_refused_and_that_call_still_goes_on(bool is64Bit)
    {
        using var guest = V2CallTests.Shown(is64Bit, budget: 2);
        guest.WriteArray<ulong>(CallFixture.List, 0x250, 0x251, 0x252, 0x253, 0x254);
        Assert.Equal(s_again, guest.Call(Memory, Decrease, CallFixture.List, 5));
        ulong cookie = is64Bit ? guest.Vcpu.Cpu.Registers.R8 : guest.Vcpu.Cpu.Registers.Rdi;
        ulong[] madeUp = [1, 15, 16, cookie + 1, cookie + 16, cookie - 16, uint.MaxValue, .. is64Bit ? (ulong[])[cookie | 1UL << 32, ulong.MaxValue] : []];
        foreach (ulong one in madeUp)
            Assert.Equal(-(long)Errno.EBADF, guest.Call(Memory, Decrease, CallFixture.List, 5, 0, one));
        Assert.Equal(-(long)Errno.EINVAL, guest.Call(Memory, Populate, CallFixture.List, 5, 0, cookie));
        Assert.Equal(-(long)Errno.EINVAL, guest.Call(Memory, Decrease, CallFixture.List + 8, 5, 0, cookie));
        Assert.Equal(-(long)Errno.EINVAL, guest.Call(Memory, Decrease, CallFixture.List, 4, 0, cookie));
        Assert.Equal(-(long)Errno.EINVAL, guest.Call(Memory, Decrease, CallFixture.List, 5, 1, cookie));
        Assert.Equal(-(long)Errno.EINVAL, guest.Call(Hctlb, 0, CallFixture.List, 5, 0, cookie));
        Assert.Equal(0x400UL - 2, guest.Domain.TotalPages);
        Assert.Equal(5, Whole(guest, Memory, Decrease, CallFixture.List, 5, cookie));
    }

    /// <summary>By one domain's cookie another goes on with nothing, though its own calls have the same cookies.</summary>
    [Fact]
    public void A_cookie_of_another_domain_is_nobodys()
    {
        using var guest = V2CallTests.Shown(budget: 2);
        Domain other = guest.Machine.CreateDomain(2, 1, 7, isPrivileged: false);
        uint cookie = other.PausedCalls.Keep(new PausedCall(Memory, (uint)Decrease, CallFixture.List, 5, 0, 4));
        Assert.Equal(-(long)Errno.EBADF, guest.Call(Memory, Decrease, CallFixture.List, 5, 0, cookie));
        Assert.Equal(1, other.PausedCalls.Count);
    }

    [Fact]
    public void Calls_that_nobody_goes_on_with_make_room_the_oldest_first()
    {
        using var guest = V2CallTests.Shown(budget: 1);
        guest.WriteArray(CallFixture.List, Enumerable.Range(0, 64).Select(i => 0x250UL + (ulong)i).ToArray());
        var cookies = new ulong[PausedCalls.Capacity + 1];
        for (int i = 0; i < cookies.Length; i++)
        {
            Assert.Equal(s_again, guest.Call(Memory, Decrease, CallFixture.List + 8 * (ulong)i, 2));
            cookies[i] = guest.Vcpu.Cpu.Registers.R8;
            Assert.Equal(Math.Min(i + 1, PausedCalls.Capacity), guest.Domain.PausedCalls.Count);
        }
        Assert.Equal(cookies.Length, cookies.Distinct().Count());
        Assert.Equal(-(long)Errno.EBADF, guest.Call(Memory, Decrease, CallFixture.List, 2, 0, cookies[0]));
        Assert.Equal(1, guest.Call(Memory, Decrease, CallFixture.List + 8, 2, 0, cookies[1]));
        Assert.True(guest.Domain.TryForgetPlaces());
        Assert.Equal(0, guest.Domain.PausedCalls.Count);
        Assert.Equal(-(long)Errno.EBADF, guest.Call(Memory, Decrease, CallFixture.List + 16, 2, 0, cookies[2]));
    }

    [Fact]
    public void Cookies_are_never_nothing_and_never_twice_in_a_row()
    {
        var paused = new PausedCalls();
        uint before = 0;
        for (int i = 0; i < 100_000; i++)
        {
            uint cookie = paused.Keep(default);
            Assert.True(cookie > 15 && cookie != before);
            before = cookie;
        }
    }

    /// <summary>Makes a call with the cookies that it gives until it is done.</summary>
    private static long Whole(CallFixture guest, ulong number, ulong operation, ulong list, ulong count, ulong cookie = 0)
    {
        long result;
        while ((result = guest.Call(number, operation, list, count, 0, cookie)) == s_again)
            cookie = guest.Is64Bit ? guest.Vcpu.Cpu.Registers.R8 : guest.Vcpu.Cpu.Registers.Rdi;
        return result;
    }

    private static void Write(CallFixture guest, ulong at, params HypercallTlbCall[] calls) => guest.WriteArray<HypercallTlbCall>(at, calls);

    private static HypercallTlbCall Insert(ulong page, ulong gfn, ulong pages, uint vcpu = 0) =>
        new() { Command = (uint)VcpuOp.HctlbInsert, Vcpu = vcpu, A3 = page, A4 = gfn, A5 = pages << 8 | (ulong)HypercallTlbFlags.Writable, Result = 77 };

    private static HypercallTlbCall Command(VcpuOp operation, ulong a3) => new() { Command = (uint)operation, A3 = a3, Result = 77 };
}
