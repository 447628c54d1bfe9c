using System;
using System.Collections.Generic;
using System.Linq;
using System.Text.RegularExpressions;
using Xenolith.Abi.Contract;
using Xenolith.Abi.Contract.Table;
using Xenolith.Domains;
using Xenolith.Hal;
using Xenolith.Mm;

namespace Xenolith.Tests.Unit.Machines;

/// <summary>A call that has paused, as its caller knows it.</summary>
/// <param name="Progress">Elements that are done.</param>
internal sealed record PausedModel(ulong Cookie, ulong Number, ulong Operation, ulong A1, ulong A2, ulong A3, ulong Progress);

/// <summary>
/// What calls from 64 on answer, against what the table and docs/v2-calls.md say: who is shown them, which errors each has, what of the registers changes, and which
/// cookies are good, by a model of what waits; and that hypercall TLBs are what they say.
/// </summary>
internal sealed partial class OwnAudit
{
    private readonly Dictionary<Domain, List<PausedModel>> _waiting = [];

    /// <summary>A call as it is about to be made.</summary>
    public readonly record struct Expected(bool IsHigh, HypercallRow? Row, bool IsLeft, ulong[] Before, PausedModel? Goes, Errno Cookie, bool IsTooLong);

    /// <summary>Calls of a domain that wait to be gone on with, the oldest first.</summary>
    public List<PausedModel> Of(Domain domain)
    {
        if (!_waiting.TryGetValue(domain, out List<PausedModel>? waiting))
            _waiting[domain] = waiting = [];
        return waiting;
    }

    /// <summary>Looks at a vCPU's registers just before it calls.</summary>
    public Expected Before(Vcpu vcpu, bool isUser)
    {
        ulong[] all = Registers(vcpu);
        (ulong number, ulong operation) = (all[0], all[1]);
        bool isHigh = number is >= V2Calls.First and < V2Calls.First + 64;
        if (!isHigh)
            return new Expected(false, null, false, all, null, Errno.None, false);
        Exposure exposure = vcpu.Domain.Exposure;
        HypercallGroup? group = HypercallTable.Groups.FirstOrDefault(group => (ulong)group.Number == number);
        HypercallRow? row = exposure.Shows(ExposureGroup.HighNumber, number - V2Calls.First) ? group?.Rows.FirstOrDefault(row => Convert.ToUInt64(row.Operation) == operation) : null;
        if (row?.Feature is { } feature && !exposure.Shows(ExposureGroup.CallFeature, (ulong)feature))
            row = null;
        bool isLeft = !isUser || (row is not null && (row.User & vcpu.UserCalls) != 0);
        if (row is not { Preemptible: true } || !isLeft)
            return new Expected(true, row, isLeft, all, null, Errno.None, false);
        bool isTooLong = all[3] > (number == (ulong)Hypercall.V2Memory ? V2Calls.MostFrames : V2Calls.MostTlbCalls);
        PausedModel? paused = Of(vcpu.Domain).FirstOrDefault(waits => waits.Cookie == all[5]);
        Errno error = all[5] == 0 ? Errno.None : paused is null ? Errno.EBADF
            : (paused.Number, paused.Operation, paused.A1, paused.A2, paused.A3) == (number, operation, all[2], all[3], all[4]) ? Errno.None : Errno.EINVAL;
        return new Expected(true, row, isLeft, all, isTooLong || error != Errno.None ? null : paused, isTooLong ? Errno.None : error, isTooLong);
    }

    /// <summary>Judges what came of it.</summary>
    /// <param name="budget">Elements of a list that one pass may do.</param>
    public void After(Vcpu vcpu, in Expected call, long result, bool isUser, ulong budget)
    {
        ulong[] after = Registers(vcpu);
        string what = $"d{vcpu.Domain.Id}v{vcpu.Id}: call {call.Before[0]:x}, operation {call.Before[1]:x}";
        if (isUser && !call.IsLeft && result != -(long)Errno.EPERM)
            throw new AuditException($"{what} from user mode, to which it is not left: {result}");
        if (!call.IsHigh)
            return;
        bool isPaused = result == -(long)Errno.EAGAIN;
        if (!call.Before.AsSpan(1, 4).SequenceEqual(after.AsSpan(1, 4)) || (!isPaused && call.Before[5] != after[5]))
            throw new AuditException($"{what} changed a register other than its result's");
        if (!call.IsLeft)
            return;
        if (call.Row is null)
        {
            if (result != -(long)Errno.ENOSYS)
                throw new AuditException($"{what}, which is not shown: {result}");
            return;
        }
        if (result < 0 && !ErrorName().Matches(call.Row.Errors).Any(error => error.Value == ((Errno)(-result)).ToString()))
            throw new AuditException($"{what}: {(Errno)(-result)} is no error of {call.Row.Name}");
        if (call.Row.Preemptible)
            JudgeList(vcpu.Domain, in call, result, after[5], budget, what);
    }

