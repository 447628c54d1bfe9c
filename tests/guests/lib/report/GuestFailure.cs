using System;
using Xenolith.Abi.Contract;

namespace Xenolith.Guests;

/// <summary>The end of a guest that went wrong: says where, and asks the hypervisor to count it as a crash.</summary>
public static class GuestFailure
{
    /// <summary>An exception that nobody expected.</summary>
    public static void Stop(ref InterruptFrame frame)
    {
        GuestConsole.Flush();
        GuestConsole.Write("guest: failed: exception ");
        GuestConsole.WriteDecimal((long)frame.Vector);
        GuestConsole.Write(", error code ");
        GuestConsole.WriteHex(frame.ErrorCode);
        GuestConsole.Write(", at ");
        GuestConsole.WriteHex(frame.Rip);
        GuestConsole.Write(", stack ");
        GuestConsole.WriteHex(frame.Rsp);
        GuestConsole.Write(", cr2 ");
        GuestConsole.WriteHex(Instructions.ReadCr2());
        GuestConsole.EndLine();
        Xen.Shutdown(ShutdownReason.Crash);
    }

    /// <summary>A panic of the runtime.</summary>
    public static void Stop(ReadOnlySpan<char> text, ulong at)
    {
        GuestConsole.Flush();
        GuestConsole.Write("guest: failed: ");
        GuestConsole.Write(text);
        GuestConsole.Write(", called from ");
        GuestConsole.WriteHex(at);
        GuestConsole.EndLine();
        Xen.Shutdown(ShutdownReason.Crash);
    }
}
