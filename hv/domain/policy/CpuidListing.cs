using System;
using Xenolith.Abi.Contract;
using Xenolith.Kernel;

namespace Xenolith.Domains;

/// <summary>
/// The leaves of a CPUID one after the other, as Xen lists a policy (xen_cpuid_leaf_t): basic ones with their subleaves, the two ranges of
/// hypervisors, which are always empty, extended ones.
/// </summary>
/// <param name="source">The machine's CPUID, or a domain's.</param>
/// <param name="isRaw">Whether leaf 0xD is the machine's, whose subleaves are features.</param>
public struct CpuidListing(HostCpuid source, bool isRaw)
{
    /// <summary>The most leaves that Xen's lists have.</summary>
    public const int MostLeaves = 120;

    private const uint HighestBasic = 0xD, HighestExtended = 0x8000_0021, Hypervisor = 0x4000_0000, SecondHypervisor = 0x4000_0100, Extended = 0x8000_0000;
    private const uint MostCaches = 6, MostLevels = 2;

    private uint _leaf;
    private uint _subleaf;
    private bool _isOver;

    /// <summary>Whether a leaf's answer depends on ECX.</summary>
    public static bool HasSubleaves(uint leaf) => leaf is 4 or 7 or 0xB or 0xD;

    /// <summary>The next leaf; false: there is none.</summary>
    public bool TryNext(out XenCpuidLeaf entry)
    {
        entry = default;
        if (_isOver)
            return false;
        bool hasSubleaves = HasSubleaves(_leaf);
        CpuidResult answer = _leaf is Hypervisor or SecondHypervisor ? default : source.Read(_leaf, _subleaf);
        entry = new XenCpuidLeaf
        {
            Leaf = _leaf,
            Subleaf = hasSubleaves ? _subleaf : SysctlConstants.NoSubleaf,
            Eax = answer.Eax,
            Ebx = answer.Ebx,
            Ecx = answer.Ecx,
            Edx = answer.Edx,
        };
        if (hasSubleaves && HasMore(answer))
            _subleaf++;
        else
            Advance();
        return true;
    }

    private readonly bool HasMore(CpuidResult answer) => _leaf switch
    {
        // The type of a cache, of a level, or the highest subleaf.
        4 => (answer.Eax & 0x1F) != 0 && _subleaf + 1 < MostCaches,
        0xB => (answer.Ecx & 0xFF00) != 0 && _subleaf + 1 < MostLevels,
        7 => _subleaf < Math.Min(source.Read(7, 0).Eax, 2),
        _ => isRaw && _subleaf < 1,
    };

    private void Advance()
    {
        _subleaf = 0;
        switch (_leaf)
        {
            case Hypervisor:
                _leaf = SecondHypervisor;
                break;
            case SecondHypervisor:
                _leaf = Extended;
                break;
            case < Hypervisor:
                _leaf = _leaf < Math.Min(source.Read(0, 0).Eax, HighestBasic) ? _leaf + 1 : Hypervisor;
                break;
            default:
                _isOver = _leaf >= Math.Min(source.Read(Extended, 0).Eax, HighestExtended);
                _leaf++;
                break;
        }
    }
}
