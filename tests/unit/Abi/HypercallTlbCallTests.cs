using System;
using Xenolith.Abi.Contract;
using Xenolith.Domains;
using Xenolith.Hal;
using Xenolith.Kernel;
using Xenolith.Mm;
using Xenolith.Tests.Unit.Harness;
using Xunit;

namespace Xenolith.Tests.Unit.Abi;

/// <summary>The hypercall TLB by its calls: each answer in order, in both widths; and what who is shown nothing of it sees.</summary>
public sealed class HypercallTlbCallTests
{
    private const ulong Everything = 0x1B, Writable = 1, OfAddressSpace = 4, Replace = 8, Pinned = 16;
    private const ulong Query = (ulong)VcpuOp.HctlbQuery, Insert = (ulong)VcpuOp.HctlbInsert, Purge = (ulong)VcpuOp.HctlbPurge,
        Share = (ulong)VcpuOp.HctlbShare, Policy = (ulong)VcpuOp.HctlbPolicy;

    private static CallFixture Make(bool is64Bit = true, ulong shown = Everything)
    {
        var guest = new CallFixture(vcpus: 3, is64Bit: is64Bit);
        Assert.Equal(Errno.None, guest.Domain.Exposure.Set(ExposureGroup.CallFeature, shown));
        return guest;
    }

    private static long Call(CallFixture guest, ulong operation, ulong a2 = 0, ulong a3 = 0, ulong a4 = 0, ulong vcpu = 0) =>
        guest.Call((ulong)Hypercall.VcpuOp, operation, vcpu, a2, a3, a4);

    private static long Error(Errno errno) => -(long)errno;

    private static ulong Pages(ulong pages, ulong flags) => pages << 8 | flags;

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void What_is_inserted_is_asked_for_used_and_purged(bool is64Bit)
    {
        using CallFixture guest = Make(is64Bit);
        Assert.Equal(16, Call(guest, Query, 0));
        Assert.Equal(0, Call(guest, Query, 1));
        Assert.Equal(0, Call(guest, Insert, 0xF0000, 0x220, Pages(2, Writable)));
        Assert.Equal(0, Call(guest, Insert, 0xE0000, 0x224, Pages(1, Writable)));
        Assert.Equal(2, Call(guest, Query, 1));
        // Where nothing is, without paging or with: the table says that something is.
        Assert.Equal(0, guest.Call(Hypercall.XenVersion, (ulong)VersionOp.Extraversion, 0xF000_0FFC));
        Assert.Equal((byte)'.', guest.Read<byte>(0x22_0FFC));
        Assert.Equal(1, Call(guest, Purge, 0xF0001, 1));
        Assert.Equal(Error(Errno.EFAULT), guest.Call(Hypercall.XenVersion, (ulong)VersionOp.Extraversion, 0xF000_0FFC));
        Assert.Equal(1, Call(guest, Purge));
        Assert.Equal(0, Call(guest, Purge));
    }

