using System;
using System.Numerics;
using System.Runtime.InteropServices;
using Xenolith.Abi.Contract;
using Xenolith.Domains;
using Xenolith.Kernel;
using Xenolith.Mm;

namespace Xenolith.Abi.Calls;

/// <summary>
/// XEN_DOMCTL_shadow_op, of which 4.17 leaves domains with hardware-assisted paging the log of what they write, and the size of the pool for
/// tables. What takes long goes on as arch_1, the argument being read anew each time; the domain stands still during a pass, and not between.
/// </summary>
internal static class DirtyLogOps
{
    /// <summary>Guest frames that are looked at in one go.</summary>
    private const int ChunkFrames = 4096;

    /// <summary>Leaves that cost about as much as a chunk of which none is written.</summary>
    private const int LeavesPerChunk = 64;

    private const int PagesPerMebibyteShift = 20 - Page.Shift;

    /// <summary>The most frames that Xen answers for, be there memory or not.</summary>
    [XenUnstated("measured: more are answered as so many")]
    private const ulong MostPages = 1UL << 40;

    public static long Handle(ref HypercallCall call, ref DomctlOps.Frame frame)
    {
        // An argument goes back whatever came of it.
        frame.CopiesBack = frame.CopiesBackFailure = true;
        return Perform(ref call, frame.Target!, ref frame.Argument.Shadow, resumes: false);
    }

    /// <param name="call">The call; the control lock is held.</param>
    /// <param name="domain">Whose log.</param>
    /// <param name="argument">Progress is not in it, but with the domain's log.</param>
    /// <param name="resumes">Whether this goes on with an operation.</param>
    public static long Perform(ref HypercallCall call, Domain domain, ref DomctlShadow argument, bool resumes)
    {
        if (domain == call.Domain)
            return call.Fail(Errno.EINVAL, "the caller's own");
        if (domain.IsDying)
            return 0;
        if (!domain.HasVcpus)
            return call.Fail(Errno.EINVAL, "the domain has no vCPUs yet");
        ref DirtyPass pass = ref domain.P2m.Log.Pass;
        // Nobody else ever could go on with what a domain left that is no more.
        if (pass.IsUnderWay && call.Services.Domains.Find(new DomainHandle(pass.Caller, pass.Serial)) is null)
            pass = default;
        bool isMine = pass.IsUnderWay && pass.Serial == call.Domain.Identity.Serial && pass.Operation == argument.Operation;
        // Who is not shown arch_1 comes by the same number again.
        resumes |= isMine && !call.Domain.Exposure.Shows(ExposureGroup.Number, (ulong)Hypercall.Arch1);
        var operation = (ShadowOp)argument.Operation;
        if (resumes ? !isMine : pass.IsUnderWay && operation != ShadowOp.GetAllocation)
            return call.Fail(Errno.EBUSY, resumes ? "no operation is under way" : "another operation is under way");
        switch (operation)
        {
            case ShadowOp.EnableLogDirty:
            case ShadowOp.Enable when ((ShadowModes)argument.Mode & ShadowModes.LogDirty) != 0:
                Errno refused = FeatureMatrix.Check(MemoryFeatures.DirtyLog, domain.MemoryFeatures, out string reason);
                if (!resumes && refused != Errno.None)
                    return call.Fail(refused, reason);
                return Pass(ref call, domain, ref argument, resumes);
            case ShadowOp.Off:
                return Pass(ref call, domain, ref argument, resumes);
            case ShadowOp.Clean or ShadowOp.Peek:
                if (((ShadowModes)argument.Mode & ~ShadowModes.Final) != 0)
                    return call.Fail(Errno.EINVAL, "no such mode");
                return Pass(ref call, domain, ref argument, resumes);
            case ShadowOp.GetAllocation:
                argument.Mebibytes = Mebibytes(domain);
                return 0;
            case ShadowOp.SetAllocation:
                long result = DomctlMemoryOps.SetTables(ref call, domain, (ulong)argument.Mebibytes << PagesPerMebibyteShift);
                argument.Mebibytes = Mebibytes(domain);
                return result;
            default:
                return call.Fail(Errno.EINVAL, "no such operation, or one for domains without hardware-assisted paging");
        }
    }

