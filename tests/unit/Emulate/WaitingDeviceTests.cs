using System;
using System.Collections.Generic;
using Iced.Intel;
using Xenolith.Emulate;
using Xenolith.Hal;
using Xunit;
using static Iced.Intel.AssemblerRegisters;

namespace Xenolith.Tests.Unit.Emulate;

/// <summary>Instructions whose accesses somebody else makes good: nothing changes before the last answer is there, and each access is made once.</summary>
public sealed class WaitingDeviceTests : EmulatorFixture
{
    private const ulong Buffer = 0x30_0000;

    public static TheoryData<string> Instructions => ["mov load", "mov store", "or", "or load", "xchg", "bts", "bt", "inc", "cmp", "movsx"];

    [Theory]
    [MemberData(nameof(Instructions))]
    public void What_waits_ends_as_what_does_not(string name)
    {
        Action<Assembler> write = name switch
        {
            "mov load" => a => a.mov(ecx, __dword_ptr[rax]),
            "mov store" => a => a.mov(__dword_ptr[rax], ecx),
            "or" => a => a.or(__dword_ptr[rax], ecx),
            "or load" => a => a.or(ecx, __dword_ptr[rax]),
            "xchg" => a => a.xchg(__dword_ptr[rax], ecx),
            "bts" => a => a.bts(__dword_ptr[rax], 5),
            "bt" => a => a.bt(__dword_ptr[rax], 5),
            "inc" => a => a.inc(__dword_ptr[rax]),
            "cmp" => a => a.cmp(__dword_ptr[rax], ecx),
            _ => a => a.movsx(ecx, __byte_ptr[rax]),
        };
        int length = Place(64, write);
        var emulator = new MmioEmulator(Decoder);
        var plain = new RecordingDevice { [0x30] = 0x8000_0011 };
        (ulong Rip, ulong Rcx, ulong Flags) expected = Run(emulator, plain, out int passes);
        Assert.Equal(1, passes);

        var waiting = new WaitingDevice { [0x30] = 0x8000_0011 };
        Assert.Equal(expected, Run(emulator, waiting, out passes));
        Assert.Equal(plain.Accesses, waiting.Accesses);
        Assert.Equal(plain.Accesses.Count + 1, passes);
        Assert.Equal(CodeAddress + (ulong)length, Cpu.Rip);
    }

    private (ulong Rip, ulong Rcx, ulong Flags) Run(MmioEmulator emulator, MmioDevice device, out int passes)
    {
        Cpu.Rip = CodeAddress;
        Cpu.Registers.Rcx = 0x1234_5678_0000_0F0F;
        Cpu.Rflags = 0x202;
        for (passes = 1; ; passes++)
        {
            Cpu.Exit = new Exit { Reason = ExitReason.NestedPageFault, GuestPhysical = ApicPage + 0x30 };
            EmulationResult result = emulator.Execute(Cpu, Access, device);
            if (result == EmulationResult.Done)
                return (Cpu.Rip, Cpu.Registers.Rcx, Cpu.Rflags);
            Assert.Equal(EmulationResult.Waits, result);
            Assert.Equal((CodeAddress, 0x1234_5678_0000_0F0FUL, 0x202UL), (Cpu.Rip, Cpu.Registers.Rcx, Cpu.Rflags));
            Assert.True(passes < 4);
            ((WaitingDevice)device).Begin();
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Each_element_of_a_string_instruction_is_accessed_once(bool isIn)
    {
        PlaceBytes(isIn ? [0xF3, 0x6C] : [0xF3, 0x6E]);
        Assert.True(Domain.Memory.TryWrite(Buffer, [1, 2, 3]));
        Cpu.Registers.Rdx = 0x60;
        Cpu.Registers.Rcx = 3;
        Cpu.Registers.Rdi = Cpu.Registers.Rsi = Buffer;
        Cpu.Exit = new Exit { Port = 0x60, Size = 1, IsIn = isIn, IsString = true, IsRepeated = true };
        var ports = new WaitingPorts();
        var emulator = new PortIoEmulator(Decoder);
        var results = new List<EmulationResult>();
        do
        {
            results.Add(emulator.Execute(Cpu, Access, ports));
            ports.Begin(results[^1]);
            Assert.True(results.Count < 20);
        }
        while (results[^1] != EmulationResult.Done);
        // Each element waits once; but for the last, others are let in behind it.
        Assert.Equal([EmulationResult.Waits, EmulationResult.Again, EmulationResult.Waits, EmulationResult.Again, EmulationResult.Waits, EmulationResult.Done], results);
        Assert.Equal(3, ports.Made);
        Assert.Equal((CodeAddress + 2, 0UL), (Cpu.Rip, Cpu.Registers.Rcx));
        var bytes = new byte[3];
        Assert.True(Domain.Memory.TryRead(Buffer, bytes));
        Assert.Equal(isIn ? [0x10, 0x11, 0x12] : [1, 2, 3], bytes);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_plain_port_access_waits(bool isIn)
    {
        PlaceBytes([isIn ? (byte)0xEC : (byte)0xEE]);
        Cpu.Registers.Rax = 0xFF00;
        Cpu.Exit = new Exit { Port = 0x60, Size = 1, IsIn = isIn };
        var ports = new WaitingPorts();
        var emulator = new PortIoEmulator(Decoder);
        Assert.Equal(EmulationResult.Waits, emulator.ExecutePlain(Cpu, Access, ports));
        Assert.Equal((CodeAddress, 0xFF00UL), (Cpu.Rip, Cpu.Registers.Rax));
        ports.Begin(EmulationResult.Waits);
        Assert.Equal(EmulationResult.Done, emulator.ExecutePlain(Cpu, Access, ports));
        Assert.Equal((CodeAddress + 1, isIn ? 0xFF10UL : 0xFF00UL), (Cpu.Rip, Cpu.Registers.Rax));
    }

    /// <summary>Registers that are there one access later: each access waits once, and is answered from what it got then.</summary>
    private sealed class WaitingDevice : MmioDevice
    {
        private readonly RecordingDevice _device = new();
        private readonly List<ulong> _answers = [];
        private int _next;

        public List<(char Kind, uint Offset, int Size, ulong Value)> Accesses => _device.Accesses;

        public ulong this[uint offset]
        {
            set => _device[offset] = value;
        }

        public void Begin()
        {
            _next = 0;
            MustWait = false;
        }

        public override ulong Read(uint offset, int size)
        {
            if (_next < _answers.Count)
                return _answers[_next++];
            _answers.Add(_device.Read(offset, size));
            MustWait = true;
            return 0xBAD;
        }

        public override void Write(uint offset, int size, ulong value)
        {
            if (_next++ < _answers.Count)
                return;
            _device.Write(offset, size, value);
            _answers.Add(0);
            MustWait = true;
        }
    }

    private sealed class WaitingPorts : PortDevice
    {
        private uint? _answer;

        public int Made { get; private set; }

        /// <summary>The next pass begins; the instruction is another one by now unless it waited.</summary>
        public void Begin(EmulationResult last)
        {
            MustWait = HasWaited = false;
            if (last != EmulationResult.Waits)
                _answer = null;
        }

        public override uint Read(ushort port, int size) => Access();

        public override void Write(ushort port, int size, uint value) => Access();

        private uint Access()
        {
            if (_answer is { } answer)
            {
                HasWaited = true;
                return answer;
            }
            _answer = (uint)(0x10 + Made++);
            MustWait = true;
            return 0xBA;
        }
    }
}
