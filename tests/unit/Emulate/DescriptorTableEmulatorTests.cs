using System;
using Xenolith.Emulate;
using Xenolith.Hal;
using Xenolith.Kernel;
using Xenolith.Tests.Unit.Harness;
using Xunit;

namespace Xenolith.Tests.Unit.Emulate;

public sealed class DescriptorTableEmulatorTests : EmulatorFixture
{
    private const ulong Data = 0x30_0000, Table = 0x30_1000;
    private const ulong High = 0xFFFF_8000_0000_0000;

    private readonly DescriptorTableEmulator _emulator;

    public DescriptorTableEmulatorTests()
    {
        _emulator = new DescriptorTableEmulator(Decoder);
        Cpu.Registers.Rdi = Data;
        Cpu.Gdtr = new DescriptorTable(Table, 0x3F);
        Write(Data, 0xEEEE_EEEE_EEEE_EEEE, 0xEEEE_EEEE_EEEE_EEEE);
    }

    private EmulationResult Execute(string code, DescriptorTableInstruction instruction)
    {
        PlaceBytes(Convert.FromHexString(code));
        Cpu.Exit = new Exit { Reason = ExitReason.DescriptorTable, TableInstruction = instruction };
        return _emulator.Execute(Cpu, Access);
    }

    private void EnterNarrow()
    {
        TestMachine.EnterFlat32(Vcpu);
        Cpu.SetSegment(SegmentName.Ds, new Segment(0x18, 0xC93, uint.MaxValue, 0));
    }

    private void Write(ulong address, params ulong[] words)
    {
        foreach (ulong word in words)
        {
            Assert.True(Domain.Memory.TryWrite(address, BitConverter.GetBytes(word)));
            address += 8;
        }
    }

    private ulong Read(ulong address)
    {
        byte[] bytes = new byte[8];
        Assert.True(Domain.Memory.TryRead(address, bytes));
        return BitConverter.ToUInt64(bytes);
    }

    [Theory]
    [InlineData("0F0107", DescriptorTableInstruction.Sgdt, true, 0x0000_0012_3456_003F, 0xEEEE_EEEE_EEEE_8000)]
    [InlineData("0F010F", DescriptorTableInstruction.Sidt, true, 0x0000_0065_4321_0FFF, 0xEEEE_EEEE_EEEE_8000)]
    [InlineData("0F0107", DescriptorTableInstruction.Sgdt, false, 0xEEEE_0012_3456_003F, 0xEEEE_EEEE_EEEE_EEEE)]
    [InlineData("660F0107", DescriptorTableInstruction.Sgdt, false, 0xEEEE_0012_3456_003F, 0xEEEE_EEEE_EEEE_EEEE)]
    public void StoresLimitAndBaseAsWideAsTheCode(string code, DescriptorTableInstruction instruction, bool isLong, ulong first, ulong second)
    {
        ulong high = isLong ? 0x8000_0000_0000_0000 : 0;
        Cpu.Gdtr = new DescriptorTable(0x12_3456 | high, 0x3F);
        Cpu.Idtr = new DescriptorTable(0x65_4321 | high, 0xFFF);
        if (!isLong)
        {
            EnterNarrow();
        }

        Assert.Equal(EmulationResult.Done, Execute(code, instruction));
        Assert.Equal((first, second), (Read(Data), Read(Data + 8)));
        Assert.Equal(CodeAddress + (ulong)code.Length / 2, Cpu.Rip);
    }

    [Theory]
    [InlineData("0F0117", DescriptorTableInstruction.Lgdt, true, High | 0xABCD_EF01)]
    [InlineData("0F011F", DescriptorTableInstruction.Lidt, true, High | 0xABCD_EF01)]
    [InlineData("0F0117", DescriptorTableInstruction.Lgdt, false, 0xABCD_EF01)]
    [InlineData("660F0117", DescriptorTableInstruction.Lgdt, false, 0xCD_EF01)]
    [InlineData("660F011F", DescriptorTableInstruction.Lidt, false, 0xCD_EF01)]
    public void LoadsLimitAndBaseAsWideAsTheCode(string code, DescriptorTableInstruction instruction, bool isLong, ulong expected)
    {
        Write(Data, 0x7F);
        Write(Data + 2, High | 0xABCD_EF01);
        if (!isLong)
        {
            EnterNarrow();
        }

        Assert.Equal(EmulationResult.Done, Execute(code, instruction));
        Assert.Equal(new DescriptorTable(expected, 0x7F), instruction == DescriptorTableInstruction.Lgdt ? Cpu.Gdtr : Cpu.Idtr);
        Assert.Equal(CodeAddress + (ulong)code.Length / 2, Cpu.Rip);
    }

