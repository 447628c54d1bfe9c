using Xenolith.Abi.Contract;

namespace Xenolith.Guests.Attacks;

/// <summary>
/// Maps shared_info at a frame in each corner of the address space: every one costs the hypervisor tables that it can't take back
/// before the guest ends. It must stop giving them, by an error, before the machine has none left.
/// </summary>
internal static class MappingFlood
{
    private const int Attempts = 40_000;

    public static void Run(TestRun tests)
    {
        bool refused = false;
        for (ulong i = 0; i < Attempts && !refused; i++)
        {
            // A table of its own for each: 2 MiB apart.
            long result = MapSharedInfo((1UL << 24) + (i << 9));
            refused = result == -(long)Errno.ENOMEM;
            if (result != 0 && !refused)
            {
                tests.Success(result, "shared_info at another frame");
                return;
            }
        }

        tests.True(refused, "the hypervisor runs out of patience");
        tests.Success(MapSharedInfo((1UL << 24) + 1), "shared_info where tables are there");
    }

    private static long MapSharedInfo(ulong gfn)
    {
        var argument = new AddToPhysmap { Domain = DomainIds.Self, Space = (uint)MapSpace.SharedInfo, Index = 0, Gpfn = gfn };
        return Xen.Call(Hypercall.MemoryOp, (ulong)MemoryOp.AddToPhysmap, ref argument);
    }
}
