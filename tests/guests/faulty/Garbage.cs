using System;
using Xenolith.Abi.Contract;

namespace Xenolith.Guests.Faulty;

/// <summary>
/// Runs random bytes as code at CPL 0, again and again, until they end the guest or the rounds are over. A timer ends
/// rounds that loop; those that switch interrupts off first and then loop are what the seed was chosen to lack. On the command
/// line, <c>seed=</c> and <c>rounds=</c> choose others.
/// </summary>
internal static class Garbage
{
    private const int Length = 64;
    private const uint WatchdogSeconds = 10;
    private const ulong DefaultRounds = 80, DefaultSeed = 0xBAD_C0DE;
    private const byte TimerVector = 0x51, Spurious = 0xFF;

    public static void Run()
    {
        // Code that switches interrupts off and loops is ended by the hypervisor, if that still lives.
        var watchdog = new SchedWatchdog { Id = 0, Timeout = WatchdogSeconds };
        Xen.Call(Hypercall.SchedOp, (ulong)SchedOp.Watchdog, ref watchdog);
        Interrupts.SetHandler(TimerVector, new Ender());
        LocalApic.Enable(Spurious);
        LocalApic.Write(LocalApic.DivideConfiguration, LocalApic.DivideByOne);
        LocalApic.Write(LocalApic.TimerVector, LocalApic.Periodic | TimerVector);
        const uint ticks = 2_000_000;
        LocalApic.Write(LocalApic.InitialCount, ticks);
        bool trace = BootRecord.HasWord("trace");
        var random = new RandomNumbers(BootRecord.Number("seed=", DefaultSeed));
        var code = new byte[Length];
        ulong rounds = BootRecord.Number("rounds=", DefaultRounds);
        for (ulong round = 0; round < rounds; round++)
        {
            for (int i = 0; i < Length; i++)
            {
                code[i] = (byte)random.Below(256);
            }

            if (trace)
            {
                GuestConsole.Write("round ");
                GuestConsole.WriteDecimal((long)round);
                GuestConsole.EndLine();
            }

            // Registers point at nothing of the guest's own, so that what is written is written elsewhere.
            ulong wild = 0x8000_0000UL + (random.Below(1 << 20) << 4);
            var registers = new Registers
            {
                Rax = random.Next(), Rbx = wild, Rcx = random.Below(16), Rdx = random.Next(), Rsi = wild, Rdi = wild, Rbp = wild,
                R8 = wild, R9 = wild, R10 = wild, R11 = wild, R12 = wild, R13 = wild, R14 = wild, R15 = wild,
            };
            Instructions.EnableInterrupts();
            Execute.AtKernel(new ReadOnlySpan<byte>(code), ref registers);
        }

        Instructions.DisableInterrupts();
        GuestConsole.WriteLine("guest faulty: all rounds of garbage are over");
    }

    private sealed class Ender : InterruptHandler
    {
        public override void Handle(ref InterruptFrame frame)
        {
            LocalApic.End();
            Execute.End(ref frame);
        }
    }
}
