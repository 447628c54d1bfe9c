using Xenolith.Abi.Contract;

namespace Xenolith.Guests.Builder;

/// <summary>dm_op: what comes before any operation, and the operations that need no device model.</summary>
internal static class DeviceModel
{
    private const ushort Nobody = 0x1234;

    private static readonly byte[] s_bitmap = new byte[64];
    private static readonly DmOpExtent[] s_extents = new DmOpExtent[8];

    public static void Run(TestRun tests)
    {
        Control.Create(Control.Pvh(2), out ushort id);
        Frame(tests, id);
        Bare(tests, id);
        Control.MakeVcpus(id, 2);
        Control.SetMaximumMemory(id, 4 << 10);
        Limits.Populate(id, 0, 512, 0);
        Numbers(tests, id);
        Events(tests, id);
        Messages(tests, id);
        Lines(tests, id);
        BadLines(tests, id);
        Types(tests, id);
        Relocation(tests, id);
        Caching(tests, id);
        Written(tests, id);
        Shutdown(tests, id);
        Control.Call(DomctlOp.Destroydomain, id);
    }

    private static void Frame(TestRun tests, ushort id)
    {
        tests.Start("dm_op, before any operation");
        var argument = new DmOpArgument { Operation = (uint)DmOp.NrVcpus };
        ulong at = Xen.AddressOf(ref argument);
        tests.Error(Xen.Call(Hypercall.DmOp, id, 0, Hostile.NonCanonical), Errno.ENODATA, "no buffer");
        tests.Error(Xen.Call(Hypercall.DmOp, id, 3, Hostile.NonCanonical), Errno.E2BIG, "three buffers");
        tests.Error(Xen.Call(Hypercall.DmOp, id, uint.MaxValue, Hostile.NonCanonical), Errno.E2BIG, "all of them");
        tests.Error(Xen.Call(Hypercall.DmOp, Nobody, 1, Hostile.NonCanonical), Errno.EFAULT, "a bad array, unknown domain");
        tests.Error(DeviceModelCalls.CallWith(Nobody, 1, Hostile.NonCanonical, 32), Errno.ESRCH, "an unknown domain, bad buffer");
        tests.Error(DeviceModelCalls.CallWith(DomainIds.Self, 1, at, 32), Errno.ESRCH, "DOMID_SELF");
        tests.Error(DeviceModelCalls.CallWith(0, 1, Hostile.NonCanonical, 32), Errno.EPERM, "the caller's own id");
        tests.Error(DeviceModelCalls.CallWith(id, 1, at, 7), Errno.EFAULT, "a buffer shorter than the head");
        tests.Error(DeviceModelCalls.CallWith(id, 1, Hostile.NonCanonical, 32), Errno.EFAULT, "a bad buffer");
        tests.Error(DeviceModelCalls.CallWith(id, 1, at, 11), Errno.EFAULT, "a buffer shorter than the operation's");
        tests.Success(DeviceModelCalls.CallWith(id, 1, at, 12), "one that is just long enough");
        tests.Equal(argument.VcpuCount.Count, 2, "vCPUs");
        tests.Success(DeviceModelCalls.CallWith(id, 1, at, ulong.MaxValue), "one of all memory");
        tests.Success(DeviceModelCalls.CallWith(id, 2, at, 32, Hostile.NonCanonical, 1), "a second buffer that nothing looks at");
        tests.Success(Xen.Call(Hypercall.DmOp, id | 0xFFFF_0000, 0x1_0000_0001, Array(at)), "only the low bits of id and count");
        argument.Pad = 1;
        tests.Error(DeviceModelCalls.CallWith(id, 1, at, 32), Errno.EINVAL, "a head with something behind the operation");
        tests.Error(DeviceModelCalls.CallWith(id, 1, at, 8), Errno.EFAULT, "the same, too short");
        argument.Operation = 0;
        tests.Error(DeviceModelCalls.CallWith(id, 1, at, 8), Errno.EINVAL, "the same of operation 0");
        argument.Operation = 21;
        tests.Error(DeviceModelCalls.CallWith(id, 1, at, 8), Errno.EOPNOTSUPP, "the same of operation 21");
        argument.Operation = uint.MaxValue;
        tests.Error(DeviceModelCalls.CallWith(id, 1, at, 32), Errno.EOPNOTSUPP, "the last operation");
        argument.Pad = 0;
        argument.Operation = 0;
        tests.Error(DeviceModelCalls.CallWith(id, 1, at, 8), Errno.EOPNOTSUPP, "operation 0");
        argument.Operation = (uint)DmOp.SetIrqLevel;
        tests.Error(DeviceModelCalls.CallWith(id, 1, at, 8), Errno.EOPNOTSUPP, "set_irq_level");
    }

