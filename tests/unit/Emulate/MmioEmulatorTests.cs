using System;
using System.Linq;
using Iced.Intel;
using Xenolith.Emulate;
using Xenolith.Hal;
using Xenolith.Tests.Unit.Harness;
using Xunit;
using static Iced.Intel.AssemblerRegisters;

namespace Xenolith.Tests.Unit.Emulate;

public sealed class MmioEmulatorTests : EmulatorFixture
{
    private const ulong Carry = 1, Parity = 4, Adjust = 0x10, Zero = 0x40, Sign = 0x80, Overflow = 0x800, InterruptsOn = 0x202;

    private readonly RecordingDevice _device = new();
    private readonly MmioEmulator _emulator;

    public MmioEmulatorTests() => _emulator = new MmioEmulator(Decoder);

    [Fact]
    public void StoresOfEachSize()
    {
        Cpu.Registers.Rcx = 0x1122_3344_5566_7788;
        Done(a => a.mov(__byte_ptr[rax], cl), 0x30);
        Done(a => a.mov(__byte_ptr[rax], ch), 0x30);
        Done(a => a.mov(__word_ptr[rax], cx), 0x30);
        Done(a => a.mov(__dword_ptr[rax], ecx), 0x30);
        Done(a => a.mov(__qword_ptr[rax], rcx), 0x30);
        Done(a => a.movnti(__dword_ptr[rax], ecx), 0x30);
        Assert.Equal(
            [('w', 0x30u, 1, 0x88UL), ('w', 0x30u, 1, 0x77UL), ('w', 0x30u, 2, 0x7788UL), ('w', 0x30u, 4, 0x5566_7788UL),
                ('w', 0x30u, 8, 0x1122_3344_5566_7788UL), ('w', 0x30u, 4, 0x5566_7788UL)],
            _device.Accesses);
    }

    [Fact]
    public void StoresImmediatesSignExtended()
    {
        Done(a => a.mov(__byte_ptr[rax], 0x80), 0xB0);
        Done(a => a.mov(__word_ptr[rax], 0x8001), 0xB0);
        Done(a => a.mov(__dword_ptr[rax], 0x8000_0001), 0xB0);
        Done(a => a.mov(__qword_ptr[rax], -2), 0xB0);
        Assert.Equal([0x80, 0x8001, 0x8000_0001, 0xFFFF_FFFF_FFFF_FFFE], _device.Accesses.Select(access => access.Value));
    }

    [Fact]
    public void LoadsByTheRulesOfPartialRegisters()
    {
        _device[0x20] = 0x8877_6655_4433_22F1;
        Load(a => a.mov(r8b, __byte_ptr[rax]), 0xFFFF_FFFF_FFFF_FFF1);
        Load(a => a.mov(r8w, __word_ptr[rax]), 0xFFFF_FFFF_FFFF_22F1);
        Load(a => a.mov(r8d, __dword_ptr[rax]), 0x4433_22F1);
        Load(a => a.mov(r8, __qword_ptr[rax]), 0x8877_6655_4433_22F1);
        Load(a => a.movzx(r8d, __byte_ptr[rax]), 0xF1);
        Load(a => a.movzx(r8w, __byte_ptr[rax]), 0xFFFF_FFFF_FFFF_00F1);
        Load(a => a.movzx(r8, __word_ptr[rax]), 0x22F1);
        Load(a => a.movsx(r8d, __byte_ptr[rax]), 0xFFFF_FFF1);
        Load(a => a.movsx(r8, __byte_ptr[rax]), 0xFFFF_FFFF_FFFF_FFF1);
        Load(a => a.movsx(r8w, __byte_ptr[rax]), 0xFFFF_FFFF_FFFF_FFF1);
        Load(a => a.movsxd(r8, __dword_ptr[rax]), 0x4433_22F1);

        Cpu.Registers.Rbx = ulong.MaxValue;
        Done(a => a.mov(bh, __byte_ptr[rax]), 0x20);
        Assert.Equal(0xFFFF_FFFF_FFFF_F1FF, Cpu.Registers.Rbx);
        Cpu.Registers.Rsi = 0;
        Done(a => a.mov(sil, __byte_ptr[rax]), 0x20);
        Assert.Equal(0xF1u, Cpu.Registers.Rsi);
    }

