using Xenolith.Abi.Contract;
using Xenolith.Domains;

namespace Xenolith.Abi.Calls;

/// <summary>dm_op: what a device model answers for, and where its requests lie. A server is for the domain that made it alone.</summary>
internal static class DmServerOps
{
    private const string Gap = "something stands in the gap";

    public static long Create(ref HypercallCall call, ref DmOps.Frame frame)
    {
        ref DmOpCreateServer argument = ref frame.Argument.CreateServer;
        if ((argument.Pad0 | argument.Pad1 | argument.Pad2) != 0)
            return call.Fail(Errno.EINVAL, Gap);
        if (argument.Buffering > (byte)RequestBuffering.Atomic)
            return call.Fail(Errno.EINVAL, "no such way to take buffered requests");
        Errno error = frame.Target.IoServers.Create(call.Domain.Identity, (RequestBuffering)argument.Buffering, out ushort id);
        if (error != Errno.None)
            return call.Fail(error, "the domain has eight servers, or no port is free");
        argument.Id = id;
        frame.CopiesBack = true;
        return 0;
    }

    public static long Describe(ref HypercallCall call, ref DmOps.Frame frame)
    {
        ref DmOpServerInformation argument = ref frame.Argument.ServerInformation;
        if ((argument.Flags & ~DmOpLimits.NoGfns) != 0)
            return call.Fail(Errno.EINVAL, "an unknown flag");
        long refused = Find(ref call, ref frame, argument.Id, out IoRequestServer server);
        if (refused != 0)
            return refused;
        bool placed = (argument.Flags & DmOpLimits.NoGfns) == 0;
        Errno error = placed ? frame.Target.IoServers.PlacePages(server) : Errno.None;
        if (error != Errno.None)
            return call.Fail(error, "no pages are set aside for requests, or they are no memory, or are mapped as a resource");
        if (placed)
            argument.RequestGfn = server.RequestGfn.Value;
        if (server.Buffering != RequestBuffering.Off)
        {
            argument.BufferedPort = server.BufferedPort;
            if (placed)
                argument.BufferedGfn = server.BufferedGfn.Value;
        }
        frame.CopiesBack = true;
        return 0;
    }

    public static long Map(ref HypercallCall call, ref DmOps.Frame frame)
    {
        long refused = FindRange(ref call, ref frame, out IoRequestServer server);
        ref readonly DmOpRange range = ref frame.Argument.Range;
        return refused != 0 ? refused
            : call.Result(frame.Target.IoServers.Map(server, (IoRangeType)range.Type, range.First, range.Last), "some of it is mapped, or there are 256 ranges");
    }

    public static long Unmap(ref HypercallCall call, ref DmOps.Frame frame)
    {
        long refused = FindRange(ref call, ref frame, out IoRequestServer server);
        ref readonly DmOpRange range = ref frame.Argument.Range;
        return refused != 0 ? refused
            : call.Result(frame.Target.IoServers.Unmap(server, (IoRangeType)range.Type, range.First, range.Last), "some of it is not mapped, or there are 256 ranges");
    }

    public static long SetState(ref HypercallCall call, ref DmOps.Frame frame)
    {
        ref readonly DmOpServerState argument = ref frame.Argument.ServerState;
        if (argument.Pad != 0)
            return call.Fail(Errno.EINVAL, Gap);
        long refused = Find(ref call, ref frame, argument.Id, out IoRequestServer server);
        if (refused != 0)
            return refused;
        frame.Target.IoServers.Enable(server, argument.Enabled != 0);
        return 0;
    }

    public static long Destroy(ref HypercallCall call, ref DmOps.Frame frame)
    {
        ref readonly DmOpDestroyServer argument = ref frame.Argument.DestroyServer;
        if (argument.Pad != 0)
            return call.Fail(Errno.EINVAL, Gap);
        long refused = Find(ref call, ref frame, argument.Id, out IoRequestServer server);
        if (refused != 0)
            return refused;
        frame.Target.IoServers.Destroy(server);
        return 0;
    }

    /// <summary>Writes to memory of one type go to the server; or no more, and then the memory becomes plain again, piece by piece.</summary>
    public static long MapMemory(ref HypercallCall call, ref DmOps.Frame frame)
    {
        ref DmOpMapMemoryType argument = ref frame.Argument.MapMemoryType;
        IoRequestServers servers = frame.Target.IoServers;
        if (argument.Progress == 0)
        {
            if (argument.Type != (ushort)HvmMemoryType.IoreqServer || (argument.Flags & ~(uint)ForwardedAccess.Write) != 0)
                return call.Fail(Errno.EINVAL, "another type of memory, or accesses other than writes");
            long refused = Find(ref call, ref frame, argument.Id, out IoRequestServer server);
            if (refused != 0)
                return refused;
            Errno error = argument.Flags != 0 ? servers.TakeMemory(server) : servers.GiveMemoryUp(server);
            if (error != Errno.None)
                return call.Fail(error, "a server has such memory, or this one has not");
        }
        frame.CopiesBack = true;
        if (argument.Flags != 0)
            return 0;
        ulong gfn = argument.Progress;
        if (servers.ResetMemory(ref gfn, call.Dispatcher.Budget))
            return 0;
        argument.Progress = gfn;
        return call.Restart();
    }

    private static long FindRange(ref HypercallCall call, ref DmOps.Frame frame, out IoRequestServer server)
    {
        ref readonly DmOpRange range = ref frame.Argument.Range;
        server = null!;
        if (range.Pad != 0)
            return call.Fail(Errno.EINVAL, Gap);
        if (range.First > range.Last)
            return call.Fail(Errno.EINVAL, "the end lies before the start");
        long refused = Find(ref call, ref frame, range.Id, out server);
        if (refused != 0)
            return refused;
        return range.Type <= (uint)IoRangeType.Pci ? 0 : call.Fail(Errno.EINVAL, "no such kind of range");
    }

    private static long Find(ref HypercallCall call, ref DmOps.Frame frame, ushort id, out IoRequestServer server) =>
        call.Result(frame.Target.IoServers.Find(id, call.Domain.Identity, out server), "no such server, or another domain's");
}
