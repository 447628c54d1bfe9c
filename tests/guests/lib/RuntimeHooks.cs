using System;
using System.Runtime;

namespace Xenolith.Guests;

/// <summary>What the runtime stub asks of the program it is linked into.</summary>
internal static unsafe class RuntimeHooks
{
    // unsafe: the hooks pass raw memory and text by address.

    private const int HeapBytes = 2 * 1024 * 1024;

    private static nint _used;

    /// <summary>Zeroed memory for arenas; null when the guest's fixed heap is used up.</summary>
    [RuntimeExport("runtime_allocate_chunk")]
    private static void* AllocateChunk(nint bytes)
    {
        nint start = _used;
        nint rounded = (bytes + 4095) & ~(nint)4095;
        if (bytes <= 0 || rounded > HeapBytes - start)
        {
            return null;
        }

        _used = start + rounded;
        return Layout.Heap() + start;
    }

    /// <summary>The heap is never given back; the runtime keeps what arenas let go of.</summary>
    [RuntimeExport("runtime_free_chunk")]
    private static int FreeChunk(void* chunk, nint bytes) => 0;

    [RuntimeExport("runtime_panic")]
    private static void Panic(char* text, int length, ulong caller) =>
        GuestFailure.Stop(new ReadOnlySpan<char>(text, length), caller);

    /// <summary>A range, overflow, null or cast violation: a bug of the guest.</summary>
    [RuntimeExport("runtime_fault")]
    private static void Fault(int kind, ulong at, ulong stack, ulong frame)
    {
        GuestConsole.Flush();
        GuestConsole.Write("guest: failed: runtime fault ");
        GuestConsole.WriteDecimal(kind);
        GuestConsole.Write(" at ");
        GuestConsole.WriteHex(at);
        GuestConsole.EndLine();
        Xen.Shutdown(Abi.Contract.ShutdownReason.Crash);
    }
}