    [Fact]
    public void MovesByAbsoluteOffset()
    {
        _device[0x80] = 0x1234_5678;
        Cpu.Registers.Rax = ulong.MaxValue;
        // A1 with 64-bit offset, A3 likewise, and A2 (AL).
        RunBytes([0xA1, 0x80, 0, 0xE0, 0xFE, 0, 0, 0, 0], 0x80);
        Assert.Equal(0x1234_5678u, Cpu.Registers.Rax);
        RunBytes([0xA3, 0x90, 0, 0xE0, 0xFE, 0, 0, 0, 0], 0x90);
        RunBytes([0xA2, 0xA0, 0, 0xE0, 0xFE, 0, 0, 0, 0], 0xA0);
        Assert.Equal([('w', 0x90u, 4, 0x1234_5678UL), ('w', 0xA0u, 1, 0x78UL)], _device.Accesses.Skip(1));

        TestMachine.EnterFlat32(Vcpu);
        RunBytes([0xA1, 0x80, 0, 0xE0, 0xFE], 0x80);
        Assert.Equal(0x1234_5678u, Cpu.Registers.Rax);
    }

    public static TheoryData<string, ulong, ulong, ulong, ulong> Arithmetic() => new()
    {
        // What, memory before, ECX, memory after, status flags after.
        { "add", 0x7FFF_FFFF, 1, 0x8000_0000, Parity | Adjust | Sign | Overflow },
        { "add", 0xFFFF_FFFF, 1, 0, Carry | Parity | Adjust | Zero },
        { "sub", 0, 1, 0xFFFF_FFFF, Carry | Parity | Adjust | Sign },
        { "sub", 0x8000_0000, 1, 0x7FFF_FFFF, Parity | Adjust | Overflow },
        { "and", 0xF0F0, 0xFF00, 0xF000, Parity },
        { "or", 0xF0F0, 0x8000_0001, 0x8000_F0F1, Sign },
        { "xor", 0xAA, 0xAA, 0, Parity | Zero },
        { "cmp", 5, 5, 5, Parity | Zero },
        { "cmp", 4, 5, 4, Carry | Parity | Adjust | Sign },
        { "test", 0x8000_0000, 0x8000_0000, 0x8000_0000, Parity | Sign },
        { "test", 1, 2, 1, Parity | Zero },
        { "adc", 1, 1, 3, Parity },
        { "sbb", 1, 1, 0xFFFF_FFFF, Carry | Parity | Adjust | Sign },
        { "inc", 0xF, 0, 0x10, Carry | Adjust },
        { "dec", 0, 0, 0xFFFF_FFFF, Carry | Parity | Adjust | Sign },
        { "neg", 1, 0, 0xFFFF_FFFF, Carry | Parity | Adjust | Sign },
        { "not", 0xFFFF, 0, 0xFFFF_0000, Carry },
    };

    [Theory]
    [MemberData(nameof(Arithmetic))]
    public void ComputesInMemory(string what, ulong before, ulong operand, ulong after, ulong flags)
    {
        // Carry is set before: ADC and SBB use it, INC, DEC and NOT keep it.
        Cpu.Rflags = InterruptsOn | Carry;
        _device[0x300] = before;
        Cpu.Registers.Rcx = operand;
        Done(a => Emit(a, what), 0x300);
        Assert.Equal(after, _device[0x300] & uint.MaxValue);
        Assert.Equal(InterruptsOn | flags, Cpu.Rflags);
        Assert.Equal(what is "cmp" or "test" ? 1 : 2, _device.Accesses.Count);
    }

    [Fact]
    public void ComputesIntoRegisters()
    {
        _device[0x10] = 0x0F;
        Cpu.Registers.Rcx = 0xFFFF_FFFF_0000_00F1;
        Done(a => a.add(ecx, __dword_ptr[rax]), 0x10);
        Assert.Equal(0x100u, Cpu.Registers.Rcx);
        Done(a => a.sub(rcx, __qword_ptr[rax]), 0x10);
        Assert.Equal(0xF1u, Cpu.Registers.Rcx);
        Done(a => a.and(cl, __byte_ptr[rax]), 0x10);
        Assert.Equal(1u, Cpu.Registers.Rcx);
        Done(a => a.cmp(ecx, __dword_ptr[rax]), 0x10);
        Assert.Equal(1u, Cpu.Registers.Rcx);
        Assert.Equal(Carry, Cpu.Rflags & Carry);
        Assert.DoesNotContain(_device.Accesses, access => access.Kind == 'w');
    }

