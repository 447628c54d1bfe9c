using Xenolith.Abi.Contract;

namespace Xenolith.Guests.Builder;

/// <summary>dm_op: servers of I/O requests, what they answer for, and where their requests lie.</summary>
internal static class DeviceServers
{
    private const ushort NotThere = 8;

    public static void Run(TestRun tests)
    {
        Control.Create(Control.Pvh(2), out ushort id);
        Control.MakeVcpus(id, 2);
        Control.SetMaximumMemory(id, 4 << 10);
        Limits.Populate(id, 0, 512, 0);
        Ids(tests, id);
        Information(tests, id);
        Ranges(tests, id);
        Many(tests, id);
        States(tests, id);
        Frames(tests, id);
        Places(tests, id);
        Memories(tests, id);
        Control.Call(DomctlOp.Destroydomain, id);
    }

    public static long Create(ushort id, out ushort server, RequestBuffering buffering = RequestBuffering.Off, byte pad = 0)
    {
        var argument = new DmOpArgument { CreateServer = new DmOpCreateServer { Buffering = (byte)buffering, Pad2 = pad, Id = 99 } };
        long result = DeviceModelCalls.Call(DmOp.CreateIoreqServer, id, ref argument);
        server = argument.CreateServer.Id;
        return result;
    }

    public static long Destroy(ushort id, ushort server, ushort pad = 0)
    {
        var argument = new DmOpArgument { DestroyServer = new DmOpDestroyServer { Id = server, Pad = pad } };
        return DeviceModelCalls.Call(DmOp.DestroyIoreqServer, id, ref argument);
    }

    public static long SetState(ushort id, ushort server, byte enabled, byte pad = 0)
    {
        var argument = new DmOpArgument { ServerState = new DmOpServerState { Id = server, Enabled = enabled, Pad = pad } };
        return DeviceModelCalls.Call(DmOp.SetIoreqServerState, id, ref argument);
    }

    public static long Range(DmOp operation, ushort id, ushort server, IoRangeType type, ulong first, ulong last, ushort pad = 0)
    {
        var argument = new DmOpArgument { Range = new DmOpRange { Id = server, Type = (uint)type, First = first, Last = last, Pad = pad } };
        return DeviceModelCalls.Call(operation, id, ref argument);
    }

    private static long Map(ushort id, ushort server, IoRangeType type, ulong first, ulong last) =>
        Range(DmOp.MapIoRangeToIoreqServer, id, server, type, first, last);

    private static long Unmap(ushort id, ushort server, IoRangeType type, ulong first, ulong last) =>
        Range(DmOp.UnmapIoRangeFromIoreqServer, id, server, type, first, last);

    private static long Describe(ushort id, ushort server, ushort flags, out DmOpServerInformation information)
    {
        var argument = new DmOpArgument
        {
            ServerInformation = new DmOpServerInformation { Id = server, Flags = flags, BufferedPort = 0xAAAA, RequestGfn = 0xBBBB, BufferedGfn = 0xCCCC },
        };
        long result = DeviceModelCalls.Call(DmOp.GetIoreqServerInfo, id, ref argument);
        information = argument.ServerInformation;
        return result;
    }

    private static void Ids(TestRun tests, ushort id)
    {
        tests.Start("ioreq servers, from the first to the last");
        tests.Error(Create(id, out _, pad: 1), Errno.EINVAL, "something in the gap");
        tests.Error(Create(id, out _, (RequestBuffering)3), Errno.EINVAL, "a way of buffering that there is not");
        for (ushort i = 0; i < DmOpLimits.Servers; i++)
        {
            tests.Success(Create(id, out ushort server, (RequestBuffering)(i % 3)), "a server");
            tests.Equal(server, i, "its id");
        }

        tests.Error(Create(id, out ushort none), Errno.ENOSPC, "the ninth");
        tests.Equal(none, 99, "its id is left alone");
        tests.Error(Destroy(id, 3, pad: 1), Errno.EINVAL, "destroying one with something in the gap");
        tests.Error(Destroy(id, NotThere), Errno.ENOENT, "destroying the ninth");
        tests.Error(Destroy(id, ushort.MaxValue), Errno.ENOENT, "destroying the last that there could be");
        tests.Success(Destroy(id, 3), "destroying the fourth");
        tests.Error(Destroy(id, 3), Errno.ENOENT, "again");
        tests.Success(Create(id, out ushort again), "another");
        tests.Equal(again, 3, "its id");
        for (ushort i = 0; i < DmOpLimits.Servers; i++)
        {
            tests.Success(Destroy(id, i), "destroying each");
        }
    }

