using System;

namespace Xenolith.Guests.Attacks;

/// <summary>Random values in control, debug and model-specific registers, and exits between them, until the guest dies of it.</summary>
internal static class WildRegisters
{
    // MOV CR0/CR2/CR3/CR4/CR8, RAX; MOV DR0-3, DR6, DR7, RAX; LMSW AX; CLTS; WRMSR; CPUID; IRETQ of rubbish; LTR, LLDT of AX.
    private static readonly byte[][] s_instructions =
    [
        [0x0F, 0x22, 0xC0], [0x0F, 0x22, 0xD0], [0x0F, 0x22, 0xD8], [0x0F, 0x22, 0xE0], [0x44, 0x0F, 0x22, 0xC0],
        [0x0F, 0x23, 0xC0], [0x0F, 0x23, 0xC8], [0x0F, 0x23, 0xD0], [0x0F, 0x23, 0xD8], [0x0F, 0x23, 0xF0], [0x0F, 0x23, 0xF8],
        [0x0F, 0x01, 0xF0], [0x0F, 0x06], [0x0F, 0x30], [0x0F, 0xA2], [0x0F, 0x00, 0xD8], [0x0F, 0x00, 0xD0], [0x8E, 0xD8], [0x8E, 0xE0],
        [0x50, 0x9D], [0x0F, 0x20, 0xC0, 0x0F, 0x22, 0xC0], [0x44, 0x0F, 0x20, 0xC0], [0xF1], [0xCC], [0xCD, 0x01], [0xCD, 0x12],
    ];

    public static void Run(RandomNumbers random, ulong rounds, bool trace)
    {
        for (ulong i = 0; i < rounds; i++)
        {
            byte[] code = s_instructions[(int)random.Below((ulong)s_instructions.Length)];
            ulong value = random.Below(5) switch
            {
                // As the registers mostly are, with a bit turned over.
                0 => 0x8001_0033UL ^ 1UL << (int)random.Below(64),
                1 => Instructions.ReadCr4() ^ 1UL << (int)random.Below(24),
                2 => Instructions.ReadCr3() ^ 1UL << (int)random.Below(64),
                // Where the hypervisor's code and data are.
                3 => 0xFFFF_FFFF_8010_0000 + random.Below(1 << 21),
                _ => random.Next() >> (int)random.Below(64),
            };
            if (trace)
            {
                GuestConsole.WriteHex(value);
                GuestConsole.Write(" ");
                GuestConsole.WriteHex(code[^1]);
                GuestConsole.EndLine();
            }

            var registers = new Registers { Rax = value, Rcx = random.Below(2) == 0 ? 0xC000_0080u : 0x1D9u, Rdx = value >> 32, Rdi = random.Next() };
            Execute.AtKernel(new ReadOnlySpan<byte>(code), ref registers);
        }
    }
}
