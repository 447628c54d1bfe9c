namespace Xenolith.Hal.Vmx;

/// <summary>Checks on the guest's segment registers (Intel SDM vol. 3, 27.3.1.2).</summary>
public static partial class VmxEntryChecks
{
    private const string SegmentSection = "27.3.1.2";
    private const ulong AccessPresent = 1 << 7;
    private const ulong AccessCodeOrData = 1 << 4;
    private const ulong AccessLong = 1 << 13;
    private const ulong AccessDefault32 = 1 << 14;
    private const ulong AccessGranular = 1 << 15;

    private static void CheckGuestSegments(Vmcs vmcs, EntryRules rules)
    {
        bool longMode = Has(vmcs.Read(VmcsField.EntryControls), (uint)EntryControls.Ia32eModeGuest);
        bool unrestricted = Has(vmcs.Read(VmcsField.SecondaryControls), (uint)SecondaryControls.UnrestrictedGuest);
        bool realMode = !Has(vmcs.Read(VmcsField.GuestCr0), Cr0Bits.ProtectionEnable);
        if (Has(vmcs.Read(VmcsField.GuestRflags), RflagsBits.Virtual8086))
        {
            for (SegmentName name = SegmentName.Es; name <= SegmentName.Gs; name++)
                CheckVirtual8086(vmcs, name, rules);
        }
        else
        {
            CheckCodeSegment(vmcs, longMode, unrestricted, rules);
            CheckStackSegment(vmcs, unrestricted, realMode, rules);
            CheckDataSegment(vmcs, SegmentName.Ds, unrestricted, rules);
            CheckDataSegment(vmcs, SegmentName.Es, unrestricted, rules);
            CheckDataSegment(vmcs, SegmentName.Fs, unrestricted, rules);
            CheckDataSegment(vmcs, SegmentName.Gs, unrestricted, rules);
        }
        RequireCanonical(vmcs.Read(VmcsField.GuestFsBase), nameof(VmcsField.GuestFsBase), SegmentSection, rules);
        RequireCanonical(vmcs.Read(VmcsField.GuestGsBase), nameof(VmcsField.GuestGsBase), SegmentSection, rules);
        CheckTaskRegister(vmcs, longMode, rules);
        CheckLdtr(vmcs, rules);
    }

    private static void CheckVirtual8086(Vmcs vmcs, SegmentName name, EntryRules rules)
    {
        ulong selector = vmcs.Read(VmxSegments.Selector(name));
        ulong address = vmcs.Read(VmxSegments.Base(name));
        ulong limit = vmcs.Read(VmxSegments.Limit(name));
        ulong rights = vmcs.Read(VmxSegments.AccessRights(name));
        rules.Require(address == selector << 4, VmxSegmentFields.Base(name), address, "must be the selector times 16 in virtual-8086 mode", SegmentSection);
        rules.Require(limit == 0xFFFF, VmxSegmentFields.Limit(name), limit, "must be 0xffff in virtual-8086 mode", SegmentSection);
        rules.Require(rights == 0xF3, VmxSegmentFields.AccessRights(name), rights, "must be 0xf3 in virtual-8086 mode", SegmentSection);
    }

    private static void CheckCodeSegment(Vmcs vmcs, bool longMode, bool unrestricted, EntryRules rules)
    {
        const string field = nameof(VmcsField.GuestCsAccessRights);
        ulong rights = vmcs.Read(VmcsField.GuestCsAccessRights);
        ulong type = rights & 15;
        rules.Require(type is 9 or 11 or 13 or 15 || (unrestricted && type == 3), field, rights,
            "the type must be accessed code (9, 11, 13, 15), or 3 for an unrestricted guest", SegmentSection);
        CheckUsable(vmcs, SegmentName.Cs, rights, rules);
        ulong level = (rights >> 5) & 3;
        ulong stackLevel = (vmcs.Read(VmcsField.GuestSsAccessRights) >> 5) & 3;
        rules.Require(type != 3 || level == 0, field, rights, "DPL must be 0 for type 3", SegmentSection);
        rules.Require(type is not (9 or 11) || level == stackLevel, field, rights, "DPL must equal the DPL of SS for non-conforming code", SegmentSection);
        rules.Require(type is not (13 or 15) || level <= stackLevel, field, rights, "DPL must not be above the DPL of SS for conforming code", SegmentSection);
        rules.Require(!longMode || !Has(rights, AccessLong) || !Has(rights, AccessDefault32), field, rights, "D must be 0 in 64-bit code", SegmentSection);
        ulong address = vmcs.Read(VmcsField.GuestCsBase);
        rules.Require(address >> 32 == 0, nameof(VmcsField.GuestCsBase), address, "bits 32-63 must be 0", SegmentSection);
    }

