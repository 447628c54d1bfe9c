namespace Xenolith.Hal.Vmx;

/// <summary>
/// A capability MSR of one group of controls: bits that must be 1 (low half) and bits that may be 1 (high half)
/// (Intel SDM vol. 3, appendix A.2).
/// </summary>
public readonly record struct ControlRange(ulong Value)
{
    public uint MustBeSet => (uint)Value;
    public uint MayBeSet => (uint)(Value >> 32);

    /// <summary>The nearest value the CPU takes: what it demands, and of the wish what it allows.</summary>
    public uint Adjust(uint wish) => (wish | MustBeSet) & MayBeSet;

    public bool Allows(uint bits) => (MayBeSet & bits) == bits;

    public bool Accepts(uint value) => (value & MustBeSet) == MustBeSet && (value & ~MayBeSet) == 0;
}

/// <summary>What this CPU's VMX can do (Intel SDM vol. 3, appendix A).</summary>
public sealed class VmxCapabilities
{
    private const uint FirstMsr = 0x480;

    public ulong Basic { get; init; }
    public ControlRange Pin { get; init; }
    public ControlRange Primary { get; init; }
    public ControlRange Secondary { get; init; }
    public ControlRange Exit { get; init; }
    public ControlRange Entry { get; init; }
    public ulong Cr0MustBeSet { get; init; }
    public ulong Cr0MayBeSet { get; init; }
    public ulong Cr4MustBeSet { get; init; }
    public ulong Cr4MayBeSet { get; init; }
    public ulong EptVpid { get; init; }
    public ulong Miscellaneous { get; init; }

    /// <summary>Bits of a physical address, 32 to 52 (CPUID leaf 0x80000008).</summary>
    public int PhysicalAddressBits { get; init; } = 36;

    public uint Revision => (uint)Basic & 0x7FFF_FFFF;
    public bool HasExecuteOnly => (EptVpid & (1UL << 0)) != 0;
    public bool Has1GPages => (EptVpid & (1UL << 17)) != 0;
    public bool HasAccessedDirty => (EptVpid & (1UL << 21)) != 0;

    /// <summary>Whether a timer can end a guest's run, and goes on where it stood at the next entry (25.5.1).</summary>
    public bool HasPreemptionTimer => Pin.Allows((uint)PinControls.PreemptionTimer) && Exit.Allows((uint)ExitControls.SavePreemptionTimer);

    /// <summary>The preemption timer counts down whenever this bit of the TSC changes (A.6).</summary>
    public int PreemptionTimerShift => (int)(Miscellaneous & 31);

    /// <summary>
    /// Whether the CPU keeps a local APIC whole: registers in both modes, priorities, delivery (chapter 30). Those with less have but a
    /// shadow of the task priority, which is left unused.
    /// </summary>
    public bool HasApicVirtualisation => Primary.Allows((uint)PrimaryControls.UseTprShadow)
        && Secondary.Allows((uint)(SecondaryControls.VirtualizeApicAccesses | SecondaryControls.VirtualizeX2Apic
            | SecondaryControls.ApicRegisterVirtualization | SecondaryControls.VirtualInterruptDelivery));

    /// <summary>Functions of VMFUNC, a bit a leaf (A.11); 0 where there is no VMFUNC.</summary>
    public ulong VmFunctions { get; init; }

    /// <summary>Whether a guest can change its EPT pointer by VMFUNC (26.5.6.3).</summary>
    public bool HasViewFunctions => Secondary.Allows((uint)SecondaryControls.EnableVmFunctions) && (VmFunctions & 1) != 0;

    public bool HasVirtualisationExceptions => Secondary.Allows((uint)SecondaryControls.EptViolationException);

    /// <summary>Whether the CPU can note what is written through EPT (29.3.6).</summary>
    public bool HasWriteLog => HasAccessedDirty && Secondary.Allows((uint)SecondaryControls.EnablePml);

    public bool HasMonitorTrap => Primary.Allows((uint)PrimaryControls.MonitorTrapFlag);

    public bool HasDescriptorTableExiting => Secondary.Allows((uint)SecondaryControls.DescriptorTableExiting);

