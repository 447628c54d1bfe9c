using System;
using System.Linq;
using System.Threading;
using Xenolith.Kernel;
using Xenolith.Tests.Unit.Harness;
using Xunit;

namespace Xenolith.Tests.Unit.Hypervisor;

public sealed class FrameBytesTests : IDisposable
{
    private const ulong Address = 0x20_0000;

    private readonly TestMachine _machine = new(16);

    private PhysicalMemory Memory => _machine.Services.Memory;

    public static MatrixTheoryData<int, int> Places { get; } = new([1, 2, 4, 8], [0, 1, 2, 3, 4, 5, 6, 7]);

    public void Dispose() => _machine.Dispose();

    [Theory]
    [MemberData(nameof(Places))]
    public void AnExchangeTakesItsBytesAlone(int size, int at)
    {
        Span<byte> before = stackalloc byte[16];
        before.Fill(0xA5);
        before.CopyTo(Memory.Bytes(Address, 16));
        ulong place = Address + (ulong)at, mask = size == 8 ? ulong.MaxValue : (1UL << (size * 8)) - 1;
        ulong value = 0x1122_3344_5566_7788 & mask;
        Assert.False(FrameBytes.TryExchange(Memory, place, size, 0, value));
        Assert.True(Memory.Bytes(Address, 16).SequenceEqual(before));
        Assert.True(FrameBytes.TryExchange(Memory, place, size, 0xA5A5_A5A5_A5A5_A5A5 & mask, value));
        Assert.Equal(value, FrameBytes.Read(Memory, place, size));
        FrameBytes.Write(Memory, place, size, ulong.MaxValue / 255 * 0xA5);
        Assert.True(Memory.Bytes(Address, 16).SequenceEqual(before));
    }

    [Theory]
    [InlineData(0, 1)]
    [InlineData(2, 2)]
    [InlineData(4, 4)]
    public void CountsOfTwoCpusAddUp(int at, int size)
    {
        const int each = 400_000;
        Memory.Bytes(Address, 16).Clear();
        ulong mask = (1UL << (size * 8)) - 1;
        using var start = new Barrier(4);
        Thread[] cpus = [.. Enumerable.Range(0, 4).Select(cpu => new Thread(() => Count(cpu < 2 ? at : (at + size) % 8)))];
        foreach (Thread cpu in cpus)
        {
            cpu.Start();
        }

        foreach (Thread cpu in cpus)
        {
            cpu.Join();
        }

        Assert.Equal(2 * each & mask, FrameBytes.Read(Memory, Address + (ulong)at, size));
        Assert.Equal(2 * each & mask, FrameBytes.Read(Memory, Address + (ulong)((at + size) % 8), size));

        // Two count at the same bytes, and two at those beside.
        void Count(int place)
        {
            start.SignalAndWait();
            for (int i = 0; i < each;)
            {
                ulong found = FrameBytes.Read(Memory, Address + (ulong)place, size);
                i += FrameBytes.TryExchange(Memory, Address + (ulong)place, size, found, found + 1 & mask) ? 1 : 0;
            }
        }
    }
}
