using System;
using System.Collections.Generic;
using Iced.Intel;
using Xenolith.Emulate;
using Xenolith.Hal;
using Xenolith.Mm;
using Xenolith.Tests.Unit.Harness;
using Xunit;
using static Iced.Intel.AssemblerRegisters;

namespace Xenolith.Tests.Unit.Emulate;

/// <summary>Instructions that are executed by software as a whole: operands by linear address, registers alone, stack and jumps, strings.</summary>
public sealed class WholeInstructionTests : EmulatorFixture
{
    private const ulong Carry = 1, Parity = 4, Zero = 0x40, Sign = 0x80, Direction = 0x400, Overflow = 0x800;
    private const ulong DataPage = 0x50_0000, NextPage = DataPage + 0x1000, StackTop = 0x60_0800, Missing = 0x70_0000, Device = 0x80_0000, Kept = 0x90_0000;

    private readonly MmioEmulator _emulator;
    private readonly Operands _memory = new();

    public WholeInstructionTests()
    {
        _emulator = new MmioEmulator(Decoder);
        Cpu.Registers.Rsp = StackTop;
    }

    private sealed class Operands : OperandMemory
    {
        private readonly Dictionary<ulong, RecordingDevice> _pages = [];

        public int Looked { get; private set; }

        public RecordingDevice this[ulong linear]
        {
            get
            {
                if (!_pages.TryGetValue(linear & ~0xFFFUL, out RecordingDevice? page))
                    _pages[linear & ~0xFFFUL] = page = new RecordingDevice();
                return page;
            }
        }

        public ulong Word(ulong linear) => this[linear][(uint)(linear & 0xFFF)];

        public void Write(ulong linear, ulong value) => this[linear][(uint)(linear & 0xFFF)] = value;

        public override OperandResult Find(ulong linear, bool isWrite, out MmioDevice? frame)
        {
            Looked++;
            frame = this[linear];
            switch (linear & ~0xFFFUL)
            {
                case Missing:
                    Fault = new PageFault(linear, isWrite ? PageFaultError.Write : PageFaultError.None, 0);
                    return OperandResult.Fault;
                case Device:
                    return OperandResult.NoMemory;
                case Kept:
                    return OperandResult.Forbidden;
                default:
                    return OperandResult.Found;
            }
        }
    }

    private EmulationResult Run(Action<Assembler> write, out int length)
    {
        length = Place(64, write);
        Cpu.Rip = CodeAddress;
        return _emulator.ExecuteWhole(Cpu, Access, _memory, default);
    }

    private void Done(Action<Assembler> write)
    {
        Assert.Equal(EmulationResult.Done, Run(write, out int length));
        Assert.Equal(CodeAddress + (ulong)length, Cpu.Rip);
    }

    /// <summary>Nothing has changed but that it has been looked at.</summary>
    private void Stays(Action<Assembler> write, EmulationResult expected)
    {
        GuestRegisters before = Cpu.Registers;
        ulong flags = Cpu.Rflags;
        Assert.Equal(expected, Run(write, out _));
        Assert.Equal((CodeAddress, flags), (Cpu.Rip, Cpu.Rflags));
        for (int i = 0; i < 16; i++)
            Assert.Equal(before[i], Cpu.Registers[i]);
    }

