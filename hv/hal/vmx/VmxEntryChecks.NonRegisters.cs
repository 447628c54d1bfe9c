namespace Xenolith.Hal.Vmx;

/// <summary>Checks on the guest's non-register state and its PDPTEs (Intel SDM vol. 3, 27.3.1.5, 27.3.1.6).</summary>
public static partial class VmxEntryChecks
{
    private static void CheckGuestNonRegisters(Vmcs vmcs, EntryRules rules)
    {
        const string section = "27.3.1.5";
        ulong activity = vmcs.Read(VmcsField.GuestActivity);
        ulong blocking = vmcs.Read(VmcsField.GuestInterruptibility);
        ulong flags = vmcs.Read(VmcsField.GuestRflags);
        ulong information = vmcs.Read(VmcsField.EntryInterruptionInformation);
        bool injects = (information >> 31 & 1) != 0;
        var kind = (EventKind)((information >> 8) & 7);
        bool bySti = Has(blocking, (uint)Interruptibility.BlockingBySti);
        bool byMovSs = Has(blocking, (uint)Interruptibility.BlockingByMovSs);
        const string activityField = nameof(VmcsField.GuestActivity);
        const string blockingField = nameof(VmcsField.GuestInterruptibility);

        rules.Require(activity <= 3, activityField, activity, "must be 0 to 3", section);
        rules.Require(activity != 1 || ((vmcs.Read(VmcsField.GuestSsAccessRights) >> 5) & 3) == 0, activityField, activity, "HLT needs a DPL of SS of 0", section);
        rules.Require(activity == 0 || !(bySti || byMovSs), activityField, activity, "must be active with blocking by STI or MOV SS", section);
        rules.Require((blocking & ~0x1FUL) == 0, blockingField, blocking, "reserved bits must be 0", section);
        rules.Require(!(bySti && byMovSs), blockingField, blocking, "blocking by STI and by MOV SS exclude each other", section);
        rules.Require(!bySti || Has(flags, RflagsBits.Interrupt), blockingField, blocking, "blocking by STI needs IF", section);
        rules.Require(!injects || kind != EventKind.ExternalInterrupt || !(bySti || byMovSs), blockingField, blocking,
            "an external interrupt can't be injected under blocking by STI or MOV SS", section);
        rules.Require(!injects || kind != EventKind.Nmi || !byMovSs, blockingField, blocking, "an NMI can't be injected under blocking by MOV SS", section);
        rules.Require(!Has(blocking, (uint)Interruptibility.BlockingBySmi), blockingField, blocking, "blocking by SMI must be 0 outside SMM", section);
        bool virtualNmis = Has(vmcs.Read(VmcsField.PinBasedControls), (uint)PinControls.VirtualNmis);
        rules.Require(!injects || kind != EventKind.Nmi || !virtualNmis || !Has(blocking, (uint)Interruptibility.BlockingByNmi), blockingField, blocking,
            "an NMI can't be injected under blocking by NMI with virtual NMIs", section);

        ulong pending = vmcs.Read(VmcsField.GuestPendingDebugExceptions);
        const string pendingField = nameof(VmcsField.GuestPendingDebugExceptions);
        const ulong pendingKnown = 0xF | (1 << 12) | (1 << 14) | (1 << 16);
        const ulong singleStep = 1 << 14;
        rules.Require((pending & ~pendingKnown) == 0, pendingField, pending, "reserved bits must be 0", section);
        if (bySti || byMovSs || activity == 1)
        {
            bool branchTrap = Has(vmcs.Read(VmcsField.GuestDebugControl), 2);
            bool steps = Has(flags, RflagsBits.Trap) && !branchTrap;
            rules.Require(Has(pending, singleStep) == steps, pendingField, pending, "BS must be 1 exactly when TF is 1 and BTF is 0, under blocking or HLT", section);
        }
        ulong link = vmcs.Read(VmcsField.VmcsLinkPointer);
        rules.Require(link == ulong.MaxValue || (link & 0xFFF) == 0, nameof(VmcsField.VmcsLinkPointer), link, "must be all ones, or page-aligned", section);
        CheckPdptes(vmcs, rules);
    }

    private static void CheckPdptes(Vmcs vmcs, EntryRules rules)
    {
        bool longMode = Has(vmcs.Read(VmcsField.EntryControls), (uint)EntryControls.Ia32eModeGuest);
        bool pae = Has(vmcs.Read(VmcsField.GuestCr0), Cr0Bits.Paging) && Has(vmcs.Read(VmcsField.GuestCr4), Cr4Bits.PhysicalAddressExtension) && !longMode;
        if (!pae)
            return;
        RequirePdpte(vmcs.Read(VmcsField.GuestPdpte0), nameof(VmcsField.GuestPdpte0), rules);
        RequirePdpte(vmcs.Read(VmcsField.GuestPdpte1), nameof(VmcsField.GuestPdpte1), rules);
        RequirePdpte(vmcs.Read(VmcsField.GuestPdpte2), nameof(VmcsField.GuestPdpte2), rules);
        RequirePdpte(vmcs.Read(VmcsField.GuestPdpte3), nameof(VmcsField.GuestPdpte3), rules);
    }

    private static void RequirePdpte(ulong entry, string field, EntryRules rules)
    {
        const ulong reserved = 0x1E6 | (0xFFFUL << 52);
        rules.Require((entry & 1) == 0 || (entry & reserved) == 0, field, entry, "reserved bits of a present entry must be 0", "27.3.1.6");
    }
}
