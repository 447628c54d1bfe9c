using Xenolith.Abi.Contract;

namespace Xenolith.Guests.Domains;

/// <summary>Looks for what an earlier domain left in memory, fills it with something to be found, and reboots.</summary>
internal static class Remains
{
    // Behind the guest's own image, and below what the builder placed at the end of 16 MiB.
    private const ulong Start = 6UL << 20, End = 15UL << 20;
    private const ulong Mark = 0x5EC2_E75E_C2E7_5EC2;

    public static void Run()
    {
        ulong found = 0;
        for (ulong at = Start; at < End && found == 0; at += 8)
        {
            found = Memory.Read64(at) != 0 ? at : 0;
        }

        if (found != 0)
        {
            GuestConsole.Write("guest: failed: something was left at ");
            GuestConsole.WriteHex(found);
            GuestConsole.EndLine();
            Xen.Shutdown(ShutdownReason.Crash);
        }

        for (ulong at = Start; at < End; at += 8)
        {
            Memory.Write64(at, Mark);
        }

        GuestConsole.WriteLine("guest domains: memory is clean");
        Xen.Shutdown(ShutdownReason.Reboot);
    }
}
