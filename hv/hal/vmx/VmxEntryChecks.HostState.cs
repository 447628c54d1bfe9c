namespace Xenolith.Hal.Vmx;

/// <summary>Checks on the host-state area (Intel SDM vol. 3, 27.2.2 to 27.2.4).</summary>
public static partial class VmxEntryChecks
{
    private static void CheckHostState(Vmcs vmcs, VmxCapabilities capabilities, EntryRules rules)
    {
        ulong cr0 = vmcs.Read(VmcsField.HostCr0);
        ulong cr3 = vmcs.Read(VmcsField.HostCr3);
        ulong cr4 = vmcs.Read(VmcsField.HostCr4);
        rules.Require(Has(cr0, capabilities.Cr0MustBeSet) && (cr0 & ~capabilities.Cr0MayBeSet) == 0, nameof(VmcsField.HostCr0), cr0,
            "bits must be as IA32_VMX_CR0_FIXED0 and FIXED1 say", "27.2.2");
        rules.Require(Has(cr4, capabilities.Cr4MustBeSet) && (cr4 & ~capabilities.Cr4MayBeSet) == 0, nameof(VmcsField.HostCr4), cr4,
            "bits must be as IA32_VMX_CR4_FIXED0 and FIXED1 say", "27.2.2");
        rules.Require(IsPhysical(cr3, capabilities), nameof(VmcsField.HostCr3), cr3, "must be within the physical-address width", "27.2.2");
        RequireCanonical(vmcs.Read(VmcsField.HostSysenterEsp), nameof(VmcsField.HostSysenterEsp), "27.2.2", rules);
        RequireCanonical(vmcs.Read(VmcsField.HostSysenterEip), nameof(VmcsField.HostSysenterEip), "27.2.2", rules);
        ulong exit = vmcs.Read(VmcsField.ExitControls);
        ulong pat = vmcs.Read(VmcsField.HostPat);
        rules.Require(!Has(exit, (uint)ExitControls.LoadPat) || IsPat(pat), nameof(VmcsField.HostPat), pat,
            "each byte must be 0, 1, 4, 5, 6 or 7", "27.2.2");
        ulong efer = vmcs.Read(VmcsField.HostEfer);
        bool host64 = Has(exit, (uint)ExitControls.HostAddressSpaceSize);
        rules.Require(!Has(exit, (uint)ExitControls.LoadEfer)
            || (Has(efer, EferBits.LongModeActive) == host64 && Has(efer, EferBits.LongModeEnable) == host64),
            nameof(VmcsField.HostEfer), efer, "LMA and LME must equal the host address-space size control", "27.2.2");

        RequireHostSelector(vmcs.Read(VmcsField.HostCsSelector), nameof(VmcsField.HostCsSelector), mayBeNull: false, rules);
        RequireHostSelector(vmcs.Read(VmcsField.HostSsSelector), nameof(VmcsField.HostSsSelector), mayBeNull: host64, rules);
        RequireHostSelector(vmcs.Read(VmcsField.HostDsSelector), nameof(VmcsField.HostDsSelector), mayBeNull: true, rules);
        RequireHostSelector(vmcs.Read(VmcsField.HostEsSelector), nameof(VmcsField.HostEsSelector), mayBeNull: true, rules);
        RequireHostSelector(vmcs.Read(VmcsField.HostFsSelector), nameof(VmcsField.HostFsSelector), mayBeNull: true, rules);
        RequireHostSelector(vmcs.Read(VmcsField.HostGsSelector), nameof(VmcsField.HostGsSelector), mayBeNull: true, rules);
        RequireHostSelector(vmcs.Read(VmcsField.HostTrSelector), nameof(VmcsField.HostTrSelector), mayBeNull: false, rules);
        RequireCanonical(vmcs.Read(VmcsField.HostFsBase), nameof(VmcsField.HostFsBase), "27.2.3", rules);
        RequireCanonical(vmcs.Read(VmcsField.HostGsBase), nameof(VmcsField.HostGsBase), "27.2.3", rules);
        RequireCanonical(vmcs.Read(VmcsField.HostTrBase), nameof(VmcsField.HostTrBase), "27.2.3", rules);
        RequireCanonical(vmcs.Read(VmcsField.HostGdtrBase), nameof(VmcsField.HostGdtrBase), "27.2.3", rules);
        RequireCanonical(vmcs.Read(VmcsField.HostIdtrBase), nameof(VmcsField.HostIdtrBase), "27.2.3", rules);

        rules.Require(host64, nameof(VmcsField.ExitControls), exit, "host address-space size must be 1 when the host runs in IA-32e mode", "27.2.4");
        rules.Require(Has(cr4, Cr4Bits.PhysicalAddressExtension), nameof(VmcsField.HostCr4), cr4, "PAE must be 1 for a 64-bit host", "27.2.4");
        RequireCanonical(vmcs.Read(VmcsField.HostRip), nameof(VmcsField.HostRip), "27.2.4", rules);
    }

    private static void RequireHostSelector(ulong selector, string field, bool mayBeNull, EntryRules rules)
    {
        rules.Require((selector & 7) == 0, field, selector, "RPL and TI must be 0", "27.2.3");
        rules.Require(mayBeNull || selector != 0, field, selector, "must not be 0", "27.2.3");
    }

    private static void RequireCanonical(ulong address, string field, string section, EntryRules rules) =>
        rules.Require(IsCanonical(address), field, address, "must be canonical", section);
}
