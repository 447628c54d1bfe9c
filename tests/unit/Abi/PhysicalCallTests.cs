using System;
using System.Collections.Generic;
using System.Linq;
using System.Runtime.InteropServices;
using Xenolith.Abi;
using Xenolith.Abi.Contract;
using Xenolith.Domains;
using Xenolith.Hal;
using Xenolith.Tests.Unit.Harness;
using Xunit;

namespace Xenolith.Tests.Unit.Abi;

/// <summary>
/// Calls whose pointers are guest-physical: every row does by them what it does by linear ones, with page tables that lead nowhere, and by
/// a hypercall TLB likewise.
/// </summary>
public sealed class PhysicalCallTests
{
    private const ulong Flag = CallFlags.Physical, Lost = 0xF_FFFF_F000;

    public static TheoryData<string, bool> WithPointer => RowCall.Names(call => call.HasPointer);

    /// <summary>What a call answered, and what stands where its argument did.</summary>
    private sealed record Answer(long Result, string Memory);

    [Theory]
    [MemberData(nameof(WithPointer))]
    public void Every_row_takes_its_pointers_so(string name, bool is64Bit)
    {
        RowCall call = RowCall.Find(name, is64Bit);
        Answer linear = Ask(call, is64Bit, 0, _ => { });
        Answer physical = Ask(call, is64Bit, Flag, guest => Lose(guest, is64Bit));
        Assert.Equal(linear, physical);
    }

    [Theory]
    [MemberData(nameof(WithPointer))]
    public void Every_row_takes_its_pointers_through_a_strict_table(string name, bool is64Bit)
    {
        RowCall call = RowCall.Find(name, is64Bit);
        Answer linear = Ask(call, is64Bit, 0, _ => { });
        Answer strict = Ask(call, is64Bit, 0, guest =>
        {
            foreach (Vcpu vcpu in guest.Domain.Vcpus)
            {
                var all = new Xenolith.Mm.HypercallTlbEntry(0, 0x3FF, new Xenolith.Mm.Gfn(0), Xenolith.Mm.HypercallTlb.AnyRoot, HypercallTlbFlags.Writable);
                guest.Domain.HypercallTlbs.Insert(vcpu.Access, in all, out _);
                guest.Domain.HypercallTlbs.SetStrict(vcpu.Access, true);
            }
            guest.Domain.HypercallTlbs.RefuseWalks();
            Lose(guest, is64Bit);
        });
        Assert.Equal(linear, strict);
    }

    private static Answer Ask(RowCall call, bool is64Bit, ulong flag, Action<CallFixture> prepare)
    {
        using var guest = new CallFixture(is64Bit: is64Bit);
        guest.Domain.Exposure.Set(ExposureGroup.CallFeature, 3);
        call.WriteStructure(guest, CallFixture.Argument, DomainIds.Self);
        prepare(guest);
        long result = call.Call(guest, CallFixture.Argument, flag: flag);
        if (guest.Domain.IsShutDown)
            return new Answer(result, "");
        byte[] memory = guest.ReadArray<byte>(CallFixture.Argument, 0x400);
        return new Answer(result, Convert.ToHexString(memory));
    }

