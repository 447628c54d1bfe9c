using System;
using System.Runtime;
using Xenolith.Runtime;

namespace Xenolith.Kernel;

/// <summary>What happens when the CPU raises an exception in the hypervisor, or the runtime finds a violation.</summary>
// unsafe: the runtime passes text by address, the stub fills the stack position in place.
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

        // Nothing here asks for debug exceptions, so one without TF is a guest's: Bochs 2.7 has the single step of an instruction that
        // exits under SVM end behind VMRUN.
        const ulong trapFlag = 1 << 8;
        if (frame.Vector == ExceptionVector.Debug && (frame.Rflags & trapFlag) == 0)
        {
            return;
        }

        if (frame.Vector == ExceptionVector.NonMaskable && NonMaskable.TryTake(ref frame))
        {
            return;
        }

        if (frame.Vector == ExceptionVector.MachineCheck && !MachineCheck.IsFatal())
        {
            Boot.Log?.TryAlways("a machine check of a corrected error: the machine goes on"u8);
            MachineCheck.Clear();
            return;
        }

        ulong address = Cpu.ReadCr2();
        if (frame.Vector == ExceptionVector.DivideError)
        {
            Contain(FaultKind.DivideByZero, frame.Rip);
        }
        else if (frame.Vector == ExceptionVector.PageFault && address < Page.Size)
        {
            Contain(FaultKind.NullReference, frame.Rip);
        }

        Panic.OnException(ref frame, address);
    }

    // Leaves the guarded or contained call in progress if whoever is responsible wants that; returns if not.
    private static void Contain(FaultKind kind, ulong rip)
    {
        Runtime.Fault.EndGuardedCall(kind, rip);
        if (ContainedCall.IsInProgress && Boot.TryGetCurrent(out KernelServices? services) && services.Containment is { } containment
            && containment.TryContain(FaultNames.Of(kind), rip))
        {
            ContainedCall.Leave();
        }
    }

    // The runtime's bounds, overflow and other checks: what, and where the code stands that violated it.
    [RuntimeExport("runtime_fault")]
    private static void OnRuntimeFault(int kind, ulong rip, ulong rsp, ulong rbp)
    {
        Contain((FaultKind)kind, rip);
        Panic.OnRuntimeFault(FaultNames.Of((FaultKind)kind), new StackPosition { Rip = rip, Rsp = rsp, Rbp = rbp });
    }

    [RuntimeExport("runtime_panic")]
    private static void OnRuntimePanic(char* text, int length, ulong rip)
    {
        StackPosition here;
        Cpu.Where(&here);
        Panic.OnRuntimeFault(new ReadOnlySpan<char>(text, length), here);
    }
}