    [Fact]
    public void ABaseThatIsNotCanonicalIsNotLoaded()
    {
        Write(Data + 2, 0x8000_0000_0000);
        Assert.Equal(EmulationResult.Protection, Execute("0F0117", DescriptorTableInstruction.Lgdt));
        Assert.Equal((false, Table, CodeAddress), (_emulator.IsStackFault, Cpu.Gdtr.Base, Cpu.Rip));
    }

    [Theory]
    [InlineData("0F00C0", DescriptorTableInstruction.Sldt, 0x28UL)]                        // SLDT EAX
    [InlineData("660F00C0", DescriptorTableInstruction.Sldt, 0xFFFF_FFFF_FFFF_0028UL)]     // SLDT AX
    [InlineData("480F00C8", DescriptorTableInstruction.Str, 0x30UL)]                       // STR RAX
    public void SelectorsGoToRegistersByTheirWidth(string code, DescriptorTableInstruction instruction, ulong expected)
    {
        Cpu.SetSegment(SegmentName.Ldtr, new Segment(0x28, 0x82, 0xFFF, 0));
        Cpu.SetSegment(SegmentName.Tr, new Segment(0x30, 0x8B, 0x67, 0));
        Cpu.Registers.Rax = ulong.MaxValue;
        Assert.Equal(EmulationResult.Done, Execute(code, instruction));
        Assert.Equal(expected, Cpu.Registers.Rax);
    }

    [Fact]
    public void SelectorsGoToTwoBytesOfMemory()
    {
        Cpu.SetSegment(SegmentName.Tr, new Segment(0x30, 0x8B, 0x67, 0));
        Assert.Equal(EmulationResult.Done, Execute("480F000F", DescriptorTableInstruction.Str));
        Assert.Equal(0xEEEE_EEEE_EEEE_0030, Read(Data));
    }

    [Fact]
    public void AWideLocalTableIsLoaded()
    {
        // 4 GiB less a byte by pages, at a high base.
        Write(Table + 0x28, 0x128F_8234_5678_FFFF, 0xFFFF_8000);
        Cpu.Registers.Rax = 0xFFFF_FFFF_0000_002B;
        Assert.Equal(EmulationResult.Done, Execute("0F00D0", DescriptorTableInstruction.Lldt));
        Assert.Equal(new Segment(0x2B, 0x882, uint.MaxValue, High | 0x1234_5678), Cpu.GetSegment(SegmentName.Ldtr));
    }

    [Fact]
    public void ANarrowLocalTableIsLoaded()
    {
        EnterNarrow();
        Write(Table + 0x38, 0x1200_8234_5678_00FF);
        Cpu.Registers.Rax = 0x38;
        Assert.Equal(EmulationResult.Done, Execute("0F00D0", DescriptorTableInstruction.Lldt));
        Assert.Equal(new Segment(0x38, 0x82, 0xFF, 0x1234_5678), Cpu.GetSegment(SegmentName.Ldtr));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(3)]
    public void NoLocalTableIsLoadedWithoutALook(ulong selector)
    {
        Cpu.Gdtr = default;
        Cpu.SetSegment(SegmentName.Ldtr, new Segment(0x28, 0x82, 0xFFF, 0));
        Write(Data, selector);
        Assert.Equal(EmulationResult.Done, Execute("0F0017", DescriptorTableInstruction.Lldt));
        Assert.Equal(new Segment((ushort)selector, 0, 0, 0), Cpu.GetSegment(SegmentName.Ldtr));
    }

    [Fact]
    public void ATaskBecomesBusyInRegisterAndMemory()
    {
        Write(Table + 0x28, 0x1200_8934_5678_0067, 0);
        Cpu.Registers.Rax = 0x28;
        Assert.Equal(EmulationResult.Done, Execute("0F00D8", DescriptorTableInstruction.Ltr));
        Assert.Equal(new Segment(0x28, 0x8B, 0x67, 0x1234_5678), Cpu.GetSegment(SegmentName.Tr));
        Assert.Equal(0x1200_8B34_5678_0067UL, Read(Table + 0x28));
    }