    [Theory]
    [InlineData(true, 0x10UL, 0x10UL, 1UL, 2UL, Errno.EINVAL)] // an unknown flag
    [InlineData(true, 0x10UL, 0x10UL, 1UL, 0x81UL, Errno.EINVAL)]
    [InlineData(true, 0x10UL, 0x10UL, 0UL, 1UL, Errno.EINVAL)] // no pages
    [InlineData(true, 0x7_FFFF_FFFFUL, 0x10UL, 1UL, 1UL, Errno.None)] // the last canonical page below the hole
    [InlineData(true, 0x7_FFFF_FFFFUL, 0x10UL, 2UL, 1UL, Errno.EINVAL)]
    [InlineData(true, 0x8_0000_0000UL, 0x10UL, 1UL, 1UL, Errno.EINVAL)]
    [InlineData(true, 0xF_FFF7_FFFF_FFFFUL, 0x10UL, 1UL, 1UL, Errno.EINVAL)]
    [InlineData(true, 0xF_FFF8_0000_0000UL, 0x10UL, 1UL, 1UL, Errno.None)] // the first above it
    [InlineData(true, 0xF_FFFF_FFFF_FFFFUL, 0x10UL, 1UL, 1UL, Errno.None)] // the last of all
    [InlineData(true, 0xF_FFFF_FFFF_FFFFUL, 0x10UL, 2UL, 1UL, Errno.EINVAL)] // it wraps
    [InlineData(true, 0x10_0000_0000_0000UL, 0x10UL, 1UL, 1UL, Errno.EINVAL)] // no page number
    [InlineData(true, 0x10UL, 0x10UL, 0xFF_FFFF_FFFF_FFFFUL, 1UL, Errno.EINVAL)]
    [InlineData(true, 0x0UL, 0x0UL, 0x7FUL, 1UL, Errno.None)]
    [InlineData(false, 0xFFFFFUL, 0x10UL, 1UL, 1UL, Errno.None)]
    [InlineData(false, 0xFFFFFUL, 0x10UL, 2UL, 1UL, Errno.EINVAL)]
    [InlineData(false, 0x100000UL, 0x10UL, 1UL, 1UL, Errno.EINVAL)]
    public void A_range_is_one_that_the_caller_can_name(bool is64Bit, ulong page, ulong gfn, ulong pages, ulong flags, Errno expected)
    {
        using CallFixture guest = Make(is64Bit);
        long result = Call(guest, Insert, page, gfn, Pages(pages, flags));
        Assert.Equal(Error(expected), result < 0 ? result : 0);
        Assert.Equal(expected == Errno.None ? 1 : 0, Call(guest, Query, 1));
    }

    [Fact]
    public void Frames_lie_in_the_guests_physical_address_space()
    {
        using CallFixture guest = Make();
        ulong frames = 1UL << (guest.Vcpu.Access.Features.PhysicalAddressBits - 12);
        Assert.Equal(0, Call(guest, Insert, 0x10, frames - 1, Pages(1, 0)));
        Assert.Equal(Error(Errno.EINVAL), Call(guest, Insert, 0x20, frames - 1, Pages(2, 0)));
        Assert.Equal(Error(Errno.EINVAL), Call(guest, Insert, 0x20, frames, Pages(1, 0)));
        Assert.Equal(Error(Errno.EINVAL), Call(guest, Insert, 0x20, ulong.MaxValue, Pages(2, 0)));
        // All of it in one entry.
        Assert.Equal(0, Call(guest, Insert, 0, 0, Pages(Math.Min(frames, 1UL << 35), Writable | Replace)));
    }

    /// <summary>The order: the vCPU, then the numbers, then what is in the table already, then room.</summary>
    [Fact]
    public void Errors_come_in_their_order()
    {
        using CallFixture guest = Make();
        Assert.Equal(Error(Errno.ENOENT), Call(guest, Insert, 0x10, 0x10, Pages(0, 2), vcpu: 3));
        for (ulong i = 0; i < 16; i++)
            Assert.Equal((long)i, Call(guest, Insert, 0x100 + i, 0x10, Pages(1, 0)));
        Assert.Equal(Error(Errno.EINVAL), Call(guest, Insert, 0x100, 0x10, Pages(1, 2)));
        Assert.Equal(Error(Errno.EEXIST), Call(guest, Insert, 0x100, 0x10, Pages(1, 0)));
        Assert.Equal(Error(Errno.ENOSPC), Call(guest, Insert, 0x200, 0x10, Pages(1, 0)));
        Assert.Equal(Error(Errno.ENOSPC), Call(guest, Insert, 0x200, 0x10, Pages(1, Replace)));
        Assert.Equal(0, Call(guest, Insert, 0x100, 0x10, Pages(1, Replace)));
        Assert.Equal(0, Call(guest, Query, 1, vcpu: 1));
    }

