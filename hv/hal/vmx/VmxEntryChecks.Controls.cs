using Xenolith.Kernel;

namespace Xenolith.Hal.Vmx;

/// <summary>Checks on the control fields (Intel SDM vol. 3, 27.2.1).</summary>
public static partial class VmxEntryChecks
{
    private static void CheckExecutionControls(Vmcs vmcs, VmxCapabilities capabilities, EntryRules rules)
    {
        const string section = "27.2.1.1";
        ulong pin = vmcs.Read(VmcsField.PinBasedControls);
        ulong primary = vmcs.Read(VmcsField.PrimaryControls);
        bool hasSecondary = Has(primary, (uint)PrimaryControls.ActivateSecondary);
        ulong secondary = hasSecondary ? vmcs.Read(VmcsField.SecondaryControls) : 0;
        rules.Require(capabilities.Pin.Accepts((uint)pin), nameof(VmcsField.PinBasedControls), pin,
            "reserved bits must be as IA32_VMX_PINBASED_CTLS says", section);
        rules.Require(capabilities.Primary.Accepts((uint)primary), nameof(VmcsField.PrimaryControls), primary,
            "reserved bits must be as IA32_VMX_PROCBASED_CTLS says", section);
        rules.Require(!hasSecondary || capabilities.Secondary.Accepts((uint)secondary), nameof(VmcsField.SecondaryControls), secondary,
            "reserved bits must be as IA32_VMX_PROCBASED_CTLS2 says", section);
        ulong targets = vmcs.Read(VmcsField.Cr3TargetCount);
        rules.Require(targets <= 4, nameof(VmcsField.Cr3TargetCount), targets, "must not be greater than 4", section);

        if (Has(primary, (uint)PrimaryControls.UseIoBitmaps))
        {
            ulong a = vmcs.Read(VmcsField.IoBitmapA);
            ulong b = vmcs.Read(VmcsField.IoBitmapB);
            rules.Require(IsPageAddress(a, capabilities), nameof(VmcsField.IoBitmapA), a, "must be a page-aligned physical address", section);
            rules.Require(IsPageAddress(b, capabilities), nameof(VmcsField.IoBitmapB), b, "must be a page-aligned physical address", section);
        }
        if (Has(primary, (uint)PrimaryControls.UseMsrBitmaps))
        {
            ulong bitmap = vmcs.Read(VmcsField.MsrBitmap);
            rules.Require(IsPageAddress(bitmap, capabilities), nameof(VmcsField.MsrBitmap), bitmap, "must be a page-aligned physical address", section);
        }
        rules.Require(Has(pin, (uint)PinControls.NmiExiting) || !Has(pin, (uint)PinControls.VirtualNmis),
            nameof(VmcsField.PinBasedControls), pin, "virtual NMIs need NMI exiting", section);
        rules.Require(Has(pin, (uint)PinControls.VirtualNmis) || !Has(primary, (uint)PrimaryControls.NmiWindowExiting),
            nameof(VmcsField.PrimaryControls), primary, "NMI-window exiting needs virtual NMIs", section);

        CheckApic(vmcs, capabilities, rules, primary, secondary);

        bool vpid = Has(secondary, (uint)SecondaryControls.EnableVpid);
        ulong tag = vmcs.Read(VmcsField.VirtualProcessorId);
        rules.Require(!vpid || tag != 0, nameof(VmcsField.VirtualProcessorId), tag, "must not be 0 with VPIDs enabled", section);
        bool ept = Has(secondary, (uint)SecondaryControls.EnableEpt);
        rules.Require(ept || !Has(secondary, (uint)SecondaryControls.UnrestrictedGuest), nameof(VmcsField.SecondaryControls), secondary,
            "unrestricted guest needs EPT", section);
        CheckViews(vmcs, capabilities, rules, secondary);
        if (Has(secondary, (uint)SecondaryControls.EnablePml))
        {
            rules.Require(ept, nameof(VmcsField.SecondaryControls), secondary, "page-modification logging needs EPT", section);
            ulong log = vmcs.Read(VmcsField.PmlAddress);
            rules.Require(IsPageAddress(log, capabilities), nameof(VmcsField.PmlAddress), log, "must be a page-aligned physical address", section);
        }
        if (ept)
            CheckEptPointer(vmcs.Read(VmcsField.EptPointer), capabilities, rules);
    }