    /// <summary>Reads the capability MSRs of a CPU that has VMX.</summary>
    public static VmxCapabilities Read()
    {
        ulong basic = HostInstructions.ReadMsr(FirstMsr);
        // A.2: with bit 55 the "true" MSRs say which default-1 controls may be cleared.
        uint first = (basic & (1UL << 55)) != 0 ? 0x48Du : 0x481u;
        ulong primary = HostInstructions.ReadMsr(first + 1);
        bool hasSecondary = new ControlRange(primary).Allows((uint)PrimaryControls.ActivateSecondary);
        ulong secondary = hasSecondary ? HostInstructions.ReadMsr(0x48B) : 0;
        bool hasEptVpidMsr = new ControlRange(secondary).Allows((uint)SecondaryControls.EnableEpt)
            || new ControlRange(secondary).Allows((uint)SecondaryControls.EnableVpid);
        bool hasFunctions = new ControlRange(secondary).Allows((uint)SecondaryControls.EnableVmFunctions);
        bool hasAddressLeaf = HostInstructions.Cpuid(0x8000_0000).Eax >= 0x8000_0008;
        return new VmxCapabilities
        {
            Basic = basic,
            Pin = new ControlRange(HostInstructions.ReadMsr(first)),
            Primary = new ControlRange(primary),
            Secondary = new ControlRange(secondary),
            Exit = new ControlRange(HostInstructions.ReadMsr(first + 2)),
            Entry = new ControlRange(HostInstructions.ReadMsr(first + 3)),
            Cr0MustBeSet = HostInstructions.ReadMsr(0x486),
            Cr0MayBeSet = HostInstructions.ReadMsr(0x487),
            Cr4MustBeSet = HostInstructions.ReadMsr(0x488),
            Cr4MayBeSet = HostInstructions.ReadMsr(0x489),
            EptVpid = hasEptVpidMsr ? HostInstructions.ReadMsr(0x48C) : 0,
            VmFunctions = hasFunctions ? HostInstructions.ReadMsr(0x491) : 0,
            Miscellaneous = HostInstructions.ReadMsr(0x485),
            PhysicalAddressBits = hasAddressLeaf ? (int)(HostInstructions.Cpuid(0x8000_0008).Eax & 0xFF) : 36,
        };
    }

    /// <summary>What the hypervisor needs and this CPU lacks, in one sentence; null when nothing is missing.</summary>
    public string? Missing()
    {
        if (!Primary.Allows((uint)PrimaryControls.ActivateSecondary))
            return "This CPU's VMX has no secondary controls, so neither EPT nor unrestricted guests; a CPU of the Westmere generation or later is needed.";
        if (!Secondary.Allows((uint)SecondaryControls.EnableEpt))
            return "This CPU's VMX has no EPT (extended page tables); use a CPU that has it, or when this is a virtual machine switch nested EPT on in the outer hypervisor.";
        if (!Secondary.Allows((uint)SecondaryControls.UnrestrictedGuest))
            return "This CPU's VMX cannot run unpaged guests (no unrestricted guest control); a CPU of the Westmere generation or later is needed.";
        if (!Secondary.Allows((uint)SecondaryControls.EnableVpid))
            return "This CPU's VMX has no VPIDs (virtual-processor identifiers); a CPU of the Westmere generation or later is needed.";
        if ((EptVpid & (1UL << 6)) == 0 || (EptVpid & (1UL << 14)) == 0)
            return "This CPU's EPT lacks the four-level walk or write-back memory type; use another CPU model.";
        if ((EptVpid & (1UL << 16)) == 0)
            return "This CPU's EPT has no 2 MiB pages; use another CPU model.";
        if ((EptVpid & (1UL << 20)) == 0 || (EptVpid & (1UL << 25)) == 0 || (EptVpid & (1UL << 26)) == 0)
            return "This CPU has no single-context and all-context INVEPT; use another CPU model.";
        if ((EptVpid & (1UL << 32)) == 0 || (EptVpid & (1UL << 41)) == 0 || (EptVpid & (1UL << 42)) == 0)
            return "This CPU has no single-context and all-context INVVPID; use another CPU model.";
        if (!Primary.Allows((uint)(PrimaryControls.UseMsrBitmaps | PrimaryControls.UnconditionalIoExiting | PrimaryControls.UseTscOffsetting)))
            return "This CPU's VMX lacks MSR bitmaps, I/O exiting or TSC offsetting; use another CPU model.";
        if (!Pin.Allows((uint)(PinControls.ExternalInterruptExiting | PinControls.NmiExiting)))
            return "This CPU's VMX cannot exit on interrupts and NMIs; use another CPU model.";
        const ExitControls exit = ExitControls.HostAddressSpaceSize | ExitControls.SavePat | ExitControls.LoadPat | ExitControls.SaveEfer | ExitControls.LoadEfer;
        if (!Exit.Allows((uint)exit) || !Entry.Allows((uint)(EntryControls.LoadPat | EntryControls.LoadEfer)))
            return "This CPU's VMX does not switch the PAT and EFER registers; use another CPU model.";
        return null;
    }
}