    [Theory]
    [InlineData("0F00D8", DescriptorTableInstruction.Ltr, 0x00, 0x1200_8934_5678_0067, 0, ExceptionVector.GeneralProtection, 0)]            // nothing
    [InlineData("0F00D8", DescriptorTableInstruction.Ltr, 0x2C, 0x1200_8934_5678_0067, 0, ExceptionVector.GeneralProtection, 0x2C)]         // of the LDT
    [InlineData("0F00D8", DescriptorTableInstruction.Ltr, 0x2B, 0x1200_8B34_5678_0067, 0, ExceptionVector.GeneralProtection, 0x28)]         // busy
    [InlineData("0F00D8", DescriptorTableInstruction.Ltr, 0x28, 0x1200_8134_5678_0067, 0, ExceptionVector.GeneralProtection, 0x28)]         // of 16 bits
    [InlineData("0F00D8", DescriptorTableInstruction.Ltr, 0x28, 0x1200_0934_5678_0067, 0, ExceptionVector.SegmentNotPresent, 0x28)]
    [InlineData("0F00D8", DescriptorTableInstruction.Ltr, 0x28, 0x1200_8934_5678_0067, 0x0100_0000_0000, ExceptionVector.GeneralProtection, 0x28)]
    [InlineData("0F00D8", DescriptorTableInstruction.Ltr, 0x28, 0x1200_8934_5678_0067, 0x8000, ExceptionVector.GeneralProtection, 0x28)]    // not canonical
    [InlineData("0F00D0", DescriptorTableInstruction.Lldt, 0x28, 0x1200_9234_5678_0067, 0, ExceptionVector.GeneralProtection, 0x28)]        // data
    [InlineData("0F00D0", DescriptorTableInstruction.Lldt, 0x28, 0x1200_0234_5678_0067, 0, ExceptionVector.SegmentNotPresent, 0x28)]
    [InlineData("0F00D0", DescriptorTableInstruction.Lldt, 0x38, 0x1200_8234_5678_0067, 0, ExceptionVector.GeneralProtection, 0x38)]        // half behind the limit
    public void WhatIsNoSuchSegmentIsAnException(string code, DescriptorTableInstruction instruction, ulong selector, ulong low, ulong high, byte vector, uint errorCode)
    {
        Write(Table + (selector & 0xF8), low, high);
        Cpu.Registers.Rax = selector;
        Assert.Equal(EmulationResult.Again, Execute(code, instruction));
        Assert.Equal([(vector, (uint?)errorCode)], Cpu.InjectedExceptions);
        Assert.Equal(CodeAddress, Cpu.Rip);
        Assert.Equal(low, Read(Table + (selector & 0xF8)));
    }

    [Theory]
    [InlineData("0F0117", DescriptorTableInstruction.Lgdt, 0)]
    [InlineData("0F00D8", DescriptorTableInstruction.Ltr, 0)]
    [InlineData("0F0107", DescriptorTableInstruction.Sgdt, 0x800)]
    public void UserModeIsRefused(string code, DescriptorTableInstruction instruction, ulong cr4)
    {
        EnterNarrow();
        Cpu.Cr4 = cr4;
        Cpu.SetSegment(SegmentName.Ss, new Segment(0x1B, 0xCF3, uint.MaxValue, 0));
        Assert.Equal(EmulationResult.Protection, Execute(code, instruction));
        Assert.Equal((Table, CodeAddress), (Cpu.Gdtr.Base, Cpu.Rip));
    }

    /// <summary>The code was SGDT when it exited, and another vCPU has written to it since.</summary>
    [Theory]
    [InlineData("0F0117")]
    [InlineData("90")]
    public void OtherCodeThanExitedRunsByItself(string code)
    {
        Assert.Equal(EmulationResult.Again, Execute(code, DescriptorTableInstruction.Sgdt));
        Assert.Equal((Table, CodeAddress, 0), (Cpu.Gdtr.Base, Cpu.Rip, Cpu.InjectedExceptions.Count));
    }

    [Fact]
    public void MemoryThatIsNotMappedIsAPageFault()
    {
        Cpu.Registers.Rdi = 0x4000_0000;
        Assert.Equal(EmulationResult.Fault, Execute("0F0107", DescriptorTableInstruction.Sgdt));
        Assert.Equal((0x4000_0000UL, 2u), (_emulator.Fault.Linear, _emulator.Fault.ErrorCode));
    }

    [Fact]
    public void ASegmentsLimitCounts()
    {
        EnterNarrow();
        Cpu.SetSegment(SegmentName.Ss, new Segment(0x18, 0x493, 0xFFFF, 0));
        Cpu.Registers.Rsp = 0xFFFC;
        Assert.Equal(EmulationResult.Protection, Execute("0F010424", DescriptorTableInstruction.Sgdt));
        Assert.True(_emulator.IsStackFault);
    }
}