    [Fact]
    public void Registers_alone()
    {
        (Cpu.Registers.Rax, Cpu.Registers.Rbx) = (0x1122_3344_5566_7788, 0xFFFF_FFFF_FFFF_FF80);
        Done(a => a.mov(rcx, rax));
        Assert.Equal(0x1122_3344_5566_7788UL, Cpu.Registers.Rcx);
        Done(a => a.mov(ecx, ebx));
        Assert.Equal(0xFFFF_FF80UL, Cpu.Registers.Rcx);
        Done(a => a.mov(rcx, -2));
        Assert.Equal(unchecked((ulong)-2), Cpu.Registers.Rcx);
        Done(a => a.movzx(ecx, bl));
        Assert.Equal(0x80UL, Cpu.Registers.Rcx);
        Done(a => a.movsx(rcx, bl));
        Assert.Equal(0xFFFF_FFFF_FFFF_FF80UL, Cpu.Registers.Rcx);
        Done(a => a.movsxd(rcx, eax));
        Assert.Equal(0x5566_7788UL, Cpu.Registers.Rcx);
        Done(a => a.xchg(rcx, rbx));
        Assert.Equal((0xFFFF_FFFF_FFFF_FF80UL, 0x5566_7788UL), (Cpu.Registers.Rcx, Cpu.Registers.Rbx));
        Done(a => a.xor(ecx, ecx));
        Assert.Equal((0UL, Zero | Parity), (Cpu.Registers.Rcx, Cpu.Rflags & (Zero | Carry | Parity | Sign | Overflow)));
        Done(a => a.sub(rsp, 0x28));
        Assert.Equal(StackTop - 0x28, Cpu.Registers.Rsp);
        Done(a => a.cmp(ecx, 1));
        Assert.Equal((0UL, Carry | Sign | Parity), (Cpu.Registers.Rcx, Cpu.Rflags & (Zero | Carry | Parity | Sign | Overflow)));
        Done(a => a.neg(rbx));
        Assert.Equal(unchecked((ulong)-0x5566_7788), Cpu.Registers.Rbx);
        Done(a => a.bts(rcx, 40));
        Assert.Equal(1UL << 40, Cpu.Registers.Rcx);
        Done(a => a.nop());
        Done(a => a.endbr64());
        Assert.Equal(0, _memory.Looked);
    }

    [Fact]
    public void Addresses_and_memory_behind_them()
    {
        (Cpu.Registers.Rax, Cpu.Registers.Rbx) = (DataPage, 0x10);
        Done(a => a.lea(rcx, rax + rbx * 4 + 8));
        Assert.Equal(DataPage + 0x48, Cpu.Registers.Rcx);
        Cpu.Registers.Rax = 0xFFFF_FFFF_0000_0000 | (uint)DataPage;
        Done(a => a.lea(rcx, eax + ebx * 4 + 8));
        Assert.Equal(DataPage + 0x48, Cpu.Registers.Rcx);
        Done(a => a.lea(ecx, __[rax - 1]));
        Assert.Equal(DataPage - 1, Cpu.Registers.Rcx);
        Done(a => a.lea(rcx, __[CodeAddress + 0x100]));
        Assert.Equal(CodeAddress + 0x100, Cpu.Registers.Rcx);
        (Cpu.Registers.Rax, Cpu.Registers.Rdx) = (DataPage, 7);
        Done(a => a.mov(__qword_ptr[rax + rbx], rdx));
        Done(a => a.add(__dword_ptr[rax + 0x10], edx));
        Assert.Equal(14UL, _memory.Word(DataPage + 0x10));
        Done(a => a.cmp(rdx, __qword_ptr[rax + 0x10]));
        Assert.Equal(Carry | Sign, Cpu.Rflags & (Carry | Sign | Zero));
        Cpu.SetSegment(SegmentName.Gs, new Segment(0, 0x93, uint.MaxValue, DataPage));
        Done(a => a.mov(rcx, __qword_ptr.gs[0x10]));
        Assert.Equal(14UL, Cpu.Registers.Rcx);
    }

