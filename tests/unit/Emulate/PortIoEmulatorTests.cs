using System;
using System.Linq;
using System.Text;
using Xenolith.Domains;
using Xenolith.Emulate;
using Xenolith.Hal;
using Xenolith.Mm;
using Xenolith.Tests.Unit.Harness;
using Xunit;

namespace Xenolith.Tests.Unit.Emulate;

public sealed class PortIoEmulatorTests : EmulatorFixture
{
    private const ulong Buffer = 0x30_0000;

    private readonly RecordingPorts _ports = new();
    private readonly PortIoEmulator _emulator;

    public PortIoEmulatorTests() => _emulator = new PortIoEmulator(Decoder);

    [Theory]
    [InlineData("EC", 1, 0xFFFF_FFFF_FFFF_FF12)]
    [InlineData("66ED", 2, 0xFFFF_FFFF_FFFF_5612)]
    [InlineData("ED", 4, 0x7834_5612)]
    public void InFollowsThePartialRegisterRules(string bytes, int size, ulong expected)
    {
        PlaceBytes(Convert.FromHexString(bytes));
        _ports.Input.Enqueue(0x7834_5612);
        Cpu.Registers.Rax = ulong.MaxValue;
        Cpu.Exit = new Exit { Port = 0x60, Size = (byte)size, IsIn = true };
        Assert.Equal(EmulationResult.Done, _emulator.Execute(Cpu, Access, _ports));
        Assert.Equal(expected, Cpu.Registers.Rax);
        Assert.Equal(CodeAddress + (ulong)bytes.Length / 2, Cpu.Rip);
    }

    [Fact]
    public void OutTakesTheLengthFromTheCpuWhenItKnows()
    {
        Cpu.Rip = 0x1000_0000;
        Cpu.Registers.Rax = 0x1_2345_6789;
        Cpu.Exit = new Exit { Port = 0xE9, Size = 1, InstructionLength = 2 };
        Assert.Equal(EmulationResult.Done, _emulator.Execute(Cpu, Access, _ports));
        Assert.Equal([('w', (ushort)0xE9, 1, 0x89u)], _ports.Accesses);
        Assert.Equal(0x1000_0002u, Cpu.Rip);
    }

    [Fact]
    public void DoesNothingWhenTheInstructionIsGone()
    {
        Cpu.Rip = 0x1000_0000;
        Cpu.Exit = new Exit { Port = 0xE9, Size = 1 };
        Assert.Equal(EmulationResult.Again, _emulator.Execute(Cpu, Access, _ports));
        Assert.Empty(_ports.Accesses);
        Cpu.Rip = CodeAddress;
        PlaceBytes([0x90]);
        Cpu.Exit.IsString = true;
        Assert.Equal(EmulationResult.Again, _emulator.Execute(Cpu, Access, _ports));
        Assert.Empty(_ports.Accesses);
    }

    [Fact]
    public void RepeatedOutsWritesAll()
    {
        PlaceBytes([0xF3, 0x6E]);
        PlaceBytes(Encoding.ASCII.GetBytes("hello"), Buffer);
        StringExit(0xE9, 1, isIn: false);
        Cpu.Registers.Rsi = Buffer;
        Cpu.Registers.Rcx = 5;
        Assert.Equal(EmulationResult.Done, _emulator.Execute(Cpu, Access, _ports));
        Assert.Equal("hello", string.Concat(_ports.Accesses.Select(access => (char)access.Value)));
        Assert.Equal((0UL, Buffer + 5, CodeAddress + 2), (Cpu.Registers.Rcx, Cpu.Registers.Rsi, Cpu.Rip));
    }