    private static readonly DmOpBuffer[] s_array = new DmOpBuffer[1];

    private static ulong Array(ulong at)
    {
        s_array[0] = new DmOpBuffer { Address = at, Size = 32 };
        return Xen.AddressOf(ref s_array[0]);
    }

    /// <summary>A domain whose vCPUs are not made yet, and that has no memory.</summary>
    private static void Bare(TestRun tests, ushort id)
    {
        tests.Start("dm_op, a domain without vCPUs");
        var argument = default(DmOpArgument);
        tests.Success(DeviceModelCalls.Call(DmOp.NrVcpus, id, ref argument), "nr_vcpus");
        tests.Equal(argument.VcpuCount.Count, 2, "vCPUs");
        argument = default;
        tests.Error(DeviceModelCalls.Call(DmOp.InjectEvent, id, ref argument), Errno.EINVAL, "inject_event");
        tests.Error(Dirty(id, 0, 8, 1), Errno.EINVAL, "track_dirty_vram");
        argument = default;
        argument.InjectMsi = new DmOpInjectMsi { Data = 0x41, Address = 0xFEE0_0000 };
        tests.Success(DeviceModelCalls.Call(DmOp.InjectMsi, id, ref argument), "inject_msi");
        tests.Error(MemoryType(id, 0, 1, HvmMemoryType.RamRo), Errno.EINVAL, "set_mem_type of a frame that is not there");
    }

    private static void Numbers(TestRun tests, ushort id)
    {
        tests.Start("nr_vcpus");
        var argument = new DmOpArgument { ServerInformation = new DmOpServerInformation { RequestGfn = ulong.MaxValue, BufferedGfn = ulong.MaxValue } };
        tests.Success(DeviceModelCalls.Call(DmOp.NrVcpus, id, ref argument), "nr_vcpus");
        tests.Equal(argument.VcpuCount.Count, 2, "vCPUs");
        tests.Equal((long)argument.ServerInformation.RequestGfn, -1, "what lies behind is left alone");
    }

    private static long Inject(ushort id, uint vcpu, byte vector, InjectedEventType type, byte pad0 = 0, uint pad1 = 0)
    {
        var argument = new DmOpArgument
        {
            InjectEvent = new DmOpInjectEvent { Vcpu = vcpu, Vector = vector, Type = (byte)type, ErrorCode = uint.MaxValue, Pad0 = pad0, Pad1 = pad1 },
        };
        return DeviceModelCalls.Call(DmOp.InjectEvent, id, ref argument);
    }

    private static void Events(TestRun tests, ushort id)
    {
        tests.Start("inject_event");
        tests.Error(Inject(id, 2, 6, InjectedEventType.HardwareException), Errno.EINVAL, "a vCPU past the last");
        tests.Error(Inject(id, 0, 6, InjectedEventType.HardwareException, pad0: 1), Errno.EINVAL, "something in the first gap");
        tests.Error(Inject(id, 0, 6, InjectedEventType.HardwareException, pad1: 1), Errno.EINVAL, "something in the second gap");
        tests.Success(Inject(id, 0, 6, InjectedEventType.HardwareException), "an exception");
        tests.Error(Inject(id, 0, 6, InjectedEventType.HardwareException), Errno.EBUSY, "another, for the same vCPU");
        tests.Error(Inject(id, 0, 6, InjectedEventType.HardwareException, pad1: 1), Errno.EINVAL, "something in the gap, for that vCPU");
        tests.Success(Inject(id, 1, 255, (InjectedEventType)7), "an event of no kind");
        tests.Error(Inject(id, 1, 6, InjectedEventType.HardwareException), Errno.EBUSY, "another, for that vCPU");
    }

