using System;
using Xenolith.Abi.Contract;
using Xenolith.Kernel;

namespace Xenolith.Abi.Calls;

/// <summary>sysctl: the log, the debug keys, the trace buffers.</summary>
internal static class SysctlConsoleOps
{
    private const uint DefaultEvents = 0x0FFF_F000;

    /// <summary>Copies the log out, from where it was cleared last or from the index given; indices are modulo 2^32.</summary>
    public static long ReadConsole(ref HypercallCall call, ref SysctlOps.Frame frame)
    {
        SysctlReadConsole argument = frame.Argument.ReadConsole;
        LogRing ring = call.Services.Log.Ring;
        ulong at = ring.Start, end = ring.End;
        uint back = unchecked((uint)end - argument.Index);
        if (argument.IsIncremental != 0 && back <= end - at)
            at = end - back;
        uint written = 0;
        while (at < end && written < argument.Count)
        {
            ReadOnlySpan<byte> piece = ring.Peek(at, Math.Min(end - at, argument.Count - written));
            if (piece.IsEmpty)
                break;
            if (!call.Access.CopyOut(unchecked(call.Handle<byte>(argument.Buffer).Address + written), piece))
                return call.Fault();
            at += (uint)piece.Length;
            written += (uint)piece.Length;
        }
        if (argument.Clears != 0)
            ring.Clear();
        frame.Argument.ReadConsole.Count = written;
        frame.Argument.ReadConsole.Index = HypercallCall.Low(at);
        return SysctlOps.Answer(ref frame);
    }

    /// <summary>No key has a meaning; which ones were sent stands in the log.</summary>
    public static long DebugKeys(ref HypercallCall call, ref SysctlOps.Frame frame)
    {
        SysctlDebugKeys keys = frame.Argument.DebugKeys;
        uint count = Math.Min(keys.Count, (uint)call.Dispatcher.Budget);
        for (uint i = 0; i < count; i++)
        {
            if (!call.Handle<byte>(keys.Keys).TryReadElement(call.Access, i, out byte key))
                return call.Fault();
            call.Services.Log.Guest(ref call.Domain.LogLimit, $"debug key 0x{key:x}: nothing is bound to it");
        }
        return 0;
    }

    /// <summary>Without trace buffers: their size is 0, and can't be set.</summary>
    public static long TraceBuffer(ref HypercallCall call, ref SysctlOps.Frame frame)
    {
        switch ((TraceBufferOp)frame.Argument.TraceBuffer.Command)
        {
            case TraceBufferOp.GetInfo:
                frame.Argument.TraceBuffer.EventMask = DefaultEvents;
                frame.Argument.TraceBuffer.BufferFrame = 0;
                frame.Argument.TraceBuffer.Size = 0;
                return SysctlOps.Answer(ref frame);
            case TraceBufferOp.SetCpuMask or TraceBufferOp.SetEventMask or TraceBufferOp.Disable:
                return 0;
            default:
                return call.Fail(Errno.EINVAL, "there are no trace buffers");
        }
    }
}