    private static void Information(TestRun tests, ushort id)
    {
        tests.Start("get_ioreq_server_info");
        Create(id, out ushort plain);
        Create(id, out ushort buffered, RequestBuffering.Atomic);
        tests.Error(Describe(id, plain, 2, out _), Errno.EINVAL, "an unknown flag");
        tests.Error(Describe(id, NotThere, 2, out _), Errno.EINVAL, "an unknown flag and server");
        tests.Error(Describe(id, NotThere, 1, out _), Errno.ENOENT, "an unknown server");
        tests.Success(Describe(id, plain, 1, out DmOpServerInformation information), "without buffered requests");
        tests.Equal(information.BufferedPort, 0xAAAA, "the port is left alone");
        tests.Equal((long)information.RequestGfn, 0xBBBB, "the frame is left alone");
        tests.Success(Describe(id, buffered, 1, out information), "with buffered requests");
        tests.True(information.BufferedPort is not (0 or 0xAAAA), "the port");
        tests.Equal((long)information.BufferedGfn, 0xCCCC, "the frame is left alone");
        tests.Success(Describe(id, plain, 0, out information), "where no place is set aside");
        tests.Equal((long)information.RequestGfn, 0, "it is frame 0");
        Destroy(id, plain);
        Destroy(id, buffered);
    }

    private static void Ranges(TestRun tests, ushort id)
    {
        tests.Start("ranges of an ioreq server");
        Create(id, out ushort server);
        const IoRangeType port = IoRangeType.Port;
        tests.Error(Range(DmOp.MapIoRangeToIoreqServer, id, server, port, 0x100, 0x107, pad: 1), Errno.EINVAL, "something in the gap");
        tests.Error(Map(id, NotThere, port, 0x107, 0x100), Errno.EINVAL, "an end before the start, unknown server");
        tests.Error(Map(id, NotThere, (IoRangeType)3, 0x100, 0x107), Errno.ENOENT, "an unknown server and kind");
        tests.Error(Map(id, server, (IoRangeType)3, 0x100, 0x107), Errno.EINVAL, "an unknown kind");
        tests.Success(Map(id, server, port, 0x100, 0x107), "eight ports");
        tests.Error(Map(id, server, port, 0x100, 0x107), Errno.EEXIST, "again");
        tests.Error(Map(id, server, port, 0x107, 0x110), Errno.EEXIST, "one of them");
        tests.Error(Map(id, server, port, 0, ulong.MaxValue), Errno.EEXIST, "all that there are");
        tests.Success(Map(id, server, IoRangeType.Memory, 0x100, 0x107), "the same of memory");
        tests.Success(Map(id, server, IoRangeType.Pci, 0x100, 0x107), "the same of PCI");
        tests.Success(Map(id, server, IoRangeType.Memory, 0x1000, ulong.MaxValue), "all memory behind");
        tests.Success(Map(id, server, port, 0x108, 0x10F), "the next eight");
        tests.Error(Unmap(id, server, port, 0x0FF, 0x100), Errno.ENOENT, "taking more out than there is");
        tests.Success(Unmap(id, server, port, 0x104, 0x10B), "taking eight out of the middle of sixteen");
        tests.Error(Unmap(id, server, port, 0x104, 0x104), Errno.ENOENT, "one of them again");
        tests.Error(Unmap(id, server, port, 0x100, 0x10F), Errno.ENOENT, "all, with the gap");
        tests.Success(Unmap(id, server, port, 0x100, 0x103), "what is before it");
        tests.Success(Unmap(id, server, port, 0x10C, 0x10F), "what is behind it");
        tests.Error(Unmap(id, server, port, 0x10F, 0x10F), Errno.ENOENT, "nothing is left");
        tests.Success(Unmap(id, server, IoRangeType.Memory, 0x1001, ulong.MaxValue - 1), "all memory but the ends");
        tests.Success(Map(id, server, port, 0x1_0000, 0x2_0000), "ports that there are not");
        Destroy(id, server);
    }

    private static void Many(TestRun tests, ushort id)
    {
        tests.Start("256 ranges of an ioreq server");
        Create(id, out ushort server);
        for (uint i = 0; i < DmOpLimits.Ranges; i++)
        {
            tests.Success(Map(id, server, IoRangeType.Memory, i * 16, (i * 16) + 3), "a range");
        }

        tests.Error(Map(id, server, IoRangeType.Memory, 0x10000, 0x10000), Errno.ENOMEM, "one more");
        tests.Success(Map(id, server, IoRangeType.Memory, 4, 7), "one that touches the first");
        tests.Error(Unmap(id, server, IoRangeType.Memory, 2, 2), Errno.ENOMEM, "making two of one");
        tests.Success(Map(id, server, IoRangeType.Port, 1, 1), "a port");
        tests.Success(Map(id, server, IoRangeType.Memory, 8, 15), "one that makes one of the first two");
        tests.Success(Map(id, server, IoRangeType.Memory, 0x10000, 0x10000), "one more");
        Destroy(id, server);
    }

