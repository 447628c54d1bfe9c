using System.Collections.Generic;
using Xenolith.Domains;
using Xenolith.Kernel;

namespace Xenolith.Tests.Unit.Policy;

/// <summary>A machine's CPUID as a table; what is not in it reads as zero.</summary>
public sealed class HostCpuidTable : HostCpuid
{
    private readonly Dictionary<(uint Leaf, uint Subleaf), CpuidResult> _leaves = [];

    public HostCpuidTable Set(uint leaf, uint subleaf, uint eax, uint ebx, uint ecx, uint edx)
    {
        _leaves[(leaf, subleaf)] = new CpuidResult { Eax = eax, Ebx = ebx, Ecx = ecx, Edx = edx };
        return this;
    }

    public override CpuidResult Read(uint leaf, uint subleaf) => _leaves.GetValueOrDefault((leaf, subleaf));

    /// <summary>An Intel CPU with every feature bit there is.</summary>
    public static HostCpuidTable Intel() => new HostCpuidTable()
        .Set(0, 0, 0x20, 0x756E6547, 0x6C65746E, 0x49656E69)
        .Set(1, 0, 0x806C1, 0x07100800, 0xFFFFFFFF, 0xFFFFFFFF)
        .Set(2, 0, 0x00FEFF01, 0xF0, 0, 0)
        .Set(4, 0, 0x1C004121, 0x02C0003F, 0x3F, 0)
        .Set(4, 1, 0x1C004122, 0x01C0003F, 0x3F, 0)
        .Set(4, 2, 0x1C004143, 0x04C0003F, 0x3FF, 0)
        .Set(4, 3, 0x1C03C163, 0x03C0003F, 0x3FFF, 6)
        .Set(5, 0, 0x40, 0x40, 3, 0x11121020)
        .Set(6, 0, 0xFFFF, 2, 9, 0)
        .Set(7, 0, 2, 0xFFFFFFFF, 0xFFFFFFFF, 0xFFFFFFFF)
        .Set(7, 1, 0xFFFFFFFF, 0, 0, 0)
        .Set(0xA, 0, 0x08300805, 0, 0xF, 0x8604)
        .Set(0xD, 0, 0xE7, 0x240, 0xA88, 0)
        .Set(0x8000_0000, 0, 0x8000_0008, 0, 0, 0)
        .Set(0x8000_0001, 0, 0, 0, 0xFFFFFFFF, 0xFFFFFFFF)
        .Set(0x8000_0002, 0, 0x65746E49, 0x2952286C, 0, 0)
        .Set(0x8000_0007, 0, 0, 0, 0, 0xFFFFFFFF)
        .Set(0x8000_0008, 0, 0x3934, 0xFFFFFFFF, 0, 0);

    /// <summary>An AMD CPU with every feature bit there is.</summary>
    public static HostCpuidTable Amd() => new HostCpuidTable()
        .Set(0, 0, 0x10, 0x68747541, 0x444D4163, 0x69746E65)
        .Set(1, 0, 0x830F10, 0x00100800, 0xFFFFFFFF, 0xFFFFFFFF)
        .Set(2, 0, 1, 2, 3, 4)
        .Set(7, 0, 0, 0xFFFFFFFF, 0xFFFFFFFF, 0xFFFFFFFF)
        .Set(0x8000_0000, 0, 0x8000_0020, 0x68747541, 0x444D4163, 0x69746E65)
        .Set(0x8000_0001, 0, 0x830F10, 0, 0xFFFFFFFF, 0xFFFFFFFF)
        .Set(0x8000_0007, 0, 0, 0, 0, 0)
        .Set(0x8000_0008, 0, 0x3030, 0xFFFFFFFF, 0x703F, 0)
        .Set(0x8000_000A, 0, 1, 0x8000, 0, 0xFFFFFFFF)
        .Set(0x8000_001D, 0, 0x121, 0, 0, 0);
}
