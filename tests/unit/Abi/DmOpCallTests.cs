using System;
using System.Linq;
using Xenolith.Abi;
using Xenolith.Abi.Contract;
using Xenolith.Domains;
using Xenolith.Hal;
using Xenolith.Kernel;
using Xenolith.Mm;
using Xenolith.Tests.Unit.Harness;
using Xunit;

namespace Xenolith.Tests.Unit.Abi;

/// <summary>dm_op: what comes before any operation, and the operations that need no device model.</summary>
public sealed class DmOpCallTests
{
    private const ulong At = CallFixture.Argument;

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void The_frame_is_checked_in_Xens_order(bool is64Bit)
    {
        using var model = new DmOpFixture(is64Bit);
        CallFixture guest = model.Guest;
        ushort target = model.Target.Id;
        guest.Write(At, new DmOpArgument { Operation = (uint)DmOp.NrVcpus });
        Assert.Equal(-(long)Errno.ENODATA, guest.Call(Hypercall.DmOp, target, 0, guest.Hole));
        Assert.Equal(-(long)Errno.E2BIG, guest.Call(Hypercall.DmOp, target, 3, guest.Hole));
        Assert.Equal(-(long)Errno.EFAULT, guest.Call(Hypercall.DmOp, 99, 1, guest.Hole));
        Assert.Equal(-(long)Errno.ESRCH, model.CallWith(99, 1, guest.Hole, 32));
        Assert.Equal(-(long)Errno.ESRCH, model.CallWith(DomainIds.Self, 1, At, 32));
        Assert.Equal(-(long)Errno.EPERM, model.CallWith(0, 1, guest.Hole, 32));
        Assert.Equal(-(long)Errno.EFAULT, model.CallWith(target, 1, At, 7));
        Assert.Equal(-(long)Errno.EFAULT, model.CallWith(target, 1, guest.Hole, 32));
        Assert.Equal(-(long)Errno.EFAULT, model.CallWith(target, 1, At, 11));
        Assert.Equal(0, model.CallWith(target, 1, At, 12));
        Assert.Equal(2u, guest.Read<DmOpArgument>(At).VcpuCount.Count);
        guest.Write(At, new DmOpArgument { Operation = (uint)DmOp.NrVcpus, Pad = 1 });
        Assert.Equal(-(long)Errno.EINVAL, model.CallWith(target, 1, At, 32));
        Assert.Equal(-(long)Errno.EFAULT, model.CallWith(target, 1, At, 8));
        guest.Write(At, new DmOpArgument { Operation = 21, Pad = 1 });
        Assert.Equal(-(long)Errno.EOPNOTSUPP, model.CallWith(target, 1, At, 8));
        foreach (uint unknown in new uint[] { 0, (uint)DmOp.SetIrqLevel })
        {
            guest.Write(At, new DmOpArgument { Operation = unknown, Pad = 1 });
            Assert.Equal(-(long)Errno.EINVAL, model.CallWith(target, 1, At, 8));
            guest.Write(At, new DmOpArgument { Operation = unknown });
            Assert.Equal(-(long)Errno.EOPNOTSUPP, model.CallWith(target, 1, At, 8));
        }
        Assert.False(guest.Domain.IsHeld || model.Target.IsHeld);
    }

    /// <summary>What is hidden from the device model's domain answers as a number past the last, before the argument is looked at.</summary>
    [Fact]
    public void A_hidden_operation_is_none()
    {
        using var model = new DmOpFixture();
        Exposure exposure = model.Guest.Domain.Exposure;
        Assert.Equal(Errno.None, exposure.Set(ExposureGroup.DeviceModel, exposure[ExposureGroup.DeviceModel] & ~(1UL << (int)DmOp.NrVcpus)));
        model.Guest.Write(At, new DmOpArgument { Operation = (uint)DmOp.NrVcpus, Pad = 1 });
        Assert.Equal(-(long)Errno.EOPNOTSUPP, model.CallWith(model.Target.Id, 1, At, 8));
        Assert.Equal(0, model.Call(DmOp.SetIsaIrqLevel, new DmOpArgument { }));
    }

    [Fact]
    public void An_argument_that_can_not_be_given_back_is_a_fault()
    {
        using var model = new DmOpFixture();
        // The last bytes of the caller's memory: the answer would lie past them.
        ulong end = (4UL << 20) - 8;
        model.Guest.Write(end, new ulong[] { (ulong)DmOp.NrVcpus }[0]);
        Assert.Equal(-(long)Errno.EFAULT, model.CallWith(model.Target.Id, 1, end, 32));
    }

