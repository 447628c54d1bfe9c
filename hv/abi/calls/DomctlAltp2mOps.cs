using Xenolith.Abi.Contract;
using Xenolith.Domains;

namespace Xenolith.Abi.Calls;

/// <summary>domctl: how a domain's views are to be. Ours; 4.17 and its toolstack know nothing of it.</summary>
internal static class DomctlAltp2mOps
{
    public static long Handle(ref HypercallCall call, ref DomctlOps.Frame frame)
    {
        ref DomctlAltp2m argument = ref frame.Argument.Altp2m;
        Domain domain = frame.Target!;
        switch (argument.Command)
        {
            case Altp2mSettingOp.Get:
                argument.Views = (uint)domain.MaximumViews;
                argument.Options = domain.ViewOptions;
                frame.CopiesBack = true;
                return 0;
            case Altp2mSettingOp.Set:
                if (domain == call.Domain)
                    return call.Fail(Errno.EPERM, "a domain's own views are another's to say");
                return call.Result(domain.SetViews(argument.Views, argument.Options), "not 1 to 512 views, no such option, too late, or no memory");
            default:
                return call.Fail(Errno.EOPNOTSUPP, "no such operation on how views are to be");
        }
    }
}
