using System;
using Xenolith.Kernel;
using Xunit;

namespace Xenolith.Tests.Unit.Kernel;

public sealed class MemoryMapTests
{
    [Fact]
    public void WholeFramesOfRamAreMergedAndCut()
    {
        MemoryRange[] map =
        [
            new(0, 0x9FC00, MemoryKind.Ram),
            new(0x9FC00, 0x400, MemoryKind.Reserved),
            new(0x100000, 0x100000, MemoryKind.Ram),
            new(0x200000, 0x100000, MemoryKind.Ram),
            new(0x280000, 0x800, MemoryKind.AcpiNvs),
        ];
        MemoryRange[] ram = MemoryMap.WholeFramesOfRam(map, 0x110000, 0x120000);
        Assert.Equal(
            [
                new(0, 0x9F000, MemoryKind.Ram),
                new(0x100000, 0x10000, MemoryKind.Ram),
                new(0x120000, 0x160000, MemoryKind.Ram),
                new MemoryRange(0x281000, 0x7F000, MemoryKind.Ram),
            ],
            ram);
    }

    [Fact]
    public void RandomMapsAgreeWithAFrameByFrameModel()
    {
        var random = new Random(3);
        for (int round = 0; round < 300; round++)
        {
            var map = new MemoryRange[random.Next(1, 8)];
            for (int i = 0; i < map.Length; i++)
            {
                map[i] = new MemoryRange((ulong)random.Next(64) << 11, (ulong)random.Next(40) << 11, random.Next(3) == 0 ? MemoryKind.Reserved : MemoryKind.Ram);
            }

            ulong except = (ulong)random.Next(48) << 12;
            MemoryRange[] ram = MemoryMap.WholeFramesOfRam(map, except, except + 0x3000);
            for (ulong frame = 0; frame < 64; frame++)
            {
                bool expected = (frame << 12 < except || frame << 12 >= except + 0x3000) && IsRam(map, frame << 12) && IsRam(map, (frame << 12) + 0x800);
                bool found = Array.Exists(ram, range => frame << 12 >= range.Start && (frame << 12) + 0x1000 <= range.End);
                Assert.Equal(expected, found);
            }
        }
    }

    // Everything is a multiple of 2 KiB, so one byte speaks for its half frame.
    private static bool IsRam(MemoryRange[] map, ulong address)
    {
        bool ram = false;
        foreach (MemoryRange range in map)
        {
            if (address >= range.Start && address < range.End)
            {
                if (range.Kind != MemoryKind.Ram)
                {
                    return false;
                }

                ram = true;
            }
        }

        return ram;
    }
}
