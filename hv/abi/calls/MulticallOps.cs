using System.Runtime.CompilerServices;
using Xenolith.Abi.Contract;
using Xenolith.Abi.Tracing;

namespace Xenolith.Abi.Calls;

/// <summary>multicall: several calls in one (public/xen.h). Each leaves its result in its entry; the whole returns 0.</summary>
internal static class MulticallOps
{
    private const ulong EntrySize = 64;
    private const ulong NarrowEntrySize = 32;

    public static long Handle(ref HypercallCall call)
    {
        if (call.InMulticall)
            return call.Fail(Errno.EINVAL, "a multicall in a multicall");
        ulong address = call.Handle<byte>(call.A0).Address;
        uint left = HypercallCall.Low(call.A1);
        ulong start = call.Services.Clock.Nanoseconds;
        CallTrace? trace = call.Dispatcher.Trace;
        for (int done = 0; left != 0; done++)
        {
            if (done == call.Dispatcher.Budget
                || (done != 0 && call.Services.Clock.Nanoseconds - start >= HypercallDispatcher.PassNanoseconds))
                return Continue(ref call, address, left);
            var inner = new HypercallCall(in call);
            if (!TryReadEntry(in call, address, ref inner))
                return call.Fault();
            long result = trace is null ? Invoke(in call, ref inner) : InvokeTraced(in call, ref inner, trace);
            if (inner.IsRestart)
                return TryWriteEntry(in call, address, in inner, 0) ? Continue(ref call, address, left) : call.Fault();
            if (result < 0 && !call.Services.Log.IsSilent(ref call.Domain.LogLimit))
                call.Dispatcher.Report(ref inner, result);
            if (!TryWriteResult(in call, address, result))
                return call.Fault();
            left--;
            address = unchecked(address + (call.Is64Bit ? EntrySize : NarrowEntrySize));
        }
        return 0;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static long Invoke(in HypercallCall call, ref HypercallCall inner)
    {
        bool isPlain = inner.Domain.Exposure.Shows(ExposureGroup.Number, inner.Number) && !call.IsPhysical;
        long result = isPlain ? Dispatch.Invoke(ref inner) : InvokeByFlags(in call, ref inner);
        inner.Vcpu.ReleaseOther();
        return result;
    }

    /// <summary>The pointers of each call are what its own number says, and the list's what the multicall's says.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static long InvokeByFlags(in HypercallCall call, ref HypercallCall inner)
    {
        if (!inner.TryTakeFlags() && !inner.Domain.Exposure.Shows(ExposureGroup.Number, inner.Number))
            return inner.Unknown();
        inner.ApplyFlags();
        long result = Dispatch.Invoke(ref inner);
        call.ApplyFlags();
        return result;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static long InvokeTraced(in HypercallCall call, ref HypercallCall inner, CallTrace trace)
    {
        TracedCall traced = default;
        trace.Begin(in inner, ref traced);
        long result = Invoke(in call, ref inner);
        trace.End(inner.Vcpu, ref traced, result, inner.IsRestart);
        return result;
    }

    private static long Continue(ref HypercallCall call, ulong address, uint left)
    {
        call.A0 = address;
        call.A1 = left;
        return call.Restart();
    }

    private static bool TryReadEntry(in HypercallCall call, ulong address, ref HypercallCall inner)
    {
        bool read;
        if (call.Is64Bit)
        {
            read = call.TryRead(address, out MulticallEntry entry);
            inner.Number = entry.Operation;
            (inner.A0, inner.A1, inner.A2) = (entry.Arguments[0], entry.Arguments[1], entry.Arguments[2]);
            inner.SetRest(entry.Arguments[3], entry.Arguments[4], entry.Arguments[5]);
        }
        else
        {
            read = call.TryRead(address, out MulticallEntry32 entry);
            inner.Number = entry.Operation;
            (inner.A0, inner.A1, inner.A2) = (entry.Arguments[0], entry.Arguments[1], entry.Arguments[2]);
            inner.SetRest(entry.Arguments[3], entry.Arguments[4], entry.Arguments[5]);
        }
        return read;
    }

    /// <summary>Leaves an unfinished call's progress in its entry.</summary>
    private static bool TryWriteEntry(in HypercallCall call, ulong address, in HypercallCall inner, long result)
    {
        if (call.Is64Bit)
        {
            var entry = new MulticallEntry { Operation = inner.IssuedNumber, Result = unchecked((ulong)result) };
            entry.Arguments[0] = inner.A0;
            entry.Arguments[1] = inner.A1;
            entry.Arguments[2] = inner.A2;
            entry.Arguments[3] = inner.A3;
            entry.Arguments[4] = inner.A4;
            entry.Arguments[5] = inner.A5;
            return call.TryWrite(address, in entry);
        }
        var narrow = new MulticallEntry32 { Operation = HypercallCall.Low(inner.IssuedNumber), Result = unchecked((uint)result) };
        narrow.Arguments[0] = HypercallCall.Low(inner.A0);
        narrow.Arguments[1] = HypercallCall.Low(inner.A1);
        narrow.Arguments[2] = HypercallCall.Low(inner.A2);
        narrow.Arguments[3] = HypercallCall.Low(inner.A3);
        narrow.Arguments[4] = HypercallCall.Low(inner.A4);
        narrow.Arguments[5] = HypercallCall.Low(inner.A5);
        return call.TryWrite(address, in narrow);
    }

    /// <summary>The result is the entry's second word.</summary>
    private static bool TryWriteResult(in HypercallCall call, ulong address, long result) => call.Is64Bit
        ? call.TryWrite(unchecked(address + sizeof(ulong)), unchecked((ulong)result))
        : call.TryWrite(unchecked(address + sizeof(uint)), unchecked((uint)result));
}
