using Xenolith.Abi.Contract;

namespace Xenolith.Abi.Calls;

/// <summary>HVMOP_altp2m: whether a domain's views are on.</summary>
internal static class Altp2mStateOps
{
    public static long Get(ref HypercallCall call, ref Altp2mOps.Frame frame)
    {
        frame.Argument.DomainState.State = Altp2mOps.IsActive(frame.Target) ? (byte)1 : (byte)0;
        frame.CopiesBack = true;
        return 0;
    }
}