    [Fact]
    public void ComputesWithImmediates()
    {
        _device[0xF0] = 0x1FF;
        Done(a => a.and(__dword_ptr[rax], 0xFFFF_FEFF), 0xF0);
        Assert.Equal(0xFFu, _device[0xF0]);
        Done(a => a.or(__dword_ptr[rax], -0x80), 0xF0);
        Assert.Equal(0xFFFF_FFFFu, _device[0xF0]);
        Done(a => a.test(__dword_ptr[rax], 0x1000), 0xF0);
        Assert.Equal(0u, Cpu.Rflags & Zero);
        Done(a => a.cmp(__byte_ptr[rax], 0xFF), 0xF0);
        Assert.Equal(Zero, Cpu.Rflags & Zero);
    }

    [Fact]
    public void TestsBits()
    {
        _device[0x310] = 0x1000;
        Done(a => a.bt(__dword_ptr[rax], 12), 0x310);
        Assert.Equal(Carry, Cpu.Rflags & Carry);
        Done(a => a.bts(__dword_ptr[rax], 4), 0x310);
        Assert.Equal(0u, Cpu.Rflags & Carry);
        Assert.Equal(0x1010u, _device[0x310]);
        Done(a => a.btr(__dword_ptr[rax], 12), 0x310);
        Assert.Equal(0x10u, _device[0x310]);
        Done(a => a.btc(__dword_ptr[rax], 0), 0x310);
        Assert.Equal(0x11u, _device[0x310]);
        // The CPU reports the address with the index already in it.
        Cpu.Registers.Rcx = 36;
        Done(a => a.bt(__dword_ptr[rax], ecx), 0x310);
        Assert.Equal(Carry, Cpu.Rflags & Carry);
    }

    [Fact]
    public void Exchanges()
    {
        _device[0x80] = 0x10;
        Cpu.Registers.Rdx = 0xFFFF_FFFF_0000_0020;
        Done(a => a.xchg(__dword_ptr[rax], edx), 0x80);
        Assert.Equal((0x20UL, 0x10UL), (_device[0x80], Cpu.Registers.Rdx));
    }

    [Fact]
    public void ExchangesAndAdds()
    {
        _device[0x80] = 0xFFFF_FFF0;
        Cpu.Registers.Rdx = 0xFFFF_FFFF_0000_0020;
        Done(a => a.@lock.xadd(__dword_ptr[rax], edx), 0x80);
        Assert.Equal((0x10UL, 0xFFFF_FFF0UL, Carry), (_device[0x80], Cpu.Registers.Rdx, Cpu.Rflags & (Carry | Zero | Overflow)));
        Done(a => a.xadd(__byte_ptr[rax], dl), 0x80);
        Assert.Equal((0UL, 0xFFFF_FF10UL, Carry | Zero), (_device[0x80], Cpu.Registers.Rdx, Cpu.Rflags & (Carry | Zero | Overflow)));
    }

    [Fact]
    public void ComparesAndExchanges()
    {
        _device[0x80] = 0x8000_0001;
        Cpu.Registers.Rax = 0xFFFF_FFFF_8000_0001;
        Cpu.Registers.Rdx = 0x20;
        Done(a => a.@lock.cmpxchg(__dword_ptr[rax], edx), 0x80);
        Assert.Equal((0x20UL, 0xFFFF_FFFF_8000_0001UL, Zero), (_device[0x80], Cpu.Registers.Rax, Cpu.Rflags & (Carry | Zero | Sign | Overflow)));
        Cpu.Registers.Rax = 0xFFFF_FFFF_0000_0010;
        Done(a => a.cmpxchg(__dword_ptr[rax], edx), 0x80);
        Assert.Equal((0x20UL, 0x20UL, Carry | Sign), (_device[0x80], Cpu.Registers.Rax, Cpu.Rflags & (Carry | Zero | Sign | Overflow)));
        Assert.Equal(('w', 0x80u, 4, 0x20UL), _device.Accesses[^1]);
        Cpu.Registers.Rax = 0x1122_3344_5566_7700;
        Done(a => a.cmpxchg(__byte_ptr[rax], dl), 0x80);
        Assert.Equal(0x1122_3344_5566_7720u, Cpu.Registers.Rax);
        Done(a => a.cmpxchg(__qword_ptr[rax], rdx), 0x80);
        Assert.Equal(0x20u, Cpu.Registers.Rax);
    }

