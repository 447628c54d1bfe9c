using System;
using Xenolith.Abi.Contract;
using Xenolith.Kernel;

namespace Xenolith.Domains;

/// <summary>
/// Taking over what a toolstack wants a domain's CPUID to be, before the domain runs. It can take features away and describe caches, brand
/// and topology; what the machine or the hypervisor can't give stays away, as on Xen.
/// </summary>
public sealed partial class CpuidPolicy
{
    // Bounds of Xen's lists of leaves.
    private const uint HighestListedBasic = 0xD, HighestListedExtended = 0x8000_0021;
    private const uint CacheSubleaves = 6, FeatureSubleaves = 3, TopologySubleaves = 2, StateSubleaves = 63;
    private const uint FirstHypervisor = 0x4000_0000, SecondHypervisor = 0x4000_0100;
    private const uint LeastAddressBits = 32;

    /// <summary>Whether a policy's list can have the leaf, with or without a subleaf.</summary>
    public static bool IsLeaf(uint leaf, uint subleaf)
    {
        uint subleaves = leaf switch
        {
            4 => CacheSubleaves,
            7 => FeatureSubleaves,
            0xB => TopologySubleaves,
            0xD => StateSubleaves,
            _ => 0,
        };
        if (subleaves != 0)
            return subleaf < subleaves;
        bool isListed = leaf is <= HighestListedBasic or FirstHypervisor or SecondHypervisor or (>= FirstExtended and <= HighestListedExtended);
        return isListed && subleaf == SysctlConstants.NoSubleaf;
    }

    /// <summary>False: the leaf says that there are more leaves than the machine has.</summary>
    public bool CanHave(in XenCpuidLeaf leaf) => leaf.Leaf switch
    {
        0 => leaf.Eax <= MaximumBasic,
        7 when leaf.Subleaf == 0 => leaf.Eax < FeatureSubleaves,
        FirstExtended => leaf.Eax <= HighestListedExtended,
        _ => true,
    };

    /// <summary>Takes a leaf over, as far as the domain can have it. One that no list has changes nothing.</summary>
    public void Replace(in XenCpuidLeaf leaf)
    {
        if (!IsLeaf(leaf.Leaf, leaf.Subleaf))
            return;
        if (leaf.Leaf >= FirstExtended)
            ReplaceExtended(in leaf);
        else if (leaf.Leaf <= MaximumBasic)
            ReplaceBasic(in leaf);
    }

    private void ReplaceBasic(in XenCpuidLeaf leaf)
    {
        ref CpuidResult own = ref _basic[leaf.Leaf];
        CpuidResult most = _mostBasic[leaf.Leaf];
        switch (leaf.Leaf)
        {
            case 0:
                own = own with { Eax = Math.Min(leaf.Eax, MaximumBasic) };
                break;
            case 1:
                const uint described = 0x00FF_FF00;
                own = CpuidLeaf.Of(leaf.Eax, own.Ebx & ~described | leaf.Ebx & described, leaf.Ecx & most.Ecx | CpuidFeatures.Hypervisor,
                    leaf.Edx & (most.Edx | CpuidFeatures.HyperThreading) | CpuidFeatures.Apic);
                break;
            case 2 when Vendor != CpuVendor.Amd:
                own = CpuidLeaf.Of(leaf.Eax, leaf.Ebx, leaf.Ecx, leaf.Edx);
                break;
            case 4 when Vendor != CpuVendor.Amd:
                _caches[leaf.Subleaf] = CpuidLeaf.Of(leaf.Eax, leaf.Ebx, leaf.Ecx, leaf.Edx);
                break;
            case 7 when leaf.Subleaf == 0:
                own = CpuidLeaf.Of(0, leaf.Ebx & most.Ebx, leaf.Ecx & most.Ecx, leaf.Edx & most.Edx);
                break;
        }
    }

    private void ReplaceExtended(in XenCpuidLeaf leaf)
    {
        uint index = leaf.Leaf - FirstExtended;
        if (index >= (uint)_extended.Length)
            return;
        ref CpuidResult own = ref _extended[index];
        CpuidResult most = _mostExtended[index];
        switch (index)
        {
            case 0:
                // Without leaf 8 addresses would be of 36 bits.
                own = own with { Eax = MaximumExtended };
                break;
            case 1:
                own = CpuidLeaf.Of(leaf.Eax, leaf.Ebx, leaf.Ecx & (most.Ecx | CpuidFeatures.CmpLegacy), leaf.Edx & most.Edx);
                break;
            case 7:
                own = own with { Edx = leaf.Edx & most.Edx };
                break;
            case 8:
                uint bits = Math.Clamp(leaf.Eax & 0xFF, LeastAddressBits, most.Eax & 0xFF);
                own = CpuidLeaf.Of(bits | most.Eax & 0xFF00, 0, Vendor == CpuVendor.Amd ? leaf.Ecx & 0xF0FF : 0, 0);
                break;
            default:
                own = CpuidLeaf.Of(leaf.Eax, leaf.Ebx, leaf.Ecx, leaf.Edx);
                break;
        }
    }
}
