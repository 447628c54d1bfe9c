using System;
using Xenolith.Abi.Contract;
using Xenolith.Kernel;
using Xenolith.Mm;

namespace Xenolith.Domains;

/// <summary>
/// The CPUID of one domain: computed from the machine's when the domain is created, then only looked up. Leaves that are
/// not stated read as zero, those beyond the maximum too (as Xen answers, and not as Intel's CPUs do).
/// </summary>
public sealed partial class CpuidPolicy : HostCpuid
{
    /// <summary>The version of Xen whose ABI this is.</summary>
    public const uint XenMajor = 4, XenMinor = 17;

    /// <summary>The MSR whose write fills a hypercall page.</summary>
    public const uint HypercallPageMsr = 0x4000_0000;

    private const uint MaximumBasic = 0xD;
    private const uint FirstExtended = 0x8000_0000;
    private const uint MaximumExtended = 0x8000_0008;
    private const uint HypervisorLeaves = 0x10000;
    private const int CacheLeaves = 8;
    private const int MaximumAddressBits = 48;

    private readonly CpuidResult[] _basic = new CpuidResult[MaximumBasic + 1];
    private readonly CpuidResult[] _caches = new CpuidResult[CacheLeaves];
    private readonly CpuidResult[] _extended = new CpuidResult[MaximumExtended - FirstExtended + 1];
    // As the machine and the hypervisor allow it; what a toolstack takes away is missing above.
    private readonly CpuidResult[] _mostBasic, _mostExtended;
    private readonly CpuPolicyOptions _options;
    private readonly CpuTopology _topology;
    private readonly TscScale _scale;
    private readonly uint _tscKilohertz;
    private readonly ushort _domainId;

    /// <param name="vcpus">1 to 128.</param>
    public CpuidPolicy(HostCpuid host, CpuPolicyOptions options, Clock clock, ushort domainId, int vcpus)
    {
        _options = options;
        _topology = new CpuTopology(vcpus);
        _scale = clock.Scale;
        _tscKilohertz = (uint)(clock.TscFrequency / 1000);
        _domainId = domainId;
        CpuidResult vendor = host.Read(0, 0);
        Vendor = VendorOf(vendor);
        _basic[0] = vendor with { Eax = MaximumBasic };
        FillFeatures(host, vendor.Eax);
        FillCaches(host, vendor.Eax);
        FillExtended(host);
        _mostBasic = _basic.AsSpan().ToArray();
        _mostExtended = _extended.AsSpan().ToArray();
    }

    /// <summary>What the domain is shown, of which our own block tells; null: there is none.</summary>
    public Exposure? Shown { get; set; }

    public CpuVendor Vendor { get; }

    /// <summary>Width of guest-physical addresses: what the machine has, at most 48 bits.</summary>
    public int PhysicalAddressBits => (int)(_extended[8].Eax & 0xFF);

    public bool HasMtrr => (_basic[1].Edx & CpuidFeatures.Mtrr) != 0;
    public bool HasTscDeadline => (_basic[1].Ecx & CpuidFeatures.TscDeadline) != 0;
    public bool HasX2Apic => (_basic[1].Ecx & CpuidFeatures.X2Apic) != 0;
    public bool HasPcid => (_basic[1].Ecx & CpuidFeatures.Pcid) != 0;
    public bool HasFsGsBase => (_basic[7].Ebx & 1) != 0;
    public bool HasTscAdjust => (_basic[7].Ebx & 2) != 0;
    public bool HasSmep => (_basic[7].Ebx & (1u << 7)) != 0;
    public bool HasSmap => (_basic[7].Ebx & (1u << 20)) != 0;
    public bool HasUmip => (_basic[7].Ecx & (1u << 2)) != 0;
    public bool HasNoExecute => (_extended[1].Edx & (1u << 20)) != 0;
    public bool HasLongMode => (_extended[1].Edx & (1u << 29)) != 0;
    public bool HasSyscall => (_extended[1].Edx & (1u << 11)) != 0;
    public bool HasRdtscp => (_extended[1].Edx & CpuidFeatures.Rdtscp) != 0;
    public bool HasGigabytePages => (_extended[1].Edx & (1u << 26)) != 0;

    /// <summary>What is the same for all its vCPUs, as a toolstack lists it: without the hypervisor's leaves and APIC ids.</summary>
    public override CpuidResult Read(uint leaf, uint subleaf) =>
        leaf - XenCpuid.FirstLeaf < HypervisorLeaves ? default : Read(leaf, subleaf, 0, apicEnabled: true);