    private static void CheckStackSegment(Vmcs vmcs, bool unrestricted, bool realMode, EntryRules rules)
    {
        const string field = nameof(VmcsField.GuestSsAccessRights);
        ulong rights = vmcs.Read(VmcsField.GuestSsAccessRights);
        ulong codeRights = vmcs.Read(VmcsField.GuestCsAccessRights);
        ulong level = (rights >> 5) & 3;
        ulong selector = vmcs.Read(VmcsField.GuestSsSelector);
        bool dataCode = (codeRights & 15) == 3;
        rules.Require(unrestricted || (selector & 3) == (vmcs.Read(VmcsField.GuestCsSelector) & 3), nameof(VmcsField.GuestSsSelector), selector,
            "RPL must equal the RPL of CS", SegmentSection);
        rules.Require(unrestricted || level == (selector & 3), field, rights, "DPL must equal RPL", SegmentSection);
        rules.Require(!(dataCode || realMode) || level == 0, field, rights, "DPL must be 0 without CR0.PE, or with a CS of type 3", SegmentSection);
        if (Has(rights, VmxSegments.Unusable))
            return;
        rules.Require((rights & 15) is 3 or 7, field, rights, "the type must be accessed writable data (3, 7)", SegmentSection);
        CheckUsable(vmcs, SegmentName.Ss, rights, rules);
        ulong address = vmcs.Read(VmcsField.GuestSsBase);
        rules.Require(address >> 32 == 0, nameof(VmcsField.GuestSsBase), address, "bits 32-63 must be 0", SegmentSection);
    }

    private static void CheckDataSegment(Vmcs vmcs, SegmentName name, bool unrestricted, EntryRules rules)
    {
        ulong rights = vmcs.Read(VmxSegments.AccessRights(name));
        if (Has(rights, VmxSegments.Unusable))
            return;
        string field = VmxSegmentFields.AccessRights(name);
        ulong type = rights & 15;
        rules.Require(Has(type, 1), field, rights, "the type must be accessed", SegmentSection);
        rules.Require(!Has(type, 8) || Has(type, 2), field, rights, "code must be readable", SegmentSection);
        ulong selector = vmcs.Read(VmxSegments.Selector(name));
        rules.Require(unrestricted || type > 11 || ((rights >> 5) & 3) >= (selector & 3), field, rights, "DPL must not be below RPL", SegmentSection);
        CheckUsable(vmcs, name, rights, rules);
        ulong address = vmcs.Read(VmxSegments.Base(name));
        rules.Require(name is SegmentName.Fs or SegmentName.Gs || address >> 32 == 0, VmxSegmentFields.Base(name), address, "bits 32-63 must be 0", SegmentSection);
    }

    /// <summary>What holds for every usable CS, SS, DS, ES, FS and GS.</summary>
    private static void CheckUsable(Vmcs vmcs, SegmentName name, ulong rights, EntryRules rules)
    {
        string field = VmxSegmentFields.AccessRights(name);
        rules.Require(Has(rights, AccessCodeOrData), field, rights, "S must be 1", SegmentSection);
        CheckDescriptor(vmcs, name, rights, rules);
    }

    private static void CheckTaskRegister(Vmcs vmcs, bool longMode, EntryRules rules)
    {
        const string field = nameof(VmcsField.GuestTrAccessRights);
        ulong rights = vmcs.Read(VmcsField.GuestTrAccessRights);
        ulong type = rights & 15;
        rules.Require(type == 11 || (!longMode && type == 3), field, rights, "the type must be a busy TSS (11; 3 outside IA-32e mode)", SegmentSection);
        rules.Require(!Has(rights, AccessCodeOrData), field, rights, "S must be 0", SegmentSection);
        rules.Require(!Has(rights, VmxSegments.Unusable), field, rights, "TR must be usable", SegmentSection);
        CheckDescriptor(vmcs, SegmentName.Tr, rights, rules);
        ulong selector = vmcs.Read(VmcsField.GuestTrSelector);
        rules.Require((selector & 4) == 0, nameof(VmcsField.GuestTrSelector), selector, "TI must be 0", SegmentSection);
        RequireCanonical(vmcs.Read(VmcsField.GuestTrBase), nameof(VmcsField.GuestTrBase), SegmentSection, rules);
    }

    private static void CheckLdtr(Vmcs vmcs, EntryRules rules)
    {
        const string field = nameof(VmcsField.GuestLdtrAccessRights);
        ulong rights = vmcs.Read(VmcsField.GuestLdtrAccessRights);
        if (Has(rights, VmxSegments.Unusable))
            return;
        rules.Require((rights & 15) == 2, field, rights, "the type must be LDT (2)", SegmentSection);
        rules.Require(!Has(rights, AccessCodeOrData), field, rights, "S must be 0", SegmentSection);
        CheckDescriptor(vmcs, SegmentName.Ldtr, rights, rules);
        ulong selector = vmcs.Read(VmcsField.GuestLdtrSelector);
        rules.Require((selector & 4) == 0, nameof(VmcsField.GuestLdtrSelector), selector, "TI must be 0", SegmentSection);
        RequireCanonical(vmcs.Read(VmcsField.GuestLdtrBase), nameof(VmcsField.GuestLdtrBase), SegmentSection, rules);
    }

    private static void CheckDescriptor(Vmcs vmcs, SegmentName name, ulong rights, EntryRules rules)
    {
        string field = VmxSegmentFields.AccessRights(name);
        ulong limit = vmcs.Read(VmxSegments.Limit(name));
        rules.Require(Has(rights, AccessPresent), field, rights, "P must be 1", SegmentSection);
        rules.Require((rights & 0xFFFE_0F00) == 0, field, rights, "reserved bits must be 0", SegmentSection);
        rules.Require(!Has(rights, AccessGranular) || (limit & 0xFFF) == 0xFFF, field, rights, "G must be 0 when bits 0-11 of the limit are not all 1", SegmentSection);
        rules.Require(Has(rights, AccessGranular) || limit >> 20 == 0, field, rights, "G must be 1 when bits 20-31 of the limit are not all 0", SegmentSection);
    }
}