    /// <summary>Page tables that are no memory: who walks them finds nothing. A 32-bit caller gets paging for that.</summary>
    private static void Lose(CallFixture guest, bool is64Bit)
    {
        foreach (Vcpu vcpu in guest.Domain.Vcpus)
        {
            vcpu.Cpu.Cr3 = is64Bit ? Lost : 0xFFFF_F000;
            vcpu.Cpu.Cr0 |= 1UL << 31;
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void The_flag_is_unknown_to_whom_it_is_not_shown(bool is64Bit)
    {
        using var guest = new CallFixture(is64Bit: is64Bit);
        Assert.Equal(-(long)Errno.ENOSYS, guest.Call(Flag | (ulong)Hypercall.XenVersion, (ulong)VersionOp.Version));
        Assert.Equal((ulong)VersionOp.Version, is64Bit ? guest.Vcpu.Cpu.Registers.Rdi : guest.Vcpu.Cpu.Registers.Rbx);
        guest.Domain.Exposure.Set(ExposureGroup.CallFeature, 2);
        Assert.Equal(0x0004_0011, guest.Call(Flag | (ulong)Hypercall.XenVersion, (ulong)VersionOp.Version));
        foreach (ulong number in (ulong[])[Flag | 11, Flag | 63, Flag | 64, Flag << 1 | 17, Flag | Flag >> 1 | 17, Flag | 1UL << 31 | 17])
            Assert.Equal(-(long)Errno.ENOSYS, guest.Call(number));
        if (is64Bit)
            Assert.Equal(-(long)Errno.ENOSYS, guest.Call(1UL << 32 | Flag | (ulong)Hypercall.XenVersion));
    }

    [Fact]
    public void The_next_call_is_by_linear_addresses_again()
    {
        using var guest = new CallFixture();
        guest.Domain.Exposure.Set(ExposureGroup.CallFeature, 3);
        Assert.Equal(-(long)Errno.EFAULT, guest.Call(Flag | (ulong)Hypercall.XenVersion, (ulong)VersionOp.Extraversion, CallFixture.Unmapped));
        Lose(guest, true);
        Assert.Equal(0, guest.Call(Flag | (ulong)Hypercall.XenVersion, (ulong)VersionOp.Extraversion, CallFixture.Argument));
        Assert.Equal(-(long)Errno.EFAULT, guest.Call(Hypercall.XenVersion, (ulong)VersionOp.Extraversion, CallFixture.Argument));
        // Tables that another vCPU begins to use while such a call is under way are looked into afterwards.
        guest.Machine.HostMemory.After(guest.Domain.P2m.Lookup(new Xenolith.Mm.Gfn(CallFixture.Argument >> 12)).Mfn.Address, 1, () =>
        {
            var entry = new Xenolith.Mm.HypercallTlbEntry(0x200, 0x200, new Xenolith.Mm.Gfn(0x200), Xenolith.Mm.HypercallTlb.AnyRoot, HypercallTlbFlags.Writable);
            guest.Domain.HypercallTlbs.Insert(guest.Vcpu.Access, in entry, out _);
        });
        var features = new FeatureInfo();
        guest.Write(CallFixture.Argument, features);
        guest.Call(Flag | (ulong)Hypercall.XenVersion, (ulong)VersionOp.GetFeatures, CallFixture.Argument);
        Assert.Equal(0, guest.Call(Hypercall.XenVersion, (ulong)VersionOp.Extraversion, CallFixture.Argument));
    }

    /// <summary>A list of calls: each one's own number says what its pointers are, and the multicall's what the list's is.</summary>
    [Theory]
    [InlineData(true, 0UL, 0UL, true, true)]
    [InlineData(true, Flag, 0UL, true, true)]
    [InlineData(true, Flag, Flag, true, true)]
    [InlineData(true, 0UL, Flag, true, true)]
    [InlineData(true, Flag, 0UL, false, false)]
    [InlineData(true, Flag, Flag, false, true)]
    [InlineData(false, Flag, Flag, false, true)]
    [InlineData(false, Flag, 0UL, false, false)]
    public void In_a_list_of_calls_each_number_says_what_its_own_pointers_are(bool is64Bit, ulong outer, ulong inner, bool hasTables, bool works)
    {
        using var guest = new CallFixture(is64Bit: is64Bit);
        guest.Domain.Exposure.Set(ExposureGroup.CallFeature, 3);
        for (ulong i = 0; i < 2; i++)
        {
            if (is64Bit)
            {
                var entry = new MulticallEntry { Operation = inner | (ulong)Hypercall.XenVersion };
                (entry.Arguments[0], entry.Arguments[1]) = ((ulong)VersionOp.Extraversion, CallFixture.Argument + i * 0x100);
                guest.Write(CallFixture.List + i * 64, entry);
            }
            else
            {
                var entry = new MulticallEntry32 { Operation = (uint)(inner | (ulong)Hypercall.XenVersion) };
                (entry.Arguments[0], entry.Arguments[1]) = ((uint)VersionOp.Extraversion, (uint)(CallFixture.Argument + i * 0x100));
                guest.Write(CallFixture.List + i * 32, entry);
            }
        }
        if (!hasTables)
            Lose(guest, is64Bit);
        Assert.Equal(0, guest.Call(outer | (ulong)Hypercall.Multicall, CallFixture.List, 2));
        for (ulong i = 0; i < 2; i++)
        {
            long result = is64Bit ? (long)guest.Read<ulong>(CallFixture.List + i * 64 + 8) : guest.Read<int>(CallFixture.List + i * 32 + 4);
            Assert.Equal(works ? 0 : -(long)Errno.EFAULT, result);
            Assert.Equal(works ? (byte)'.' : (byte)0, guest.Read<byte>(CallFixture.Argument + i * 0x100));
        }
    }

    /// <summary>A call of a list that is not finished leaves its number in the list with its flag.</summary>
    [Fact]
    public void What_is_issued_again_keeps_its_flag()
    {
        using var guest = new CallFixture(budget: 2);
        guest.Domain.Exposure.Set(ExposureGroup.CallFeature, 3);
        guest.WriteArray<ulong>(CallFixture.Results, 0x250, 0x251, 0x252, 0x253, 0x254);
        guest.Write(CallFixture.Argument, new MemoryReservation { ExtentStart = CallFixture.Results, ExtentCount = 5, Domain = DomainIds.Self });
        var entry = new MulticallEntry { Operation = Flag | (ulong)Hypercall.MemoryOp };
        (entry.Arguments[0], entry.Arguments[1]) = ((ulong)MemoryOp.DecreaseReservation, CallFixture.Argument);
        guest.Write(CallFixture.List, entry);
        Lose(guest, true);
        Assert.Equal(0, guest.Call(Flag | (ulong)Hypercall.Multicall, CallFixture.List, 1));
        Assert.True(guest.Restarts > 0);
        Assert.Equal(5UL, guest.Read<MulticallEntry>(CallFixture.List).Result);
        Assert.Equal(Flag | (ulong)Hypercall.MemoryOp, guest.Read<MulticallEntry>(CallFixture.List).Operation);
    }

    [Fact]
    public void A_pointer_within_a_structure_may_be_a_list_of_frames()
    {
        using var guest = new CallFixture(budget: 2);
        guest.Domain.Exposure.Set(ExposureGroup.CallFeature, 0xB);
        ulong[] list = [16, 2, 0, 0x260, 0x25E];
        guest.WriteArray(0x26_1000, list);
        guest.WriteArray<ulong>(0x26_0FF0, 0x250, 0x251);
        guest.WriteArray<ulong>(0x25_E000, 0x252, 0x253, 0x254);
        list[0] = 0x2000;
        guest.WriteArray(0x26_1000, list);
        ulong handle = 1UL << 63 | 0x261UL << 30 | 0xFF0;
        guest.Write(CallFixture.Argument, new MemoryReservation { ExtentStart = handle, ExtentCount = 5, Domain = DomainIds.Self });
        Lose(guest, true);
        Assert.Equal(5, guest.Call(Flag | (ulong)Hypercall.MemoryOp, (ulong)MemoryOp.DecreaseReservation, CallFixture.Argument));
        Assert.True(guest.Restarts > 0);
        for (ulong gfn = 0x250; gfn < 0x255; gfn++)
            Assert.False(guest.Domain.P2m.Lookup(new Xenolith.Mm.Gfn(gfn)).IsRam);
        guest.Domain.Exposure.Set(ExposureGroup.CallFeature, 3);
        Assert.Equal(-(long)Errno.EFAULT, guest.Call(Flag | (ulong)Hypercall.XenVersion, (ulong)VersionOp.Extraversion, handle));
    }

    /// <summary>Where an area is registered by an address, the call says what kind of address that is.</summary>
    [Theory]
    [InlineData(VcpuOp.RegisterRunstateMemoryArea)]
    [InlineData(VcpuOp.RegisterVcpuTimeMemoryArea)]
    public void An_area_is_registered_where_the_address_leads(VcpuOp operation)
    {
        using var guest = new CallFixture();
        guest.Domain.Exposure.Set(ExposureGroup.CallFeature, 3);
        guest.Write(CallFixture.Argument, CallFixture.Results + 0x40);
        Lose(guest, true);
        Assert.Equal(0, guest.Call(Flag | (ulong)Hypercall.VcpuOp, (ulong)operation, 0, CallFixture.Argument));
        guest.Vcpu.PublishTime();
        Assert.Contains(guest.ReadArray<byte>(CallFixture.Results + 0x40, 48), b => b != 0);
    }
}