    [Fact]
    public void RepeatedInsFillsBackwards()
    {
        PlaceBytes([0xF3, 0x66, 0x6D]);
        foreach (uint value in (uint[])[0x1111, 0x2222, 0x3333])
        {
            _ports.Input.Enqueue(value);
        }

        StringExit(0x1F0, 2, isIn: true);
        Cpu.Rflags |= 0x400;
        Cpu.Registers.Rdi = Buffer + 4;
        Cpu.Registers.Rcx = 3;
        Assert.Equal(EmulationResult.Done, _emulator.Execute(Cpu, Access, _ports));
        byte[] bytes = new byte[6];
        Domain.Memory.TryRead(Buffer, bytes);
        Assert.Equal([0x33, 0x33, 0x22, 0x22, 0x11, 0x11], bytes);
        Assert.Equal(Buffer - 2, Cpu.Registers.Rdi);
    }

    [Fact]
    public void WithoutRepeatRcxIsNotACount()
    {
        PlaceBytes([0x6F]);
        PlaceBytes([1, 2, 3, 4], Buffer);
        StringExit(0x80, 4, isIn: false);
        Cpu.Registers.Rsi = Buffer;
        Cpu.Registers.Rcx = 0;
        Assert.Equal(EmulationResult.Done, _emulator.Execute(Cpu, Access, _ports));
        Assert.Equal([('w', (ushort)0x80, 4, 0x0403_0201u)], _ports.Accesses);
        Assert.Equal(0u, Cpu.Registers.Rcx);

        PlaceBytes([0xF3, 0x6F]);
        Cpu.Rip = CodeAddress;
        Assert.Equal(EmulationResult.Done, _emulator.Execute(Cpu, Access, _ports));
        Assert.Single(_ports.Accesses);
    }

    [Fact]
    public void DoesABudgetsWorthAtATime()
    {
        PlaceBytes([0xF3, 0x6E]);
        StringExit(0x80, 1, isIn: false);
        Cpu.Registers.Rsi = 0x10_0000;
        Cpu.Registers.Rcx = PortIoEmulator.Budget * 2 + 1;
        Assert.Equal(EmulationResult.Again, _emulator.Execute(Cpu, Access, _ports));
        Assert.Equal((ulong)PortIoEmulator.Budget + 1, Cpu.Registers.Rcx);
        Assert.Equal(CodeAddress, Cpu.Rip);
        Assert.Equal(EmulationResult.Again, _emulator.Execute(Cpu, Access, _ports));
        Assert.Equal(EmulationResult.Done, _emulator.Execute(Cpu, Access, _ports));
        Assert.Equal(0x10_0000u + 2 * PortIoEmulator.Budget + 1, Cpu.Registers.Rsi);
        Assert.Equal(2 * PortIoEmulator.Budget + 1, _ports.Accesses.Count);
    }

    [Fact]
    public void APageFaultStopsWhereItHappens()
    {
        PlaceBytes([0xF3, 0x6E]);
        StringExit(0x80, 1, isIn: false);
        Cpu.Registers.Rsi = 0x3F_FFFE;
        Cpu.Registers.Rcx = 5;
        Assert.Equal(EmulationResult.Fault, _emulator.Execute(Cpu, Access, _ports));
        Assert.Equal(0x40_0000u, _emulator.Fault.Linear);
        Assert.Equal((3UL, 0x40_0000UL, CodeAddress), (Cpu.Registers.Rcx, Cpu.Registers.Rsi, Cpu.Rip));

        // The port is not read when there is nowhere to put the value.
        PlaceBytes([0x6C]);
        _ports.Accesses.Clear();
        StringExit(0x80, 1, isIn: true);
        Cpu.Registers.Rdi = 0x40_0000;
        Assert.Equal(EmulationResult.Fault, _emulator.Execute(Cpu, Access, _ports));
        Assert.NotEqual(0u, _emulator.Fault.ErrorCode & (uint)PageFaultError.Write);
        Assert.Empty(_ports.Accesses);
    }

