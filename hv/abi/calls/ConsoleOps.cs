using System;
using Xenolith.Abi.Contract;
using Xenolith.Kernel;

namespace Xenolith.Abi.Calls;

/// <summary>console_io: the hypervisor's console, for the initial domain (public/xen.h).</summary>
internal static class ConsoleOps
{
    private const int PieceLength = 128;

    /// <summary>Before any operation: a release build of 4.17 keeps other domains off the console.</summary>
    public static long Prepare(ref HypercallCall call) =>
        call.Domain.IsPrivileged ? 0 : call.Fail(Errno.EPERM, "the console is the initial domain's");

    /// <summary>Writes a bounded piece, then has the guest ask for the rest; the log gets the bytes as they are.</summary>
    public static long Write(ref HypercallCall call)
    {
        Span<byte> piece = stackalloc byte[PieceLength];
        uint left = HypercallCall.Low(call.A1);
        ulong address = call.Handle<byte>(call.A2).Address;
        ulong start = call.Services.Clock.Nanoseconds;
        for (int pieces = 0; left != 0; pieces++)
        {
            // A serial line is slow: what one pass writes must not hold up the machine's timers.
            if (pieces == call.Dispatcher.Budget
                || (pieces != 0 && call.Services.Clock.Nanoseconds - start >= HypercallDispatcher.PassNanoseconds))
            {
                call.A1 = left;
                call.A2 = address;
                return call.Restart();
            }
            int length = (int)Math.Min(left, PieceLength);
            if (!call.Access.CopyIn(address, piece.Slice(0, length)))
                return call.Fault();
            call.Services.Log.Write(piece.Slice(0, length));
            left -= (uint)length;
            address = unchecked(address + (ulong)length);
        }
        return 0;
    }

    /// <summary>Takes what was typed, as much as there is room for; the result is the number of bytes.</summary>
    public static long Read(ref HypercallCall call)
    {
        uint room = HypercallCall.Low(call.A1);
        if (room > int.MaxValue)
            return call.Fail(Errno.E2BIG, "more bytes than the result can say");
        ConsoleInput? input = call.Dispatcher.ConsoleInput;
        if (input == null)
            return 0;
        uint count = 0;
        while (count < room && input.TryPeek(out byte value))
        {
            if (!call.Handle<byte>(call.A2).TryWriteElement(call.Access, count, in value))
                return call.Fault();
            input.TryRead(out _);
            count++;
        }
        return count;
    }
}
