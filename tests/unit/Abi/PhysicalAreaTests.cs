using System;
using System.Buffers.Binary;
using Xenolith.Abi.Contract;
using Xenolith.Domains;
using Xunit;

namespace Xenolith.Tests.Unit.Abi;

/// <summary>What 4.18 has and 4.17 has not: runstate and time in areas named by guest-physical address, shown to nobody unasked.</summary>
public sealed class PhysicalAreaTests
{
    private const ulong Area = CallFixture.List, Beyond = 0x1000_0000;

    [Theory]
    [InlineData(VcpuOp.RegisterRunstatePhysArea)]
    [InlineData(VcpuOp.RegisterVcpuTimePhysArea)]
    public void A_domain_that_is_not_shown_them_meets_4_17(VcpuOp operation)
    {
        using var guest = new CallFixture();
        Assert.Equal(-(long)Errno.ENOENT, guest.Call(Hypercall.VcpuOp, (ulong)operation, 2, CallFixture.Unmapped));
        Assert.Equal(-(long)Errno.ENOSYS, guest.Call(Hypercall.VcpuOp, (ulong)operation, 0, CallFixture.Unmapped));
        Assert.Equal(0u, Features(guest) & (1u << (int)Feature.RunstatePhysArea | 1u << (int)Feature.VcpuTimePhysArea));
    }

    [Theory]
    [InlineData(Feature.RunstatePhysArea)]
    [InlineData(Feature.VcpuTimePhysArea)]
    public void A_feature_is_a_bit_of_its_own(Feature feature)
    {
        using var guest = new CallFixture();
        uint before = Features(guest);
        Assert.Equal(Errno.None, guest.Domain.Exposure.Set(ExposureGroup.Feature, guest.Domain.Exposure[ExposureGroup.Feature] | 1u << (int)feature));
        Assert.Equal(before | 1u << (int)feature, Features(guest));
        Assert.Equal(-(long)Errno.ENOSYS, guest.Call(Hypercall.VcpuOp, (ulong)VcpuOp.RegisterRunstatePhysArea, 0, CallFixture.Unmapped));
    }

