using System;
using Xenolith.Abi.Contract;
using Xenolith.Domains;
using Xunit;

namespace Xenolith.Tests.Unit.Abi;

/// <summary>Virtual NUMA nodes, exchanges, populate-on-demand and the continuation of shadow_op. What is expected is what 4.17.7 answered.</summary>
public sealed class VirtualNodeCallTests : IDisposable
{
    private const ulong Distances = CallFixture.List, Vcpus = Distances + 0x100, Machine = Distances + 0x200, Ranges = Distances + 0x300;

    private ControlFixture _control = new();
    private readonly Domain _target;

    public VirtualNodeCallTests()
    {
        _target = _control.Make(vcpus: 2);
        _control.Guest.WriteArray(Distances, 10u, 20u, 20u, 10u);
        _control.Guest.WriteArray(Vcpus, 0u, 1u);
        _control.Guest.WriteArray(Machine, 0u, 63u);
        _control.Guest.WriteArray(Ranges, new VirtualMemoryRange { End = 0x1000 }, new VirtualMemoryRange { Start = 0x1000, End = 0x2000, Node = 1 });
    }

    public void Dispose() => _control.Dispose();

    private static DomctlVirtualNodes Good => new()
    {
        NodeCount = 2, RangeCount = 2, VcpuCount = 2, Distances = Distances, VcpuToNode = Vcpus, NodeToMachineNode = Machine, Ranges = Ranges,
    };

    private static long Error(Errno error) => -(long)error;

    private long Set(DomctlVirtualNodes nodes) => _control.Call(DomctlOp.Setvnumainfo, _target.Id, new Domctl { VirtualNodes = nodes }, out _);

    private long Get(ref VnumaTopologyInfo topology) => _control.Guest.Call(Hypercall.MemoryOp, (ulong)MemoryOp.GetVnumainfo, ref topology);

    [Fact]
    public void WhatIsSetIsRead()
    {
        Assert.Equal(0, Set(Good));
        Assert.Equal(0, Set(Good));
        var topology = new VnumaTopologyInfo { Domain = _target.Id, NodeCount = 1, VcpuCount = 2, RangeCount = 2 };
        Assert.Equal(Error(Errno.ENOBUFS), Get(ref topology));
        Assert.Equal((2u, 2u, 2u), (topology.NodeCount, topology.VcpuCount, topology.RangeCount));
        topology.Distances = CallFixture.NotCanonical;
        Assert.Equal(Error(Errno.EFAULT), Get(ref topology));
        const ulong to = CallFixture.Results;
        (topology.Distances, topology.VcpuToNode, topology.Ranges, topology.NodeCount) = (to, to + 0x100, to + 0x200, 9);
        Assert.Equal(0, Get(ref topology));
        Assert.Equal(2u, topology.NodeCount);
        Assert.Equal([10u, 20u, 20u, 10u], _control.Guest.ReadArray<uint>(to, 4));
        Assert.Equal([0u, 1u], _control.Guest.ReadArray<uint>(to + 0x100, 2));
        Assert.Equal(_control.Guest.ReadArray<VirtualMemoryRange>(Ranges, 2), _control.Guest.ReadArray<VirtualMemoryRange>(to + 0x200, 2));
    }

