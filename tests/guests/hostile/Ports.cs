using System;

namespace Xenolith.Guests.Attacks;

/// <summary>Port instructions of every kind and width, with and without REP, from and to memory that is there and that is not.</summary>
internal static class Ports
{
    private const byte RepeatPrefix = 0xF3, WidthPrefix = 0x66, AddressPrefix = 0x67, DirectionSet = 0xFD;
    private const ushort DebugPort = 0xE9;

    // IN and OUT by DX, INS and OUTS, each with 8 bits and with more.
    private static readonly byte[] s_operations = [0xEC, 0xED, 0xEE, 0xEF, 0x6C, 0x6D, 0x6E, 0x6F];

    public static void Run(RandomNumbers random, ulong rounds)
    {
        var code = new byte[8];
        ulong buffer = Layout.FrameOf(PoolPage.FirstFree) * Layout.PageSize;
        for (ulong i = 0; i < rounds; i++)
        {
            int length = 0;
            if (random.Below(4) == 0)
            {
                code[length++] = DirectionSet;
            }

            if (random.Below(2) == 0)
            {
                code[length++] = RepeatPrefix;
            }

            if (random.Below(4) == 0)
            {
                code[length++] = WidthPrefix;
            }

            if (random.Below(4) == 0)
            {
                code[length++] = AddressPrefix;
            }

            code[length++] = s_operations[(int)random.Below(8)];
            ushort port = (ushort)random.Next();
            var registers = new Registers
            {
                Rax = random.Next(),
                Rdx = port == DebugPort ? 0u : port,
                Rcx = random.Below(3000),
                Rsi = Address(random, buffer),
                Rdi = Address(random, buffer),
            };
            Execute.AtKernel(new ReadOnlySpan<byte>(code, 0, length), ref registers);
        }
    }

    /// <summary>A buffer with room on both sides, holes, the page of the APIC, and past all memory.</summary>
    private static ulong Address(RandomNumbers random, ulong buffer) => random.Below(8) switch
    {
        0 => Hostile.At((int)random.Below(Hostile.Count)),
        1 => LocalApic.Address + random.Below(4096),
        2 => 0xE000_0000 + random.Below(1 << 20),
        3 => ulong.MaxValue - random.Below(16),
        _ => buffer + (20 * (ulong)Layout.PageSize) + random.Below(4096),
    };
}
