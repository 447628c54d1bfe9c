using Xenolith.Abi.Contract;

namespace Xenolith.Guests;

/// <summary>Addresses that no hypercall may follow, for tests of -EFAULT.</summary>
public static class Hostile
{
    /// <summary>Page 0 is not mapped, and behind guest-physical addresses a device.</summary>
    public static ulong Unmapped => HypercallTlb.IsPhysical ? 0xFEE0_2000UL : 0x10;

    /// <summary>First address of the hole that no 48-bit address reaches; for 32-bit calls, which can't say that, one where devices are.</summary>
    public static ulong NonCanonical => NarrowCalls.IsOn ? 0xFEE0_1000UL : 0x0000_8000_0000_0000;

    /// <summary>Mapped by nothing: the guest's tables end at 4 GiB. For 32-bit calls: the last page there is.</summary>
    public static ulong Beyond => NarrowCalls.IsOn ? 0xFFFF_F000UL : 0x1_0000_0000;

    /// <summary>An address whose argument wraps past the end of the address space.</summary>
    public static ulong Wrapping => NarrowCalls.IsOn ? 0xFFFF_FFFCUL : 0xFFFF_FFFF_FFFF_FFFC;

    public const int Count = 4;

    public static ulong At(int index) => index switch
    {
        0 => Unmapped,
        1 => NonCanonical,
        2 => Beyond,
        _ => Wrapping,
    };

    public static string Name(int index) => index switch
    {
        0 => "argument in an unmapped page",
        1 => NarrowCalls.IsOn ? "argument where a device is" : "argument at a non-canonical address",
        2 => NarrowCalls.IsOn ? "argument in the last page" : "argument beyond the page tables",
        _ => "argument that wraps",
    };

    /// <summary>Every one of the addresses as the operation's argument must give -EFAULT.</summary>
    public static void Check(TestRun tests, Hypercall number, ulong operation)
    {
        for (int i = 0; i < Count; i++)
        {
            tests.Error(Xen.Call(number, operation, At(i)), Errno.EFAULT, Name(i));
        }
    }
}