    private static long Message(ushort id, uint data, ulong address, uint pad = 0)
    {
        var argument = new DmOpArgument { InjectMsi = new DmOpInjectMsi { Data = data, Address = address, Pad = pad } };
        return DeviceModelCalls.Call(DmOp.InjectMsi, id, ref argument);
    }

    private static void Messages(TestRun tests, ushort id)
    {
        tests.Start("inject_msi");
        const ulong first = 0xFEE0_0000, second = 0xFEE0_2000, nobody = 0xFEE1_0000, logical = 4;
        tests.Error(Message(id, 0x41, first, pad: 1), Errno.EINVAL, "something in the gap");
        tests.Success(Message(id, 0x41, first), "for the first vCPU");
        tests.Success(Message(id, 0x41, second), "for the second");
        tests.Success(Message(id, 0x41, nobody), "for nobody");
        tests.Success(Message(id, 0x41, 0), "at address 0");
        tests.Error(Message(id, 0x141, first), Errno.ESRCH, "to the one of lowest priority, all being off");
        tests.Error(Message(id, 0x141, nobody), Errno.ESRCH, "the same to nobody");
        tests.Success(Message(id, 0x41, nobody | logical), "to nobody by logical address");
        for (uint mode = 2; mode < 8; mode++)
        {
            tests.Error(Message(id, (mode << 8) | 0x41, first), Errno.EINVAL, "by another way of delivery");
        }

        tests.Success(Message(id, 0x8041, first), "by level");
        tests.Success(Message(id, 1, first), "a vector that is the processor's own");
        tests.Error(Message(id, 0, first), Errno.ERANGE, "vector 0 and interrupt 0");
        tests.Success(Message(id, 0, first | (20 << 12)), "vector 0 and interrupt 20");
        tests.Error(Message(id, 0, 0xFFFF_FF00_0000_0000), Errno.ERANGE, "vector 0 and an interrupt below 0");
        tests.Error(Message(id, 0, 0x7FFF_FF00_0000_0000), Errno.EINVAL, "vector 0 and an interrupt past the last");
    }

    private static long Pci(ushort id, ushort segment, byte bus, byte device, byte line, byte level)
    {
        var argument = new DmOpArgument { PciLevel = new DmOpPciLevel { Segment = segment, Bus = bus, Device = device, Line = line, Level = level } };
        return DeviceModelCalls.Call(DmOp.SetPciIntxLevel, id, ref argument);
    }

    private static long Isa(ushort id, byte irq, byte level)
    {
        var argument = new DmOpArgument { IsaLevel = new DmOpIsaLevel { Irq = irq, Level = level } };
        return DeviceModelCalls.Call(DmOp.SetIsaIrqLevel, id, ref argument);
    }

    private static long Route(ushort id, byte link, byte irq)
    {
        var argument = new DmOpArgument { LinkRoute = new DmOpLinkRoute { Link = link, Irq = irq } };
        return DeviceModelCalls.Call(DmOp.SetPciLinkRoute, id, ref argument);
    }

    private static void Lines(TestRun tests, ushort id)
    {
        tests.Start("interrupt lines of a domain without interrupt controllers");
        if (BootRecord.HasWord("no-lines"))
        {
            tests.Skip("the command line says so");
            return;
        }

        for (byte level = 0; level < 2; level++)
        {
            tests.Success(Pci(id, 0, 0, 31, 3, level), "the last PCI line");
            tests.Success(Isa(id, 15, level), "the last ISA line");
        }

        tests.Success(Route(id, 3, 15), "a route");
        tests.Success(Route(id, 0, 0), "none");
    }

