namespace Xenolith.Hal.Vmx;

/// <summary>
/// CR0 and CR4 under VMX (Intel SDM vol. 3, 25.6.6): a bit of the mask that is 1 is the host's; the guest reads it from the
/// shadow, and exits when it would change it. Everything else the guest reads and writes in place.
/// </summary>
internal static class VmxControlRegisters
{
    /// <summary>
    /// CR0 bits the guest owns. Not NE (VMX wants it set), and not CD and NW: a guest must not switch the CPU's caches off.
    /// </summary>
    public const ulong Cr0GuestOwned = Cr0Bits.ProtectionEnable | Cr0Bits.MonitorCoprocessor | Cr0Bits.Emulation | Cr0Bits.TaskSwitched
        | Cr0Bits.ExtensionType | Cr0Bits.WriteProtect | Cr0Bits.AlignmentMask | Cr0Bits.Paging;

    /// <summary>
    /// CR4 bits the guest owns: those that every x86-64 CPU has. The rest exits, so that a policy can refuse what it hides.
    /// MCE is the host's: with it clear a machine check would stop the machine.
    /// </summary>
    public const ulong Cr4GuestOwned = Cr4Bits.VirtualMode | Cr4Bits.ProtectedModeVirtualInterrupts | Cr4Bits.TimeStampDisable
        | Cr4Bits.DebuggingExtensions | Cr4Bits.PageSizeExtension | Cr4Bits.PhysicalAddressExtension | Cr4Bits.PageGlobal
        | Cr4Bits.PerformanceCounter | Cr4Bits.FxsaveSupport | Cr4Bits.SimdExceptions;

    public static ulong ReadCr0(Vmcs vmcs) =>
        (vmcs.Read(VmcsField.GuestCr0) & Cr0GuestOwned) | (vmcs.Read(VmcsField.Cr0ReadShadow) & ~Cr0GuestOwned);

    public static ulong ReadCr4(Vmcs vmcs) =>
        (vmcs.Read(VmcsField.GuestCr4) & Cr4GuestOwned) | (vmcs.Read(VmcsField.Cr4ReadShadow) & ~Cr4GuestOwned);

    public static void WriteCr0(Vmcs vmcs, VmxCapabilities capabilities, ulong value)
    {
        // An unrestricted guest may have PE and PG clear, whatever the fixed bits say (27.3.1.1).
        ulong demanded = capabilities.Cr0MustBeSet & ~(Cr0Bits.ProtectionEnable | Cr0Bits.Paging);
        vmcs.Write(VmcsField.GuestCr0, (value | demanded) & ~(Cr0Bits.CacheDisable | Cr0Bits.NotWriteThrough));
        vmcs.Write(VmcsField.Cr0ReadShadow, value);
    }

    public static void WriteCr4(Vmcs vmcs, VmxCapabilities capabilities, ulong hostCr4, ulong value)
    {
        vmcs.Write(VmcsField.GuestCr4, (value & ~Cr4Bits.MachineCheck) | capabilities.Cr4MustBeSet | Cr4Bits.Vmx | (hostCr4 & Cr4Bits.MachineCheck));
        vmcs.Write(VmcsField.Cr4ReadShadow, value);
    }
}
