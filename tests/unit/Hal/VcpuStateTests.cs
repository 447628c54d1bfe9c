using System.Collections.Generic;
using Xenolith.Hal;
using Xenolith.Hal.Svm;
using Xenolith.Hal.Vmx;
using Xenolith.Kernel;
using Xunit;

namespace Xenolith.Tests.Unit.Hal;

/// <summary>Both vendors must behave alike through the neutral class.</summary>
public sealed class VcpuStateTests
{
    private static readonly SvmCapabilities s_svm = new() { Features = 1, AsidCount = 16 };

    private static IEnumerable<VirtualCpu> Both()
    {
        using var vmx = new VmxFixture();
        yield return vmx.Cpu;
        using var svm = new SvmFixture(s_svm);
        yield return svm.Cpu;
    }

    [Fact]
    public void SegmentsAndTablesSurvive()
    {
        foreach (VirtualCpu cpu in Both())
        {
            var segment = new Segment(0x33, 0xAFB, 0xFFFF_FFFF, 0x1234_5000);
            cpu.SetSegment(SegmentName.Gs, segment);
            Assert.Equal(segment, cpu.GetSegment(SegmentName.Gs));
            cpu.Idtr = new DescriptorTable(0xFFFF_8000_0000_0000, 0xFFF);
            Assert.Equal(new DescriptorTable(0xFFFF_8000_0000_0000, 0xFFF), cpu.Idtr);
            cpu.SetSegment(SegmentName.Ss, new Segment(0x2B, 0xCF3, 0xFFFF_FFFF, 0));
            Assert.Equal(3, cpu.PrivilegeLevel);
        }
    }

    [Fact]
    public void ControlRegistersReadBackAsWritten()
    {
        foreach (VirtualCpu cpu in Both())
        {
            cpu.Cr0 = 0x11;
            Assert.Equal(0x11UL, cpu.Cr0);
            cpu.Cr4 = 0x6B0;
            Assert.Equal(0x6B0UL, cpu.Cr4);
            cpu.Cr4 = Cr4Bits.PhysicalAddressExtension | Cr4Bits.MachineCheck;
            Assert.Equal(Cr4Bits.PhysicalAddressExtension | Cr4Bits.MachineCheck, cpu.Cr4);
        }
    }

    [Fact]
    public void LongModeFollowsFromLmeAndPaging()
    {
        foreach (VirtualCpu cpu in Both())
        {
            cpu.Cr4 = Cr4Bits.PhysicalAddressExtension;
            cpu.Cr0 = 0x11;
            cpu.Efer = EferBits.LongModeEnable | EferBits.SyscallEnable;
            Assert.Equal(EferBits.LongModeEnable | EferBits.SyscallEnable, cpu.Efer);
            cpu.Cr0 = 0x8000_0011;
            Assert.Equal(EferBits.LongModeEnable | EferBits.SyscallEnable | EferBits.LongModeActive, cpu.Efer);
            cpu.Cr0 = 0x11;
            Assert.Equal(EferBits.LongModeEnable | EferBits.SyscallEnable, cpu.Efer);
        }
    }

    [Fact]
    public void SkippingEndsTheInterruptShadowAndWrapsOutside64BitCode()
    {
        foreach (VirtualCpu cpu in Both())
        {
            VmxEntryCheckTests.LoadFlat32(cpu);
            cpu.Rflags = RflagsBits.Interrupt | RflagsBits.Resume;
            cpu.Rip = 0xFFFF_FFFE;
            if (cpu is VmxCpu vmx)
                vmx.ControlBlock.Write(VmcsField.GuestInterruptibility, 1);
            else
                ((SvmCpu)cpu).ControlBlock.Fields.InterruptShadow = 1;
            Assert.False(cpu.CanTakeInterrupt);
            cpu.SkipInstruction(3);
            Assert.Equal(1UL, cpu.Rip);
            Assert.True(cpu.CanTakeInterrupt);
            Assert.Equal(RflagsBits.Interrupt | RflagsBits.AlwaysOne, cpu.Rflags);

            VmxEntryCheckTests.LoadLong(cpu);
            cpu.Rip = 0xFFFF_FFFE;
            cpu.SkipInstruction(3);
            Assert.Equal(0x1_0000_0001UL, cpu.Rip);
        }
    }