    private static void BadLines(TestRun tests, ushort id)
    {
        tests.Start("interrupt lines that there are not");
        tests.Error(Pci(id, 1, 0, 0, 0, 1), Errno.EINVAL, "segment 1");
        tests.Error(Pci(id, 0, 1, 0, 0, 1), Errno.EINVAL, "bus 1");
        tests.Error(Pci(id, 0, 0, 32, 0, 1), Errno.EINVAL, "device 32");
        tests.Error(Pci(id, 0, 0, 0, 4, 1), Errno.EINVAL, "line 4");
        tests.Error(Pci(id, 0, 0, 0, 0, 2), Errno.EINVAL, "level 2");
        tests.Error(Isa(id, 16, 1), Errno.EINVAL, "ISA line 16");
        tests.Error(Isa(id, 0, 2), Errno.EINVAL, "ISA level 2");
        tests.Error(Route(id, 4, 0), Errno.EINVAL, "link 4");
        tests.Error(Route(id, 0, 16), Errno.EINVAL, "a route to 16");
    }

    private static long MemoryType(ushort id, ulong first, uint count, HvmMemoryType type, ushort pad = 0)
    {
        var argument = new DmOpArgument { MemoryType = new DmOpMemoryType { First = first, Count = count, Type = (ushort)type, Pad = pad } };
        return DeviceModelCalls.Call(DmOp.SetMemType, id, ref argument);
    }

    private static long TypeOf(ushort id, ulong gfn)
    {
        var argument = new HvmGetMemType { Domain = id, Pfn = gfn };
        long result = Hypercalls.HvmGetMemType(ref argument);
        return result != 0 ? result : argument.MemoryType;
    }

    private static void Types(TestRun tests, ushort id)
    {
        tests.Start("set_mem_type");
        tests.Error(MemoryType(id, 0, 1, HvmMemoryType.RamRo, pad: 1), Errno.EINVAL, "something in the gap");
        tests.Error(MemoryType(id, 1, 0, HvmMemoryType.RamRo), Errno.EINVAL, "no frame");
        tests.Error(MemoryType(id, 0, 0, HvmMemoryType.RamRo), Errno.EINVAL, "no frame from 0 on");
        tests.Error(MemoryType(id, 511, 2, HvmMemoryType.RamRo), Errno.EINVAL, "past the last frame");
        tests.Error(MemoryType(id, ulong.MaxValue, 2, HvmMemoryType.RamRo), Errno.EINVAL, "frames that wrap");
        tests.Error(MemoryType(id, 0, 1, HvmMemoryType.Unused), Errno.EINVAL, "unused");
        tests.Error(MemoryType(id, 0, 1, (HvmMemoryType)5), Errno.EINVAL, "a type past the last");
        tests.Error(MemoryType(id, 0, 1, HvmMemoryType.IoreqServer), Errno.EINVAL, "a server's, without a server");
        tests.Success(MemoryType(id, 16, 300, HvmMemoryType.RamRo), "read-only");
        tests.Equal(TypeOf(id, 16), (long)HvmMemoryType.RamRo, "the first");
        tests.Equal(TypeOf(id, 315), (long)HvmMemoryType.RamRo, "the last");
        tests.Equal(TypeOf(id, 316), (long)HvmMemoryType.RamRw, "the one behind");
        tests.Success(MemoryType(id, 16, 300, HvmMemoryType.RamRo), "again");
        tests.Success(MemoryType(id, 16, 300, HvmMemoryType.RamRw), "writable");
        tests.Equal(TypeOf(id, 16), (long)HvmMemoryType.RamRw, "the first");
        Control.Describe(id, out DomainInformation before);
        tests.Success(MemoryType(id, 40, 2, HvmMemoryType.MmioDm), "a device's");
        tests.Equal(TypeOf(id, 40), (long)HvmMemoryType.MmioDm, "the first");
        tests.Success(MemoryType(id, 40, 2, HvmMemoryType.MmioDm), "again");
        tests.Error(MemoryType(id, 40, 2, HvmMemoryType.RamRw), Errno.EINVAL, "back");
        tests.Error(MemoryType(id, 39, 2, HvmMemoryType.RamRo), Errno.EINVAL, "the one before, and the first");
        tests.Equal(TypeOf(id, 39), (long)HvmMemoryType.RamRo, "the one before has changed");
        tests.Success(MemoryType(id, 39, 1, HvmMemoryType.RamRw), "the one before");
        tests.Equal(Limits.Populate(id, 40, 2, 0), 2, "filled again");
        tests.Equal(TypeOf(id, 40), (long)HvmMemoryType.RamRw, "the first");
    }

