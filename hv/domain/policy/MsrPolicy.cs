using Xenolith.Hal;
using Xenolith.Kernel;
using Xenolith.Mm;

namespace Xenolith.Domains;

/// <summary>
/// The model-specific registers of one domain, as Xen 4.17 has them for an HVM guest: what a guest reads, what it may
/// write. Whatever is not named here gets #GP(0), which guests expect of a register that a CPU lacks.
/// </summary>
public sealed class MsrPolicy
{
    private const ulong CpuidFaultingBit = 1;
    private const ulong FeatureControlLock = 1;
    private const ulong PlatformInfoCpuidFaulting = 1UL << 31;

    // Fast strings; branch trace and PEBS are not there.
    private const ulong MiscEnableValue = 1 | 1 << 11 | 1 << 12;
    private const ulong AmdTscCountsAtP0 = 1 << 24;
    private const ulong AmdLfenceSerialises = 1 << 1;
    private const ulong MicrocodeIntel = 1UL << 32;
    private const ulong MicrocodeAmd = 1;

    private readonly CpuidPolicy _cpuid;
    private readonly ControlRegisterPolicy _controls;
    private readonly VcpuMsrs[] _vcpus;
    private readonly bool _usesVmcall;

    /// <param name="vcpus">The domain's number of vCPUs.</param>
    /// <param name="usesVmcall">What the hypercall page calls with.</param>
    public MsrPolicy(CpuidPolicy cpuid, ControlRegisterPolicy controls, int vcpus, bool usesVmcall)
    {
        _cpuid = cpuid;
        _controls = controls;
        _usesVmcall = usesVmcall;
        _vcpus = new VcpuMsrs[vcpus];
        for (int i = 0; i < vcpus; i++)
        {
            _vcpus[i] = new VcpuMsrs(cpuid.PhysicalAddressBits);
        }
    }

    /// <summary>Whether CPUID faults (#GP) for this vCPU now: it asked for that, and runs outside privilege level 0.</summary>
    public bool MustFaultCpuid(Vcpu vcpu) => _vcpus[vcpu.Id].CpuidFaulting && vcpu.Cpu.PrivilegeLevel != 0;

    /// <summary>RDMSR. The value is 0 when it faults.</summary>
    public MsrResult Read(Vcpu vcpu, uint index, out ulong value)
    {
        if (TryRead(vcpu, index, out value))
        {
            return MsrResult.Done;
        }

        value = 0;
        return MsrResult.GeneralProtection;
    }

    /// <summary>WRMSR.</summary>
    public MsrResult Write(Vcpu vcpu, uint index, ulong value) =>
        TryWrite(vcpu, index, value) ? MsrResult.Done : MsrResult.GeneralProtection;

    private bool IsIntel => _cpuid.Vendor == CpuVendor.Intel;

    private bool IsAmd => _cpuid.Vendor == CpuVendor.Amd;

    /// <summary>The vCPU's registers that nothing else holds.</summary>
    internal VcpuMsrs Own(Vcpu vcpu) => _vcpus[vcpu.Id];

    private bool TryRead(Vcpu vcpu, uint index, out ulong value)
    {
        value = 0;
        switch (index)
        {
            case MsrIndex.Tsc:
                value = vcpu.GuestTsc;
                return true;
            case MsrIndex.TscAdjust:
                value = Own(vcpu).TscAdjust;
                return true;
            case MsrIndex.ApicBase:
                value = vcpu.Apic.BaseMsr;
                return true;
            case MsrIndex.TscDeadline:
                value = vcpu.Apic.TscDeadline;
                return _cpuid.HasTscDeadline;
            case >= MsrIndex.X2ApicFirst and <= MsrIndex.X2ApicLast:
                return vcpu.Apic.TryReadMsr(index, out value);
            case MsrIndex.Efer:
                value = vcpu.Cpu.Efer;
                return true;
            case MsrIndex.MtrrCapabilities:
                value = MtrrState.Capabilities;
                return _cpuid.HasMtrr;
            case MsrIndex.MtrrDefaultType:
                value = Own(vcpu).Mtrr.DefaultType;
                return _cpuid.HasMtrr;
            case MsrIndex.PlatformId or MsrIndex.FeatureControl or MsrIndex.MiscEnable:
                value = index switch
                {
                    MsrIndex.FeatureControl => FeatureControlLock,
                    MsrIndex.MiscEnable => MiscEnableValue,
                    _ => 0,
                };
                return IsIntel;
            case MsrIndex.MicrocodeRevision:
                value = IsIntel ? MicrocodeIntel : MicrocodeAmd;
                return IsIntel || IsAmd;
            case MsrIndex.PlatformInfo:
                value = PlatformInfoCpuidFaulting;
                return true;
            case MsrIndex.MiscFeaturesEnables:
                value = Own(vcpu).CpuidFaulting ? CpuidFaultingBit : 0;
                return true;
            case MsrIndex.McgCapabilities:
                // No banks.
                return true;
            case MsrIndex.McgStatus:
                value = Own(vcpu).McgStatus;
                return true;
            case MsrIndex.AmdHardwareConfiguration:
                value = AmdTscCountsAtP0;
                return IsAmd;
            case MsrIndex.AmdSystemConfiguration or MsrIndex.AmdTopOfMemory or MsrIndex.AmdTopOfMemory2
                or MsrIndex.AmdNorthbridgeConfiguration or MsrIndex.AmdInterruptPending or MsrIndex.AmdVirtualMachineControl:
                // Guests read these without asking whether they are there.
                return IsAmd;
            case MsrIndex.AmdDecodeConfiguration:
                value = AmdLfenceSerialises;
                return IsAmd;
            case MsrIndex.HypercallPage:
                // Write-only; Xen lets it read as zero.
                return true;
            default:
                return (_cpuid.HasMtrr && Own(vcpu).Mtrr.TryRead(index, out value)) || TryReadHeld(vcpu.Cpu, index, out value);
        }
    }