    /// <summary>What the guest's CPUID instruction answers.</summary>
    /// <param name="leaf">EAX.</param>
    /// <param name="subleaf">ECX.</param>
    /// <param name="vcpu">The vCPU's number.</param>
    /// <param name="apicEnabled">IA32_APIC_BASE bit 11; without it leaf 1 has no APIC.</param>
    public CpuidResult Read(uint leaf, uint subleaf, int vcpu, bool apicEnabled)
    {
        if (leaf - XenCpuid.FirstLeaf <= XenCpuid.LeafCount)
        {
            return ReadXen(leaf - XenCpuid.FirstLeaf, subleaf, vcpu);
        }

        if (leaf >= FirstExtended)
        {
            return leaf <= _extended[0].Eax ? _extended[leaf - FirstExtended] : default;
        }

        if (leaf > _basic[0].Eax)
        {
            return leaf - OwnCpuid.FirstLeaf <= OwnCpuid.LeafCount ? ReadOwn(leaf - OwnCpuid.FirstLeaf) : default;
        }

        switch (leaf)
        {
            case 1:
                CpuidResult features = _basic[1];
                return features with
                {
                    Ebx = features.Ebx | CpuTopology.ApicIdOf(vcpu) << 24,
                    Edx = apicEnabled ? features.Edx : features.Edx & ~CpuidFeatures.Apic,
                };
            case 4:
                return subleaf < CacheLeaves ? _caches[subleaf] : default;
            case 7:
                return subleaf == 0 ? _basic[7] : default;
            case 0xB:
                return _topology.ExtendedTopology(subleaf, vcpu);
            default:
                return _basic[leaf];
        }
    }

    private static CpuVendor VendorOf(CpuidResult leaf) => leaf.Ebx switch
    {
        // "Genu", "Auth", "Hygo".
        0x756E_6547 => CpuVendor.Intel,
        0x6874_7541 or 0x6F67_7948 => CpuVendor.Amd,
        _ => CpuVendor.Other,
    };

    private void FillFeatures(HostCpuid host, uint hostMaximum)
    {
        CpuidResult one = host.Read(1, 0);
        uint ecx = one.Ecx & CpuidFeatures.Leaf1Ecx | CpuidFeatures.Hypervisor;
        ecx |= _options.X2Apic ? CpuidFeatures.X2Apic : 0;
        ecx |= _options.TscDeadline ? CpuidFeatures.TscDeadline : 0;
        ecx |= _options.Pcid ? one.Ecx & CpuidFeatures.Pcid : 0;
        uint edx = one.Edx & CpuidFeatures.Leaf1Edx | CpuidFeatures.Apic | (_topology.Vcpus > 1 ? CpuidFeatures.HyperThreading : 0);
        uint ids = _topology.Vcpus > 1 ? Math.Min(_topology.IdsPerPackage, 255) : 1;
        _basic[1] = CpuidLeaf.Of(one.Eax, one.Ebx & 0xFFFF | ids << 16, ecx, edx);
        _basic[6] = CpuidLeaf.Of(CpuidFeatures.AlwaysRunningApicTimer, 0, 0, 0);
        if (hostMaximum >= 7)
        {
            CpuidResult seven = host.Read(7, 0);
            uint ebx = seven.Ebx & (CpuidFeatures.Leaf7Ebx | (_options.Invpcid ? CpuidFeatures.Invpcid : 0));
            ecx = seven.Ecx & (CpuidFeatures.Leaf7Ecx | (_options.Rdtscp ? CpuidFeatures.Rdpid : 0));
            _basic[7] = CpuidLeaf.Of(0, ebx, ecx, seven.Edx & CpuidFeatures.Leaf7Edx);
        }
    }

    /// <summary>Leaves 2 and 4 are Intel's; AMD's cache leaves are extended ones.</summary>
    private void FillCaches(HostCpuid host, uint hostMaximum)
    {
        if (Vendor == CpuVendor.Amd)
        {
            return;
        }

        _basic[2] = hostMaximum >= 2 ? host.Read(2, 0) : default;
        for (uint i = 0; hostMaximum >= 4 && i < CacheLeaves; i++)
        {
            CpuidResult cache = host.Read(4, i);
            if ((cache.Eax & 0x1F) == 0)
            {
                return;
            }

            // Caches of level 3 and up are shared by the package, lower ones by the two ids of a core.
            uint sharing = ((cache.Eax >> 5) & 7) >= 3 ? _topology.IdsPerPackage : 2;
            uint cores = Math.Min(_topology.IdsPerPackage / 2, 64);
            _caches[i] = cache with { Eax = cache.Eax & 0x3FFF | (sharing - 1) << 14 | (cores - 1) << 26 };
        }
    }

    private void FillExtended(HostCpuid host)
    {
        CpuidResult zero = host.Read(FirstExtended, 0);
        uint maximum = Math.Min(zero.Eax, MaximumExtended);
        if (maximum < FirstExtended + 1)
        {
            maximum = FirstExtended;
        }

        // Leaf 8 is always there: without it the width of addresses is 36 bits (SDM vol. 3, 4.1.4).
        _extended[0] = zero with { Eax = MaximumExtended };
        for (uint leaf = FirstExtended + 1; leaf <= maximum; leaf++)
        {
            _extended[leaf - FirstExtended] = Extended(leaf, host.Read(leaf, 0));
        }

        if (maximum < MaximumExtended)
        {
            _extended[8] = CpuidLeaf.Of(36 | 48 << 8, 0, 0, 0);
        }
    }