    private static void States(TestRun tests, ushort id)
    {
        tests.Start("set_ioreq_server_state");
        Create(id, out ushort server, RequestBuffering.Legacy);
        tests.Error(SetState(id, server, 1, pad: 1), Errno.EINVAL, "something in the gap");
        tests.Error(SetState(id, NotThere, 1), Errno.ENOENT, "an unknown server");
        tests.Success(SetState(id, server, 0), "off while it is off");
        tests.Success(SetState(id, server, 255), "on");
        tests.Success(SetState(id, server, 1), "on again");
        tests.Success(SetState(id, server, 0), "off");
        Destroy(id, server);
    }

    public static long Acquire(ushort id, uint server, ulong frame, ulong place, uint count = 1)
    {
        for (uint i = 0; i < count; i++)
        {
            s_places[(int)i] = place + i;
        }

        var argument = new MemAcquireResource
        {
            Domain = id, Type = (ushort)ResourceType.IoreqServer, Id = server, Frame = frame, FrameCount = count, FrameList = Xen.AddressOf(ref s_places[0]),
        };
        return Xen.Call(Hypercall.MemoryOp, (ulong)MemoryOp.AcquireResource, ref argument);
    }

    public static void Drop(ulong place)
    {
        var argument = new RemoveFromPhysmap { Domain = DomainIds.Self, Gpfn = place };
        Hypercalls.MemoryRemoveFromPhysmap(ref argument);
    }

    private const ulong Window = 0x6200_0000, Place = Window >> 12;
    private static readonly ulong[] s_places = new ulong[4];

    private static void Frames(TestRun tests, ushort id)
    {
        tests.Start("the pages of an ioreq server, as a resource");
        Create(id, out ushort plain);
        Create(id, out ushort buffered, RequestBuffering.Atomic);
        tests.Error(Acquire(id, 0x1_0000u + plain, 1, Place), Errno.EINVAL, "an id past 16 bits");
        tests.Error(Acquire(id, NotThere, 1, Place), Errno.ENOENT, "an unknown server");
        tests.Error(Acquire(id, plain, 2, Place), Errno.EINVAL, "a frame past the last");
        tests.Error(Acquire(id, plain, 0, Place), Errno.ENOENT, "buffered requests of a server without");
        tests.Success(Acquire(id, plain, 1, Place), "requests");
        tests.Success(Acquire(id, buffered, 0, Place + 1, 2), "both of the other");
        tests.Equal((long)Memory.Read64(Window), 0, "the first is empty");
        Memory.Write32(Window + 0x2000, 0x1234);
        tests.Success(SetState(id, buffered, 1), "on");
        tests.True(Memory.Read32(Window + 0x2000 + IoRequestLayout.Port) != 0, "the first vCPU's port");
        tests.True(Memory.Read32(Window + 0x2000 + IoRequestLayout.Size + IoRequestLayout.Port) != 0, "the second's");
        tests.Equal(Memory.Read32(Window + 0x2000), 0x1234, "the rest is left alone");
        SetParameter(id, HvmParameter.IoreqServerPfn, 100);
        SetParameter(id, HvmParameter.NrIoreqServerPages, 2);
        tests.Error(Describe(id, plain, 0, out _), Errno.EPERM, "a place for what is a resource");
        tests.Success(Destroy(id, buffered), "destroying it");
        tests.Equal(Memory.Read32(Window + 0x2000), 0x1234, "its page is still there");
        Destroy(id, plain);
        for (ulong i = 0; i < 3; i++)
        {
            Drop(Place + i);
        }
    }

    public static long MapMemory(ushort id, ushort server, ForwardedAccess access, HvmMemoryType type = HvmMemoryType.IoreqServer)
    {
        var argument = new DmOpArgument { MapMemoryType = new DmOpMapMemoryType { Id = server, Type = (ushort)type, Flags = (uint)access } };
        return DeviceModelCalls.Call(DmOp.MapMemTypeToIoreqServer, id, ref argument);
    }

    public static long SetType(ushort id, ulong first, uint count, HvmMemoryType type)
    {
        var argument = new DmOpArgument { MemoryType = new DmOpMemoryType { First = first, Count = count, Type = (ushort)type } };
        return DeviceModelCalls.Call(DmOp.SetMemType, id, ref argument);
    }