    [Fact]
    public void Only_the_control_domain_and_the_device_model_may()
    {
        using var other = new DmOpFixture(isPrivileged: false, id: 3);
        Assert.Equal(-(long)Errno.EPERM, other.Call(DmOp.NrVcpus));
        other.Guest.Domain.ServedDomain = other.Target.Identity;
        Assert.Equal(0, other.Call(DmOp.NrVcpus));
        other.Guest.Domain.ServedDomain = new DomainHandle(other.Target.Id, other.Target.Identity.Serial + 1);
        Assert.Equal(-(long)Errno.EPERM, other.Call(DmOp.NrVcpus));
    }

    [Fact]
    public void A_rule_of_the_administrator_forbids_one_operation()
    {
        using var model = new DmOpFixture();
        Assert.Null(CallPolicy.TryParse("*:XEN_DMOP_remote_shutdown:7", out CallPolicy? policy));
        model.Guest.Dispatcher.Policy = policy!;
        Assert.Equal(0, model.Call(DmOp.NrVcpus));
        Assert.Equal(-(long)Errno.EPERM, model.Call(DmOp.RemoteShutdown));
        Assert.False(model.Target.IsShutDown);
    }

    [Fact]
    public void Remote_shutdown_keeps_eight_bits_of_the_reason()
    {
        using var model = new DmOpFixture();
        Assert.Equal(0, model.Call(DmOp.RemoteShutdown, new DmOpArgument { RemoteShutdown = new DmOpRemoteShutdown { Reason = 0x1FE } }));
        Assert.True(model.Target.IsShutDown);
        Assert.Equal((ShutdownReason)0xFE, model.Target.ShutdownReason);
    }

    private static DmOpArgument Event(byte vector, InjectedEventType type, uint vcpu = 0, uint code = uint.MaxValue, ulong cr2 = 0, byte length = 0) => new()
    {
        InjectEvent = new DmOpInjectEvent { Vcpu = vcpu, Vector = vector, Type = (byte)type, ErrorCode = code, Cr2 = cr2, InstructionLength = length },
    };

    [Fact]
    public void One_event_at_a_time_is_ordered_for_a_vCPU()
    {
        using var model = new DmOpFixture();
        Assert.Equal(-(long)Errno.EINVAL, model.Call(DmOp.InjectEvent, Event(6, InjectedEventType.HardwareException, vcpu: 2)));
        DmOpArgument gap = Event(6, InjectedEventType.HardwareException);
        gap.InjectEvent.Pad1 = 1;
        Assert.Equal(-(long)Errno.EINVAL, model.Call(DmOp.InjectEvent, gap));
        Assert.Equal(0, model.Call(DmOp.InjectEvent, Event(14, InjectedEventType.HardwareException, code: 5, cr2: 0x1234)));
        Assert.Equal(-(long)Errno.EBUSY, model.Call(DmOp.InjectEvent, Event(6, InjectedEventType.HardwareException)));
        Assert.Equal(0, model.Call(DmOp.InjectEvent, Event(6, InjectedEventType.HardwareException, vcpu: 1)));
        Vcpu vcpu = model.Target.Vcpus[0];
        Assert.True(OrderedDelivery.TryDeliver(vcpu));
        Assert.Equal(((byte)14, (uint?)5), Assert.Single(TestMachine.Cpu(vcpu).InjectedExceptions));
        Assert.Equal(0x1234UL, vcpu.Cpu.Cr2);
        Assert.False(vcpu.HasOrderedEvent);
        Assert.Equal(0, model.Call(DmOp.InjectEvent, Event(6, InjectedEventType.HardwareException)));
    }

    [Theory]
    [InlineData(3, InjectedEventType.SoftwareException, 1)]
    [InlineData(1, InjectedEventType.PrivilegedSoftwareException, 1)]
    [InlineData(0x80, InjectedEventType.SoftwareInterrupt, 2)]
    public void What_instructions_raise_is_delivered_with_their_length(byte vector, InjectedEventType type, byte length)
    {
        using var model = new DmOpFixture();
        Assert.Equal(0, model.Call(DmOp.InjectEvent, Event(vector, type, length: length)));
        Vcpu vcpu = model.Target.Vcpus[0];
        Assert.True(OrderedDelivery.TryDeliver(vcpu));
        Assert.Equal(((EventKind)type, vector, (int)length), Assert.Single(TestMachine.Cpu(vcpu).InjectedSoftware));
        Assert.False(model.Target.IsShutDown);
    }

