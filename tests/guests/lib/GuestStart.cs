using System;
using System.Runtime;
using System.Runtime.CompilerServices;
using Xenolith.Runtime;

namespace Xenolith.Guests;

/// <summary>From the entry stub into the guest's own code.</summary>
internal static unsafe class GuestStart
{
    // unsafe: called by assembly with raw addresses.

    [RuntimeImport("*", "guest_main")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    private static extern void GuestMain();

    [RuntimeExport("guest_start")]
    private static void Start(ulong startInfo)
    {
        Xen.Initialize();
        Interrupts.Initialize();
        Startup.Initialize();
        BootRecord.Address = startInfo;
        if (BootRecord.HasWord("compat"))
        {
            NarrowCalls.Start();
        }

        HypercallTlb.Start();

        GuestMain();
        Xen.Shutdown(Abi.Contract.ShutdownReason.Poweroff);
    }
}