    /// <summary>One pass of an operation for which the domain stands still.</summary>
    private static long Pass(ref HypercallCall call, Domain domain, ref DomctlShadow argument, bool resumes)
    {
        if (!domain.TryStandStill(call.Vcpu))
            return call.Restart();
        P2m p2m = domain.P2m;
        ulong at = resumes ? p2m.Log.Pass.At : 0;
        int leaves = call.Dispatcher.Budget * LeavesPerChunk;
        long result = 0;
        bool isDone;
        switch ((ShadowOp)argument.Operation)
        {
            case ShadowOp.Off:
                if (!resumes)
                    domain.EndLog();
                isDone = p2m.LetGo(ref at, leaves);
                break;
            case ShadowOp.Clean or ShadowOp.Peek:
                if (!resumes)
                    domain.MarkShared(((ShadowModes)argument.Mode & ShadowModes.Final) != 0);
                result = Look(ref call, domain, ref argument, ref at, out isDone);
                break;
            default:
                if (!resumes)
                    domain.BeginLog();
                isDone = p2m.HoldBack(ref at, leaves);
                break;
        }
        p2m.AnnounceAll();
        domain.Unpause();
        p2m.Log.Pass = isDone ? default : new DirtyPass(call.Domain.Id, call.Domain.Identity.Serial, argument.Operation, at);
        return isDone ? result : call.RestartAs(Hypercall.Arch1);
    }

    /// <summary>Copies marks out, and takes those back that arrived.</summary>
    private static long Look(ref HypercallCall call, Domain domain, ref DomctlShadow argument, ref ulong at, out bool isDone)
    {
        DirtyLog log = domain.P2m.Log;
        isDone = true;
        argument.FaultCount = 0;
        argument.DirtyCount = log.DirtyCount;
        if (log.HasLost)
            return call.Fail(Errno.ENOMEM, "there was no frame for the log of a write");
        bool clears = (ShadowOp)argument.Operation == ShadowOp.Clean;
        // Rounding that up to bytes comes out as 0, on Xen too.
        ulong end = argument.Pages > ulong.MaxValue - 7 ? 0 : Math.Min(argument.Pages, MostPages);
        // Beyond the domain's memory there is something to do only for who wants zeroes there.
        ulong last = argument.Bitmap != 0 ? end : Math.Min(end, domain.P2m.MaximumGfn.Value + 1);
        int budget = call.Dispatcher.Budget;
        while (at < last)
        {
            if (budget <= 0)
            {
                isDone = false;
                return 0;
            }
            if (!TryLookAtChunk(ref call, domain, in argument, at, last, clears, out int marks))
                return call.Fault();
            budget -= 1 + marks / LeavesPerChunk;
            at += ChunkFrames;
        }
        if (clears)
            log.FinishLook();
        argument.Pages = end;
        return 0;
    }

    private static bool TryLookAtChunk(ref HypercallCall call, Domain domain, in DomctlShadow argument, ulong at, ulong last, bool clears, out int marks)
    {
        const int bitsPerWord = 64;
        Span<ulong> words = stackalloc ulong[ChunkFrames / bitsPerWord];
        // Whole bytes, as on Xen.
        int bytes = (int)((Math.Min(last - at, ChunkFrames) + 7) / 8);
        words = words.Slice(0, (bytes + sizeof(ulong) - 1) / sizeof(ulong));
        DirtyLog log = domain.P2m.Log;
        ulong end = domain.P2m.MaximumGfn.Value + 1;
        marks = 0;
        for (int i = 0; i < words.Length; i++)
        {
            ulong first = at + (ulong)i * bitsPerWord;
            words[i] = first >= end ? 0 : log.Written(new Gfn(first)) & Below(end - first);
            marks += BitOperations.PopCount(words[i]);
        }
        if (argument.Bitmap != 0)
        {
            ulong address = unchecked(call.Handle<byte>(argument.Bitmap).Address + at / 8);
            if (!call.Access.CopyOut(call.Handle<byte>(address).Address, MemoryMarshal.AsBytes(words).Slice(0, bytes)))
                return false;
        }
        for (int i = 0; clears && i < words.Length; i++)
        {
            if (words[i] != 0)
                domain.P2m.ClearMarks(new Gfn(at + (ulong)i * bitsPerWord), words[i] & Below(((ulong)bytes * 8) - (ulong)i * bitsPerWord));
        }
        return true;
    }

    /// <summary>The lowest bits of a word, as many as there are frames.</summary>
    private static ulong Below(ulong frames) => frames >= 64 ? ulong.MaxValue : (1UL << (int)frames) - 1;

    private static uint Mebibytes(Domain domain) => (uint)((ulong)domain.P2m.TableLimit + (1UL << PagesPerMebibyteShift) - 1 >> PagesPerMebibyteShift);
}