    [Fact]
    public void An_interrupt_waits_until_it_can_be_taken()
    {
        using var model = new DmOpFixture();
        Assert.Equal(0, model.Call(DmOp.InjectEvent, Event(0x40, InjectedEventType.ExternalInterrupt)));
        Vcpu vcpu = model.Target.Vcpus[0];
        vcpu.Cpu.Rflags = 2;
        Assert.False(OrderedDelivery.TryDeliver(vcpu));
        Assert.True(vcpu.HasOrderedEvent);
        vcpu.Cpu.Rflags = 0x202;
        Assert.True(OrderedDelivery.TryDeliver(vcpu));
        Assert.False(vcpu.HasOrderedEvent);
    }

    [Theory]
    [InlineData(200, InjectedEventType.HardwareException, uint.MaxValue, 0)]
    [InlineData(2, InjectedEventType.HardwareException, uint.MaxValue, 0)]
    [InlineData(6, InjectedEventType.HardwareException, 0u, 0)]
    [InlineData(13, InjectedEventType.HardwareException, uint.MaxValue, 0)]
    [InlineData(3, InjectedEventType.Nmi, uint.MaxValue, 0)]
    [InlineData(3, InjectedEventType.SoftwareException, uint.MaxValue, 0)]
    [InlineData(3, InjectedEventType.SoftwareException, uint.MaxValue, 16)]
    [InlineData(5, InjectedEventType.SoftwareException, uint.MaxValue, 1)]
    [InlineData(6, (InjectedEventType)1, uint.MaxValue, 0)]
    [InlineData(6, (InjectedEventType)7, uint.MaxValue, 0)]
    [InlineData(6, (InjectedEventType)255, uint.MaxValue, 0)]
    public void What_no_CPU_delivers_ends_the_domain(byte vector, InjectedEventType type, uint code, byte length)
    {
        using var model = new DmOpFixture();
        Assert.Equal(0, model.Call(DmOp.InjectEvent, Event(vector, type, code: code, length: length)));
        OrderedDelivery.TryDeliver(model.Target.Vcpus[0]);
        Assert.Equal(ShutdownReason.Crash, model.Target.ShutdownReason);
        ScriptedCpu cpu = TestMachine.Cpu(model.Target.Vcpus[0]);
        Assert.Empty(cpu.InjectedExceptions);
        Assert.Empty(cpu.InjectedSoftware);
    }

    private static DmOpArgument Message(uint data, ulong address) => new() { InjectMsi = new DmOpInjectMsi { Data = data, Address = address } };

    [Fact]
    public void A_message_reaches_the_APIC_that_it_names()
    {
        using var model = new DmOpFixture();
        foreach (Vcpu vcpu in model.Target.Vcpus)
            vcpu.Apic.Write(0xF0, 0x1FF);
        Assert.Equal(0, model.Call(DmOp.InjectMsi, Message(0x51, 0xFEE0_2000)));
        Assert.False(model.Target.Vcpus[0].Apic.TryGetInterrupt(out _));
        Assert.True(model.Target.Vcpus[1].Apic.TryGetInterrupt(out byte vector));
        Assert.Equal(0x51, vector);
        Assert.Equal(0, model.Call(DmOp.InjectMsi, Message(0x152, 0xFEEF_F000)));
        Assert.Equal(1, model.Target.Vcpus.Count(v => v.Apic.TryGetInterrupt(out byte found) && found == 0x52));
        Assert.Equal(0, model.Call(DmOp.InjectMsi, Message(0x51, 0xFEE0_9000)));
        Assert.Equal(-(long)Errno.ESRCH, model.Call(DmOp.InjectMsi, Message(0x151, 0xFEE0_9000)));
        for (uint mode = 2; mode < 8; mode++)
            Assert.Equal(-(long)Errno.EINVAL, model.Call(DmOp.InjectMsi, Message(mode << 8 | 0x51, 0xFEE0_0000)));
        Assert.Equal(-(long)Errno.ERANGE, model.Call(DmOp.InjectMsi, Message(0, 0xFEE0_0000)));
        Assert.Equal(0, model.Call(DmOp.InjectMsi, Message(0, 0xFEE0_1000)));
        Assert.Equal(-(long)Errno.EINVAL, model.Call(DmOp.InjectMsi, Message(0, 0x100_0000_0000)));
        Assert.Equal(-(long)Errno.ERANGE, model.Call(DmOp.InjectMsi, Message(0, 0x8000_0000_0000_1000)));
    }