    [Fact]
    public void AnInterruptWaitsForTheFlagAndForOthers()
    {
        foreach (VirtualCpu cpu in Both())
        {
            VmxEntryCheckTests.LoadFlat32(cpu);
            cpu.Rflags = 0;
            Assert.False(cpu.CanTakeInterrupt);
            Assert.False(cpu.TryInjectInterrupt(0x30));
            cpu.Rflags = RflagsBits.Interrupt;
            Assert.True(cpu.CanTakeInterrupt);
            Assert.True(cpu.TryInjectInterrupt(0x30));
            Assert.False(cpu.CanTakeInterrupt);
            Assert.False(cpu.TryInjectInterrupt(0x31));
        }
    }

    [Fact]
    public void AnNmiNeedsNoFlagButNoOtherEvent()
    {
        foreach (VirtualCpu cpu in Both())
        {
            VmxEntryCheckTests.LoadFlat32(cpu);
            cpu.Rflags = 0;
            Assert.True(cpu.TryInjectNmi());
            Assert.False(cpu.TryInjectNmi());
            Assert.False(cpu.CanTakeInterrupt);
        }
    }

    [Fact]
    public void AnNmiWaitsForTheEndOfAShadow()
    {
        using var vmx = new VmxFixture();
        vmx.Cpu.ControlBlock.Write(VmcsField.GuestInterruptibility, (ulong)Interruptibility.BlockingByNmi);
        Assert.False(vmx.Cpu.TryInjectNmi());
        using var svm = new SvmFixture(s_svm);
        svm.Cpu.ControlBlock.Fields.InterruptShadow = 1;
        Assert.False(svm.Cpu.TryInjectNmi());
    }

    [Fact]
    public void MsrsOfTheControlBlockAreHeldAndOthersAreNot()
    {
        foreach (VirtualCpu cpu in Both())
        {
            uint[] held = [Msr.Star, Msr.LStar, Msr.CStar, Msr.SyscallMask, Msr.KernelGsBase, Msr.FsBase, Msr.GsBase, Msr.SysenterCs, Msr.SysenterEsp, Msr.SysenterEip, Msr.Pat];
            foreach (uint msr in held)
            {
                Assert.True(cpu.TryWriteMsr(msr, msr | 1));
                Assert.True(cpu.TryReadMsr(msr, out ulong value));
                Assert.Equal(msr | 1, value);
            }
            Assert.False(cpu.TryReadMsr(0x1B, out _));
            Assert.False(cpu.TryWriteMsr(0x10, 0));
            Assert.False(cpu.TryReadMsr(Msr.Efer, out _));
        }
    }

    [Fact]
    public void ATripleFaultByMergingIsReportedWithoutAnEntry()
    {
        foreach (VirtualCpu cpu in Both())
        {
            cpu.InjectException(8, true, 0);
            cpu.InjectException(13, true, 0);
            cpu.Run();
            Assert.Equal(ExitReason.TripleFault, cpu.Exit.Reason);
        }
    }

    [Fact]
    public void ReleaseGivesTheFramesBack()
    {
        using var fixture = new VmxFixture();
        ulong before = fixture.Frames.FreeFrames;
        VirtualCpu cpu = fixture.Virtualisation.CreateCpu(fixture.Memory, fixture.Frames, new Log())!;
        Assert.Equal(before - 1, fixture.Frames.FreeFrames);
        cpu.Release();
        Assert.Equal(before, fixture.Frames.FreeFrames);
    }

    [Fact]
    public void WithoutAFrameNoCpuIsMade()
    {
        using var vmx = new VmxFixture();
        using var svm = new SvmFixture(s_svm);
        TakeAll(vmx.Frames);
        TakeAll(svm.Frames);
        Assert.Null(vmx.Virtualisation.CreateCpu(vmx.Memory, vmx.Frames, new Log()));
        Assert.Null(svm.Virtualisation.CreateCpu(svm.Memory, svm.Frames, new Log()));
    }

    private static void TakeAll(FrameAllocator frames)
    {
        while (frames.TryAllocate(0, FrameAllocator.HypervisorOwner, FrameType.Control, out _))
        {
        }
    }
}