    [Fact]
    public void WhatIsWrongLeavesTheOldOneAndNoFrame()
    {
        Assert.Equal(0, Set(Good));
        ulong free = _control.Machine.Frames.FreeFrames;
        const ulong bad = CallFixture.NotCanonical;
        foreach ((DomctlVirtualNodes nodes, Errno error) in new[]
        {
            (Good with { Pad = 1 }, Errno.EINVAL), (Good with { VcpuCount = 1 }, Errno.EINVAL), (Good with { NodeCount = 0 }, Errno.EINVAL),
            (Good with { NodeCount = 33, Distances = bad }, Errno.EINVAL), (Good with { NodeCount = 32, Distances = bad }, Errno.EFAULT),
            (Good with { RangeCount = 171, Distances = bad }, Errno.EINVAL), (Good with { RangeCount = 170, Ranges = bad }, Errno.EFAULT),
            (Good with { NodeCount = uint.MaxValue, RangeCount = uint.MaxValue }, Errno.EINVAL), (Good with { VcpuToNode = bad }, Errno.EFAULT),
            (Good with { NodeToMachineNode = bad }, Errno.EFAULT), (Good with { NodeCount = 1, NodeToMachineNode = bad }, Errno.E2BIG),
        })
        {
            Assert.Equal(Error(error), Set(nodes));
        }
        _control.Guest.WriteArray(Machine, 64u);
        Assert.Equal(Error(Errno.E2BIG), Set(Good));
        _control.Guest.WriteArray(Machine, 0u);
        _control.Guest.Write(Ranges, new VirtualMemoryRange { Flags = 1 });
        Assert.Equal(Error(Errno.EINVAL), Set(Good));
        Assert.Equal((2, free), (_target.VirtualNodes.NodeCount, _control.Machine.Frames.FreeFrames));
        Assert.Equal(0x1000UL, _target.VirtualNodes.Ranges[0].End);
    }

    [Fact]
    public void ATopologyEndsWithItsDomain()
    {
        Assert.Equal(0, Set(Good));
        Assert.Equal(0, _control.Call(DomctlOp.Destroydomain, _target.Id));
        Assert.Equal(_control.FreeAtStart, _control.Machine.Frames.FreeFrames);
    }

    private long Exchange(MemoryReservation given, MemoryReservation taken, ulong done = 0, ulong progress = 0)
    {
        var argument = new MemoryExchange { In = given, Out = taken, ExchangedCount = done };
        return _control.Guest.Call(Hypercall.MemoryOp, (ulong)MemoryOp.Exchange | (progress << 6), ref argument);
    }

    [Theory]
    [InlineData(1u, 0u, 1u, 20u, Errno.EINVAL)]
    [InlineData(1u, 20u, 1u, 20u, Errno.EPERM)]
    [InlineData(1u, 0x8000_0000u, 1u, 0x8000_0000u, Errno.EPERM)]
    [InlineData(1u, uint.MaxValue, 1u, uint.MaxValue, Errno.EPERM)]
    [InlineData(1u, 9u, 512u, 0u, Errno.EINVAL)]
    [InlineData(1u, 10u, 1024u, 0u, Errno.E2BIG)]
    [InlineData(1u << 23, 10u, 1u, 0u, Errno.EINVAL)]
    public void A32BitCallersSidesAreComparedFirst(uint givenCount, uint givenOrder, uint takenCount, uint takenOrder, Errno error)
    {
        _control.Dispose();
        _control = new ControlFixture(is64Bit: false);
        _control.Guest.WriteArray(CallFixture.List, 0x3_0000u);
        MemoryReservation32 Side(uint count, uint order) =>
            new() { ExtentStart = (uint)CallFixture.List, ExtentCount = count, ExtentOrder = order, Domain = DomainIds.Self };

        var argument = new MemoryExchange32 { In = Side(givenCount, givenOrder), Out = Side(takenCount, takenOrder) };
        Assert.Equal(-(long)error, _control.Guest.Call(Hypercall.MemoryOp, (ulong)MemoryOp.Exchange, ref argument));
    }