    private static DmOpArgument Type(ulong first, uint count, HvmMemoryType type) =>
        new() { MemoryType = new DmOpMemoryType { First = first, Count = count, Type = (ushort)type } };

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Memory_changes_its_type_piece_by_piece(bool is64Bit)
    {
        using var model = new DmOpFixture(is64Bit, budget: 4);
        P2m p2m = model.Target.P2m;
        Assert.Equal(0, model.Call(DmOp.SetMemType, Type(0x100, 10, HvmMemoryType.RamRo)));
        Assert.Equal(2, model.Guest.Restarts);
        Assert.Equal(Enumerable.Repeat(P2mType.RamReadOnly, 10), Enumerable.Range(0x100, 10).Select(g => p2m.Lookup(new Gfn((ulong)g)).Type));
        Assert.Equal(P2mType.Ram, p2m.Lookup(new Gfn(0x10A)).Type);
        Assert.Equal(Rights.Read | Rights.Execute, p2m.Lookup(new Gfn(0x100)).Access);
        Assert.Equal(0, model.Call(DmOp.SetMemType, Type(0x100, 10, HvmMemoryType.RamRw)));
        Assert.Equal(Rights.All, p2m.Lookup(new Gfn(0x109)).Access);
        ulong before = model.Target.TotalPages;
        Assert.Equal(0, model.Call(DmOp.SetMemType, Type(0x100, 2, HvmMemoryType.MmioDm)));
        Assert.Equal(before - 2, model.Target.TotalPages);
        Assert.Equal(0, model.Call(DmOp.SetMemType, Type(0x100, 2, HvmMemoryType.MmioDm)));
        Assert.Equal(-(long)Errno.EINVAL, model.Call(DmOp.SetMemType, Type(0x100, 2, HvmMemoryType.RamRw)));
        foreach (HvmMemoryType bad in new[] { HvmMemoryType.Unused, HvmMemoryType.IoreqServer, (HvmMemoryType)5, (HvmMemoryType)ushort.MaxValue })
            Assert.Equal(-(long)Errno.EINVAL, model.Call(DmOp.SetMemType, Type(0x110, 1, bad)));
        foreach ((ulong first, uint count) in new[] { (0UL, 0u), (1UL, 0u), (511UL, 2u), (ulong.MaxValue, 2u), (0UL, uint.MaxValue) })
            Assert.Equal(-(long)Errno.EINVAL, model.Call(DmOp.SetMemType, Type(first, count, HvmMemoryType.RamRo)));
    }

    [Fact]
    public void Frames_are_relocated_piece_by_piece()
    {
        using var model = new DmOpFixture(budget: 4);
        P2m p2m = model.Target.P2m;
        Mfn first = p2m.Lookup(new Gfn(0x100)).Mfn, last = p2m.Lookup(new Gfn(0x109)).Mfn;
        Assert.Equal(0, model.Call(DmOp.RelocateMemory, new DmOpArgument { Relocate = new DmOpRelocate { Source = 0x100, Destination = 0x900, Count = 10 } }));
        Assert.Equal(2, model.Guest.Restarts);
        Assert.Equal((first, last), (p2m.Lookup(new Gfn(0x900)).Mfn, p2m.Lookup(new Gfn(0x909)).Mfn));
        Assert.Equal(P2mType.None, p2m.Lookup(new Gfn(0x100)).Type);
        Assert.Equal(-(long)Errno.EINVAL, model.Call(DmOp.RelocateMemory, new DmOpArgument { Relocate = new DmOpRelocate { Source = 0x100, Destination = 0x900, Count = 1 } }));
        Assert.Equal(-(long)Errno.ENOENT, model.Call(DmOp.RelocateMemory, new DmOpArgument { Relocate = new DmOpRelocate { Source = 0x900, Destination = 1UL << 36, Count = 1 } }));
        Assert.Equal(0, model.Call(DmOp.RelocateMemory, new DmOpArgument { Relocate = new DmOpRelocate { Source = 0x900, Destination = 0x100, Count = 0x10000 } }));
        Assert.Equal(first, p2m.Lookup(new Gfn(0x900)).Mfn);
    }

