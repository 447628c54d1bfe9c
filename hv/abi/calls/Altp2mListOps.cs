using System;
using Xenolith.Abi.Contract;
using Xenolith.Mm;

namespace Xenolith.Abi.Calls;

/// <summary>HVMOP_altp2m: the subops for many frames. Their progress stands in the argument, which goes back before each pause.</summary>
internal static class Altp2mListOps
{
    public static long SetAccesses(ref HypercallCall call, ref Altp2mOps.Frame frame)
    {
        ref HvmAltp2mSetMemAccessMulti argument = ref frame.Argument.SetMemAccessMulti;
        if (argument.Pad != 0 || argument.Opaque > argument.Count)
            return call.Fail(Errno.EINVAL, "something in the gap, or past the end");
        if (frame.Target.Altp2m!.Find(argument.View) is not { } view)
            return Altp2mOps.NoSuchView(ref call);
        (ulong pfns, ulong accesses) = Lists(in call, in argument);
        uint end = (uint)Math.Min(argument.Count, argument.Opaque + (ulong)call.Dispatcher.Budget);
        for (uint i = (uint)argument.Opaque; i < end; i++)
        {
            if (!call.Handle<ulong>(pfns).TryReadElement(call.Access, i, out ulong gfn) || !call.Handle<byte>(accesses).TryReadElement(call.Access, i, out byte access))
                return call.Fault();
            if (access > (byte)MemoryAccess.Default)
                return call.Fail(Errno.EINVAL, "no such rights");
            long result = Altp2mFrameOps.SetAccess(ref call, frame.Target, view, new Gfn(gfn), (MemoryAccess)access);
            if (result != 0)
                return result;
        }
        if (end == argument.Count)
            return 0;
        argument.Opaque = end;
        frame.CopiesBack = true;
        return call.Restart();
    }

    /// <summary>Frames without memory are noted and left out; of those behind the last that there ever was only the first is looked at.</summary>
    public static long SetSuppressed(ref HypercallCall call, ref Altp2mOps.Frame frame)
    {
        ref HvmAltp2mSuppressVeMulti argument = ref frame.Argument.SuppressVeMulti;
        ulong last = Math.Min(argument.LastGfn, LastGfn);
        if (argument.Pad1 != 0 || argument.FirstGfn > last)
            return call.Fail(Errno.EINVAL, "something in the gap, or no frame");
        if (frame.Target.Altp2m!.Find(argument.View) is not { } view)
            return Altp2mOps.NoSuchView(ref call);
        frame.CopiesBack = true;
        P2m host = frame.Target.P2m;
        for (int budget = call.Dispatcher.Budget; argument.FirstGfn <= last && budget > 0; budget--)
        {
            var gfn = new Gfn(argument.FirstGfn);
            bool isThere = Altp2mFrameOps.HasMemory(host, view, gfn);
            ViewResult result = isThere ? view.TrySetSuppressVe(gfn, argument.SuppressVe != 0) : ViewResult.Absent;
            if (result != ViewResult.Done && argument.FirstError == 0)
            {
                argument.FirstError = -(int)Altp2mOps.ErrorOf(result);
                argument.FirstErrorGfn = gfn.Value;
            }
            argument.FirstGfn = !isThere && gfn.Value > host.MaximumGfn.Value ? last + 1 : gfn.Value + 1;
        }
        return argument.FirstGfn > last ? 0 : call.Restart();
    }

    /// <summary>The last guest frame that a table can translate.</summary>
    private const ulong LastGfn = (1UL << (P2m.MaximumAddressBits - 12)) - 1;

    /// <summary>A 32-bit caller's two pointers lie where a 64-bit caller has the first.</summary>
    private static (ulong Pfns, ulong Accesses) Lists(in HypercallCall call, in HvmAltp2mSetMemAccessMulti argument) =>
        call.Is64Bit ? (argument.Pfns, argument.Accesses) : (HypercallCall.Low(argument.Pfns), argument.Pfns >> 32);
}
