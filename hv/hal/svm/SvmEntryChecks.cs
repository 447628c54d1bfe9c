using Xenolith.Kernel;

namespace Xenolith.Hal.Svm;

/// <summary>
/// The rules that VMRUN checks (AMD APM vol. 2, 15.5.1 "Canonicalization and Consistency Checks", 15.20, 15.25), and a few that the manual
/// leaves undefined when broken. One call of <see cref="EntryRules.Require"/> is one rule.
/// </summary>
public static class SvmEntryChecks
{
    private const string Consistency = "15.5.1";

    public static void Check(ref VmcbLayout vmcb, SvmCapabilities capabilities, EntryRules rules)
    {
        CheckControls(ref vmcb, capabilities, rules);
        CheckRegisters(ref vmcb, rules);
        CheckLongMode(ref vmcb, capabilities, rules);
        CheckEvent(ref vmcb, rules);
        CheckSegments(ref vmcb, rules);
    }

    private static bool Has(ulong value, ulong bits) => (value & bits) == bits;

    private static bool IsCanonical(ulong address) => unchecked((ulong)((long)(address << 16) >> 16)) == address;

    private static void CheckControls(ref VmcbLayout vmcb, SvmCapabilities capabilities, EntryRules rules)
    {
        int bits = capabilities.PhysicalAddressBits;
        rules.Require((vmcb.Intercepts2 & SvmIntercepts.Vmrun) != 0, nameof(VmcbLayout.Intercepts2), (ulong)vmcb.Intercepts2,
            "the VMRUN intercept must be set", Consistency);
        rules.Require(vmcb.Asid != 0, nameof(VmcbLayout.Asid), vmcb.Asid, "ASID must not be 0", Consistency);
        rules.Require(vmcb.Asid < capabilities.AsidCount, nameof(VmcbLayout.Asid), vmcb.Asid, "ASID must be below the number that CPUID 0x8000000A gives", "15.16");
        rules.Require(vmcb.TlbControl is TlbControl.None or TlbControl.FlushAll
            || (capabilities.HasFlushByAsid && vmcb.TlbControl is TlbControl.FlushAsid or TlbControl.FlushAsidNonGlobal),
            nameof(VmcbLayout.TlbControl), (ulong)vmcb.TlbControl, "must be 0 or 1; 3 and 7 need flush-by-ASID", "15.16.2");
        rules.Require(IsFrame(vmcb.IoPermissionMap, bits), nameof(VmcbLayout.IoPermissionMap), vmcb.IoPermissionMap,
            "the I/O permission map must be page-aligned and within the physical-address width", "15.10.1");
        rules.Require(IsFrame(vmcb.MsrPermissionMap, bits), nameof(VmcbLayout.MsrPermissionMap), vmcb.MsrPermissionMap,
            "the MSR permission map must be page-aligned and within the physical-address width", "15.11");
        rules.Require((vmcb.NestedPaging & 1) == 0 || capabilities.HasNestedPaging, nameof(VmcbLayout.NestedPaging), vmcb.NestedPaging,
            "NP_ENABLE needs nested paging", "15.25.3");
        rules.Require((vmcb.NestedPaging & 1) == 0 || IsFrame(vmcb.NestedCr3, bits), nameof(VmcbLayout.NestedCr3), vmcb.NestedCr3,
            "nCR3 must be page-aligned and within the physical-address width", "15.25.4");
        rules.Require((vmcb.NestedPaging & 1) == 0 || IsPat(vmcb.Pat), nameof(VmcbLayout.Pat), vmcb.Pat,
            "each byte of G_PAT must be 0, 1, 4, 5, 6 or 7", "15.25.4");
        rules.Require((vmcb.VirtualInterrupt & VirtualInterrupt.Masking) != 0, nameof(VmcbLayout.VirtualInterrupt), (ulong)vmcb.VirtualInterrupt,
            "V_INTR_MASKING must be set, or the guest's IF holds back the machine's interrupts", "15.21.1");
        rules.Require((vmcb.InterruptShadow & ~3UL) == 0, nameof(VmcbLayout.InterruptShadow), vmcb.InterruptShadow, "reserved bits must be 0", "15.21.5");
    }

    private static void CheckRegisters(ref VmcbLayout vmcb, EntryRules rules)
    {
        rules.Require((vmcb.Efer & EferBits.SecureVirtualMachine) != 0, nameof(VmcbLayout.Efer), vmcb.Efer, "SVME must be 1", Consistency);
        const ulong eferKnown = EferBits.SyscallEnable | EferBits.LongModeEnable | EferBits.LongModeActive | EferBits.NoExecuteEnable
            | EferBits.SecureVirtualMachine | EferBits.LongModeSegmentLimit | EferBits.FastFxsave | EferBits.TranslationCacheExtension;
        rules.Require((vmcb.Efer & ~eferKnown) == 0, nameof(VmcbLayout.Efer), vmcb.Efer, "reserved bits must be 0", Consistency);
        rules.Require(Has(vmcb.Cr0, Cr0Bits.CacheDisable) || !Has(vmcb.Cr0, Cr0Bits.NotWriteThrough), nameof(VmcbLayout.Cr0), vmcb.Cr0,
            "NW must be 0 when CD is 0", Consistency);
        rules.Require(vmcb.Cr0 >> 32 == 0, nameof(VmcbLayout.Cr0), vmcb.Cr0, "bits 32-63 must be 0", Consistency);
        const ulong cr4Reserved = ~0xFF_FFFFUL | (1 << 13) | (1 << 14) | (1 << 15) | (1 << 19);
        rules.Require((vmcb.Cr4 & cr4Reserved) == 0, nameof(VmcbLayout.Cr4), vmcb.Cr4, "reserved bits must be 0", Consistency);
        rules.Require(vmcb.Dr6 >> 32 == 0, nameof(VmcbLayout.Dr6), vmcb.Dr6, "bits 32-63 must be 0", Consistency);
        rules.Require(vmcb.Dr7 >> 32 == 0, nameof(VmcbLayout.Dr7), vmcb.Dr7, "bits 32-63 must be 0", Consistency);
        rules.Require(Has(vmcb.Rflags, RflagsBits.AlwaysOne) && vmcb.Rflags >> 22 == 0, nameof(VmcbLayout.Rflags), vmcb.Rflags,
            "bit 1 must be 1, bits 22-63 must be 0", "3.1.6");
    }

