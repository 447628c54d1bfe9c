using System.Collections.Generic;
using Xenolith.Domains;
using Xenolith.Kernel;
using Xunit;

namespace Xenolith.Tests.Unit.Policy;

public sealed class CpuidPolicyTests
{
    private static readonly CpuPolicyOptions Everything =
        new() { X2Apic = true, TscDeadline = true, Rdtscp = true, Pcid = true, Invpcid = true, UpcallVector = true };

    private readonly VirtualClock _clock = new();

    [Fact]
    public void ShowsXensLeaves()
    {
        CpuidPolicy policy = Make(HostCpuidTable.Intel(), Everything, vcpus: 4);
        Check(policy.Read(0x4000_0000, 0, 0, true), 0x4000_0005, 0x566E6558, 0x65584D4D, 0x4D4D566E);
        Check(policy.Read(0x4000_0001, 0, 0, true), 0x0004_0011, 0, 0, 0);
        Check(policy.Read(0x4000_0002, 0, 0, true), 1, 0x4000_0000, 0, 0);
        CpuidResult time = policy.Read(0x4000_0003, 0, 0, true);
        Assert.Equal((uint)(_clock.TscFrequency / 1000), time.Ecx);
        CpuidResult scale = policy.Read(0x4000_0003, 1, 0, true);
        Assert.Equal((_clock.Scale.Multiplier, (uint)(byte)_clock.Scale.Shift), (scale.Ecx, scale.Edx));
        Assert.Equal(time.Ecx, policy.Read(0x4000_0003, 2, 0, true).Eax);
        Check(policy.Read(0x4000_0004, 0, 3, true), 0x5C, 3, 0, 0);
        Check(policy.Read(0x4000_0005, 0, 0, true), 0, 0, 0, 0);
        Check(policy.Read(0x4000_0006, 0, 0, true), 0, 0, 0, 0);
        Check(policy.Read(0x4000_0100, 0, 0, true), 0, 0, 0, 0);
    }

    [Fact]
    public void LeavesTheUpcallVectorOutWhenAsked()
    {
        CpuidPolicy policy = Make(HostCpuidTable.Intel(), new CpuPolicyOptions { UpcallVector = false });
        Assert.Equal(0x1Cu, policy.Read(0x4000_0004, 0, 0, true).Eax);
    }

    [Fact]
    public void SaysThatTheCpuKeepsLocalApics()
    {
        CpuidPolicy policy = Make(HostCpuidTable.Intel(), new CpuPolicyOptions { KeptApic = true });
        Assert.Equal(0x5Fu, policy.Read(0x4000_0004, 0, 0, true).Eax);
    }

    public static TheoryData<bool, uint, char, int> HiddenBits()
    {
        var data = new TheoryData<bool, uint, char, int>();
        foreach (bool intel in (bool[])[true, false])
        {
            // DTES64, MONITOR, DS-CPL, VMX, SMX, EST, TM2, FMA, xTPR, PDCM, DCA, XSAVE, OSXSAVE, AVX, F16C.
            foreach (int bit in (int[])[2, 3, 4, 5, 6, 7, 8, 12, 14, 15, 18, 26, 27, 28, 29])
            {
                data.Add(intel, 1, 'c', bit);
            }

            // PSN, DS, ACPI, SS, TM, IA64, PBE.
            foreach (int bit in (int[])[18, 21, 22, 27, 29, 30, 31])
            {
                data.Add(intel, 1, 'd', bit);
            }

            // SGX, HLE, AVX2, RTM, MPX, AVX512F, PT; PKU, LA57; SPEC_CTRL, STIBP, ARCH_CAPABILITIES, SSBD.
            foreach ((char register, int bit) in ((char, int)[])[('b', 2), ('b', 4), ('b', 5), ('b', 11), ('b', 14), ('b', 16), ('b', 25),
                ('c', 3), ('c', 16), ('d', 26), ('d', 27), ('d', 29), ('d', 31)])
            {
                data.Add(intel, 7, register, bit);
            }

            // SVM, extended APIC space, IBS, XOP, LWP, FMA4, topology extensions, performance counters; fast FXSAVE.
            foreach ((char register, int bit) in ((char, int)[])[('c', 2), ('c', 3), ('c', 10), ('c', 11), ('c', 15), ('c', 16), ('c', 22), ('c', 23), ('d', 25)])
            {
                data.Add(intel, 0x8000_0001, register, bit);
            }
        }

        return data;
    }

