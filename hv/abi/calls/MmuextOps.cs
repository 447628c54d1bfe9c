using Xenolith.Abi.Contract;

namespace Xenolith.Abi.Calls;

/// <summary>mmuext_op: page tables of paravirtual guests. Another guest gets this far with it on 4.17, and no further.</summary>
internal static class MmuextOps
{
    public static long Handle(ref HypercallCall call) => unchecked((ushort)call.A3) == DomainIds.Self
        ? call.Fail(Errno.EINVAL, "not for this kind of guest") : call.Fail(Errno.ESRCH, "no other domain can be meant");
}
