using System;
using Xenolith.Domains;
using Xenolith.Hal;
using Xenolith.Mm;
using Xenolith.Tests.Unit.Harness;
using Xunit;

namespace Xenolith.Tests.Unit.Policy;

public sealed class MsrPolicyTests : IDisposable
{
    private readonly TestMachine _machine = new(16);
    private readonly Domain _domain;
    private readonly Vcpu _vcpu;
    private readonly ScriptedCpu _cpu;

    public MsrPolicyTests()
    {
        _domain = _machine.CreateDomain();
        _vcpu = _domain.Vcpus[0];
        _cpu = TestMachine.Cpu(_vcpu);
    }

    public void Dispose() => _machine.Dispose();

    [Theory]
    [InlineData(true, MsrIndex.MtrrCapabilities, 0x508)]
    [InlineData(true, MsrIndex.MtrrDefaultType, 0x806)]
    [InlineData(true, 0x200u, 0)]
    [InlineData(true, 0x20Fu, 0)]
    [InlineData(true, 0x26Fu, 0)]
    [InlineData(true, MsrIndex.FeatureControl, 1)]
    [InlineData(true, MsrIndex.PlatformId, 0)]
    [InlineData(true, MsrIndex.MiscEnable, 0x1801)]
    [InlineData(true, MsrIndex.PlatformInfo, 0x8000_0000)]
    [InlineData(true, MsrIndex.MiscFeaturesEnables, 0)]
    [InlineData(true, MsrIndex.McgCapabilities, 0)]
    [InlineData(true, MsrIndex.McgStatus, 0)]
    [InlineData(true, MsrIndex.MicrocodeRevision, 0x1_0000_0000)]
    [InlineData(true, MsrIndex.HypercallPage, 0)]
    [InlineData(true, MsrIndex.Efer, 0xD00)]
    [InlineData(true, MsrIndex.TscAdjust, 0)]
    [InlineData(true, MsrIndex.ApicBase, 0xFEE0_0900)]
    [InlineData(false, MsrIndex.MicrocodeRevision, 1)]
    [InlineData(false, MsrIndex.AmdHardwareConfiguration, 0x100_0000)]
    [InlineData(false, MsrIndex.AmdDecodeConfiguration, 2)]
    [InlineData(false, MsrIndex.AmdSystemConfiguration, 0)]
    [InlineData(false, MsrIndex.AmdInterruptPending, 0)]
    [InlineData(false, MsrIndex.AmdNorthbridgeConfiguration, 0)]
    public void Reads(bool intel, uint index, ulong expected)
    {
        Assert.Equal(MsrResult.Done, Policy(intel).Read(_vcpu, index, out ulong value));
        Assert.Equal(expected, value);
    }

    [Theory]
    [InlineData(true, 0x48u)]          // SPEC_CTRL
    [InlineData(true, 0x49u)]          // PRED_CMD
    [InlineData(true, 0x10Au)]         // ARCH_CAPABILITIES
    [InlineData(true, 0x10Bu)]         // FLUSH_CMD
    [InlineData(true, 0xDA0u)]         // XSS
    [InlineData(true, 0x480u)]         // VMX_BASIC
    [InlineData(true, 0x400u)]         // MC0_CTL: no banks
    [InlineData(true, 0x17Bu)]         // MCG_CTL
    [InlineData(true, 0x210u)]         // a ninth variable MTRR
    [InlineData(true, 0x186u)]         // a performance event
    [InlineData(true, 0x4000_0001u)]
    [InlineData(true, 0xC000_0103u)]   // TSC_AUX without RDTSCP
    [InlineData(true, 0xC001_0015u)]   // AMD's
    [InlineData(false, 0x1A0u)]        // Intel's
    [InlineData(false, 0x3Au)]
    [InlineData(false, 0x17u)]
    [InlineData(false, 0xC001_0117u)]  // VM_HSAVE_PA
    [InlineData(true, 0x802u)]         // x2APIC id, in xAPIC mode
    [InlineData(true, 0xFFFF_FFFFu)]
    public void WhatACpuLacksFaults(bool intel, uint index)
    {
        MsrPolicy policy = Policy(intel);
        _cpu.HoldMsr(MsrIndex.TscAux, 0);
        Assert.Equal(MsrResult.GeneralProtection, policy.Read(_vcpu, index, out ulong value));
        Assert.Equal(0u, value);
        Assert.Equal(MsrResult.GeneralProtection, policy.Write(_vcpu, index, 0));
    }