    [Fact]
    public void StoresStrings()
    {
        Cpu.Registers.Rax = 0x1122_3344_5566_7788;
        Cpu.Registers.Rdi = 0x5030;
        Cpu.Registers.Rcx = 3;
        Done(a => a.stosd(), 0x30);
        Assert.Equal((0x5034UL, 3UL), (Cpu.Registers.Rdi, Cpu.Registers.Rcx));
        Done(a => a.rep.stosw(), 0x34);
        Assert.Equal((0x503AUL, 0UL), (Cpu.Registers.Rdi, Cpu.Registers.Rcx));
        Done(a => a.rep.stosb(), 0x3A);
        Assert.Equal(
            [('w', 0x30u, 4, 0x5566_7788UL), ('w', 0x34u, 2, 0x7788UL), ('w', 0x36u, 2, 0x7788UL), ('w', 0x38u, 2, 0x7788UL)],
            _device.Accesses);
    }

    /// <summary>What lies in the next page, above or below, is another access of the same instruction.</summary>
    [Theory]
    [InlineData(InterruptsOn, 0xFF0u, 2UL, 0x1010UL)]
    [InlineData(InterruptsOn | 0x400, 0x8u, 2UL, 0x0FE8UL)]
    public void StringsEndWithThePage(ulong flags, uint offset, ulong left, ulong index)
    {
        Cpu.Rflags = flags;
        Cpu.Registers.Rdi = (flags & 0x400) != 0 ? 0xFF8UL : 0x1000UL;
        Cpu.Registers.Rcx = 4;
        Place(64, a => a.rep.stosq());
        Cpu.Rip = CodeAddress;
        Cpu.Exit.GuestPhysical = ApicPage + offset;
        Assert.Equal(EmulationResult.Done, _emulator.Execute(Cpu, Access, _device));
        Assert.Equal((CodeAddress, left, index, 2), (Cpu.Rip, Cpu.Registers.Rcx, Cpu.Registers.Rdi, _device.Accesses.Count));
    }

    /// <summary>One that waits for somebody has counted what it has stored, and no more.</summary>
    [Fact]
    public void AStringThatWaitsGoesOnWhereItWas()
    {
        var device = new WaitingAtThird();
        Cpu.Registers.Rdi = 0x5000;
        Cpu.Registers.Rcx = 4;
        Place(64, a => a.rep.stosb());
        Cpu.Rip = CodeAddress;
        Cpu.Exit.GuestPhysical = ApicPage;
        Assert.Equal(EmulationResult.Waits, _emulator.Execute(Cpu, Access, device));
        Assert.Equal((CodeAddress, 2UL, 0x5002UL), (Cpu.Rip, Cpu.Registers.Rcx, Cpu.Registers.Rdi));
    }

    private sealed class WaitingAtThird : MmioDevice
    {
        private int _count;

        public override ulong Read(uint offset, int size) => 0;

        public override void Write(uint offset, int size, ulong value) => MustWait = ++_count == 3;
    }

    [Fact]
    public void LocksAndSegmentsAreNoHindrance()
    {
        Done(a => a.@lock.or(__dword_ptr[rax], 1), 0x80);
        Assert.Equal(1u, _device[0x80]);
        RunBytes([0x65, 0x89, 0x08], 0x80);
    }

    [Theory]
    [InlineData("A5", 0x30u)]            // MOVSD
    [InlineData("F3A4", 0x30u)]          // REP MOVSB
    [InlineData("FF30", 0x30u)]          // PUSH [RAX]
    [InlineData("FF10", 0x30u)]          // CALL [RAX]
    [InlineData("0FC708", 0x30u)]        // CMPXCHG8B
    [InlineData("AB", 0xFFEu)]           // STOSD across the page's end
    [InlineData("0F1000", 0x30u)]        // MOVUPS
    [InlineData("8E18", 0x30u)]          // MOV DS, [RAX]
    [InlineData("D900", 0x30u)]          // FLD
    [InlineData("90", 0x30u)]            // no memory operand at all
    [InlineData("8908", 0xFFEu)]         // crosses the page's end
    [InlineData("488B00", 0xFFCu)]
    public void RefusesTheRestAndTouchesNothing(string bytes, uint offset)
    {
        PlaceBytes(Convert.FromHexString(bytes));
        GuestRegisters before = Cpu.Registers;
        Cpu.Exit.GuestPhysical = ApicPage + offset;
        Assert.Equal(EmulationResult.Refused, _emulator.Execute(Cpu, Access, _device));
        Assert.NotEqual("", _emulator.Reason);
        Assert.Empty(_device.Accesses);
        Assert.Equal(CodeAddress, Cpu.Rip);
        Assert.Equal(before.Rsp, Cpu.Registers.Rsp);
    }

