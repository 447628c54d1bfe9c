using System;
using Iced.Intel;
using Xenolith.Emulate;
using Xunit;
using static Iced.Intel.AssemblerRegisters;

namespace Xenolith.Tests.Unit.Emulate;

/// <summary>Memory to which another CPU writes between what an emulated instruction reads and what it writes.</summary>
public sealed class ContestedMemoryTests : EmulatorFixture
{
    private readonly MmioEmulator _emulator;

    public ContestedMemoryTests() => _emulator = new MmioEmulator(Decoder);

    private sealed class Memory(int contests) : MmioDevice
    {
        private int _left = contests;

        public ulong Value { get; private set; } = 5;

        public override ulong Read(uint offset, int size)
        {
            ulong value = Value;
            if (_left != 0)
            {
                _left--;
                Value += 0x100;
            }

            return value;
        }

        public override void Write(uint offset, int size, ulong value) => throw new InvalidOperationException("a write that looks at nothing");

        public override bool TryExchange(uint offset, int size, ulong expected, ulong value)
        {
            if (Value != expected)
            {
                return false;
            }

            Value = value;
            return true;
        }
    }

    [Theory]
    [InlineData("add", 0x301 + 5)]
    [InlineData("inc", 0x301 + 5)]
    [InlineData("xadd", 0x301 + 5)]
    [InlineData("bts", 0x300 + 7)]
    [InlineData("btc", 0x300 + 7)]
    [InlineData("xchg", 1)]
    [InlineData("not", 0xFFFF_FCFA)]
    [InlineData("cmpxchg", 0x305)]
    public void NobodysWriteIsLost(string name, uint expected)
    {
        var memory = new Memory(3);
        Cpu.Registers.Rcx = 1;
        Cpu.Registers.Rax = 5;
        int length = Place(64, a => Write(a, name));
        Assert.Equal(EmulationResult.Done, _emulator.Execute(Cpu, Access, memory));
        Assert.Equal((expected, CodeAddress + (ulong)length), ((uint)memory.Value, Cpu.Rip));
        if (name is "xadd" or "xchg")
        {
            Assert.Equal(0x305UL, Cpu.Registers.Rcx);
        }

        // The last look finds what is not what was compared with.
        if (name == "cmpxchg")
        {
            Assert.Equal((0x305UL, 0UL), (Cpu.Registers.Rax, Cpu.Rflags & 0x40));
        }
    }

    [Fact]
    public void WhoIsNeverLeftAloneTriesAgainLater()
    {
        var memory = new Memory(int.MaxValue);
        Cpu.Registers.Rcx = 1;
        Place(64, a => Write(a, "xadd"));
        Assert.Equal(EmulationResult.Again, _emulator.Execute(Cpu, Access, memory));
        Assert.Equal((1UL, CodeAddress), (Cpu.Registers.Rcx, Cpu.Rip));
    }

    private static void Write(Assembler a, string name)
    {
        switch (name)
        {
            case "add": a.@lock.add(__dword_ptr[rdi], ecx); break;
            case "inc": a.@lock.inc(__dword_ptr[rdi]); break;
            case "xadd": a.@lock.xadd(__dword_ptr[rdi], ecx); break;
            case "bts": a.@lock.bts(__dword_ptr[rdi], ecx); break;
            case "btc": a.@lock.btc(__dword_ptr[rdi], ecx); break;
            case "xchg": a.xchg(__dword_ptr[rdi], ecx); break;
            case "not": a.@lock.not(__dword_ptr[rdi]); break;
            default: a.@lock.cmpxchg(__dword_ptr[rdi], ecx); break;
        }
    }
}
