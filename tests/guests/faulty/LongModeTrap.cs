using System.Runtime;
using System.Runtime.CompilerServices;

namespace Xenolith.Guests.Faulty;

/// <summary>
/// Leaves long mode for unpaged 32-bit code, switches PAE off, sets EFER.LME and exits there: with CPUID, which must come back, by
/// CLTS and LMSW, which must work, and at last by switching paging on without PAE, which is #GP (SDM vol. 3, 9.8.5). With no IDT to
/// take it, that is the triple fault which ends the guest.
/// </summary>
internal static class LongModeTrap
{
    [RuntimeImport("*", "guest_long_mode_trap")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    private static extern void Spring();

    public static void Run()
    {
        Instructions.DisableInterrupts();
        Spring();
    }
}
