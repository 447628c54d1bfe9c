using System;
using Iced.Intel;
using Xenolith.Emulate;
using Xenolith.Hal;
using Xenolith.Mm;
using Xenolith.Tests.Unit.Harness;
using Xunit;
using static Iced.Intel.AssemblerRegisters;

namespace Xenolith.Tests.Unit.Emulate;

public sealed class InstructionDecoderTests : EmulatorFixture
{
    [Fact]
    public void DecodesInEachMode()
    {
        int length = Place(64, a => a.mov(__dword_ptr[rax + 0x300], r9d));
        Assert.Equal(FetchResult.Decoded, Decoder.Fetch(Cpu, Access, out Instruction instruction));
        Assert.Equal((Mnemonic.Mov, length), (instruction.Mnemonic, instruction.Length));

        // The same bytes are other instructions in other modes: 48 is REX.W or DEC EAX, 66 switches both ways.
        PlaceBytes([0x48, 0x89, 0x03]);
        Decoder.Fetch(Cpu, Access, out instruction);
        Assert.Equal(3, instruction.Length);
        TestMachine.EnterFlat32(Vcpu);
        Decoder.Fetch(Cpu, Access, out instruction);
        Assert.Equal((Mnemonic.Dec, 1), (instruction.Mnemonic, instruction.Length));
        PlaceBytes([0xB8, 1, 2, 3, 4]);
        Decoder.Fetch(Cpu, Access, out instruction);
        Assert.Equal(5, instruction.Length);
        Cpu.SetSegment(SegmentName.Cs, new Segment(0, 0x9B, 0xFFFF, CodeAddress));
        Cpu.Rip = 0;
        Decoder.Fetch(Cpu, Access, out instruction);
        Assert.Equal(3, instruction.Length);
    }

    [Theory]
    [InlineData("0FA2", 2)]                    // CPUID
    [InlineData("F4", 1)]                      // HLT
    [InlineData("0F32", 2)]                    // RDMSR
    [InlineData("0F30", 2)]
    [InlineData("0F01C1", 3)]                  // VMCALL
    [InlineData("0F01D9", 3)]                  // VMMCALL
    [InlineData("0F01D1", 3)]                  // XSETBV
    [InlineData("0F09", 2)]                    // WBINVD
    [InlineData("E6E9", 2)]                    // OUT
    [InlineData("66F0410FC09C8112345678", 11)]
    [InlineData("2E2E2E2E2E2E2E2E2E2E2E2E2E90", 14)]
    [InlineData("2E2E2E2E2E2E2E2E2E2E2E2E2E0FA2", 15)]
    public void KnowsLengths(string bytes, int expected)
    {
        PlaceBytes(Convert.FromHexString(bytes));
        Assert.Equal(expected, Decoder.LengthAt(Cpu, Access));
        Cpu.Exit.InstructionLength = 7;
        Assert.Equal(7, Decoder.LengthAt(Cpu, Access));
    }

    [Theory]
    [InlineData("0F04")]
    [InlineData("06")]
    [InlineData("FFFF")]
    [InlineData("2E2E2E2E2E2E2E2E2E2E2E2E2E2E0FA2")]  // 16 bytes
    [InlineData("F0890F")]  // LOCK MOV
    public void RefusesWhatIsNoInstruction(string bytes)
    {
        PlaceBytes(Convert.FromHexString(bytes));
        Assert.Equal(FetchResult.Invalid, Decoder.Fetch(Cpu, Access, out Instruction instruction));
        Assert.True(instruction.IsInvalid);
    }

    [Fact]
    public void AnInstructionMayEndWhereMemoryEnds()
    {
        // The domain's RAM ends at 4 MiB.
        Cpu.Rip = 0x3F_FFFE;
        PlaceBytes([0x0F, 0xA2], 0x3F_FFFE);
        Assert.Equal(FetchResult.Decoded, Decoder.Fetch(Cpu, Access, out Instruction instruction));
        Assert.Equal(Mnemonic.Cpuid, instruction.Mnemonic);

        PlaceBytes([0x48, 0x8B], 0x3F_FFFE);
        Assert.Equal(FetchResult.Fault, Decoder.Fetch(Cpu, Access, out _));
        Assert.Equal(0x40_0000u, Decoder.Fault.Linear);
    }

    [Fact]
    public void FaultsAsAFetchOfTheRightLevel()
    {
        Cpu.Rip = 0x1000_0000;
        Assert.Equal(FetchResult.Fault, Decoder.Fetch(Cpu, Access, out _));
        Assert.Equal((uint)PageFaultError.Fetch, Decoder.Fault.ErrorCode);
        Cpu.SetSegment(SegmentName.Ss, new Segment(0x23, 0xCF3, uint.MaxValue, 0));
        Cpu.Rip = CodeAddress;
        Assert.Equal(FetchResult.Fault, Decoder.Fetch(Cpu, Access, out _));
        Assert.Equal((uint)(PageFaultError.Fetch | PageFaultError.User | PageFaultError.Present), Decoder.Fault.ErrorCode);
        Assert.Equal(0, Decoder.LengthAt(Cpu, Access));
    }

    [Fact]
    public void DecodingAllocatesNothing()
    {
        Place(64, a => a.mov(__dword_ptr[rax + 0x300], r9d));
        Decoder.Fetch(Cpu, Access, out _);
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 100; i++)
        {
            Decoder.Fetch(Cpu, Access, out _);
        }

        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());
    }

    [Fact]
    public void NoBytesThrow()
    {
        var random = new Random(11);
        byte[] bytes = new byte[15];
        for (int i = 0; i < 20_000; i++)
        {
            random.NextBytes(bytes);
            PlaceBytes(bytes);
            if (Decoder.Fetch(Cpu, Access, out Instruction instruction) == FetchResult.Decoded)
            {
                Assert.InRange(instruction.Length, 1, 15);
            }
        }
    }
}
