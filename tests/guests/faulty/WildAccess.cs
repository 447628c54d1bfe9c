using Xenolith.Abi.Contract;

namespace Xenolith.Guests.Faulty;

/// <summary>Reads and writes all over the guest-physical address space, far beyond RAM.</summary>
internal static class WildAccess
{
    private const ulong Window = 0xC000_0000;
    private const int Accesses = 2_000;

    /// <summary>A number of accesses; then the guest goes on.</summary>
    public static void Run()
    {
        var random = new RandomNumbers(0x5EED);
        Access(random, Accesses);
        GuestConsole.WriteLine("guest faulty: 2000 wild accesses");
    }

    /// <summary>
    /// Without end, interrupts off, under a watchdog of two seconds: the hypervisor must get the processor back from such a
    /// guest, or the watchdog never bites.
    /// </summary>
    public static void Loop()
    {
        var watchdog = new SchedWatchdog { Id = 0, Timeout = 2 };
        if (Xen.Call(Hypercall.SchedOp, (ulong)SchedOp.Watchdog, ref watchdog) < 0)
        {
            GuestConsole.WriteLine("guest faulty: no watchdog");
            return;
        }

        Instructions.DisableInterrupts();
        var random = new RandomNumbers(0x5EED);
        while (true)
        {
            Access(random, Accesses);
            const ulong ticks = 100_000_000;
            for (ulong start = Instructions.ReadTsc(); Instructions.ReadTsc() - start < ticks;)
            {
                // Nothing here exits.
            }
        }
    }

    private static void Access(RandomNumbers random, int count)
    {
        int addressBits = (int)(Instructions.Cpuid(0x8000_0008).Eax & 0xFF);
        for (int i = 0; i < count; i++)
        {
            ulong target = 0x1_0000_0000 + random.Below((1UL << addressBits) - 0x1_0000_0000);
            PageTables.MapLarge(Window, target);
            ulong address = Window + (target & 0x1F_FFF8);
            var registers = new Registers { Rdi = address, Rax = 0 };
            if ((i & 1) == 0)
            {
                Execute.AtKernel(Execute.Load, ref registers);
            }
            else
            {
                Execute.AtKernel(Execute.Store, ref registers);
            }
        }
    }
}
