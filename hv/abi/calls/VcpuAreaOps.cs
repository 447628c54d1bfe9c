using Xenolith.Abi.Contract;
using Xenolith.Domains;

namespace Xenolith.Abi.Calls;

/// <summary>vcpu_op of 4.18: areas that are named by guest-physical address, so that no page table has a say.</summary>
internal static class VcpuAreaOps
{
    private const string NotThere = "over the end of a page, not aligned, or not the guest's own memory";

    public static long RegisterRunState(ref HypercallCall call)
    {
        if (!call.TryRead(call.A2, out VcpuRegisterRunstateMemoryArea argument))
            return call.Fault();
        return call.Result(VcpuOps.Target(in call).RegisterRunStateArea(argument.Address, call.Is64Bit), NotThere);
    }

    public static long RegisterTime(ref HypercallCall call)
    {
        if (!call.TryRead(call.A2, out VcpuRegisterTimeMemoryArea argument))
            return call.Fault();
        return call.Result(VcpuOps.Target(in call).RegisterTimeArea(argument.Address), NotThere);
    }
}