    private static long Relocate(ushort id, ulong from, ulong to, uint count, uint pad = 0)
    {
        var argument = new DmOpArgument { Relocate = new DmOpRelocate { Source = from, Destination = to, Count = count, Pad = pad } };
        return DeviceModelCalls.Call(DmOp.RelocateMemory, id, ref argument);
    }

    private static void Relocation(TestRun tests, ushort id)
    {
        tests.Start("relocate_memory");
        tests.Error(Relocate(id, 64, 1024, 1, pad: 1), Errno.EINVAL, "something in the gap");
        tests.Success(Relocate(id, 64, 1024, 0), "nothing");
        tests.Success(Relocate(id, 64, 1024, 100), "a hundred frames");
        tests.Equal(TypeOf(id, 64), (long)HvmMemoryType.MmioDm, "where the first was");
        tests.Equal(TypeOf(id, 1024), (long)HvmMemoryType.RamRw, "where it is");
        tests.Equal(TypeOf(id, 1123), (long)HvmMemoryType.RamRw, "where the last is");
        tests.Error(Relocate(id, 64, 2048, 1), Errno.EINVAL, "nothing is there");
        tests.Success(Relocate(id, 1024, 64, 100), "back");
        tests.Success(Relocate(id, 64, 1024, 0x10000), "as many as 16 bits don't hold");
        tests.Equal(TypeOf(id, 1024), (long)HvmMemoryType.MmioDm, "none has gone");
    }

    private static long Pin(ushort id, ulong first, ulong last, PinnedCaching type, uint pad = 0)
    {
        var argument = new DmOpArgument { PinCaching = new DmOpPinCaching { First = first, Last = last, Type = (uint)type, Pad = pad } };
        return DeviceModelCalls.Call(DmOp.PinMemoryCacheattr, id, ref argument);
    }

    private static void Caching(TestRun tests, ushort id)
    {
        tests.Start("pin_memory_cacheattr");
        tests.Error(Pin(id, 0, 1, PinnedCaching.Uncached, pad: 1), Errno.EINVAL, "something in the gap");
        tests.Error(Pin(id, 1, 0, PinnedCaching.Uncached), Errno.EINVAL, "an end before the start");
        tests.Error(Pin(id, 0, 1UL << 52, PinnedCaching.Uncached), Errno.EINVAL, "frames that no address has");
        tests.Error(Pin(id, 0, 1UL << 52, PinnedCaching.Delete), Errno.EINVAL, "the same, to delete");
        tests.Error(Pin(id, 0, 1, (PinnedCaching)2), Errno.EINVAL, "no way of caching");
        tests.Error(Pin(id, 0, 1, PinnedCaching.Delete), Errno.ENOENT, "to delete what is not there");
        tests.Success(Pin(id, 10, 19, PinnedCaching.WriteCombining), "ten frames");
        tests.Success(Pin(id, 10, 19, PinnedCaching.Uncached), "the same again");
        tests.Error(Pin(id, 19, 20, PinnedCaching.Uncached), Errno.EBUSY, "an overlap");
        tests.Error(Pin(id, 0, 100, PinnedCaching.WriteBack), Errno.EBUSY, "all around");
        tests.Error(Pin(id, 10, 18, PinnedCaching.Delete), Errno.ENOENT, "to delete a part");
        tests.Success(Pin(id, 20, 20, PinnedCaching.UncachedMinus), "the next");
        for (uint i = 0; i < DmOpLimits.PinnedRanges - 2; i++)
        {
            tests.Success(Pin(id, 1000 + (i * 2), 1000 + (i * 2), PinnedCaching.WriteBack), "one more");
        }

        tests.Error(Pin(id, 2000, 2000, PinnedCaching.WriteBack), Errno.ENOSPC, "one too many");
        tests.Error(Pin(id, 1000, 1001, PinnedCaching.WriteBack), Errno.EBUSY, "one too many, and an overlap");
        tests.Success(Pin(id, 10, 19, PinnedCaching.Delete), "to delete");
        tests.Error(Pin(id, 10, 19, PinnedCaching.Delete), Errno.ENOENT, "again");
        tests.Success(Pin(id, 2000, 2000, PinnedCaching.WriteBack), "one more");
    }

