using Xenolith.Abi.Contract;

namespace Xenolith.Guests.Attacks;

/// <summary>
/// Calls with arguments that mean something: its own frames, domains, ports, vCPUs, small counts, pointers at everything that the
/// hypervisor and the guest share and at the guest's own page tables. Sooner or later one takes the ground from under the guest.
/// </summary>
internal static class WildCalls
{
    private const int Buffers = PoolPage.FirstFree, BufferCount = 4;

    public static ulong BufferStart => Layout.FrameOf(Buffers) * Layout.PageSize;

    /// <param name="random">What is called with what.</param>
    /// <param name="rounds">How many calls.</param>
    /// <param name="own">Every other one is one of ours.</param>
    /// <param name="trace">Whether each is written to the console before it is made.</param>
    public static void Run(RandomNumbers random, ulong rounds, bool own, bool trace)
    {
        if (own)
        {
            WildOwnCalls.Start();
        }

        for (ulong i = 0; i < rounds; i++)
        {
            if (own && (i & 1) != 0)
            {
                Fill(random);
                WildOwnCalls.Make(random);
                continue;
            }

            ulong number = random.Below(3) == 0 ? (ulong)Hypercall.MemoryOp : random.Below(42);
            ulong operation = random.Below(28);
            if (Ends(number, operation))
            {
                continue;
            }

            Fill(random);
            ulong second = number == (ulong)Hypercall.VcpuOp ? random.Below(3) : Pointer(random);
            // As a count a pointer is long work, which the hypervisor rightly does piece by piece.
            ulong third = random.Below(3) == 0 || number == (ulong)Hypercall.GrantTableOp ? random.Below(70) : Pointer(random);
            if (number == (ulong)Hypercall.Multicall)
            {
                operation = BufferStart;
                second = random.Below(20);
                Entries(random, second);
            }

            if (trace)
            {
                GuestConsole.Write("call ");
                GuestConsole.WriteDecimal((long)i);
                GuestConsole.Write(": ");
                GuestConsole.WriteDecimal((long)number);
                GuestConsole.Write(" ");
                GuestConsole.WriteDecimal((long)operation);
                GuestConsole.EndLine();
            }

            Xen.CallAsIs(number, operation, second, third, Small(random), Small(random));
        }
    }

    public static bool Ends(ulong number, ulong operation) => (Hypercall)number switch
    {
        Hypercall.SchedOp => (SchedOp)operation is not SchedOp.Yield,
        Hypercall.VcpuOp => (VcpuOp)operation is VcpuOp.Down,
        Hypercall.ConsoleIo => true,
        _ => false,
    };

    private static void Entries(RandomNumbers random, ulong count)
    {
        for (ulong i = 0; i < count; i++)
        {
            ulong number;
            ulong operation;
            do
            {
                number = random.Below(42);
                operation = random.Below(28);
            }
            while (Ends(number, operation));
            Entry(i, number, operation, Pointer(random), Small(random));
        }
    }

    /// <summary>Writes the number and the arguments of an entry of a multicall's list, which is 8 words of the caller's width.</summary>
    private static void Entry(ulong index, ulong number, ulong first, ulong second, ulong third)
    {
        if (NarrowCalls.IsOn)
        {
            ulong narrow = BufferStart + (index * 32);
            Memory.Write64(narrow, number);
            Memory.Write32(narrow + 8, (uint)first);
            Memory.Write32(narrow + 12, (uint)second);
            Memory.Write32(narrow + 16, (uint)third);
            return;
        }

        ulong entry = BufferStart + (index * 64);
        Memory.Write64(entry, number);
        Memory.Write64(entry + 16, first);
        Memory.Write64(entry + 24, second);
        Memory.Write64(entry + 32, third);
    }

    public static ulong Pointer(RandomNumbers random) => random.Below(40) switch
    {
        0 => 0,
        1 => Hostile.At((int)random.Below(Hostile.Count)),
        2 => LocalApic.Address + random.Below(4096),
        3 => Layout.FrameOf(PoolPage.SharedInfo) * Layout.PageSize + random.Below(4096),
        4 => Layout.FrameOf(PoolPage.VcpuInfo) * Layout.PageSize + random.Below(4096),
        5 => 0xFEFF_F000 + random.Below(4096),
        6 => BufferStart + (BufferCount * (ulong)Layout.PageSize) - random.Below(64),
        7 => random.Next(),
        _ => BufferStart + (random.Below(64) * 8),
    };

    private static ulong Small(RandomNumbers random) => random.Below(4) switch
    {
        0 => 0,
        1 => random.Below(8),
        2 => random.Below(1 << 12),
        _ => Frame(random),
    };

    /// <summary>Mostly frames high in the guest's RAM or beyond, where nothing of it lies; seldom one of its own.</summary>
    public static ulong Frame(RandomNumbers random) => random.Below(200) switch
    {
        0 => random.Below(0x400),
        < 20 => 0xFEE00,
        < 40 => 0xFEFF8 + random.Below(10),
        < 60 => Layout.FrameOf((int)random.Below(Layout.PagePool / 2) + (Layout.PagePool / 2)),
        < 90 => random.Next() >> (int)random.Below(40),
        _ => 0x2000 + random.Below(0x1_0000),
    };

    private static void Fill(RandomNumbers random)
    {
        for (ulong offset = 0; offset < 512 + 64; offset += 8)
        {
            ulong word = random.Below(8) switch
            {
                0 => 0,
                1 => DomainIds.Self | random.Below(6) << 16 | random.Below(5) << 32,
                2 => random.Below(4) | random.Below(4) << 32,
                3 => Pointer(random),
                4 => random.Next(),
                5 => random.Below(64) << 32 | random.Below(64),
                6 => DomainIds.Self | random.Below(14) << 32,
                _ => Frame(random),
            };
            Memory.Write64(BufferStart + offset, word);
        }
    }
}