    [Theory]
    [MemberData(nameof(HiddenBits))]
    public void HidesWhatGuestsDoNotHave(bool intel, uint leaf, char register, int bit)
    {
        CpuidResult result = Make(intel ? HostCpuidTable.Intel() : HostCpuidTable.Amd(), Everything).Read(leaf, 0, 0, true);
        uint value = register switch { 'b' => result.Ebx, 'c' => result.Ecx, _ => result.Edx };
        Assert.Equal(0u, value >> bit & 1);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void ShowsWhatLinuxNeeds(bool intel)
    {
        CpuidPolicy policy = Make(intel ? HostCpuidTable.Intel() : HostCpuidTable.Amd(), Everything);
        Assert.Equal(0xDu, policy.Read(0, 0, 0, true).Eax);
        CpuidResult one = policy.Read(1, 0, 0, true);
        Assert.NotEqual(0u, one.Ecx >> 31);
        foreach (int bit in (int[])[0, 3, 4, 5, 6, 8, 9, 12, 13, 15, 16, 24, 25, 26])
        {
            Assert.NotEqual(0u, one.Edx >> bit & 1);
        }

        Assert.Equal(4u, policy.Read(6, 0, 0, true).Eax);
        CpuidResult extended = policy.Read(0x8000_0001, 0, 0, true);
        foreach (int bit in (int[])[11, 20, 26, 27, 29])
        {
            Assert.NotEqual(0u, extended.Edx >> bit & 1);
        }

        Assert.True(policy.PhysicalAddressBits is >= 36 and <= 48);
        Assert.Equal(48u, policy.Read(0x8000_0008, 0, 0, true).Eax >> 8);
        Assert.Equal(intel ? 0x100u : 0, policy.Read(0x8000_0007, 0, 0, true).Edx);
    }

    [Fact]
    public void OffersOptionalFeaturesOnlyWhenAskedAndOnlyIfTheMachineHasThem()
    {
        CpuidPolicy none = Make(HostCpuidTable.Intel(), new CpuPolicyOptions { TscDeadline = false, X2Apic = false });
        Assert.False(none.HasPcid || none.HasRdtscp || none.HasX2Apic || none.HasTscDeadline);
        Assert.Equal(0u, none.Read(7, 0, 0, true).Ebx >> 10 & 1);
        CpuidPolicy all = Make(HostCpuidTable.Intel(), Everything);
        Assert.True(all.HasPcid && all.HasRdtscp && all.HasX2Apic && all.HasTscDeadline);
        HostCpuidTable plain = new HostCpuidTable().Set(0, 0, 1, 0x756E6547, 0x6C65746E, 0x49656E69).Set(1, 0, 0x600, 0x800, 0, 0x0183FBFF);
        CpuidPolicy old = Make(plain, Everything);
        Assert.False(old.HasPcid || old.HasRdtscp || old.HasLongMode || old.HasNoExecute || old.HasSmep);
        // These two are emulated, whatever the machine has.
        Assert.True(old.HasX2Apic && old.HasTscDeadline);
        Assert.Equal(36, old.PhysicalAddressBits);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(5)]
    [InlineData(128)]
    public void TopologyAgreesWithTheApicIds(int vcpus)
    {
        CpuidPolicy policy = Make(HostCpuidTable.Intel(), Everything, vcpus);
        var seen = new HashSet<uint>();
        for (int vcpu = 0; vcpu < vcpus; vcpu++)
        {
            uint id = policy.Read(1, 0, vcpu, true).Ebx >> 24;
            Assert.Equal(2u * (uint)vcpu, id);
            CpuidResult thread = policy.Read(0xB, 0, vcpu, true);
            CpuidResult core = policy.Read(0xB, 1, vcpu, true);
            Check(thread, 1, 1, 0x100, id);
            Assert.Equal(((uint)vcpus, 0x201u, id), (core.Ebx, core.Ecx, core.Edx));
            // Each vCPU is a core of its own, all in one package.
            Assert.True(seen.Add(id >> (int)thread.Eax));
            Assert.Equal(0u, id >> (int)core.Eax);
            Check(policy.Read(0xB, 2, vcpu, true), 0, 0, 2, id);
        }

        Assert.Equal(vcpus > 1 ? 1u : 0, policy.Read(1, 0, 0, true).Edx >> 28 & 1);
        Assert.Equal(2u, (policy.Read(4, 0, 0, true).Eax >> 14 & 0xFFF) + 1);
        Check(policy.Read(4, 9, 0, true), 0, 0, 0, 0);
        CpuidPolicy amd = Make(HostCpuidTable.Amd(), Everything, vcpus);
        Check(amd.Read(4, 0, 0, true), 0, 0, 0, 0);
        Assert.Equal((uint)1 << (int)(amd.Read(0x8000_0008, 0, 0, true).Ecx >> 12), (amd.Read(0x8000_0008, 0, 0, true).Ecx & 0xFF) + 1);
    }

    [Fact]
    public void TheApicBitFollowsTheApic()
    {
        CpuidPolicy policy = Make(HostCpuidTable.Intel(), Everything);
        Assert.Equal(1u, policy.Read(1, 0, 0, true).Edx >> 9 & 1);
        Assert.Equal(0u, policy.Read(1, 0, 0, false).Edx >> 9 & 1);
    }

    [Theory]
    [InlineData(0x0000_000Eu)]
    [InlineData(0x0000_0005u)]
    [InlineData(0x0000_000Au)]
    [InlineData(0x0000_000Du)]
    [InlineData(0x3FFF_FFFFu)]
    [InlineData(0x8000_0009u)]
    [InlineData(0x8000_000Au)]
    [InlineData(0x8000_001Eu)]
    [InlineData(0xC000_0000u)]
    [InlineData(0xFFFF_FFFFu)]
    public void EverythingElseReadsAsZero(uint leaf)
    {
        Check(Make(HostCpuidTable.Intel(), Everything).Read(leaf, 0, 0, true), 0, 0, 0, 0);
        Check(Make(HostCpuidTable.Amd(), Everything).Read(leaf, 1, 0, true), 0, 0, 0, 0);
    }

    private CpuidPolicy Make(HostCpuidTable host, CpuPolicyOptions options, int vcpus = 1) => new(host, options, _clock, 0, vcpus);

    private static void Check(CpuidResult result, uint eax, uint ebx, uint ecx, uint edx) =>
        Assert.Equal((eax, ebx, ecx, edx), (result.Eax, result.Ebx, result.Ecx, result.Edx));
}
