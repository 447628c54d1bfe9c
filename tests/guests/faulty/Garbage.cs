using System;

namespace Xenolith.Guests.Faulty;

/// <summary>Runs random bytes as code at CPL 0 until something ends the guest or the rounds are over.</summary>
internal static class Garbage
{
    private const int Rounds = 2_000, Length = 64;

    public static void Run()
    {
        var random = new RandomNumbers(0xBAD_C0DE);
        var code = new byte[Length];
        for (int round = 0; round < Rounds; round++)
        {
            for (int i = 0; i < Length; i++)
            {
                code[i] = (byte)random.Below(256);
            }

            // Registers point at nothing of the guest's own, so that what is written is written elsewhere.
            ulong wild = 0x8000_0000UL + (random.Below(1 << 20) << 4);
            var registers = new Registers
            {
                Rax = random.Next(), Rbx = wild, Rcx = random.Below(16), Rdx = random.Next(), Rsi = wild, Rdi = wild, Rbp = wild,
                R8 = wild, R9 = wild, R10 = wild, R11 = wild, R12 = wild, R13 = wild, R14 = wild, R15 = wild,
            };
            Execute.AtKernel(new ReadOnlySpan<byte>(code), ref registers);
        }

        GuestConsole.WriteLine("guest faulty: 2000 rounds of garbage");
    }
}