    [Theory]
    [InlineData(MsrIndex.MtrrCapabilities, 0x508)]
    [InlineData(MsrIndex.PlatformInfo, 0)]
    [InlineData(MsrIndex.FeatureControl, 1)]
    [InlineData(MsrIndex.McgCapabilities, 0)]
    [InlineData(MsrIndex.McgStatus, 1)]
    [InlineData(MsrIndex.MiscFeaturesEnables, 2)]
    [InlineData(MsrIndex.MtrrDefaultType, 0x807)]
    [InlineData(MsrIndex.MtrrDefaultType, 0x1006)]
    [InlineData(0x200u, 0x1002)]
    [InlineData(0x200u, 0x1106)]
    [InlineData(0x201u, 0xFFFF_F000_0000_0800)]
    [InlineData(0x250u, 0x0606_0606_0606_0607)]
    [InlineData(MsrIndex.Pat, 0x0007_0406_0007_0402)]
    [InlineData(MsrIndex.LongStar, 0x8000_0000_0000)]
    [InlineData(MsrIndex.KernelGsBase, 0x8000_0000_0000_0000)]
    [InlineData(MsrIndex.SyscallMask, 0x1_0000_0000)]
    [InlineData(MsrIndex.DebugControl, 0x40)]
    [InlineData(MsrIndex.Efer, 0x1D01)]
    [InlineData(MsrIndex.Efer, 0xC00)]
    [InlineData(MsrIndex.ApicBase, 0xFEC0_0900)]
    [InlineData(MsrIndex.HypercallPage, 0x1)]
    [InlineData(MsrIndex.HypercallPage, 0x4000_0000)]
    public void IllegalValuesFaultAndChangeNothing(uint index, ulong value)
    {
        foreach (uint held in (uint[])[MsrIndex.Pat, MsrIndex.LongStar, MsrIndex.KernelGsBase, MsrIndex.SyscallMask, MsrIndex.DebugControl])
        {
            _cpu.HoldMsr(held, 0x0606_0606_0606_0606);
        }

        MsrPolicy policy = Policy(true);
        policy.Read(_vcpu, index, out ulong before);
        Assert.Equal(MsrResult.GeneralProtection, policy.Write(_vcpu, index, value));
        policy.Read(_vcpu, index, out ulong after);
        Assert.Equal(before, after);
    }

    [Theory]
    [InlineData(0x200u, 0x8000_0006)]
    [InlineData(0x201u, 0xF_8000_0800)]
    [InlineData(0x20Fu, 0x7F_FFFF_F800)]
    [InlineData(0x250u, 0x0605_0401_0000_0606)]
    [InlineData(0x26Fu, 0x0606_0606_0606_0606)]
    [InlineData(MsrIndex.MtrrDefaultType, 0xC00)]
    [InlineData(MsrIndex.Pat, 0x0007_0106_0007_0106)]
    [InlineData(MsrIndex.LongStar, 0xFFFF_FFFF_8100_0000)]
    [InlineData(MsrIndex.Star, 0x23_0010_0000_0000)]
    [InlineData(MsrIndex.Efer, 0xD01)]
    [InlineData(MsrIndex.MiscFeaturesEnables, 1)]
    public void LegalValuesStay(uint index, ulong value)
    {
        foreach (uint held in (uint[])[MsrIndex.Pat, MsrIndex.LongStar, MsrIndex.Star])
        {
            _cpu.HoldMsr(held, 0);
        }

        MsrPolicy policy = Policy(true);
        Assert.Equal(MsrResult.Done, policy.Write(_vcpu, index, value));
        Assert.Equal(MsrResult.Done, policy.Read(_vcpu, index, out ulong after));
        Assert.Equal(value, after);
    }

