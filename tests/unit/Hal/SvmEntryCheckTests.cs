using System;
using System.Collections.Generic;
using Xenolith.Hal;
using Xenolith.Hal.Svm;
using Xenolith.Kernel;
using Xunit;

namespace Xenolith.Tests.Unit.Hal;

public sealed class SvmEntryCheckTests
{
    private static readonly SvmCapabilities s_capabilities = new() { Features = 1, AsidCount = 16, PhysicalAddressBits = 40 };

    [Fact]
    public void AFreshVcpuPassesInEachMode()
    {
        Action<VirtualCpu>[] loads = [static _ => { }, VmxEntryCheckTests.LoadFlat32, VmxEntryCheckTests.LoadLong];
        foreach (Action<VirtualCpu> load in loads)
        {
            using var fixture = new SvmFixture(s_capabilities);
            load(fixture.Cpu);
            fixture.Cpu.ControlBlock.Fields.Asid = 1;
            Assert.Empty(Check(ref fixture.Cpu.ControlBlock.Fields));
        }
    }

    [Fact]
    public void EachBrokenRuleIsNamed()
    {
        Breaks("Intercepts2", (ref VmcbLayout vmcb) => vmcb.Intercepts2 = 0);
        Breaks("Asid", (ref VmcbLayout vmcb) => vmcb.Asid = 0);
        Breaks("Asid", (ref VmcbLayout vmcb) => vmcb.Asid = 16);
        Breaks("TlbControl", (ref VmcbLayout vmcb) => vmcb.TlbControl = TlbControl.FlushAsid);
        Breaks("TlbControl", (ref VmcbLayout vmcb) => vmcb.TlbControl = (TlbControl)2);
        Breaks("IoPermissionMap", (ref VmcbLayout vmcb) => vmcb.IoPermissionMap |= 1);
        Breaks("MsrPermissionMap", (ref VmcbLayout vmcb) => vmcb.MsrPermissionMap = 1UL << 40);
        Breaks("NestedCr3", (ref VmcbLayout vmcb) => vmcb.NestedCr3 = 0x1001);
        Breaks("Pat", (ref VmcbLayout vmcb) => vmcb.Pat = 2);
        Breaks("VirtualInterrupt", (ref VmcbLayout vmcb) => vmcb.VirtualInterrupt = 0);
        Breaks("InterruptShadow", (ref VmcbLayout vmcb) => vmcb.InterruptShadow = 4);
        Breaks("Efer", (ref VmcbLayout vmcb) => vmcb.Efer = 0);
        Breaks("Efer", (ref VmcbLayout vmcb) => vmcb.Efer |= 2);
        Breaks("Efer", (ref VmcbLayout vmcb) => vmcb.Efer |= EferBits.LongModeActive);
        Breaks("Cr0", (ref VmcbLayout vmcb) => vmcb.Cr0 = Cr0Bits.NotWriteThrough);
        Breaks("Cr0", (ref VmcbLayout vmcb) => vmcb.Cr0 |= 1UL << 32);
        Breaks("Cr4", (ref VmcbLayout vmcb) => vmcb.Cr4 = 1 << 15);
        Breaks("Dr6", (ref VmcbLayout vmcb) => vmcb.Dr6 = 1UL << 32);
        Breaks("Dr7", (ref VmcbLayout vmcb) => vmcb.Dr7 = 1UL << 32);
        Breaks("Rflags", (ref VmcbLayout vmcb) => vmcb.Rflags = 0);
        Breaks("Cr4", (ref VmcbLayout vmcb) => { vmcb.Efer |= EferBits.LongModeEnable; vmcb.Cr0 = Cr0Bits.Paging | 1; });
        Breaks("Cr0", (ref VmcbLayout vmcb) => { vmcb.Efer |= EferBits.LongModeEnable; vmcb.Cr0 = Cr0Bits.Paging; vmcb.Cr4 = Cr4Bits.PhysicalAddressExtension; });
        Breaks("Cs", (ref VmcbLayout vmcb) => { vmcb.Efer |= EferBits.LongModeEnable; vmcb.Cr0 = Cr0Bits.Paging | 1; vmcb.Cr4 = Cr4Bits.PhysicalAddressExtension; vmcb.Cs.Attributes = 0xE9B; });
        Breaks("Cr3", (ref VmcbLayout vmcb) =>
        {
            vmcb.Efer |= EferBits.LongModeEnable | EferBits.LongModeActive;
            vmcb.Cr0 = Cr0Bits.Paging | 1;
            vmcb.Cr4 = Cr4Bits.PhysicalAddressExtension;
            vmcb.Cr3 = 1UL << 40;
        });
        Breaks("Rip", (ref VmcbLayout vmcb) => vmcb.Rip = 1UL << 32);
        Breaks("EventInjection", (ref VmcbLayout vmcb) => vmcb.EventInjection = 0x8000_0120);
        Breaks("EventInjection", (ref VmcbLayout vmcb) => vmcb.EventInjection = 0x8000_0302);
        Breaks("EventInjection", (ref VmcbLayout vmcb) => vmcb.EventInjection = 0x8000_0340);
        Breaks("PrivilegeLevel", (ref VmcbLayout vmcb) => vmcb.PrivilegeLevel = 4);
        Breaks("PrivilegeLevel", (ref VmcbLayout vmcb) => { vmcb.Cr0 = 0x10; vmcb.PrivilegeLevel = 3; });
        Breaks("Gs", (ref VmcbLayout vmcb) => vmcb.Gs.Base = 1UL << 47);
    }

    private delegate void Change(ref VmcbLayout vmcb);

    private static void Breaks(string field, Change change)
    {
        using var fixture = new SvmFixture(s_capabilities);
        VmxEntryCheckTests.LoadFlat32(fixture.Cpu);
        ref VmcbLayout vmcb = ref fixture.Cpu.ControlBlock.Fields;
        vmcb.Asid = 1;
        change(ref vmcb);
        Assert.Contains(Check(ref vmcb), report => report.Field == field);
    }

    private static List<(string Field, ulong Value, string Rule, string Section)> Check(ref VmcbLayout vmcb)
    {
        var rules = new CollectedEntryRules();
        SvmEntryChecks.Check(ref vmcb, s_capabilities, rules);
        return rules.Reports;
    }
}
