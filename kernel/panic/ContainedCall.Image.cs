using System.Runtime;
using System.Runtime.CompilerServices;
using Xenolith.Runtime;

namespace Xenolith.Kernel;

/// <summary>Work that can be left half-way when a fault in it is contained (see <see cref="FaultContainment"/>). The arena that was open before is open again.</summary>
public abstract unsafe class ContainedCall
{
    /// <summary>Whether this CPU has a call in progress, so that it could be left.</summary>
    internal static bool IsInProgress => CurrentCpu.Area->ContainedStackPointer != 0;

    /// <summary>Does the work. True: it returned. False: a fault was contained, and what it was doing is not finished.</summary>
    public bool TryRun()
    {
        // unsafe: the stub keeps the stack pointer in a word of ours.
        ulong outer = CurrentCpu.Area->ContainedStackPointer;
        ulong inner;
        bool returned;

        // Closes the arenas that were open in what was left behind.
        using (Arena.KeepOpen())
        {
            returned = Call(this, &inner) == 0;
        }

        CurrentCpu.Area->ContainedStackPointer = outer;
        return returned;
    }

    /// <summary>The work.</summary>
    protected abstract void Run();

    /// <summary>Leaves the innermost call in progress.</summary>
    internal static void Leave() => Leave(CurrentCpu.Area->ContainedStackPointer);

    [RuntimeExport("kernel_contained_entry")]
    private static void Enter(ContainedCall call, ulong* stackPointer)
    {
        CurrentCpu.Area->ContainedStackPointer = *stackPointer;
        call.Run();
    }

    [RuntimeImport("*", "kernel_call_contained")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    private static extern int Call(ContainedCall call, ulong* stackPointer);

    [RuntimeImport("*", "kernel_leave_contained")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    private static extern void Leave(ulong stackPointer);
}