    [Theory]
    [InlineData(Query, 4UL, 0UL, 0UL, Errno.EINVAL)]
    [InlineData(Purge, 0UL, 0UL, Writable, Errno.EINVAL)]
    [InlineData(Purge, 0UL, 0UL, 0x100UL | OfAddressSpace, Errno.EINVAL)]
    [InlineData(Purge, 0x8_0000_0000UL, 1UL, 0UL, Errno.EINVAL)]
    [InlineData(Purge, 0x8_0000_0000UL, 0UL, 0UL, Errno.None)] // all: the page is not looked at
    [InlineData(Share, 3UL, 0UL, 0UL, Errno.ENOENT)]
    [InlineData(Share, 0xFFFF_FFFFUL, 0UL, 0UL, Errno.None)]
    [InlineData(Policy, 2UL, 0UL, 0UL, Errno.EINVAL)]
    public void Other_arguments_are_checked(ulong operation, ulong a2, ulong a3, ulong a4, Errno expected)
    {
        using CallFixture guest = Make();
        Assert.Equal(Error(expected), Call(guest, operation, a2, a3, a4));
        Assert.Equal(Error(Errno.ENOENT), Call(guest, operation, a2, a3, a4, vcpu: 3));
    }

    [Fact]
    public void A_table_is_shared_and_circles_are_refused()
    {
        using CallFixture guest = Make();
        Assert.Equal(0, Call(guest, Share, 0, vcpu: 1));
        Assert.Equal(0, Call(guest, Query, 2, vcpu: 1));
        Assert.Equal(2, Call(guest, Query, 2, vcpu: 2));
        Assert.Equal(Error(Errno.EBUSY), Call(guest, Share, 1));
        Assert.Equal(Error(Errno.EBUSY), Call(guest, Share, 1, vcpu: 2));
        Assert.Equal(0, Call(guest, Insert, 0x10, 0x10, Pages(1, 0), vcpu: 1));
        Assert.Equal(1, Call(guest, Query, 1));
        Assert.Equal(0, Call(guest, Share, uint.MaxValue, vcpu: 1));
        Assert.Equal(1, Call(guest, Query, 2, vcpu: 1));
        Assert.Equal(0, Call(guest, Query, 1, vcpu: 1));
    }

    [Fact]
    public void A_strict_policy_is_lifted_unless_page_tables_are_not_read()
    {
        using CallFixture guest = Make();
        Assert.Equal(0, Call(guest, Policy, 1));
        Assert.Equal(1, Call(guest, Query, 3));
        Assert.Equal(Error(Errno.EFAULT), guest.Call(Hypercall.XenVersion, (ulong)VersionOp.Extraversion, CallFixture.Argument));
        Assert.Equal(0, Call(guest, Policy, 0));
        Assert.Equal(0, guest.Call(Hypercall.XenVersion, (ulong)VersionOp.Extraversion, CallFixture.Argument));
        guest.Domain.HypercallTlbs.RefuseWalks();
        Assert.Equal(Error(Errno.EPERM), Call(guest, Policy, 0));
        Assert.Equal(0, Call(guest, Policy, 1));
    }

    [Fact]
    public void A_tagged_entry_is_the_callers_address_spaces()
    {
        using CallFixture guest = Make();
        guest.Vcpu.Cpu.ReadPaging(out PagingState paging);
        Assert.Equal(0, Call(guest, Insert, 0x10, 0x10, Pages(1, OfAddressSpace), vcpu: 1));
        Assert.Equal(HypercallTlb.RootOf(in paging), guest.Domain.Vcpus[1].Access.Buffers.Table[0].Root);
        Assert.Equal(1, Call(guest, Insert, 0x20, 0x10, Pages(1, 0), vcpu: 1));
        Assert.Equal(1, Call(guest, Purge, 0, 0, OfAddressSpace, vcpu: 1));
        Assert.Equal(1, Call(guest, Query, 1, vcpu: 1));
    }

