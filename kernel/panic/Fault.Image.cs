using System;
using System.Runtime;

namespace Xenolith.Kernel;

/// <summary>What happens when the CPU raises an exception in the hypervisor, or the runtime finds a violation.</summary>
internal static unsafe class Fault
{
    /// <summary>An exception: mended, contained, or the end.</summary>
    public static void Handle(ref InterruptFrame frame)
    {
        ref readonly ImageLayout layout = ref ImageLayout.Current;
        if (frame.Vector == ExceptionVector.GeneralProtection && frame.Rip >= layout.MsrAccessStart && frame.Rip < layout.MsrAccessEnd)
        {
            frame.Rip = layout.MsrAccessFailed;
            return;
        }

        ulong address = Cpu.ReadCr2();
        if (frame.Vector == ExceptionVector.DivideError)
        {
            Contain("a division by zero", frame.Rip);
        }
        else if (frame.Vector == ExceptionVector.PageFault && address < Page.Size)
        {
            Contain("a null reference", frame.Rip);
        }

        Panic.OnException(ref frame, address);
    }

    /// <summary>Leaves the contained call in progress if whoever is responsible wants that; returns if not.</summary>
    public static void Contain(string what, ulong rip)
    {
        if (ContainedCall.IsInProgress && Boot.TryGetCurrent(out KernelServices? services) && services.Containment is { } containment
            && containment.TryContain(what, rip))
        {
            ContainedCall.Leave();
        }
    }

    // The runtime's bounds, overflow and other checks. Kinds are those of Xenolith.Runtime.FaultKind.
    [RuntimeExport("runtime_fault")]
    private static void OnRuntimeFault(int kind, ulong rip)
    {
        string what = FaultNames.Of(kind);
        Contain(what, rip);
        Panic.OnRuntimeFault(what, rip);
    }

    [RuntimeExport("runtime_panic")]
    private static void OnRuntimePanic(char* text, int length, ulong rip) => Panic.OnRuntimeFault(new ReadOnlySpan<char>(text, length), rip);
}