    private static void CheckApic(Vmcs vmcs, VmxCapabilities capabilities, EntryRules rules, ulong primary, ulong secondary)
    {
        const string section = "27.2.1.1";
        const string field = nameof(VmcsField.SecondaryControls);
        bool hasShadow = Has(primary, (uint)PrimaryControls.UseTprShadow);
        bool accesses = Has(secondary, (uint)SecondaryControls.VirtualizeApicAccesses);
        bool x2Apic = Has(secondary, (uint)SecondaryControls.VirtualizeX2Apic);
        bool registers = Has(secondary, (uint)SecondaryControls.ApicRegisterVirtualization);
        bool delivery = Has(secondary, (uint)SecondaryControls.VirtualInterruptDelivery);
        rules.Require(hasShadow || !(x2Apic || registers || delivery), field, secondary,
            "x2APIC mode, APIC registers and interrupt delivery can't be virtual without a TPR shadow", section);
        rules.Require(!(x2Apic && accesses), field, secondary, "virtual x2APIC mode and virtual APIC accesses exclude each other", section);
        bool exits = Has(vmcs.Read(VmcsField.PinBasedControls), (uint)PinControls.ExternalInterruptExiting);
        rules.Require(!delivery || exits, field, secondary, "virtual interrupt delivery needs external-interrupt exiting", section);
        if (accesses)
        {
            ulong page = vmcs.Read(VmcsField.ApicAccessAddress);
            rules.Require(IsPageAddress(page, capabilities), nameof(VmcsField.ApicAccessAddress), page, "must be a page-aligned physical address", section);
        }
        if (!hasShadow)
            return;
        ulong address = vmcs.Read(VmcsField.VirtualApicAddress);
        rules.Require(IsPageAddress(address, capabilities), nameof(VmcsField.VirtualApicAddress), address, "must be a page-aligned physical address", section);
        ulong threshold = vmcs.Read(VmcsField.TprThreshold);
        rules.Require(delivery || threshold <= 15, nameof(VmcsField.TprThreshold), threshold, "bits 4-31 must be 0 without virtual interrupt delivery", section);
    }

    private static void CheckViews(Vmcs vmcs, VmxCapabilities capabilities, EntryRules rules, ulong secondary)
    {
        const string section = "27.2.1.1";
        if (Has(secondary, (uint)SecondaryControls.EnableVmFunctions))
        {
            ulong functions = vmcs.Read(VmcsField.VmFunctionControls);
            rules.Require((functions & ~capabilities.VmFunctions) == 0, nameof(VmcsField.VmFunctionControls), functions,
                "reserved bits must be as IA32_VMX_VMFUNC says", section);
            bool switches = Has(functions, 1);
            rules.Require(!switches || Has(secondary, (uint)SecondaryControls.EnableEpt), nameof(VmcsField.SecondaryControls), secondary,
                "EPTP switching needs EPT", section);
            ulong list = vmcs.Read(VmcsField.EptpListAddress);
            rules.Require(!switches || IsPageAddress(list, capabilities), nameof(VmcsField.EptpListAddress), list,
                "must be a page-aligned physical address", section);
        }
        if (Has(secondary, (uint)SecondaryControls.EptViolationException))
        {
            ulong page = vmcs.Read(VmcsField.VirtualizationExceptionAddress);
            rules.Require(IsPageAddress(page, capabilities), nameof(VmcsField.VirtualizationExceptionAddress), page,
                "must be a page-aligned physical address", section);
        }
    }