    /// <summary>VCPUOP_initialise leaves what is pinned; what is inserted for the vCPU after that and before it is up stays.</summary>
    [Fact]
    public void A_vCPU_that_is_initialised_has_pinned_entries_alone()
    {
        using CallFixture guest = Make();
        Assert.Equal(0, Call(guest, Insert, 0x10, 0x10, Pages(1, 0), vcpu: 1));
        Assert.Equal(1, Call(guest, Insert, 0x20, 0x10, Pages(1, Pinned), vcpu: 1));
        Assert.Equal(0, Call(guest, Policy, 1, vcpu: 1));
        Vcpu second = guest.Domain.Vcpus[1];
        Assert.Equal(Errno.None, second.Initialise(default, is64Bit: true));
        Assert.Equal((1, 0), (Call(guest, Query, 1, vcpu: 1), Call(guest, Query, 3, vcpu: 1)));
        Assert.Equal(0, Call(guest, Insert, 0x10, 0x10, Pages(1, 0), vcpu: 1));
        Assert.Equal(2, Call(guest, Query, 1, vcpu: 1));
    }

    /// <summary>Who is shown nothing sees what there was before: unknown operations, registers as they were, no CPUID.</summary>
    [Theory]
    [InlineData(Query, 0x1AUL)]
    [InlineData(Insert, 0x1AUL)]
    [InlineData(Purge, 0UL)]
    [InlineData(Share, 0UL)]
    [InlineData(Policy, 0x0BUL)]
    [InlineData(0x4D05UL, Everything)]
    [InlineData(0x1_0000_0020UL, Everything)]
    public void What_is_hidden_is_unknown(ulong operation, ulong shown)
    {
        using CallFixture guest = Make(shown: shown);
        Assert.Equal(Error(Errno.ENOSYS), Call(guest, operation, 0, 0, 0x100));
        Assert.Equal(Error(Errno.ENOENT), Call(guest, operation, 0, 0, 0x100, vcpu: 3));
        ref GuestRegisters registers = ref guest.Vcpu.Cpu.Registers;
        Assert.Equal((operation, 3UL, 0UL, 0UL, 0x100UL), (registers.Rdi, registers.Rsi, registers.Rdx, registers.R10, registers.R8));
    }

    [Fact]
    public void Nothing_is_shown_unasked_and_CPUID_tells_of_what_is()
    {
        using CallFixture guest = Make(shown: 0);
        Assert.True(guest.Domain.Exposure.IsDefault(ExposureGroup.CallFeature));
        CpuidPolicy cpuid = guest.Domain.Policies.Cpuid;
        for (uint leaf = OwnCpuid.FirstLeaf - 1; leaf < OwnCpuid.FirstLeaf + 4; leaf++)
            Assert.Equal(default, cpuid.Read(leaf, 0, 0, true));
        Assert.Equal(Errno.None, guest.Domain.Exposure.Set(ExposureGroup.CallFeature, 0x13));
        CpuidResult first = cpuid.Read(OwnCpuid.FirstLeaf, 0, 0, true);
        Assert.Equal((OwnCpuid.FirstLeaf + 1, OwnCpuid.SignatureEbx, OwnCpuid.SignatureEcx, OwnCpuid.SignatureEdx), (first.Eax, first.Ebx, first.Ecx, first.Edx));
        CpuidResult second = cpuid.Read(OwnCpuid.FirstLeaf + 1, 0, 0, true);
        Assert.Equal((0x13u, 16u, 3u, 36u), (second.Eax, second.Ebx, second.Ecx, second.Edx));
        Assert.Equal(default, cpuid.Read(OwnCpuid.FirstLeaf + 2, 0, 0, true));
        Assert.Equal(default, cpuid.Read(OwnCpuid.FirstLeaf - 1, 0, 0, true));
        // Xen's block is as it was, and a toolstack lists neither.
        Assert.Equal(0x4000_0005u, cpuid.Read(0x4000_0000, 0, 0, true).Eax);
        Assert.Equal(default, cpuid.Read(OwnCpuid.FirstLeaf, 0));
    }
}