    [Theory]
    [InlineData(true, MsrIndex.MicrocodeRevision, 0)]
    [InlineData(true, MsrIndex.MiscEnable, 1)]
    [InlineData(true, MsrIndex.McgStatus, 0)]
    [InlineData(false, MsrIndex.AmdDecodeConfiguration, 2)]
    public void SomeWritesAreIgnored(bool intel, uint index, ulong value) =>
        Assert.Equal(MsrResult.Done, Policy(intel).Write(_vcpu, index, value));

    [Fact]
    public void TheTscAndItsAdjustmentMoveTogether()
    {
        MsrPolicy policy = Policy(true);
        policy.Read(_vcpu, MsrIndex.Tsc, out ulong before);
        Assert.Equal(MsrResult.Done, policy.Write(_vcpu, MsrIndex.TscAdjust, 1000));
        policy.Read(_vcpu, MsrIndex.Tsc, out ulong after);
        Assert.Equal(before + 1000, after);
        Assert.Equal(MsrResult.Done, policy.Write(_vcpu, MsrIndex.Tsc, 5));
        policy.Read(_vcpu, MsrIndex.Tsc, out after);
        Assert.Equal(5u, after);
        policy.Read(_vcpu, MsrIndex.TscAdjust, out ulong adjust);
        Assert.Equal(unchecked(5 - before), adjust);
        Assert.Equal(adjust, _cpu.TscOffset);
    }

    [Theory]
    [InlineData(true, 0xC1)]
    [InlineData(false, 0xD9)]
    public void FillsTheHypercallPage(bool usesVmcall, int opcode)
    {
        Assert.Equal(MsrResult.Done, Policy(true, usesVmcall).Write(_vcpu, MsrIndex.HypercallPage, 0x30_0000));
        byte[] page = new byte[4096];
        Assert.True(_domain.Memory.TryRead(0x30_0000, page));
        for (int number = 0; number < 64; number++)
        {
            byte[] expected = number == 23 ? [0x0F, 0x0B, 0, 0, 0, 0, 0, 0, 0]
                : [0xB8, (byte)number, 0, 0, 0, 0x0F, 0x01, (byte)opcode, 0xC3];
            Assert.Equal(expected, page[(number * 32)..(number * 32 + 9)]);
        }
    }

    [Fact]
    public void TheHypercallPageSetsTheWidthOfSharedInfo()
    {
        TestMachine.EnterFlat32(_vcpu);
        Assert.Equal(MsrResult.Done, Policy(true).Write(_vcpu, MsrIndex.HypercallPage, 0x30_0000));
        Assert.False(_domain.SharedInfo.Is64Bit);
    }

    [Fact]
    public void CpuidFaultsOutsideLevelZeroWhenAsked()
    {
        MsrPolicy policy = Policy(true);
        _cpu.SetSegment(SegmentName.Ss, new Segment(0x23, 0xCF3, uint.MaxValue, 0));
        Assert.False(policy.MustFaultCpuid(_vcpu));
        policy.Write(_vcpu, MsrIndex.MiscFeaturesEnables, 1);
        Assert.True(policy.MustFaultCpuid(_vcpu));
        _cpu.SetSegment(SegmentName.Ss, new Segment(0x18, 0xC93, uint.MaxValue, 0));
        Assert.False(policy.MustFaultCpuid(_vcpu));
    }

    [Fact]
    public void NoIndexThrows()
    {
        MsrPolicy policy = Policy(false);
        for (uint index = 0; index < 0x2000; index++)
        {
            foreach (uint start in (uint[])[0, 0x4000_0000, 0xC000_0000, 0xC001_0000])
            {
                policy.Read(_vcpu, start + index, out _);
                policy.Write(_vcpu, start + index, ulong.MaxValue);
            }
        }
    }

    private MsrPolicy Policy(bool intel, bool usesVmcall = true)
    {
        var cpuid = new CpuidPolicy(intel ? HostCpuidTable.Intel() : HostCpuidTable.Amd(), new CpuPolicyOptions(), _machine.Clock, 0, 1);
        return new MsrPolicy(cpuid, new ControlRegisterPolicy(cpuid), 1, usesVmcall);
    }
}
