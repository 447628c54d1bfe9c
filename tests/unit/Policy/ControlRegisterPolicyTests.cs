using Xenolith.Domains;
using Xenolith.Hal;
using Xenolith.Kernel;
using Xenolith.Tests.Unit.Harness;
using Xunit;

namespace Xenolith.Tests.Unit.Policy;

public sealed class ControlRegisterPolicyTests
{
    private const ulong Pe = 1, Pg = 1UL << 31, Pae = 1 << 5, Lme = 1 << 8, Lma = 1 << 10;

    private readonly ScriptedCpu _cpu = new();
    private readonly ControlRegisterPolicy _policy = Make(new CpuPolicyOptions { Pcid = true });

    [Theory]
    [InlineData(Pe, 0, 0, Pg, false)]                     // paging without protection
    [InlineData(Pe, 0, 0, Pe | 1UL << 32, false)]
    [InlineData(Pe, 0, 0, Pe | 1 << 29, false)]           // NW without CD
    [InlineData(Pe, 0, 0, Pe | 3UL << 29, true)]
    [InlineData(Pe, 0, 0, Pe | Pg, true)]
    [InlineData(Pe, 0, Lme, Pe | Pg, false)]              // long mode without PAE
    [InlineData(Pe, Pae, Lme, Pe | Pg, true)]
    [InlineData(Pe | Pg, Pae, Lme | Lma, Pe, true)]
    [InlineData(Pe | Pg, Pae | 1 << 17, Lme | Lma, Pe, false)] // PCIDE holds paging
    [InlineData(Pe, 0, 0, 0, true)]
    public void JudgesCr0(ulong cr0, ulong cr4, ulong efer, ulong value, bool legal)
    {
        Load(cr0, cr4, efer);
        Assert.Equal(legal, _policy.TryWriteCr0(_cpu, value));
        Assert.Equal(legal ? value | 0x10 : cr0, _cpu.Cr0);
    }

    [Fact]
    public void IgnoresReservedBitsOfCr0()
    {
        Load(Pe, 0, 0);
        Assert.True(_policy.TryWriteCr0(_cpu, Pe | 0x1FFA_FFC0));
        Assert.Equal(Pe | 0x10, _cpu.Cr0);
    }

    [Theory]
    [InlineData(Pg | Pe, Pae, Lme | Lma, Pe)]    // leaving paging
    [InlineData(Pe, Pae, Lme, Pe | Pg)]          // entering long mode
    public void RefusesToSwitchLongModeIn64BitCode(ulong cr0, ulong cr4, ulong efer, ulong value)
    {
        Load(cr0, cr4, efer);
        _cpu.SetSegment(SegmentName.Cs, new Segment(0x10, 0xA9B, uint.MaxValue, 0));
        Assert.False(_policy.TryWriteCr0(_cpu, value));
    }

    [Theory]
    [InlineData(0, 0x7FF, true)]
    [InlineData(0, 1 << 11, true)]       // UMIP
    [InlineData(0, 1 << 12, false)]      // LA57
    [InlineData(0, 1 << 13, false)]      // VMXE
    [InlineData(0, 1 << 14, false)]      // SMXE
    [InlineData(0, 1 << 16, true)]       // FSGSBASE
    [InlineData(0, 1 << 17, false)]      // PCIDE outside long mode
    [InlineData(Lme | Lma, 1 << 17 | Pae, true)]
    [InlineData(0, 1 << 18, false)]      // OSXSAVE
    [InlineData(0, 3 << 20, true)]       // SMEP, SMAP
    [InlineData(0, 1 << 22, false)]      // PKE
    [InlineData(0, 1 << 23, false)]      // CET
    [InlineData(0, 1UL << 32, false)]
    [InlineData(Lme | Lma, 0, false)]    // PAE goes in long mode
    public void JudgesCr4(ulong efer, ulong value, bool legal)
    {
        Load(Pe | (efer != 0 ? Pg : 0), efer != 0 ? Pae : 0, efer);
        ulong before = _cpu.Cr4;
        Assert.Equal(legal, _policy.TryWriteCr4(_cpu, value));
        Assert.Equal(legal ? value : before, _cpu.Cr4);
    }

    [Fact]
    public void PcidNeedsACleanCr3()
    {
        Load(Pe | Pg, Pae, Lme | Lma);
        _cpu.Cr3 = 0x1001;
        Assert.False(_policy.TryWriteCr4(_cpu, Pae | 1 << 17));
    }

    [Theory]
    [InlineData(0, 0, 0xFFFF_FFFF_1234_5018, 0x1234_5018)]
    [InlineData(Lme | Lma, Pae, 0x12_3456_7000, 0x12_3456_7000)]
    [InlineData(Lme | Lma, Pae | 1 << 17, 0x8000_0000_0000_1005, 0x1005)]
    public void TakesLegalCr3(ulong efer, ulong cr4, ulong value, ulong expected)
    {
        Load(Pe | Pg, cr4, efer);
        Assert.True(_policy.TryWriteCr3(_cpu, value));
        Assert.Equal(expected, _cpu.Cr3);
    }

    [Theory]
    [InlineData(Pae, 0x8000_0000_0000_1000)]
    [InlineData(Pae, 1UL << 48)]
    public void RefusesIllegalCr3(ulong cr4, ulong value)
    {
        Load(Pe | Pg, cr4, Lme | Lma);
        Assert.False(_policy.TryWriteCr3(_cpu, value));
    }

    [Theory]
    [InlineData(Pe, 0, 0x901, 0x901)]
    [InlineData(Pe, 0, 0xD01, 0x901)]          // LMA is the CPU's
    [InlineData(Pe | Pg, Lme | Lma, 0x901, 0xD01)]
    public void TakesLegalEfer(ulong cr0, ulong efer, ulong value, ulong expected)
    {
        Load(cr0, Pae, efer);
        Assert.True(_policy.TryWriteEfer(_cpu, value));
        Assert.Equal(expected, _cpu.Efer);
    }

    [Theory]
    [InlineData(Pe, 0, 0x1000)]                // SVME
    [InlineData(Pe, 0, 0x4000)]                // FFXSR
    [InlineData(Pe, 0, 2)]
    [InlineData(Pe | Pg, Lme | Lma, 1)]        // LME goes while paging is on
    [InlineData(Pe | Pg, 0, Lme)]
    public void RefusesIllegalEfer(ulong cr0, ulong efer, ulong value)
    {
        Load(cr0, Pae, efer);
        Assert.False(_policy.TryWriteEfer(_cpu, value));
        Assert.Equal(efer, _cpu.Efer);
    }

    [Fact]
    public void FollowsCpuid()
    {
        HostCpuidTable plain = new HostCpuidTable().Set(0, 0, 1, 0x756E6547, 0x6C65746E, 0x49656E69);
        var cpuid = new CpuidPolicy(plain, new CpuPolicyOptions(), new VirtualClock(), 0, 1);
        var policy = new ControlRegisterPolicy(cpuid);
        Assert.Equal(0x7FFu, policy.Cr4Valid);
        Assert.False(policy.TryWriteEfer(_cpu, 0x100));
        Assert.False(policy.TryWriteEfer(_cpu, 0x800));
    }

    private void Load(ulong cr0, ulong cr4, ulong efer)
    {
        _cpu.Cr0 = cr0;
        _cpu.Cr4 = cr4;
        _cpu.Efer = efer;
    }

    private static ControlRegisterPolicy Make(CpuPolicyOptions options) =>
        new(new CpuidPolicy(HostCpuidTable.Intel(), options, new VirtualClock(), 0, 1));
}