    private bool TryWrite(Vcpu vcpu, uint index, ulong value)
    {
        VcpuMsrs own = _vcpus[vcpu.Id];
        switch (index)
        {
            case MsrIndex.Tsc:
                MoveTsc(vcpu, own, unchecked(value - vcpu.GuestTsc));
                return true;
            case MsrIndex.TscAdjust:
                MoveTsc(vcpu, own, unchecked(value - own.TscAdjust));
                return true;
            case MsrIndex.ApicBase:
                return vcpu.Apic.TryWriteBaseMsr(value);
            case MsrIndex.TscDeadline:
                if (!_cpuid.HasTscDeadline)
                {
                    return false;
                }

                vcpu.Apic.TscDeadline = value;
                return true;
            case >= MsrIndex.X2ApicFirst and <= MsrIndex.X2ApicLast:
                return vcpu.Apic.TryWriteMsr(index, value);
            case MsrIndex.Efer:
                return _controls.TryWriteEfer(vcpu.Cpu, value);
            case MsrIndex.MicrocodeRevision:
                // Loaders write 0 before they read; there is nothing to load.
                return _cpuid.Vendor is CpuVendor.Intel or CpuVendor.Amd;
            case MsrIndex.MiscEnable:
                return _cpuid.Vendor == CpuVendor.Intel;
            case MsrIndex.MiscFeaturesEnables:
                if ((value & ~CpuidFaultingBit) != 0)
                {
                    return false;
                }

                own.CpuidFaulting = value != 0;
                return true;
            case MsrIndex.McgStatus:
                // Software may clear it, nothing else (SDM vol. 3, 16.3.1.2).
                own.McgStatus = 0;
                return value == 0;
            case MsrIndex.AmdHardwareConfiguration:
                return _cpuid.Vendor == CpuVendor.Amd && value == AmdTscCountsAtP0;
            case MsrIndex.AmdDecodeConfiguration or MsrIndex.AmdNorthbridgeConfiguration:
                // Guests set what is set already, or ask for extended PCI configuration space; Xen ignores the write, as some panic
                // when it faults.
                return _cpuid.Vendor == CpuVendor.Amd;
            case MsrIndex.HypercallPage:
                // The low bits choose a page, and there is one.
                if ((value & Page.OffsetMask) != 0 || !HypercallPage.TryInstall(vcpu.Domain.Memory, Gfn.Of(value), _usesVmcall))
                {
                    return false;
                }

                vcpu.Domain.LatchSharedInfoWidth(vcpu);
                return true;
            default:
                return (_cpuid.HasMtrr && own.Mtrr.TryWrite(index, value)) || (IsLegal(index, value) && TryWriteHeld(vcpu.Cpu, index, value));
        }
    }

    /// <summary>Moves the guest's TSC; IA32_TSC_ADJUST moves with it (SDM vol. 3, 18.17.3).</summary>
    private static void MoveTsc(Vcpu vcpu, VcpuMsrs own, ulong delta)
    {
        own.TscAdjust = unchecked(own.TscAdjust + delta);
        vcpu.TscOffset = unchecked(vcpu.TscOffset + delta);
    }

    private bool TryReadHeld(VirtualCpu cpu, uint index, out ulong value)
    {
        value = 0;
        return (index != MsrIndex.TscAux || _cpuid.HasRdtscp) && cpu.TryReadMsr(index, out value);
    }

    private bool TryWriteHeld(VirtualCpu cpu, uint index, ulong value) =>
        (index != MsrIndex.TscAux || _cpuid.HasRdtscp) && cpu.TryWriteMsr(index, value);

    /// <summary>The checks of WRMSR for registers that the control block holds.</summary>
    private static bool IsLegal(uint index, ulong value)
    {
        const ulong debugControlBits = 0x3;
        switch (index)
        {
            case MsrIndex.LongStar or MsrIndex.CompatStar or MsrIndex.FsBase or MsrIndex.GsBase or MsrIndex.KernelGsBase
                or MsrIndex.SysenterEsp or MsrIndex.SysenterEip:
                return (ulong)((long)(value << 16) >> 16) == value;
            case MsrIndex.SyscallMask or MsrIndex.TscAux:
                return value >> 32 == 0;
            case MsrIndex.DebugControl:
                return (value & ~debugControlBits) == 0;
            case MsrIndex.Pat:
                return IsPat(value);
            default:
                return true;
        }
    }

    /// <summary>Whether IA32_PAT may hold the value: UC, WC, WT, WP, WB or UC- in each entry (SDM vol. 3, table 12-10).</summary>
    internal static bool IsPat(ulong value)
    {
        for (int shift = 0; shift < 64; shift += 8)
        {
            if ((byte)(value >> shift) is not (0 or 1 or 4 or 5 or 6 or 7))
            {
                return false;
            }
        }

        return true;
    }
}