    /// <summary>Address, and the answer: ENXIO over a page's end and for a bad alignment, EINVAL where no memory of the guest's own is.</summary>
    [Theory]
    [InlineData(true, VcpuOp.RegisterRunstatePhysArea, Area, Errno.None)]
    [InlineData(true, VcpuOp.RegisterRunstatePhysArea, Area + 0x1000 - 48, Errno.None)]
    [InlineData(true, VcpuOp.RegisterRunstatePhysArea, Area + 0x1000 - 40, Errno.ENXIO)]
    [InlineData(true, VcpuOp.RegisterRunstatePhysArea, Area + 4, Errno.ENXIO)]
    [InlineData(true, VcpuOp.RegisterRunstatePhysArea, Beyond, Errno.EINVAL)]
    [InlineData(true, VcpuOp.RegisterRunstatePhysArea, Beyond + 1, Errno.ENXIO)]
    [InlineData(true, VcpuOp.RegisterRunstatePhysArea, ulong.MaxValue, Errno.None)]
    [InlineData(true, VcpuOp.RegisterRunstatePhysArea, ulong.MaxValue - 0xFFF, Errno.EINVAL)]
    [InlineData(true, VcpuOp.RegisterRunstatePhysArea, ulong.MaxValue - 7, Errno.ENXIO)]
    [InlineData(false, VcpuOp.RegisterRunstatePhysArea, Area + 0x1000 - 44, Errno.None)]
    [InlineData(false, VcpuOp.RegisterRunstatePhysArea, Area + 0x1000 - 40, Errno.ENXIO)]
    [InlineData(false, VcpuOp.RegisterRunstatePhysArea, Area + 2, Errno.ENXIO)]
    [InlineData(true, VcpuOp.RegisterVcpuTimePhysArea, Area + 0x1000 - 32, Errno.None)]
    [InlineData(true, VcpuOp.RegisterVcpuTimePhysArea, Area + 0x1000 - 24, Errno.ENXIO)]
    [InlineData(true, VcpuOp.RegisterVcpuTimePhysArea, Area + 4, Errno.ENXIO)]
    [InlineData(true, VcpuOp.RegisterVcpuTimePhysArea, Beyond, Errno.EINVAL)]
    [InlineData(false, VcpuOp.RegisterVcpuTimePhysArea, Area + 4, Errno.None)]
    public void An_area_lies_in_one_page_of_the_guests_own(bool is64Bit, VcpuOp operation, ulong address, Errno error)
    {
        using var guest = Shown(is64Bit);
        Assert.Equal(-(long)error, Register(guest, operation, address));
        Assert.Equal(-(long)Errno.EFAULT, guest.Call(Hypercall.VcpuOp, (ulong)operation, 0, guest.Hole));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void The_runstate_is_written_there_until_the_area_is_taken_away(bool is64Bit)
    {
        using var guest = Shown(is64Bit);
        guest.Vcpu.BeginRun();
        Assert.Equal(0, Register(guest, VcpuOp.RegisterRunstatePhysArea, Area));
        Assert.Equal((uint)RunState.Running, guest.Read<uint>(Area));
        Assert.Equal(guest.Vcpu.RunStateNow.EntryTime, EntryTime(guest, is64Bit));
        guest.Machine.Advance(1000);
        guest.Vcpu.EndRun();
        guest.Vcpu.BeginRun();
        ulong entered = EntryTime(guest, is64Bit);
        Assert.Equal(guest.Vcpu.RunStateNow.EntryTime, entered);
        // A bad address leaves the area as it was.
        Assert.Equal(-(long)Errno.ENXIO, Register(guest, VcpuOp.RegisterRunstatePhysArea, Area + 1));
        guest.Machine.Advance(1000);
        guest.Vcpu.EndRun();
        guest.Vcpu.BeginRun();
        ulong later = EntryTime(guest, is64Bit);
        Assert.Equal(0, Register(guest, VcpuOp.RegisterRunstatePhysArea, ulong.MaxValue));
        guest.Machine.Advance(1000);
        guest.Vcpu.EndRun();
        guest.Vcpu.BeginRun();
        Assert.Equal(later, EntryTime(guest, is64Bit));
    }

    /// <summary>Another vCPU's area is written when that is put on a CPU, as on Xen.</summary>
    [Fact]
    public void Another_vcpus_runstate_comes_when_it_runs()
    {
        using var guest = Shown(true);
        guest.Write(Area, uint.MaxValue);
        Assert.Equal(0, Register(guest, VcpuOp.RegisterRunstatePhysArea, Area, vcpu: 1));
        Assert.Equal(uint.MaxValue, guest.Read<uint>(Area));
        guest.Domain.Vcpus[1].IsInitialised = true;
        guest.Domain.Vcpus[1].Up();
        guest.Domain.Vcpus[1].BeginRun();
        Assert.Equal((uint)RunState.Running, guest.Read<uint>(Area));
    }

    [Fact]
    public void The_time_is_written_there_beside_the_other_copies()
    {
        using var guest = Shown(true);
        var linear = new VcpuRegisterTimeMemoryArea { Address = CallFixture.Results };
        Assert.Equal(0, guest.CallVcpu(VcpuOp.RegisterVcpuTimeMemoryArea, 0, ref linear));
        Assert.Equal(0, Register(guest, VcpuOp.RegisterVcpuTimePhysArea, Area + 0x40));
        Assert.Equal(guest.ReadArray<byte>(CallFixture.Results + 8, 24), guest.ReadArray<byte>(Area + 0x48, 24));
        uint version = guest.Read<uint>(Area + 0x40);
        Assert.Equal(0u, version & 1);
        guest.Vcpu.TscOffset = 0x1234_5678;
        Assert.NotEqual(version, guest.Read<uint>(Area + 0x40));
        Assert.Equal(guest.ReadArray<byte>(CallFixture.Results + 8, 24), guest.ReadArray<byte>(Area + 0x48, 24));
    }

    /// <summary>The frame stays the domain's while the hypervisor writes to it, and is free again after its end.</summary>
    [Fact]
    public void No_frame_is_lost_to_areas()
    {
        using var control = new ControlFixture();
        ulong before = control.Machine.Frames.FreeFrames;
        Domain domain = control.Make();
        Assert.Equal(4, control.Populate(domain.Id, 4));
        Assert.Equal(Errno.None, domain.Vcpus[0].RegisterRunStateArea(0x1000, is64Bit: true));
        Assert.Equal(Errno.None, domain.Vcpus[0].RegisterTimeArea(0x1040));
        Assert.Equal(Errno.None, domain.Vcpus[0].RegisterTimeArea(0x2040));
        Assert.Equal(0, control.Call(DomctlOp.Destroydomain, domain.Id));
        Assert.Equal(before, control.Machine.Frames.FreeFrames);
    }

    private static CallFixture Shown(bool is64Bit)
    {
        var guest = new CallFixture(is64Bit: is64Bit);
        Assert.Equal(Errno.None, guest.Domain.Exposure.Set(ExposureGroup.Vcpu, 0xFFFF));
        guest.Domain.LatchSharedInfoWidth(guest.Vcpu);
        return guest;
    }

    private static long Register(CallFixture guest, VcpuOp operation, ulong address, uint vcpu = 0)
    {
        var argument = new VcpuRegisterRunstateMemoryArea { Address = address };
        return guest.CallVcpu(operation, vcpu, ref argument);
    }

    private static ulong EntryTime(CallFixture guest, bool is64Bit) =>
        BinaryPrimitives.ReadUInt64LittleEndian(guest.ReadArray<byte>(Area, 48).AsSpan(is64Bit ? 8 : 4));

    private static uint Features(CallFixture guest)
    {
        var features = new FeatureInfo();
        Assert.Equal(0, guest.Call(Hypercall.XenVersion, (ulong)VersionOp.GetFeatures, ref features));
        return features.Submap;
    }
}