    [Fact]
    public void RealModeWrapsAndChecksLimits()
    {
        Cpu.Cr0 = 0x10;
        Cpu.Efer = 0;
        Cpu.SetSegment(SegmentName.Cs, new Segment(0x2000, 0x9B, 0xFFFF, CodeAddress));
        Cpu.SetSegment(SegmentName.Ds, new Segment(0x3000, 0x93, 0xFFFF, Buffer));
        Cpu.SetSegment(SegmentName.Es, new Segment(0x3000, 0x93, 0x0FFF, Buffer));
        Cpu.Rip = 0;
        PlaceBytes([0xF3, 0x6E]);
        PlaceBytes([7], Buffer + 0xFFFF);
        PlaceBytes([8], Buffer);
        StringExit(0x80, 1, isIn: false);
        Cpu.Registers.Rsi = 0xABCD_FFFF;
        Cpu.Registers.Rcx = 0xABCD_0002;
        Assert.Equal(EmulationResult.Done, _emulator.Execute(Cpu, Access, _ports));
        Assert.Equal([7u, 8u], _ports.Accesses.Select(access => access.Value));
        Assert.Equal((0xABCD_0001UL, 0xABCD_0000UL), (Cpu.Registers.Rsi, Cpu.Registers.Rcx));

        Cpu.Rip = 0;
        PlaceBytes([0x6C]);
        StringExit(0x80, 1, isIn: true);
        Cpu.Registers.Rdi = 0x1000;
        Assert.Equal(EmulationResult.Protection, _emulator.Execute(Cpu, Access, _ports));
        Assert.False(_emulator.IsStackFault);

        // OUTS with SS override, past the limit.
        Cpu.SetSegment(SegmentName.Ss, new Segment(0x3000, 0x93, 0x0FFF, Buffer));
        PlaceBytes([0x36, 0x6E]);
        StringExit(0x80, 1, isIn: false);
        Cpu.Registers.Rsi = 0x1000;
        Assert.Equal(EmulationResult.Protection, _emulator.Execute(Cpu, Access, _ports));
        Assert.True(_emulator.IsStackFault);
    }

    [Fact]
    public void UnclaimedPortsReadAllOnesAndTheDebugPortTalks()
    {
        var ports = new GuestPorts();
        ports.Write(0xE9, 1, '?');
        ports.Select(new GuestLines(Machine.Log, Machine.Clock, 17));
        Assert.Equal(0xFFu, ports.Read(0x60, 1));
        Assert.Equal(0xFFFFu, ports.Read(0x60, 2));
        Assert.Equal(uint.MaxValue, ports.Read(0xCFC, 4));
        ports.Write(0x80, 1, 5);
        Machine.Console.Clear();
        foreach (char c in "early\r\nbad \u001b[31m\n")
        {
            ports.Write(0xE9, 1, c);
        }

        Assert.Equal("(d17) early\n(d17) bad \n", Machine.Console.Text);
    }

    [Fact]
    public void TheDebugPortBreaksLongLinesAndDropsFloods()
    {
        var ports = new GuestPorts();
        ports.Select(new GuestLines(Machine.Log, Machine.Clock, 0));
        Machine.Console.Clear();
        for (int i = 0; i < GuestLines.LineLength + 1; i++)
        {
            ports.Write(0xE9, 1, 'x');
        }

        Assert.Equal("(d0) " + new string('x', GuestLines.LineLength) + "\n", Machine.Console.Text);
        for (int i = 0; i < 3000; i++)
        {
            ports.Write(0xE9, 1, '\n');
        }

        Assert.Equal((int)GuestLines.LinesPerPeriod, Machine.Console.Text.Count(c => c == '\n'));
        Machine.Advance(GuestLines.PeriodNanoseconds);
        ports.Write(0xE9, 1, '\n');
        Assert.Contains("1001 lines", Machine.Console.Text);
    }

    private void StringExit(ushort port, int size, bool isIn)
    {
        Cpu.Registers.Rdx = port;
        Cpu.Exit = new Exit { Port = port, Size = (byte)size, IsIn = isIn, IsString = true };
    }
}
