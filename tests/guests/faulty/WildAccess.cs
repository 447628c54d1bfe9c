namespace Xenolith.Guests.Faulty;

/// <summary>Reads and writes all over the guest-physical address space, far beyond RAM.</summary>
internal static class WildAccess
{
    private const ulong Window = 0xC000_0000;
    private const int Accesses = 2_000;

    public static void Run()
    {
        var random = new RandomNumbers(0x5EED);
        int addressBits = (int)(Instructions.Cpuid(0x8000_0008).Eax & 0xFF);
        for (int i = 0; i < Accesses; i++)
        {
            ulong target = 0x1_0000_0000 + random.Below((1UL << addressBits) - 0x1_0000_0000);
            MapWindow(target);
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

        GuestConsole.WriteLine("guest faulty: 2000 wild accesses");
    }

    private static void MapWindow(ulong target) => PageTables.MapLarge(Window, target);
}