    private CpuidResult Extended(uint leaf, CpuidResult host)
    {
        switch (leaf - FirstExtended)
        {
            case 1:
                uint ecx = host.Ecx & CpuidFeatures.Extended1Ecx;
                uint edx = host.Edx & (CpuidFeatures.Extended1Edx | (_options.Rdtscp ? CpuidFeatures.Rdtscp : 0));
                if (Vendor == CpuVendor.Amd)
                {
                    ecx |= _topology.Vcpus > 1 ? CpuidFeatures.CmpLegacy : 0;
                    edx |= _basic[1].Edx & CpuidFeatures.Extended1EdxShared;
                }

                return host with { Ecx = ecx, Edx = edx };
            case 7:
                return CpuidLeaf.Of(0, 0, 0, host.Edx & CpuidFeatures.InvariantTsc);
            case 8:
                uint physical = Math.Min(host.Eax & 0xFF, MaximumAddressBits);
                uint linear = Math.Min((host.Eax >> 8) & 0xFF, MaximumAddressBits);
                uint cores = Vendor == CpuVendor.Amd ? (uint)_topology.PackageShift << 12 | (_topology.IdsPerPackage - 1) & 0xFF : 0;
                return CpuidLeaf.Of(physical | linear << 8, 0, cores, 0);
            default:
                return host;
        }
    }

    /// <summary>Our own block (docs/hypercall-tlb.md); where nothing of it is shown there is none.</summary>
    private CpuidResult ReadOwn(uint leaf)
    {
        uint shown = (uint)(Shown?[ExposureGroup.CallFeature] ?? 0);
        shown |= Shown is not null && Shown[ExposureGroup.HighNumber] != 0 ? 1u << (int)CallFeature.HighNumbers : 0;
        if (shown == 0)
        {
            return default;
        }

        return leaf == 0
            ? CpuidLeaf.Of(OwnCpuid.FirstLeaf + OwnCpuid.LeafCount, OwnCpuid.SignatureEbx, OwnCpuid.SignatureEcx, OwnCpuid.SignatureEdx)
            : CpuidLeaf.Of(shown, HypercallTlb.Capacity, (uint)_topology.Vcpus, HypercallTlb.MaximumPagesShift);
    }

    // Xen's public/arch-x86/cpuid.h.
    private CpuidResult ReadXen(uint leaf, uint subleaf, int vcpu)
    {
        const uint iommuMappings = 1u << 2, vcpuId = 1u << 3, domainId = 1u << 4, upcallVector = 1u << 6;
        switch (leaf)
        {
            case 0:
                return CpuidLeaf.Of(XenCpuid.FirstLeaf + XenCpuid.LeafCount, XenCpuid.SignatureEbx, XenCpuid.SignatureEcx, XenCpuid.SignatureEdx);
            case 1:
                return CpuidLeaf.Of(XenMajor << 16 | XenMinor, 0, 0, 0);
            case 2:
                return CpuidLeaf.Of(1, HypercallPageMsr, 0, 0);
            case 3:
                return ReadTime(subleaf);
            case 4 when subleaf == 0:
                uint features = iommuMappings | vcpuId | domainId | (_options.UpcallVector ? upcallVector : 0)
                    | (_options.KeptApic ? XenCpuid.ApicAccessVirtualised | XenCpuid.X2ApicVirtualised : 0);
                return CpuidLeaf.Of(features, (uint)vcpu, _domainId, 0);
            default:
                return default;
        }
    }

    private CpuidResult ReadTime(uint subleaf)
    {
        // Native TSC: bit 1 says that it is safe, bit 2 that RDTSCP is there. The offset is that of system time at TSC 0.
        const uint safe = 1u << 1, rdtscp = 1u << 2;
        switch (subleaf)
        {
            case 0:
                return CpuidLeaf.Of(safe | (HasRdtscp ? rdtscp : 0), 0, _tscKilohertz, 0);
            case 1:
                ulong offset = unchecked(_scale.BaseNanoseconds - Scaled(_scale.BaseTsc));
                return CpuidLeaf.Of((uint)offset, (uint)(offset >> 32), _scale.Multiplier, (byte)_scale.Shift);
            case 2:
                return CpuidLeaf.Of(_tscKilohertz, 0, 0, 0);
            default:
                return default;
        }
    }

    private ulong Scaled(ulong ticks)
    {
        ulong shifted = _scale.Shift >= 0 ? ticks << _scale.Shift : ticks >> -_scale.Shift;
        ulong high = Math.BigMul(shifted, _scale.Multiplier, out ulong low);
        return high << 32 | low >> 32;
    }
}
