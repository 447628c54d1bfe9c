using Xenolith.Abi.Contract;
using Xenolith.Domains;

namespace Xenolith.Abi.Calls;

/// <summary>domctl: which calls a domain is shown. Ours; 4.17 and its toolstack know nothing of it.</summary>
internal static class DomctlExposureOps
{
    public static long Handle(ref HypercallCall call, ref DomctlOps.Frame frame)
    {
        ref DomctlExposure argument = ref frame.Argument.Exposure;
        Domain domain = frame.Target!;
        Exposure exposure = domain.Exposure;
        if (argument.Command is ExposureOp.Get or ExposureOp.GetMaximum && !exposure.Has(argument.Group))
            return call.Fail(Errno.ENOENT, "no such group");
        frame.CopiesBack = true;
        switch (argument.Command)
        {
            case ExposureOp.List:
                argument.Bits = exposure.Groups;
                return 0;
            case ExposureOp.Get:
                argument.Bits = exposure[argument.Group];
                return 0;
            case ExposureOp.GetMaximum:
                argument.Bits = exposure.MaximumOf(argument.Group);
                return 0;
            case ExposureOp.Set:
                return call.Result(exposure.Set(argument.Group, argument.Bits, domain.HasBegun), "no such group, a bit that it does not have, or too late");
            case ExposureOp.Freeze:
                exposure.Freeze();
                return 0;
            default:
                return call.Fail(Errno.EOPNOTSUPP, "no such operation on what a domain is shown");
        }
    }
}