    private static void CheckEptPointer(ulong pointer, VmxCapabilities capabilities, EntryRules rules)
    {
        const string section = "27.2.1.1";
        const string field = nameof(VmcsField.EptPointer);
        ulong type = pointer & 7;
        bool hasType = type == 6 ? Has(capabilities.EptVpid, 1UL << 14) : type == 0 && Has(capabilities.EptVpid, 1UL << 8);
        rules.Require(hasType, field, pointer, "the memory type must be one that IA32_VMX_EPT_VPID_CAP lists", section);
        rules.Require(((pointer >> 3) & 7) == 3, field, pointer, "the page-walk length must be 4 levels (value 3)", section);
        rules.Require((pointer & (1 << 6)) == 0 || capabilities.HasAccessedDirty, field, pointer, "bit 6 needs accessed and dirty flags", section);
        rules.Require((pointer & 0xF80) == 0 && IsPhysical(pointer, capabilities), field, pointer, "reserved bits must be 0", section);
    }

    private static void CheckExitAndEntryControls(Vmcs vmcs, VmxCapabilities capabilities, EntryRules rules)
    {
        ulong exit = vmcs.Read(VmcsField.ExitControls);
        ulong entry = vmcs.Read(VmcsField.EntryControls);
        ulong pin = vmcs.Read(VmcsField.PinBasedControls);
        rules.Require(capabilities.Exit.Accepts((uint)exit), nameof(VmcsField.ExitControls), exit,
            "reserved bits must be as IA32_VMX_EXIT_CTLS says", "27.2.1.2");
        rules.Require(Has(pin, (uint)PinControls.PreemptionTimer) || !Has(exit, (uint)ExitControls.SavePreemptionTimer),
            nameof(VmcsField.ExitControls), exit, "saving the preemption timer needs the timer", "27.2.1.2");
        rules.Require(capabilities.Entry.Accepts((uint)entry), nameof(VmcsField.EntryControls), entry,
            "reserved bits must be as IA32_VMX_ENTRY_CTLS says", "27.2.1.3");
        rules.Require((entry & (uint)(EntryControls.EntryToSmm | EntryControls.DeactivateDualMonitor)) == 0,
            nameof(VmcsField.EntryControls), entry, "entry to SMM must be 0 outside SMM", "27.2.1.3");
    }

    private static void CheckEvent(Vmcs vmcs, EntryRules rules)
    {
        const string section = "27.2.1.3";
        const string field = nameof(VmcsField.EntryInterruptionInformation);
        ulong information = vmcs.Read(VmcsField.EntryInterruptionInformation);
        if ((information >> 31 & 1) == 0)
            return;
        var kind = (EventKind)((information >> 8) & 7);
        byte vector = (byte)information;
        bool hasErrorCode = Has(information, 1 << 11);
        rules.Require((int)kind != 1, field, information, "interruption type 1 is reserved", section);
        rules.Require(kind != EventKind.Nmi || vector == 2, field, information, "an NMI must have vector 2", section);
        rules.Require(kind != EventKind.Exception || vector <= 31, field, information, "a hardware exception must have a vector of at most 31", section);
        rules.Require((information & 0x7FFF_F000) == 0, field, information, "bits 12-30 must be 0", section);

        bool protectedMode = Has(vmcs.Read(VmcsField.GuestCr0), Cr0Bits.ProtectionEnable);
        bool wantsErrorCode = vector is 8 or 10 or 11 or 12 or 13 or 14 or 17 or 21;
        wantsErrorCode &= protectedMode && kind == EventKind.Exception;
        rules.Require(hasErrorCode == wantsErrorCode || vector == ExceptionVector.ControlProtection, field, information,
            "an error code must be delivered for #DF, #TS, #NP, #SS, #GP, #PF, #AC in protected mode, and for nothing else", section);
        ulong errorCode = vmcs.Read(VmcsField.EntryExceptionErrorCode);
        rules.Require(!hasErrorCode || errorCode >> 16 == 0, nameof(VmcsField.EntryExceptionErrorCode), errorCode, "bits 16-31 must be 0", section);
        ulong length = vmcs.Read(VmcsField.EntryInstructionLength);
        bool software = kind is EventKind.SoftwareInterrupt or EventKind.PrivilegedSoftwareException or EventKind.SoftwareException;
        rules.Require(!software || length is >= 1 and <= 15, nameof(VmcsField.EntryInstructionLength), length, "must be 1 to 15 for software events", section);
    }
}
