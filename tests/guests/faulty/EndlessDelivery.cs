using System.Runtime;
using System.Runtime.CompilerServices;
using Xenolith.Abi.Contract;

namespace Xenolith.Guests.Faulty;

/// <summary>
/// An exception whose delivery raises it again, without end and without an instruction between (CVE-2015-5307, CVE-2015-8104): a
/// processor that delivers it by itself takes no interrupt any more. Under a watchdog of two seconds.
/// </summary>
internal static class EndlessDelivery
{
    private const byte Debug = 1;

    [RuntimeImport("*", "guest_endless_alignment_checks")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    private static extern void RaiseAlignmentChecks();

    /// <summary>#DB: a breakpoint on what its delivery pushes, on a stack that every delivery begins afresh.</summary>
    public static void RunDebug()
    {
        const ulong writeOfEightBytes = 0x400 | 1 | (9 << 16);
        ulong stack = (Layout.FrameOf(PoolPage.FirstFree) * Layout.PageSize) + (Layout.PageSize / 2);
        SetWatchdog();
        InterruptStack.Use(Debug, stack);
        // MOV DR0, RDI; MOV DR7, RAX; MOV [RDI], RCX
        var registers = new Registers { Rdi = stack - 8, Rax = writeOfEightBytes };
        Execute.AtKernel([0x0F, 0x23, 0xC7, 0x0F, 0x23, 0xF8, 0x48, 0x89, 0x0F], ref registers);
    }

    /// <summary>#AC: see the stub.</summary>
    public static void RunAlignment()
    {
        SetWatchdog();
        Instructions.DisableInterrupts();
        RaiseAlignmentChecks();
    }

    private static void SetWatchdog()
    {
        var watchdog = new SchedWatchdog { Id = 0, Timeout = 2 };
        if (Xen.Call(Hypercall.SchedOp, (ulong)SchedOp.Watchdog, ref watchdog) < 0)
        {
            GuestConsole.WriteLine("guest faulty: no watchdog");
        }
    }
}