    [Fact]
    public void The_stack()
    {
        (Cpu.Registers.Rax, Cpu.Registers.Rbp) = (0xAA, StackTop + 0x100);
        Done(a => a.push(rax));
        Assert.Equal((StackTop - 8, 0xAAUL), (Cpu.Registers.Rsp, _memory.Word(StackTop - 8)));
        Done(a => a.push(-3));
        Assert.Equal(unchecked((ulong)-3), _memory.Word(StackTop - 16));
        Done(a => a.push(rsp));
        Assert.Equal(StackTop - 16, _memory.Word(StackTop - 24));
        Done(a => a.pop(rbx));
        Assert.Equal((StackTop - 16, StackTop - 16), (Cpu.Registers.Rsp, Cpu.Registers.Rbx));
        _memory.Write(StackTop - 16, 0x1234);
        Done(a => a.pop(rsp));
        Assert.Equal(0x1234UL, Cpu.Registers.Rsp);
        _memory.Write(StackTop + 0x100, 0x77);
        Done(a => a.leave());
        Assert.Equal((StackTop + 0x108, 0x77UL), (Cpu.Registers.Rsp, Cpu.Registers.Rbp));
        Cpu.Registers.Rax = DataPage;
        _memory.Write(DataPage, 0x5150);
        Done(a => a.push(__qword_ptr[rax]));
        Assert.Equal(0x5150UL, _memory.Word(StackTop + 0x100));
    }

    [Fact]
    public void Calls_and_returns()
    {
        Assert.Equal(EmulationResult.Done, Run(a => a.call(CodeAddress + 0x500), out int length));
        Assert.Equal((CodeAddress + 0x500, StackTop - 8, CodeAddress + (ulong)length), (Cpu.Rip, Cpu.Registers.Rsp, _memory.Word(StackTop - 8)));
        Assert.Equal(EmulationResult.Done, Run(a => a.ret(0x10), out _));
        Assert.Equal((CodeAddress + (ulong)length, StackTop + 0x10), (Cpu.Rip, Cpu.Registers.Rsp));
        Cpu.Registers.Rax = 0x1234_0000;
        Assert.Equal(EmulationResult.Done, Run(a => a.jmp(rax), out _));
        Assert.Equal(0x1234_0000UL, Cpu.Rip);

        // What no code is at, and no CPU may go to.
        Cpu.Registers.Rax = 1UL << 63;
        Stays(a => a.jmp(rax), EmulationResult.Protection);
        Stays(a => a.call(rax), EmulationResult.Protection);
        _memory.Write(Cpu.Registers.Rsp, 1UL << 63);
        Stays(a => a.ret(), EmulationResult.Protection);
    }

