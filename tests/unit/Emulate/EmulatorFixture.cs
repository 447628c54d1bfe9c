using System;
using System.Collections.Generic;
using System.IO;
using Iced.Intel;
using Xenolith.Domains;
using Xenolith.Emulate;
using Xenolith.Hal;
using Xenolith.Mm;
using Xenolith.Tests.Unit.Harness;
using Xunit;

namespace Xenolith.Tests.Unit.Emulate;

/// <summary>A vCPU with code in its memory.</summary>
public abstract class EmulatorFixture : IDisposable
{
    protected const ulong CodeAddress = 0x20_0000;
    protected const ulong ApicPage = 0xFEE0_0000;

    protected EmulatorFixture()
    {
        Domain = Machine.CreateDomain();
        Vcpu = Domain.Vcpus[0];
        Cpu = TestMachine.Cpu(Vcpu);
        Cpu.Rip = CodeAddress;
    }

    protected TestMachine Machine { get; } = new(16);

    protected Domain Domain { get; }

    protected Vcpu Vcpu { get; }

    protected ScriptedCpu Cpu { get; }

    protected GuestAccess Access => Vcpu.Access;

    protected InstructionDecoder Decoder { get; } = new();

    public void Dispose() => Machine.Dispose();

    /// <summary>Assembles one instruction at the code address and returns its length.</summary>
    protected int Place(int bitness, Action<Assembler> write, ulong address = CodeAddress)
    {
        var assembler = new Assembler(bitness);
        write(assembler);
        using var output = new MemoryStream();
        Assert.True(assembler.TryAssemble(new StreamCodeWriter(output), address, out string? error, out _), error);
        PlaceBytes(output.ToArray(), address);
        return (int)output.Length;
    }

    protected void PlaceBytes(byte[] bytes, ulong address = CodeAddress) => Assert.True(Domain.Memory.TryWrite(address, bytes));

    /// <summary>A page of registers that remembers what was done to it.</summary>
    protected sealed class RecordingDevice : MmioDevice
    {
        public byte[] Page { get; } = new byte[4096];

        public List<(char Kind, uint Offset, int Size, ulong Value)> Accesses { get; } = [];

        public ulong this[uint offset]
        {
            get => BitConverter.ToUInt64(Page, (int)offset);
            set => BitConverter.GetBytes(value).CopyTo(Page, (int)offset);
        }

        public override ulong Read(uint offset, int size)
        {
            ulong value = 0;
            for (int i = size - 1; i >= 0; i--)
            {
                value = value << 8 | Page[offset + (uint)i];
            }

            Accesses.Add(('r', offset, size, value));
            return value;
        }

        public override void Write(uint offset, int size, ulong value)
        {
            Accesses.Add(('w', offset, size, value));
            for (int i = 0; i < size; i++)
            {
                Page[offset + (uint)i] = (byte)(value >> (8 * i));
            }
        }
    }

    /// <summary>Ports that remember what was done to them.</summary>
    protected sealed class RecordingPorts : PortDevice
    {
        public Queue<uint> Input { get; } = new();

        public List<(char Kind, ushort Port, int Size, uint Value)> Accesses { get; } = [];

        public override uint Read(ushort port, int size)
        {
            uint value = Input.Count != 0 ? Input.Dequeue() : uint.MaxValue;
            Accesses.Add(('r', port, size, value));
            return value;
        }

        public override void Write(ushort port, int size, uint value) => Accesses.Add(('w', port, size, value));
    }
}