    private static void CheckLongMode(ref VmcbLayout vmcb, SvmCapabilities capabilities, EntryRules rules)
    {
        bool enabled = Has(vmcb.Efer, EferBits.LongModeEnable) && Has(vmcb.Cr0, Cr0Bits.Paging);
        bool longCode = Has(vmcb.Cs.Attributes, 0x200);
        rules.Require(!enabled || Has(vmcb.Cr4, Cr4Bits.PhysicalAddressExtension), nameof(VmcbLayout.Cr4), vmcb.Cr4,
            "PAE must be 1 when EFER.LME and CR0.PG are", Consistency);
        rules.Require(!enabled || Has(vmcb.Cr0, Cr0Bits.ProtectionEnable), nameof(VmcbLayout.Cr0), vmcb.Cr0,
            "PE must be 1 when EFER.LME and CR0.PG are", Consistency);
        rules.Require(!enabled || !longCode || !Has(vmcb.Cs.Attributes, 0x400), nameof(VmcbLayout.Cs), vmcb.Cs.Attributes,
            "L and D of CS must not both be 1 in long mode", Consistency);
        rules.Require(Has(vmcb.Efer, EferBits.LongModeActive) == enabled, nameof(VmcbLayout.Efer), vmcb.Efer,
            "LMA must be 1 exactly when LME and CR0.PG are", "3.1.7");
        rules.Require(!enabled || vmcb.Cr3 >> capabilities.PhysicalAddressBits == 0, nameof(VmcbLayout.Cr3), vmcb.Cr3,
            "bits past the physical-address width must be 0 in long mode", Consistency);
        rules.Require((enabled && longCode) || vmcb.Rip >> 32 == 0, nameof(VmcbLayout.Rip), vmcb.Rip,
            "bits 32-63 must be 0 outside 64-bit code", "15.5.1");
    }

    private static void CheckEvent(ref VmcbLayout vmcb, EntryRules rules)
    {
        ulong information = vmcb.EventInjection;
        if ((information >> 31 & 1) == 0)
            return;
        ulong type = (information >> 8) & 7;
        byte vector = (byte)information;
        rules.Require(type is 0 or 2 or 3 or 4, nameof(VmcbLayout.EventInjection), information, "the type must be 0, 2, 3 or 4", "15.20");
        rules.Require(type != 3 || vector is not (2 or ExceptionVector.Virtualization or > 31), nameof(VmcbLayout.EventInjection), information,
            "an exception's vector must be one of an exception of AMD's", "15.20");
        rules.Require((information & 0x7FFF_F000) == 0, nameof(VmcbLayout.EventInjection), information, "bits 12-30 must be 0", "15.20");
    }

    private static void CheckSegments(ref VmcbLayout vmcb, EntryRules rules)
    {
        rules.Require(vmcb.PrivilegeLevel <= 3, nameof(VmcbLayout.PrivilegeLevel), vmcb.PrivilegeLevel, "CPL must be 0 to 3", "15.5.1");
        rules.Require(Has(vmcb.Cr0, Cr0Bits.ProtectionEnable) || vmcb.PrivilegeLevel == 0, nameof(VmcbLayout.PrivilegeLevel), vmcb.PrivilegeLevel,
            "CPL must be 0 in real mode", "15.5.1");
        // VMRUN and VMLOAD sign-extend what is not canonical (15.5.1): the guest would run with another base.
        rules.Require(IsCanonical(vmcb.Fs.Base), nameof(VmcbLayout.Fs), vmcb.Fs.Base, "the base must be canonical", Consistency);
        rules.Require(IsCanonical(vmcb.Gs.Base), nameof(VmcbLayout.Gs), vmcb.Gs.Base, "the base must be canonical", Consistency);
        rules.Require(IsCanonical(vmcb.Tr.Base), nameof(VmcbLayout.Tr), vmcb.Tr.Base, "the base must be canonical", Consistency);
        rules.Require(IsCanonical(vmcb.Ldtr.Base), nameof(VmcbLayout.Ldtr), vmcb.Ldtr.Base, "the base must be canonical", Consistency);
        rules.Require(IsCanonical(vmcb.Gdtr.Base), nameof(VmcbLayout.Gdtr), vmcb.Gdtr.Base, "the base must be canonical", Consistency);
        rules.Require(IsCanonical(vmcb.Idtr.Base), nameof(VmcbLayout.Idtr), vmcb.Idtr.Base, "the base must be canonical", Consistency);
    }

    private static bool IsFrame(ulong address, int bits) => (address & 0xFFF) == 0 && address >> bits == 0;

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