    [Fact]
    public void Conditions()
    {
        Action<Assembler>[] jumps =
        [
            a => a.jo(CodeAddress + 0x80), a => a.jno(CodeAddress + 0x80), a => a.jb(CodeAddress + 0x80), a => a.jae(CodeAddress + 0x80),
            a => a.je(CodeAddress + 0x80), a => a.jne(CodeAddress + 0x80), a => a.jbe(CodeAddress + 0x80), a => a.ja(CodeAddress + 0x80),
            a => a.js(CodeAddress + 0x80), a => a.jns(CodeAddress + 0x80), a => a.jp(CodeAddress + 0x80), a => a.jnp(CodeAddress + 0x80),
            a => a.jl(CodeAddress + 0x80), a => a.jge(CodeAddress + 0x80), a => a.jle(CodeAddress + 0x80), a => a.jg(CodeAddress + 0x80),
        ];
        ulong[] flags = [Overflow, Carry, Zero, Sign, Parity];
        for (int set = 0; set < 32; set++)
        {
            Cpu.Rflags = 2;
            for (int i = 0; i < flags.Length; i++)
                Cpu.Rflags |= (set >> i & 1) != 0 ? flags[i] : 0;
            bool o = (set & 1) != 0, c = (set & 2) != 0, z = (set & 4) != 0, s = (set & 8) != 0, p = (set & 16) != 0;
            bool[] holds = [o, !o, c, !c, z, !z, c | z, !(c | z), s, !s, p, !p, s ^ o, !(s ^ o), z | (s ^ o), !(z | (s ^ o))];
            for (int i = 0; i < jumps.Length; i++)
            {
                Assert.Equal(EmulationResult.Done, Run(jumps[i], out int length));
                Assert.Equal(holds[i] ? CodeAddress + 0x80 : CodeAddress + (ulong)length, Cpu.Rip);
            }
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Strings_go_as_far_as_both_pages(bool isDown)
    {
        const int words = 10;
        ulong from = DataPage + 0x100, to = isDown ? NextPage + 0x18 : DataPage + 0xFE0;
        for (ulong i = 0; i < words; i++)
            _memory.Write(from + (isDown ? unchecked(0 - i * 8) : i * 8), 100 + i);
        Cpu.Rflags = isDown ? 2 | Direction : 2;
        (Cpu.Registers.Rsi, Cpu.Registers.Rdi, Cpu.Registers.Rcx) = (from, to, words);
        long step = isDown ? -8 : 8;
        Assert.Equal(EmulationResult.Again, Run(a => a.rep.movsq(), out _));
        Assert.Equal((CodeAddress, 6UL), (Cpu.Rip, Cpu.Registers.Rcx));
        Assert.Equal(unchecked(to + (ulong)(4 * step)), Cpu.Registers.Rdi);
        Assert.Equal(unchecked(from + (ulong)(4 * step)), Cpu.Registers.Rsi);
        Done(a => a.rep.movsq());
        Assert.Equal(0UL, Cpu.Registers.Rcx);
        for (int i = 0; i < words; i++)
            Assert.Equal(100UL + (ulong)i, _memory.Word(unchecked(to + (ulong)(i * step))));
        Assert.Equal(4, _memory.Looked);
    }

    [Fact]
    public void Strings_of_each_size_and_width()
    {
        _memory.Write(DataPage, 0x1122_3344_5566_7788);
        foreach ((Action<Assembler> write, int size) in new (Action<Assembler>, int)[] { (a => a.movsb(), 1), (a => a.movsw(), 2), (a => a.movsd(), 4), (a => a.movsq(), 8) })
        {
            _memory.Write(DataPage + 0x80, 0);
            (Cpu.Registers.Rsi, Cpu.Registers.Rdi, Cpu.Registers.Rcx) = (DataPage, DataPage + 0x80, 5);
            Done(write);
            ulong mask = size == 8 ? ulong.MaxValue : (1UL << (size * 8)) - 1;
            Assert.Equal(0x1122_3344_5566_7788UL & mask, _memory.Word(DataPage + 0x80));
            Assert.Equal((DataPage + (ulong)size, DataPage + 0x80 + (ulong)size, 5UL), (Cpu.Registers.Rsi, Cpu.Registers.Rdi, Cpu.Registers.Rcx));
        }

        // REP MOVSD with 32-bit addresses, from FS; and STOSB by linear address.
        Cpu.SetSegment(SegmentName.Fs, new Segment(0, 0x93, uint.MaxValue, DataPage));
        (Cpu.Registers.Rsi, Cpu.Registers.Rdi, Cpu.Registers.Rcx) = (0xFFFF_FFFF_0000_0000, 0xFFFF_FFFF_0000_0000 | (uint)(DataPage + 0x80), 0xFFFF_FFFF_0000_0001);
        PlaceBytes([0x67, 0x64, 0xF3, 0xA5]);
        Cpu.Rip = CodeAddress;
        Assert.Equal(EmulationResult.Done, _emulator.ExecuteWhole(Cpu, Access, _memory, default));
        Assert.Equal((4UL, DataPage + 0x84, 0UL), (Cpu.Registers.Rsi, Cpu.Registers.Rdi, Cpu.Registers.Rcx));
        (Cpu.Registers.Rax, Cpu.Registers.Rdi, Cpu.Registers.Rcx) = (0xEE, DataPage + 0xFFE, 3);
        Assert.Equal(EmulationResult.Again, Run(a => a.rep.stosb(), out _));
        Done(a => a.rep.stosb());
        Assert.Equal((0xEE, 0xEE, 0xEEUL), (_memory[DataPage].Page[0xFFE], _memory[DataPage].Page[0xFFF], _memory.Word(NextPage)));
    }

    [Fact]
    public void A_string_of_none_touches_nothing()
    {
        (Cpu.Registers.Rsi, Cpu.Registers.Rdi, Cpu.Registers.Rcx) = (Missing, Missing, 0);
        Done(a => a.rep.movsq());
        Done(a => a.rep.stosq());
        Assert.Equal(0, _memory.Looked);
    }

    [Fact]
    public void What_an_operand_lacks_leaves_all_as_it_was()
    {
        (Cpu.Registers.Rax, Cpu.Registers.Rbx, Cpu.Registers.Rdx) = (Missing + 8, Device, Kept);
        Stays(a => a.mov(rcx, __qword_ptr[rax]), EmulationResult.Fault);
        Assert.Equal(new PageFault(Missing + 8, PageFaultError.None, 0), _emulator.Fault);
        Stays(a => a.add(__qword_ptr[rax], rcx), EmulationResult.Fault);
        Assert.Equal(PageFaultError.Write, _emulator.Fault.Error);
        Stays(a => a.mov(rcx, __qword_ptr[rbx]), EmulationResult.Refused);
        Stays(a => a.mov(__qword_ptr[rdx], rcx), EmulationResult.Waits);
        (Cpu.Registers.Rsi, Cpu.Registers.Rdi, Cpu.Registers.Rcx) = (DataPage, Kept, 3);
        Stays(a => a.rep.movsb(), EmulationResult.Waits);
        (Cpu.Registers.Rsi, Cpu.Registers.Rdi) = (Missing, DataPage);
        Stays(a => a.rep.movsb(), EmulationResult.Fault);
        (Cpu.Registers.Rsi, Cpu.Registers.Rdi) = (DataPage + 0xFFC, DataPage);
        Stays(a => a.rep.movsq(), EmulationResult.Refused);
        Cpu.Registers.Rax = DataPage + 0xFFC;
        Stays(a => a.mov(rcx, __qword_ptr[rax]), EmulationResult.Refused);
        Cpu.Registers.Rsp = Kept + 8;
        Stays(a => a.push(rax), EmulationResult.Waits);
        Stays(a => a.call(CodeAddress + 0x40), EmulationResult.Waits);
        Cpu.Registers.Rsp = Missing + 8;
        Stays(a => a.ret(), EmulationResult.Fault);
    }

    [Fact]
    public void What_is_not_known_is_refused()
    {
        foreach (Action<Assembler> write in new Action<Assembler>[]
        {
            a => a.cpuid(), a => a.mov(cr0, rax), a => a.hlt(), a => a.sti(), a => a.rdmsr(), a => a.wrmsr(), a => a.vmcall(), a => a.syscall(), a => a.iretq(), a => a.int3(),
            a => a.mov(ds, eax), a => a.movaps(xmm0, xmm1), a => a.movups(xmm0, __xmmword_ptr[rax]), a => a.movsd(xmm0, xmm1), a => a.mul(rbx), a => a.div(rbx), a => a.pop(ax), a => a.push(ax),
            a => a.push(fs), a => a.bts(__qword_ptr[rax], rbx), a => a.xadd(rax, rbx), a => a.cmpxchg(rax, rbx), a => a.@in(al, dx),
        })
        {
            Stays(write, EmulationResult.Refused);
        }
    }

    [Fact]
    public void The_bytes_may_be_anothers()
    {
        var bytes = new byte[16];
        Array.Fill(bytes, (byte)0x90);
        new byte[] { 0x48, 0x8D, 0x98, 0x34, 0x12, 0, 0 }.CopyTo(bytes, 0);
        PlaceBytes([0xCC]);
        (Cpu.Rip, Cpu.Registers.Rax) = (CodeAddress, 1);
        Assert.Equal(EmulationResult.Done, _emulator.ExecuteWhole(Cpu, Access, _memory, bytes));
        Assert.Equal((CodeAddress + 7, 0x1235UL), (Cpu.Rip, Cpu.Registers.Rbx));
        Array.Fill(bytes, (byte)0x06);
        Assert.Equal(EmulationResult.Undefined, _emulator.ExecuteWhole(Cpu, Access, _memory, bytes));

        // Prefixes without end are no instruction.
        Array.Fill(bytes, (byte)0x66);
        Assert.Equal(EmulationResult.Undefined, _emulator.ExecuteWhole(Cpu, Access, _memory, bytes));
    }

    [Fact]
    public void Code_of_32_bits_has_flat_segments()
    {
        TestMachine.EnterFlat32(Vcpu);
        foreach (SegmentName name in new[] { SegmentName.Cs, SegmentName.Ss, SegmentName.Ds, SegmentName.Es })
            Cpu.SetSegment(name, new Segment(8, 0xC9B, uint.MaxValue, 0));
        (Cpu.Registers.Rsp, Cpu.Registers.Rax) = (StackTop, 0x1234_5678);
        PlaceBytes([0x50]);
        Cpu.Rip = CodeAddress;
        Assert.Equal(EmulationResult.Done, _emulator.ExecuteWhole(Cpu, Access, _memory, default));
        Assert.Equal((StackTop - 4, 0x1234_5678u), (Cpu.Registers.Rsp, (uint)_memory.Word(StackTop - 4)));
        Cpu.SetSegment(SegmentName.Ds, new Segment(8, 0xC93, uint.MaxValue, 0x1000));
        Cpu.Rip = CodeAddress;
        Assert.Equal(EmulationResult.Refused, _emulator.ExecuteWhole(Cpu, Access, _memory, default));
        Assert.Equal(CodeAddress, Cpu.Rip);
    }

    /// <summary>The guest says what is executed: whatever it is, an answer comes, and where it is not done or begun nothing has changed.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Any_bytes_get_an_answer(bool is64Bit)
    {
        if (!is64Bit)
        {
            TestMachine.EnterFlat32(Vcpu);
            foreach (SegmentName name in new[] { SegmentName.Cs, SegmentName.Ss, SegmentName.Ds, SegmentName.Es })
                Cpu.SetSegment(name, new Segment(8, 0xC9B, uint.MaxValue, 0));
        }
        const int rounds = 60_000;
        var random = new Random(20260);
        var bytes = new byte[16];
        var seen = new Dictionary<EmulationResult, int>();
        byte[] prefixes = [0x66, 0x67, 0xF2, 0xF3, 0xF0, 0x64, 0x65, 0x48, 0x4F, 0x0F, 0xC5, 0xC4, 0x62, 0x2E];
        for (int round = 0; round < rounds; round++)
        {
            random.NextBytes(bytes);
            for (int i = 0; i < 3 && random.Next(2) == 0; i++)
                bytes[i] = prefixes[random.Next(prefixes.Length)];
            for (int i = 0; i < 16; i++)
                Cpu.Registers[i] = random.Next(4) switch { 0 => 0, 1 => DataPage + (ulong)random.Next(0x1000), 2 => (ulong)random.NextInt64(), _ => ulong.MaxValue - (ulong)random.Next(64) };
            Cpu.Rip = CodeAddress;
            GuestRegisters before = Cpu.Registers;
            EmulationResult result = _emulator.ExecuteWhole(Cpu, Access, _memory, bytes);
            seen[result] = seen.GetValueOrDefault(result) + 1;
            if (result is EmulationResult.Done or EmulationResult.Again)
                continue;
            Assert.Equal(CodeAddress, Cpu.Rip);
            for (int i = 0; i < 16; i++)
                Assert.Equal(before[i], Cpu.Registers[i]);
        }
        Assert.True(seen[EmulationResult.Done] > rounds / 20 && seen[EmulationResult.Refused] > rounds / 20 && seen[EmulationResult.Undefined] > rounds / 100);
    }

    /// <summary>A gather has a vector register for its index.</summary>
    [Fact]
    public void Addresses_that_vectors_make_are_refused()
    {
        PlaceBytes([0xC4, 0xE2, 0x69, 0x90, 0x04, 0x08]);
        Cpu.Rip = CodeAddress;
        Assert.Equal(EmulationResult.Refused, _emulator.ExecuteWhole(Cpu, Access, _memory, default));
        Assert.Equal(0, _memory.Looked);
    }
}
