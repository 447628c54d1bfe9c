using System.Runtime;
using Xenolith.Abi.Contract;

namespace Xenolith.Guests.Faulty;

/// <summary>
/// A guest that goes wrong in the way its command line names. What is right here is the hypervisor's line about its end;
/// the boot tests judge that.
/// </summary>
internal static class Program
{
    [RuntimeExport("guest_main")]
    private static void Main()
    {
        if (Chosen("triple-fault"))
        {
            Instructions.TripleFault();
        }
        else if (Chosen("garbage"))
        {
            Garbage.Run();
        }
        else if (Chosen("wild"))
        {
            WildAccess.Run();
        }
        else if (Chosen("loop"))
        {
            WildAccess.Loop();
        }
        else if (Chosen("long-mode"))
        {
            LongModeTrap.Run();
        }
        else if (Chosen("debug-loop"))
        {
            EndlessDelivery.RunDebug();
        }
        else if (Chosen("alignment-loop"))
        {
            EndlessDelivery.RunAlignment();
        }
        else if (Chosen("lost-table"))
        {
            LostDelivery.RunTable();
        }
        else if (Chosen("lost-apic-table"))
        {
            LostDelivery.RunApicTable();
        }
        else if (Chosen("lost-stack"))
        {
            LostDelivery.RunStack();
        }
        else if (Chosen("induce-throw"))
        {
            Induce(1);
        }
        else if (Chosen("induce-index"))
        {
            Induce(2);
        }
        else if (Chosen("induce-state"))
        {
            Induce(3);
        }
        else if (Chosen("halt"))
        {
            Instructions.DisableInterrupts();
            Instructions.Halt();
        }
        else if (Chosen("reboot"))
        {
            Xen.Shutdown(ShutdownReason.Reboot);
        }
        else if (Chosen("crash"))
        {
            Xen.Shutdown(ShutdownReason.Crash);
        }
        else
        {
            GuestConsole.WriteLine("guest faulty: no known fault on the command line: triple-fault, garbage, wild, loop, long-mode, debug-loop, alignment-loop, lost-table, lost-apic-table, lost-stack, induce-throw, induce-index, induce-state, halt, reboot or crash");
        }

        GuestConsole.WriteLine("guest faulty: still here");
    }

    /// <summary>A bug of the hypervisor's, which it commits when it was started with <c>induce</c>.</summary>
    private static void Induce(byte bug)
    {
        const ushort port = 0xEB;
        Instructions.Out8(port, bug);
    }

    private static bool Chosen(string fault)
    {
        if (!BootRecord.HasWord(fault))
        {
            return false;
        }

        GuestConsole.Write("guest faulty: ");
        GuestConsole.WriteLine(fault);
        return true;
    }
}
