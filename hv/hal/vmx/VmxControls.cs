using System;

namespace Xenolith.Hal.Vmx;

/// <summary>Pin-based VM-execution controls (Intel SDM vol. 3, 25.6.1).</summary>
[Flags]
public enum PinControls : uint
{
    ExternalInterruptExiting = 1u << 0,
    NmiExiting = 1u << 3,
    VirtualNmis = 1u << 5,
    PreemptionTimer = 1u << 6,
    PostedInterrupts = 1u << 7,
}

/// <summary>Primary processor-based VM-execution controls (Intel SDM vol. 3, 25.6.2, table 25-6).</summary>
[Flags]
public enum PrimaryControls : uint
{
    InterruptWindowExiting = 1u << 2,
    UseTscOffsetting = 1u << 3,
    HltExiting = 1u << 7,
    InvlpgExiting = 1u << 9,
    MwaitExiting = 1u << 10,
    RdpmcExiting = 1u << 11,
    RdtscExiting = 1u << 12,
    Cr3LoadExiting = 1u << 15,
    Cr3StoreExiting = 1u << 16,
    Cr8LoadExiting = 1u << 19,
    Cr8StoreExiting = 1u << 20,
    UseTprShadow = 1u << 21,
    NmiWindowExiting = 1u << 22,
    MovDrExiting = 1u << 23,
    UnconditionalIoExiting = 1u << 24,
    UseIoBitmaps = 1u << 25,
    MonitorTrapFlag = 1u << 27,
    UseMsrBitmaps = 1u << 28,
    MonitorExiting = 1u << 29,
    PauseExiting = 1u << 30,
    ActivateSecondary = 1u << 31,
}

/// <summary>Secondary processor-based VM-execution controls (Intel SDM vol. 3, 25.6.2, table 25-7).</summary>
[Flags]
public enum SecondaryControls : uint
{
    VirtualizeApicAccesses = 1u << 0,
    EnableEpt = 1u << 1,
    DescriptorTableExiting = 1u << 2,
    EnableRdtscp = 1u << 3,
    VirtualizeX2Apic = 1u << 4,
    EnableVpid = 1u << 5,
    WbinvdExiting = 1u << 6,
    UnrestrictedGuest = 1u << 7,
    ApicRegisterVirtualization = 1u << 8,
    VirtualInterruptDelivery = 1u << 9,
    PauseLoopExiting = 1u << 10,
    RdrandExiting = 1u << 11,
    EnableInvpcid = 1u << 12,
    EnableVmFunctions = 1u << 13,
    VmcsShadowing = 1u << 14,
    RdseedExiting = 1u << 16,
    EnablePml = 1u << 17,
    EptViolationException = 1u << 18,
    EnableXsaves = 1u << 20,
    UseTscScaling = 1u << 25,
}

/// <summary>VM-exit controls (Intel SDM vol. 3, 25.7.1).</summary>
[Flags]
public enum ExitControls : uint
{
    SaveDebugControls = 1u << 2,
    HostAddressSpaceSize = 1u << 9,
    LoadPerformanceGlobalControl = 1u << 12,
    AcknowledgeInterrupt = 1u << 15,
    SavePat = 1u << 18,
    LoadPat = 1u << 19,
    SaveEfer = 1u << 20,
    LoadEfer = 1u << 21,
    SavePreemptionTimer = 1u << 22,
}

/// <summary>VM-entry controls (Intel SDM vol. 3, 25.8.1).</summary>
[Flags]
public enum EntryControls : uint
{
    LoadDebugControls = 1u << 2,
    Ia32eModeGuest = 1u << 9,
    EntryToSmm = 1u << 10,
    DeactivateDualMonitor = 1u << 11,
    LoadPerformanceGlobalControl = 1u << 13,
    LoadPat = 1u << 14,
    LoadEfer = 1u << 15,
}

/// <summary>Guest interruptibility state (Intel SDM vol. 3, 25.4.2, table 25-3).</summary>
[Flags]
public enum Interruptibility : uint
{
    None = 0,
    BlockingBySti = 1u << 0,
    BlockingByMovSs = 1u << 1,
    BlockingBySmi = 1u << 2,
    BlockingByNmi = 1u << 3,
}