    [Fact]
    public void FramesOfTranslatedDomainsAreNotExchanged()
    {
        _control.Populate(_target.Id, 8);
        _control.Guest.WriteArray(CallFixture.List, 7UL, 100UL);
        var one = new MemoryReservation { ExtentStart = CallFixture.List, ExtentCount = 1, Domain = _target.Id };
        Assert.Equal(Error(Errno.EFAULT), _control.Guest.Call(Hypercall.MemoryOp, (ulong)MemoryOp.Exchange, CallFixture.NotCanonical));
        Assert.Equal(Error(Errno.EINVAL), Exchange(one, one, progress: 1));
        Assert.Equal(Error(Errno.EPERM), Exchange(one, one with { ExtentOrder = 13, Domain = 0 }));
        Assert.Equal(Error(Errno.EPERM), Exchange(one with { ExtentOrder = uint.MaxValue }, one));
        Assert.Equal(Error(Errno.EINVAL), Exchange(one, one with { Domain = 0 }));
        Assert.Equal(Error(Errno.EINVAL), Exchange(one, one with { ExtentCount = 2 }));
        Assert.Equal(Error(Errno.EINVAL), Exchange(one with { ExtentCount = 1UL << 63, ExtentOrder = 1 }, one with { ExtentCount = 1UL << 63, ExtentOrder = 1 }));
        Assert.Equal(Error(Errno.EINVAL), Exchange(one, one, done: 2));
        Assert.Equal(0, Exchange(one with { Domain = 99 }, one with { Domain = 99 }, done: 1));
        Assert.Equal(Error(Errno.ESRCH), Exchange(one with { Domain = 99 }, one with { Domain = 99 }));
        Assert.Equal(Error(Errno.EFAULT), Exchange(one with { ExtentStart = CallFixture.NotCanonical }, one));
        Assert.Equal(Error(Errno.EOPNOTSUPP), Exchange(one, one));
        Assert.Equal(Error(Errno.EINVAL), Exchange(one with { ExtentStart = CallFixture.List + 8 }, one));
    }

    [Fact]
    public void PopulateOnDemandIsNotThere()
    {
        _control.Populate(_target.Id, 8);
        foreach (MemoryOp operation in new[] { MemoryOp.GetPodTarget, MemoryOp.SetPodTarget })
        {
            var target = new PodTarget { TargetPages = 5, CachePages = 7, Entries = 8, Domain = _target.Id };
            Assert.Equal(0, _control.Guest.Call(Hypercall.MemoryOp, (ulong)operation, ref target));
            Assert.Equal((5UL, 8UL, 0UL, 0UL), (target.TargetPages, target.TotalPages, target.CachePages, target.Entries));
            Assert.Equal(Error(Errno.ENOSYS), _control.Guest.Call(Hypercall.MemoryOp, (ulong)operation | 64, ref target));
            target.Domain = 99;
            Assert.Equal(Error(Errno.ESRCH), _control.Guest.Call(Hypercall.MemoryOp, (ulong)operation, ref target));
            using var other = new ControlFixture(isPrivileged: false, id: 4);
            target.Domain = DomainIds.Self;
            Assert.Equal(Error(Errno.EPERM), other.Guest.Call(Hypercall.MemoryOp, (ulong)operation, ref target));
        }
        var more = new PodTarget { TargetPages = _target.MaximumPages + 1, Domain = _target.Id };
        Assert.Equal(Error(Errno.EINVAL), _control.Guest.Call(Hypercall.MemoryOp, (ulong)MemoryOp.SetPodTarget, ref more));
    }

    [Theory]
    [InlineData(InterfaceVersions.Domctl, DomctlOp.Pausedomain, (ushort)99, Errno.EOPNOTSUPP)]
    [InlineData(5u, DomctlOp.ShadowOp, (ushort)99, Errno.EOPNOTSUPP)]
    [InlineData(InterfaceVersions.Domctl, DomctlOp.ShadowOp, (ushort)99, Errno.ESRCH)]
    [InlineData(InterfaceVersions.Domctl, DomctlOp.ShadowOp, (ushort)0, Errno.EINVAL)]
    [InlineData(InterfaceVersions.Domctl, DomctlOp.ShadowOp, (ushort)1, Errno.EBUSY)]
    public void NoShadowOperationIsEverUnderWay(uint version, DomctlOp command, ushort domain, Errno expected)
    {
        _control.Guest.Write(CallFixture.Argument, new Domctl { Command = (uint)command, InterfaceVersion = version, Domain = domain });
        Assert.Equal(Error(expected), _control.Guest.Call(Hypercall.Arch1, CallFixture.Argument));
        Assert.Equal(Error(Errno.EFAULT), _control.Guest.Call(Hypercall.Arch1, CallFixture.NotCanonical));
    }
}