    private static void Memories(TestRun tests, ushort id)
    {
        tests.Start("memory whose writes go to an ioreq server");
        Create(id, out ushort first);
        Create(id, out ushort second);
        tests.Error(MapMemory(id, NotThere, ForwardedAccess.Write, HvmMemoryType.RamRw), Errno.EINVAL, "another type");
        tests.Error(MapMemory(id, NotThere, ForwardedAccess.Read), Errno.EINVAL, "reads");
        tests.Error(MapMemory(id, NotThere, ForwardedAccess.Write), Errno.ENOENT, "an unknown server");
        tests.Error(MapMemory(id, first, 0), Errno.EINVAL, "taking back what was not given");
        tests.Error(SetType(id, 300, 1, HvmMemoryType.IoreqServer), Errno.EINVAL, "memory for no server");
        tests.Success(MapMemory(id, first, ForwardedAccess.Write), "writes");
        tests.Error(MapMemory(id, first, ForwardedAccess.Write), Errno.EBUSY, "again");
        tests.Error(MapMemory(id, second, ForwardedAccess.Write), Errno.EBUSY, "for another server");
        tests.Error(MapMemory(id, second, 0), Errno.EINVAL, "taking back from another server");
        tests.Success(SetType(id, 300, 100, HvmMemoryType.IoreqServer), "memory");
        tests.Equal(TypeOf(id, 300), (long)HvmMemoryType.IoreqServer, "what it is");
        tests.Error(SetType(id, 300, 1, HvmMemoryType.RamRo), Errno.EINVAL, "to read-only");
        tests.Success(SetType(id, 300, 1, HvmMemoryType.RamRw), "to plain");
        SetType(id, 200, 1, HvmMemoryType.RamRo);
        tests.Error(SetType(id, 200, 1, HvmMemoryType.IoreqServer), Errno.EINVAL, "from read-only");
        tests.Success(MapMemory(id, first, 0), "taking back");
        tests.Success(SetType(id, 301, 1, HvmMemoryType.RamRo), "it is plain again");
        tests.Success(MapMemory(id, second, ForwardedAccess.Write), "for another server");
        tests.Success(MapMemory(id, second, 0), "taking back");
        Destroy(id, first);
        Destroy(id, second);
    }

    private static long SetParameter(ushort id, HvmParameter parameter, ulong value)
    {
        var argument = new HvmParam { Domain = id, Index = (uint)parameter, Value = value };
        return Hypercalls.HvmSetParam(ref argument);
    }

    private static long TypeOf(ushort id, ulong gfn)
    {
        var argument = new HvmGetMemType { Domain = id, Pfn = gfn };
        long result = Hypercalls.HvmGetMemType(ref argument);
        return result != 0 ? result : argument.MemoryType;
    }

    /// <summary>Two places are set aside by now: frames 100 and 101.</summary>
    private static void Places(TestRun tests, ushort id)
    {
        tests.Start("the pages of an ioreq server, in the domain's memory");
        tests.Error(SetParameter(id, HvmParameter.IoreqServerPfn, 200), Errno.EEXIST, "another place");
        Create(id, out ushort buffered, RequestBuffering.Atomic);
        tests.Success(Describe(id, buffered, 0, out DmOpServerInformation information), "with buffered requests");
        tests.Equal((long)information.RequestGfn, 100, "the requests' frame");
        tests.Equal((long)information.BufferedGfn, 101, "the buffered ones'");
        tests.Success(Describe(id, buffered, 0, out information), "again");
        tests.Equal((long)information.RequestGfn, 100, "the requests' frame");
        // As a resource they are EPERM, after which Xen has let go of them and panics once the server is on.
        tests.Equal(TypeOf(id, 100), (long)HvmMemoryType.RamRw, "the domain sees it");
        tests.Success(SetState(id, buffered, 1), "on");
        tests.Equal(TypeOf(id, 100), (long)HvmMemoryType.MmioDm, "the domain does not see it");
        tests.Equal(TypeOf(id, 101), (long)HvmMemoryType.MmioDm, "nor the other");
        tests.Success(SetState(id, buffered, 0), "off");
        tests.Equal(TypeOf(id, 100), (long)HvmMemoryType.RamRw, "the domain sees it");
        SetState(id, buffered, 1);
        tests.Success(Destroy(id, buffered), "destroying it");
        tests.Equal(TypeOf(id, 100), (long)HvmMemoryType.RamRw, "the domain sees it");
    }
}