    private static long Dirty(ushort id, ulong first, uint count, ulong bytes, uint pad = 0)
    {
        var argument = new DmOpArgument { TrackDirty = new DmOpTrackDirty { First = first, Count = count, Pad = pad } };
        return DeviceModelCalls.Call(DmOp.TrackDirtyVram, id, ref argument, Xen.AddressOf(ref s_bitmap[0]), bytes);
    }

    private static long Modified(ushort id, uint count, uint progress, ulong bytes, uint pad = 0)
    {
        s_extents[0] = new DmOpExtent { First = 3, Count = 2, Pad = pad };
        var argument = new DmOpArgument { ModifiedMemory = new DmOpModifiedMemory { ExtentCount = count, Progress = progress } };
        return DeviceModelCalls.Call(DmOp.ModifiedMemory, id, ref argument, Xen.AddressOf(ref s_extents[0]), bytes);
    }

    private static void Written(TestRun tests, ushort id)
    {
        tests.Start("what a domain has written: track_dirty_vram, modified_memory");
        var argument = new DmOpArgument { TrackDirty = new DmOpTrackDirty { Count = 8 } };
        tests.Error(DeviceModelCalls.Call(DmOp.TrackDirtyVram, id, ref argument), Errno.EINVAL, "without a bitmap");
        tests.Error(Dirty(id, 0, 8, 1, pad: 1), Errno.EINVAL, "something in the gap");
        tests.Error(Dirty(id, 0, DmOpLimits.TrackedFrames + 1, 64), Errno.EINVAL, "more than 1 GiB");
        tests.Error(Dirty(id, 0, 9, 1), Errno.EINVAL, "a bitmap that is too short");
        tests.Success(Dirty(id, 0, 0, 0), "nothing, while nothing is tracked");
        argument = new DmOpArgument { ModifiedMemory = new DmOpModifiedMemory { ExtentCount = 1 } };
        tests.Error(DeviceModelCalls.Call(DmOp.ModifiedMemory, id, ref argument), Errno.EINVAL, "modified_memory without extents");
        tests.Success(Modified(id, 2, 0, 31), "more extents than the buffer holds, while nothing is tracked");
        tests.Success(Modified(id, 1, 1, 16), "progress past the end, likewise");
        tests.Success(Modified(id, 0, 0, 16), "no extent");
        tests.Success(Modified(id, 1, 0, 16), "an extent");
        tests.Success(Modified(id, 1, 0, 16, pad: 1), "an extent with something in its gap");
        s_bitmap[0] = s_bitmap[1] = 0;
        tests.Success(Dirty(id, 16, 12, 2), "twelve frames");
        tests.Equal(s_bitmap[0] | (s_bitmap[1] << 8), 0xFFFF, "all count as written at first");
        tests.Success(Modified(id, 1, 0, 16, pad: 0), "an extent outside");
        tests.Success(Dirty(id, 0, 0, 0), "no more");
    }

    private static void Shutdown(TestRun tests, ushort id)
    {
        tests.Start("remote_shutdown");
        var argument = new DmOpArgument { RemoteShutdown = new DmOpRemoteShutdown { Reason = 0x1FF } };
        tests.Success(DeviceModelCalls.Call(DmOp.RemoteShutdown, id, ref argument), "for a reason that nobody knows");
        Control.Describe(id, out DomainInformation information);
        tests.Equal(information.Flags & (uint)DomainStateFlags.Shutdown, (uint)DomainStateFlags.Shutdown, "it has shut down");
        tests.Equal(information.Flags >> DomctlLimits.ShutdownShift & 0xFF, 0xFF, "why");
        argument.RemoteShutdown.Reason = 0;
        tests.Success(DeviceModelCalls.Call(DmOp.RemoteShutdown, id, ref argument), "once more");
        Control.Describe(id, out information);
        tests.Equal(information.Flags >> DomctlLimits.ShutdownShift & 0xFF, 0xFF, "why it did first");
    }
}