    [Fact]
    public void Sixty_four_ranges_are_pinned_and_none_over_another()
    {
        using var model = new DmOpFixture();
        long Pin(ulong from, ulong to, PinnedCaching type) =>
            model.Call(DmOp.PinMemoryCacheattr, new DmOpArgument { PinCaching = new DmOpPinCaching { First = from, Last = to, Type = (uint)type } });

        for (uint i = 0; i < 64; i++)
            Assert.Equal(0, Pin(i * 4, i * 4 + 1, PinnedCaching.WriteBack));
        Assert.Equal(0, Pin(4, 5, PinnedCaching.Uncached));
        Assert.Equal(-(long)Errno.ENOSPC, Pin(1000, 1000, PinnedCaching.WriteBack));
        Assert.Equal(-(long)Errno.EBUSY, Pin(5, 6, PinnedCaching.WriteBack));
        Assert.Equal(-(long)Errno.ENOENT, Pin(4, 4, PinnedCaching.Delete));
        Assert.Equal(0, Pin(4, 5, PinnedCaching.Delete));
        Assert.Equal(-(long)Errno.ENOENT, Pin(4, 5, PinnedCaching.Delete));
        Assert.Equal(0, Pin(1000, 1000, PinnedCaching.WriteBack));
        Assert.Equal(-(long)Errno.EINVAL, Pin(2, 1, PinnedCaching.WriteBack));
        Assert.Equal(-(long)Errno.EINVAL, Pin(2, 1UL << 52, PinnedCaching.Delete));
        Assert.Equal(-(long)Errno.EINVAL, Pin(2, 2, (PinnedCaching)3));
    }

    [Fact]
    public void Lines_are_checked_and_lead_nowhere()
    {
        using var model = new DmOpFixture();
        long Pci(DmOpPciLevel level) => model.Call(DmOp.SetPciIntxLevel, new DmOpArgument { PciLevel = level });

        var good = new DmOpPciLevel { Device = 31, Line = 3, Level = 1 };
        Assert.Equal(0, Pci(good));
        foreach (DmOpPciLevel bad in new[] { good with { Segment = 1 }, good with { Bus = 1 }, good with { Device = 32 }, good with { Line = 4 }, good with { Level = 2 } })
            Assert.Equal(-(long)Errno.EINVAL, Pci(bad));
        Assert.Equal(0, model.Call(DmOp.SetIsaIrqLevel, new DmOpArgument { IsaLevel = new DmOpIsaLevel { Irq = 15, Level = 1 } }));
        Assert.Equal(-(long)Errno.EINVAL, model.Call(DmOp.SetIsaIrqLevel, new DmOpArgument { IsaLevel = new DmOpIsaLevel { Irq = 16 } }));
        Assert.Equal(0, model.Call(DmOp.SetPciLinkRoute, new DmOpArgument { LinkRoute = new DmOpLinkRoute { Link = 3, Irq = 15 } }));
        Assert.Equal(-(long)Errno.EINVAL, model.Call(DmOp.SetPciLinkRoute, new DmOpArgument { LinkRoute = new DmOpLinkRoute { Link = 4 } }));
    }

    [Fact]
    public void Modified_memory_asks_for_two_buffers_and_no_more()
    {
        using var model = new DmOpFixture();
        var argument = new DmOpArgument { ModifiedMemory = new DmOpModifiedMemory { ExtentCount = uint.MaxValue, Progress = 1 } };
        Assert.Equal(-(long)Errno.EINVAL, model.Call(DmOp.ModifiedMemory, argument));
        Assert.Equal(0, model.Call(DmOp.ModifiedMemory, argument, out _, secondSize: 0));
    }

    [Fact]
    public void Every_frame_of_a_new_range_counts_as_written()
    {
        using var model = new DmOpFixture();
        long Track(uint count, ulong? size) => model.Call(DmOp.TrackDirtyVram, new DmOpArgument { TrackDirty = new DmOpTrackDirty { Count = count } }, out _, size);

        Assert.Equal(-(long)Errno.EINVAL, Track(8, null));
        Assert.Equal(-(long)Errno.EINVAL, Track(9, 1));
        Assert.Equal(-(long)Errno.EINVAL, Track((1 << 18) + 1, 1 << 20));
        Assert.Equal(0, Track(0, 0));
        Assert.Equal(0, Track(8 * 300, 300));
        Assert.All(model.Guest.ReadArray<byte>(DmOpFixture.Second, 300), b => Assert.Equal(0xFF, b));
        Assert.Equal(0, model.Guest.Read<byte>(DmOpFixture.Second + 300));
        Assert.Equal(-(long)Errno.EFAULT, model.CallWith(model.Target.Id, 2, CallFixture.Argument, 32, model.Guest.Hole, 300));
        model.Target.HasVcpus = false;
        Assert.Equal(-(long)Errno.EINVAL, Track(8, 1));
        model.Target.BeginDying();
        Assert.Equal(-(long)Errno.ESRCH, Track(8, 1));
    }
}
