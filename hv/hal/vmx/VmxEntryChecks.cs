namespace Xenolith.Hal.Vmx;

/// <summary>
/// The rules that a VM entry checks (Intel SDM vol. 3, 27.2 and 27.3), as far as they concern what this hypervisor uses: the
/// controls, the host's state, the guest's registers. One call of <see cref="EntryRules.Require"/> is one rule.
/// </summary>
public static partial class VmxEntryChecks
{
    public static void Check(Vmcs vmcs, VmxCapabilities capabilities, EntryRules rules)
    {
        CheckExecutionControls(vmcs, capabilities, rules);
        CheckExitAndEntryControls(vmcs, capabilities, rules);
        CheckEvent(vmcs, rules);
        CheckHostState(vmcs, capabilities, rules);
        CheckGuestRegisters(vmcs, capabilities, rules);
        CheckGuestSegments(vmcs, rules);
        CheckGuestNonRegisters(vmcs, rules);
    }

    private static bool Has(ulong value, ulong bits) => (value & bits) == bits;

    private static bool IsCanonical(ulong address) => unchecked((ulong)((long)(address << 16) >> 16)) == address;

    private static bool IsPhysical(ulong address, VmxCapabilities capabilities) => address >> capabilities.PhysicalAddressBits == 0;

    private static bool IsPageAddress(ulong address, VmxCapabilities capabilities) => (address & 0xFFF) == 0 && IsPhysical(address, capabilities);

    private static bool IsPat(ulong pat)
    {
        for (int i = 0; i < 64; i += 8)
        {
            if (((pat >> i) & 0xFF) is not (0 or 1 or 4 or 5 or 6 or 7))
                return false;
        }
        return true;
    }
}
