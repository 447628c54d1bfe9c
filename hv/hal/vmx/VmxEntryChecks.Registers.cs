namespace Xenolith.Hal.Vmx;

/// <summary>Checks on the guest's control and debug registers, MSRs, RIP and RFLAGS (Intel SDM vol. 3, 27.3.1.1, 27.3.1.3, 27.3.1.4).</summary>
public static partial class VmxEntryChecks
{
    private static void CheckGuestRegisters(Vmcs vmcs, VmxCapabilities capabilities, EntryRules rules)
    {
        const string section = "27.3.1.1";
        ulong entry = vmcs.Read(VmcsField.EntryControls);
        bool longMode = Has(entry, (uint)EntryControls.Ia32eModeGuest);
        bool unrestricted = Has(vmcs.Read(VmcsField.SecondaryControls), (uint)SecondaryControls.UnrestrictedGuest);
        ulong cr0 = vmcs.Read(VmcsField.GuestCr0);
        ulong cr3 = vmcs.Read(VmcsField.GuestCr3);
        ulong cr4 = vmcs.Read(VmcsField.GuestCr4);
        ulong cr0Demand = capabilities.Cr0MustBeSet & ~(unrestricted ? Cr0Bits.ProtectionEnable | Cr0Bits.Paging : 0);
        rules.Require(Has(cr0, cr0Demand) && ((cr0 & ~capabilities.Cr0MayBeSet) & 0xFFFF_FFFF) == 0, nameof(VmcsField.GuestCr0), cr0,
            "bits must be as IA32_VMX_CR0_FIXED0 and FIXED1 say", section);
        rules.Require(!Has(cr0, Cr0Bits.Paging) || Has(cr0, Cr0Bits.ProtectionEnable), nameof(VmcsField.GuestCr0), cr0, "PG needs PE", section);
        rules.Require(!Has(cr0, Cr0Bits.NotWriteThrough) || Has(cr0, Cr0Bits.CacheDisable), nameof(VmcsField.GuestCr0), cr0, "NW needs CD", section);
        rules.Require(Has(cr4, capabilities.Cr4MustBeSet) && (cr4 & ~capabilities.Cr4MayBeSet) == 0, nameof(VmcsField.GuestCr4), cr4,
            "bits must be as IA32_VMX_CR4_FIXED0 and FIXED1 say", section);
        rules.Require(!Has(cr4, Cr4Bits.ControlFlowEnforcement) || Has(cr0, Cr0Bits.WriteProtect), nameof(VmcsField.GuestCr4), cr4, "CET needs CR0.WP", section);
        rules.Require(!longMode || Has(cr0, Cr0Bits.Paging), nameof(VmcsField.GuestCr0), cr0, "an IA-32e mode guest needs PG", section);
        rules.Require(!longMode || Has(cr4, Cr4Bits.PhysicalAddressExtension), nameof(VmcsField.GuestCr4), cr4, "an IA-32e mode guest needs PAE", section);
        rules.Require(longMode || !Has(cr4, Cr4Bits.ProcessContextIdentifiers), nameof(VmcsField.GuestCr4), cr4, "PCIDE needs IA-32e mode", section);
        rules.Require(IsPhysical(cr3 & ~(1UL << 63), capabilities), nameof(VmcsField.GuestCr3), cr3, "must be within the physical-address width", section);

        if (Has(entry, (uint)EntryControls.LoadDebugControls))
        {
            const ulong allowed = 0xFFC3 | (1 << 2) | (1 << 15);
            ulong debugControl = vmcs.Read(VmcsField.GuestDebugControl);
            ulong dr7 = vmcs.Read(VmcsField.GuestDr7);
            rules.Require((debugControl & ~allowed) == 0, nameof(VmcsField.GuestDebugControl), debugControl, "reserved bits must be 0", section);
            rules.Require(dr7 >> 32 == 0, nameof(VmcsField.GuestDr7), dr7, "bits 32-63 must be 0", section);
        }
        RequireCanonical(vmcs.Read(VmcsField.GuestSysenterEsp), nameof(VmcsField.GuestSysenterEsp), section, rules);
        RequireCanonical(vmcs.Read(VmcsField.GuestSysenterEip), nameof(VmcsField.GuestSysenterEip), section, rules);
        ulong pat = vmcs.Read(VmcsField.GuestPat);
        rules.Require(!Has(entry, (uint)EntryControls.LoadPat) || IsPat(pat), nameof(VmcsField.GuestPat), pat, "each byte must be 0, 1, 4, 5, 6 or 7", section);
        CheckEfer(vmcs, entry, cr0, longMode, rules);
        CheckTablesAndFlags(vmcs, cr0, longMode, rules);
    }