    /// <summary>What a domain has of its own making is as it may be.</summary>
    public void Check(Domain domain)
    {
        uint[] cookies = [.. Private.Cookies(domain.PausedCalls).Where(cookie => cookie != 0)];
        List<PausedModel> waiting = Of(domain);
        // A soft reset drops all at once.
        if (cookies.Length == 0 && domain.IsShutDown)
            waiting.Clear();
        if (!cookies.Select(cookie => (ulong)cookie).Order().SequenceEqual(waiting.Select(paused => paused.Cookie).Order()))
            throw new AuditException($"domain {domain.Id}: {cookies.Length} calls wait, and {waiting.Count} have paused and are not done");
        var sharers = new Dictionary<GuestBuffers, int>();
        foreach (Vcpu vcpu in domain.Vcpus)
        {
            GuestBuffers buffers = vcpu.Access.Buffers;
            if (buffers.ArePhysical)
                throw new AuditException($"d{domain.Id}v{vcpu.Id}: its buffers are guest-physical between two calls");
            if (buffers.Source.Source != buffers.Source)
                throw new AuditException($"d{domain.Id}v{vcpu.Id} looks into the table of a vCPU that looks into another's");
            if (buffers.Source != buffers)
                sharers[buffers.Source] = sharers.GetValueOrDefault(buffers.Source) + 1;
            CheckTable(domain, vcpu);
        }
        foreach (Vcpu vcpu in domain.Vcpus)
        {
            if (Private.Sharers(vcpu.Access.Buffers) != sharers.GetValueOrDefault(vcpu.Access.Buffers))
                throw new AuditException($"d{domain.Id}v{vcpu.Id}: {Private.Sharers(vcpu.Access.Buffers)} share its table, and {sharers.GetValueOrDefault(vcpu.Access.Buffers)} look into it");
        }
    }

    private void JudgeList(Domain domain, in Expected call, long result, ulong cookie, ulong budget, string what)
    {
        List<PausedModel> waiting = Of(domain);
        Errno error = call.IsTooLong ? Errno.E2BIG : call.Cookie;
        if (error != Errno.None)
        {
            if (result != -(long)error)
                throw new AuditException($"{what}: {result} instead of {error}");
            return;
        }
        if (call.Goes is { } goes)
            waiting.Remove(goes);
        else if (result == -(long)Errno.EBADF)
            throw new AuditException($"{what}: EBADF without a cookie, or of a good one");
        ulong before = call.Goes?.Progress ?? 0, count = call.Before[3];
        ulong most = Math.Min(before + budget, count);
        if (result == -(long)Errno.EAGAIN)
        {
            if (cookie is 0 or > uint.MaxValue || waiting.Any(paused => paused.Cookie == cookie) || cookie == call.Before[5])
                throw new AuditException($"{what}: it paused with the cookie {cookie:x}");
            if (before + budget >= count)
                throw new AuditException($"{what}: it paused at its end");
            if (waiting.Count == (int)V2Calls.MostPaused)
                waiting.RemoveAt(0);
            waiting.Add(new PausedModel(cookie, call.Before[0], call.Before[1], call.Before[2], count, call.Before[4], before + budget));
        }
        else if (call.Before[0] == (ulong)Hypercall.V2Memory && ((ulong)result > most || (ulong)result < before) && !(result < 0 && before == 0))
        {
            throw new AuditException($"{what}: {result} frames are done, of {count}; {before} were before this pass");
        }
        else if (result >= 0 && (ulong)result > count)
        {
            throw new AuditException($"{what}: {result} of {count} calls failed");
        }
    }

    private static void CheckTable(Domain domain, Vcpu vcpu)
    {
        HypercallTlb table = Private.OwnTable(vcpu.Access.Buffers);
        if (table.Count > HypercallTlb.Capacity)
            throw new AuditException($"d{domain.Id}v{vcpu.Id}: {table.Count} entries");
        for (int i = 0; i < table.Count; i++)
        {
            HypercallTlbEntry entry = table[i];
            if (entry.Last < entry.First || !HypercallTlb.IsRange(entry.First, entry.Last - entry.First + 1, is64Bit: true) || !HypercallTlb.IsRoot(entry.Root))
                throw new AuditException($"d{domain.Id}v{vcpu.Id}: an entry from {entry.First:x} to {entry.Last:x}");
            for (int other = 0; other < i; other++)
            {
                if (table[other].Overlaps(in entry))
                    throw new AuditException($"d{domain.Id}v{vcpu.Id}: entries overlap at {entry.First:x}");
            }
            if (!table.TryFind(entry.First, entry.Root == HypercallTlb.AnyRoot ? 0 : entry.Root, out Gfn gfn, out _) || gfn != entry.Gfn)
                throw new AuditException($"d{domain.Id}v{vcpu.Id}: an entry at {entry.First:x} is not found");
        }
    }

    /// <summary>The number and the arguments as a call has them, five of which there are.</summary>
    private static ulong[] Registers(Vcpu vcpu)
    {
        ref GuestRegisters registers = ref vcpu.Cpu.Registers;
        return vcpu.Is64BitCaller
            ? [registers.Rax, registers.Rdi, registers.Rsi, registers.Rdx, registers.R10, registers.R8]
            : [(uint)registers.Rax, (uint)registers.Rbx, (uint)registers.Rcx, (uint)registers.Rdx, (uint)registers.Rsi, (uint)registers.Rdi];
    }

    [GeneratedRegex(@"\bE[A-Z0-9]{2,}\b")]
    private static partial Regex ErrorName();
}
