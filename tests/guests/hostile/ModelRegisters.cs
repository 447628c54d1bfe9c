namespace Xenolith.Guests.Attacks;

/// <summary>Reads and writes of model-specific registers that exist, nearly exist and do not exist.</summary>
internal static class ModelRegisters
{
    private const uint HypercallPage = 0x4000_0000;

    public static void Run(RandomNumbers random, ulong rounds)
    {
        for (ulong i = 0; i < rounds; i++)
        {
            uint index = Index(random);
            ulong value = Value(random);
            if (index == HypercallPage && random.Below(2) == 0)
            {
                value = Target(random);
            }

            var registers = new Registers { Rcx = index, Rax = (uint)value, Rdx = value >> 32 };
            Execute.AtKernel(random.Below(3) == 0 ? Execute.Rdmsr : Execute.Wrmsr, ref registers);
        }
    }

    private static uint Index(RandomNumbers random) => random.Below(10) switch
    {
        0 => (uint)random.Below(0x400),
        1 => 0xC000_0080 + (uint)random.Below(8),
        2 => 0xC000_0100 + (uint)random.Below(8),
        3 => 0xC001_0000 + (uint)random.Below(0x200),
        4 => 0x800 + (uint)random.Below(0x100),
        5 => HypercallPage,
        6 => 0x200 + (uint)random.Below(0x100),
        7 => 0x10 + (uint)random.Below(0x30),
        8 => 0x6E0,
        _ => (uint)random.Next(),
    };

    private static ulong Value(RandomNumbers random) => random.Below(6) switch
    {
        0 => 0,
        1 => ulong.MaxValue,
        2 => 1UL << (int)random.Below(64),
        3 => random.Below(0x1000),
        4 => ~(1UL << (int)random.Below(64)),
        _ => random.Next(),
    };

    /// <summary>Where the page of stubs does no harm to the guest, but might to the hypervisor.</summary>
    private static ulong Target(RandomNumbers random) => random.Below(6) switch
    {
        0 => Layout.FrameOf(PoolPage.SharedInfo) * Layout.PageSize,
        1 => Layout.FrameOf(PoolPage.VcpuInfo) * Layout.PageSize,
        2 => LocalApic.Address,
        3 => 0xFEFF_F000,
        4 => random.Next() & ~0xFFFUL | 1UL << 63,
        _ => 0x8000_0000_0000,
    };
}