    private static void CheckEfer(Vmcs vmcs, ulong entry, ulong cr0, bool longMode, EntryRules rules)
    {
        if (!Has(entry, (uint)EntryControls.LoadEfer))
            return;
        const ulong known = EferBits.SyscallEnable | EferBits.LongModeEnable | EferBits.LongModeActive | EferBits.NoExecuteEnable;
        ulong efer = vmcs.Read(VmcsField.GuestEfer);
        rules.Require((efer & ~known) == 0, nameof(VmcsField.GuestEfer), efer, "reserved bits must be 0", "27.3.1.1");
        rules.Require(Has(efer, EferBits.LongModeActive) == longMode, nameof(VmcsField.GuestEfer), efer,
            "LMA must equal the IA-32e mode guest control", "27.3.1.1");
        rules.Require(!Has(cr0, Cr0Bits.Paging) || Has(efer, EferBits.LongModeEnable) == longMode, nameof(VmcsField.GuestEfer), efer,
            "with paging, LME must equal LMA", "27.3.1.1");
    }

    private static void CheckTablesAndFlags(Vmcs vmcs, ulong cr0, bool longMode, EntryRules rules)
    {
        RequireCanonical(vmcs.Read(VmcsField.GuestGdtrBase), nameof(VmcsField.GuestGdtrBase), "27.3.1.3", rules);
        RequireCanonical(vmcs.Read(VmcsField.GuestIdtrBase), nameof(VmcsField.GuestIdtrBase), "27.3.1.3", rules);
        ulong gdtrLimit = vmcs.Read(VmcsField.GuestGdtrLimit);
        ulong idtrLimit = vmcs.Read(VmcsField.GuestIdtrLimit);
        rules.Require(gdtrLimit >> 16 == 0, nameof(VmcsField.GuestGdtrLimit), gdtrLimit, "bits 16-31 must be 0", "27.3.1.3");
        rules.Require(idtrLimit >> 16 == 0, nameof(VmcsField.GuestIdtrLimit), idtrLimit, "bits 16-31 must be 0", "27.3.1.3");

        const string section = "27.3.1.4";
        bool longCode = longMode && Has(vmcs.Read(VmcsField.GuestCsAccessRights), AccessLong);
        ulong rip = vmcs.Read(VmcsField.GuestRip);
        rules.Require(longCode || rip >> 32 == 0, nameof(VmcsField.GuestRip), rip, "bits 32-63 must be 0 outside 64-bit code", section);
        rules.Require(!longCode || IsCanonical(rip), nameof(VmcsField.GuestRip), rip, "must be canonical in 64-bit code", section);
        ulong flags = vmcs.Read(VmcsField.GuestRflags);
        const ulong zero = ~0x3F_FFFFUL | (1 << 15) | (1 << 5) | (1 << 3);
        rules.Require((flags & zero) == 0 && Has(flags, RflagsBits.AlwaysOne), nameof(VmcsField.GuestRflags), flags,
            "reserved bits must be 0, bit 1 must be 1", section);
        bool virtual8086 = Has(flags, RflagsBits.Virtual8086);
        rules.Require(!virtual8086 || (!longMode && Has(cr0, Cr0Bits.ProtectionEnable)), nameof(VmcsField.GuestRflags), flags,
            "VM must be 0 in IA-32e mode and without CR0.PE", section);
        ulong information = vmcs.Read(VmcsField.EntryInterruptionInformation);
        bool interrupt = (information >> 31 & 1) != 0 && ((information >> 8) & 7) == 0;
        rules.Require(!interrupt || Has(flags, RflagsBits.Interrupt), nameof(VmcsField.GuestRflags), flags,
            "IF must be 1 when an external interrupt is injected", section);
    }
}
