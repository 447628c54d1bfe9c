using System;
using Xenolith.Abi.Contract;

namespace Xenolith.Abi.Calls;

/// <summary>domctl: how much memory a domain may have.</summary>
internal static class DomctlMemoryOps
{
    private const int PageKibibytesShift = 2;

    /// <summary>Less than the domain has is taken as well: then it gets no more.</summary>
    public static long SetMaximum(ref HypercallCall call, ref DomctlOps.Frame frame)
    {
        frame.Target!.MaximumPages = Math.Min(frame.Argument.MaximumMemory.Kibibytes >> PageKibibytesShift, uint.MaxValue);
        return 0;
    }
}
