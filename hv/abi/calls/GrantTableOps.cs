using Xenolith.Abi.Contract;
using Xenolith.Domains;
using Xenolith.Kernel;

namespace Xenolith.Abi.Calls;

/// <summary>grant_table_op: the table itself (public/grant_table.h). Per-operation errors are a status in the argument.</summary>
internal static class GrantTableOps
{
    public static long QuerySize(ref HypercallCall call)
    {
        if (HypercallCall.Low(call.A2) != 1)
            return call.Fail(Errno.EINVAL, "one at a time");
        if (!call.TryRead(call.A1, out GnttabQuerySize argument))
            return call.Fault();
        GrantStatus status = Resolve(ref call, argument.Domain, out Domain domain);
        argument.Status = (short)status;
        if (status == GrantStatus.Okay)
        {
            argument.FrameCount = (uint)domain.GrantTable.FrameCount;
            argument.MaximumFrameCount = (uint)domain.GrantTable.MaximumFrames;
        }
        return call.TryWrite(call.A1, in argument) ? 0 : call.Fault();
    }

    public static long SetupTable(ref HypercallCall call)
    {
        if (HypercallCall.Low(call.A2) != 1)
            return call.Fail(Errno.EINVAL, "one at a time");
        if (!TryReadSetup(ref call, out GnttabSetupTable argument))
            return call.Fault();
        GrantStatus status = Resolve(ref call, argument.Domain, out Domain domain);
        if (status == GrantStatus.Okay)
            status = Grow(ref call, domain, in argument);
        argument.Status = (short)status;
        bool written = call.Is64Bit
            ? call.TryWrite(call.A1, in argument)
            : call.TryWrite(call.A1, new GnttabSetupTable32
            {
                Domain = argument.Domain, FrameCount = argument.FrameCount, Status = argument.Status, FrameList = (uint)argument.FrameList,
            });
        return written ? 0 : call.Fault();
    }

    public static long SetVersion(ref HypercallCall call)
    {
        if (HypercallCall.Low(call.A2) > int.MaxValue)
            return call.Fail(Errno.EINVAL, "a count of 2^31 or more");
        if (!call.TryRead(call.A1, out GnttabSetVersion argument))
            return call.Fault();
        Errno error = call.Domain.GrantTable.SetVersion(argument.Version);
        argument.Version = (uint)call.Domain.GrantTable.Version;
        if (!call.TryWrite(call.A1, in argument))
            return call.Fault();
        return call.Result(error, "neither 1 nor 2, no memory, or a reserved entry that version 1 can't say");
    }

    public static long GetVersion(ref HypercallCall call)
    {
        if (HypercallCall.Low(call.A2) > int.MaxValue)
            return call.Fail(Errno.EINVAL, "a count of 2^31 or more");
        if (!call.TryRead(call.A1, out GnttabGetVersion argument))
            return call.Fault();
        Errno error = call.TryResolve(argument.Domain, out Domain domain);
        if (error != Errno.None)
            return -(long)error;
        argument.Version = (uint)domain.GrantTable.Version;
        return call.TryWrite(call.A1, in argument) ? 0 : call.Fault();
    }

    /// <summary>Grows the table and tells where each frame is mapped; one that is not mapped reads as all ones.</summary>
    private static GrantStatus Grow(ref HypercallCall call, Domain domain, in GnttabSetupTable argument)
    {
        GrantTable table = domain.GrantTable;
        if (argument.FrameCount > (uint)table.MaximumFrames || !table.TryGrow((int)argument.FrameCount))
            return GrantStatus.GeneralError;
        GrantStatus status = GrantStatus.Okay;
        for (uint i = 0; i < argument.FrameCount; i++)
        {
            LentFrame frame = table.Frame((int)i);
            bool mapped = frame.Location != Mm.Gfn.Invalid && domain.P2m.Lookup(frame.Location).Mfn == frame.Mfn;
            if (!call.TryWriteLong(argument.FrameList, i, mapped ? frame.Location.Value : ulong.MaxValue))
                status = GrantStatus.BadVirtAddr;
        }
        return status;
    }

    private static GrantStatus Resolve(ref HypercallCall call, ushort id, out Domain domain) => call.TryResolve(id, out domain) switch
    {
        Errno.None => GrantStatus.Okay,
        Errno.ESRCH => GrantStatus.BadDomain,
        _ => GrantStatus.PermissionDenied,
    };

    private static bool TryReadSetup(ref HypercallCall call, out GnttabSetupTable argument)
    {
        if (call.Is64Bit)
            return call.TryRead(call.A1, out argument);
        bool read = call.TryRead(call.A1, out GnttabSetupTable32 narrow);
        argument = new GnttabSetupTable { Domain = narrow.Domain, FrameCount = narrow.FrameCount, FrameList = narrow.FrameList };
        return read;
    }
}