    [Fact]
    public void RefusesWalksAndFetches()
    {
        PlaceBytes([0x89, 0x08]);
        Cpu.Exit.DuringWalk = true;
        Assert.Equal(EmulationResult.Refused, _emulator.Execute(Cpu, Access, _device));
        Cpu.Exit = new Exit { IsFetch = true };
        Assert.Equal(EmulationResult.Refused, _emulator.Execute(Cpu, Access, _device));
        Cpu.Exit = default;
        PlaceBytes([0x0F, 0x04]);
        Assert.Equal(EmulationResult.Undefined, _emulator.Execute(Cpu, Access, _device));
        Cpu.Rip = 0x1000_0000;
        Assert.Equal(EmulationResult.Fault, _emulator.Execute(Cpu, Access, _device));
        Assert.Equal(0x1000_0000u, _emulator.Fault.Linear);
    }

    [Fact]
    public void NoBytesThrow()
    {
        var random = new Random(5);
        byte[] bytes = new byte[15];
        int done = 0;
        for (int i = 0; i < 30_000; i++)
        {
            random.NextBytes(bytes);
            PlaceBytes(bytes);
            Cpu.Rip = CodeAddress;
            Cpu.Exit.GuestPhysical = ApicPage + (ulong)random.Next(4096);
            done += _emulator.Execute(Cpu, Access, _device) == EmulationResult.Done ? 1 : 0;
        }

        Assert.True(done > 500);
    }

    [Fact]
    public void EmulationAllocatesNothing()
    {
        Place(64, a => a.or(__dword_ptr[rax], 1));
        var quiet = new QuietDevice();
        _emulator.Execute(Cpu, Access, quiet);
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 100; i++)
        {
            Cpu.Rip = CodeAddress;
            _emulator.Execute(Cpu, Access, quiet);
        }

        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());
    }

    private sealed class QuietDevice : MmioDevice
    {
        public override ulong Read(uint offset, int size) => 0;

        public override void Write(uint offset, int size, ulong value)
        {
        }
    }

    private static void Emit(Assembler a, string what)
    {
        AssemblerMemoryOperand memory = __dword_ptr[rax];
        switch (what)
        {
            case "add": a.add(memory, ecx); break;
            case "adc": a.adc(memory, ecx); break;
            case "sub": a.sub(memory, ecx); break;
            case "sbb": a.sbb(memory, ecx); break;
            case "and": a.and(memory, ecx); break;
            case "or": a.or(memory, ecx); break;
            case "xor": a.xor(memory, ecx); break;
            case "cmp": a.cmp(memory, ecx); break;
            case "test": a.test(memory, ecx); break;
            case "inc": a.inc(memory); break;
            case "dec": a.dec(memory); break;
            case "neg": a.neg(memory); break;
            default: a.not(memory); break;
        }
    }

    private void Load(Action<Assembler> write, ulong expected)
    {
        Cpu.Registers.R8 = ulong.MaxValue;
        Done(write, 0x20);
        Assert.Equal(expected, Cpu.Registers.R8);
    }

    private void Done(Action<Assembler> write, uint offset)
    {
        int length = Place(64, write);
        Cpu.Rip = CodeAddress;
        Cpu.Exit.GuestPhysical = ApicPage + offset;
        Assert.Equal(EmulationResult.Done, _emulator.Execute(Cpu, Access, _device));
        Assert.Equal(CodeAddress + (ulong)length, Cpu.Rip);
    }

    private void RunBytes(byte[] bytes, uint offset)
    {
        PlaceBytes(bytes);
        Cpu.Rip = CodeAddress;
        Cpu.Exit.GuestPhysical = ApicPage + offset;
        Assert.Equal(EmulationResult.Done, _emulator.Execute(Cpu, Access, _device));
        Assert.Equal(CodeAddress + (ulong)bytes.Length, Cpu.Rip);
    }
}
