using System;
using System.Runtime.CompilerServices;
using Xenolith.Abi.Contract;
using Xenolith.Domains;
using Xenolith.Kernel;
using Xenolith.Mm;

namespace Xenolith.Abi.Tracing;

/// <summary>
/// The administrator's choice of calls (<c>trace=</c>) that are written to the log, a line a call: who, what, with what, and what came of it.
/// A line is put together on the stack. The argument is read for the trace alone, beside the handler, which never sees what was read here: of a
/// structure that another vCPU rewrites meanwhile the two may have seen different bytes.
/// </summary>
public sealed class CallTrace
{
    /// <summary>The most words of the option that name calls.</summary>
    public const int MaximumRules = 32;

    /// <summary>Lines of one domain in <see cref="RateLimit.PeriodNanoseconds"/>, unless the administrator wants all.</summary>
    public const uint DomainLines = 200;

    /// <summary>Lines of all domains in that time: a domain that reboots has a limit of its own each time.</summary>
    public const uint AllLines = 1000;

    private readonly TraceRule[] _rules;
    private readonly bool _errorsOnly;
    private readonly bool _isUnlimited;
    private RateLimit _limit;

    private CallTrace(TraceRule[] rules, bool errorsOnly, bool isUnlimited) => (_rules, _errorsOnly, _isUnlimited) = (rules, errorsOnly, isUnlimited);

    /// <summary>
    /// Reads the option: words separated by commas, each <c>errors</c> (only calls that fail), <c>unlimited</c> (no limit of lines), or what to trace, as
    /// <see cref="TraceRule.TryParse"/> says; if no word names that, all calls. Allocates: for the start only.
    /// </summary>
    /// <param name="trace">Null when a word is wrong, or the option is empty.</param>
    /// <param name="at">The word that is wrong.</param>
    /// <returns>What is wrong with it; null: nothing.</returns>
    public static string? TryParse(ReadOnlySpan<char> text, out CallTrace? trace, out ReadOnlySpan<char> at)
    {
        trace = null;
        at = default;
        var rules = new TraceRule[MaximumRules];
        int count = 0;
        bool errorsOnly = false, isUnlimited = false, isEmpty = text.Length == 0;
        while (OptionValue.TryNext(ref text, ',', out at))
        {
            if (at.SequenceEqual("errors".AsSpan()))
                errorsOnly = true;
            else if (at.SequenceEqual("unlimited".AsSpan()))
                isUnlimited = true;
            else if (count == MaximumRules)
                return "there are more than 32 words that name calls";
            else if (TraceRule.TryParse(at, out rules[count++]) is { } problem)
                return problem;
        }
        if (isEmpty)
            return null;
        if (count == 0)
            rules[count++] = TraceRule.All;
        trace = new CallTrace(rules.AsSpan(0, count).ToArray(), errorsOnly, isUnlimited);
        return null;
    }

    /// <summary>Before the call: notes what it is and what its argument holds, if it is of those that are traced.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    internal void Begin(in HypercallCall call, ref TracedCall traced)
    {
        traced.Take(in call);
        traced.IsWanted = false;
        for (int i = 0; i < _rules.Length && !traced.IsWanted; i++)
            traced.IsWanted = _rules[i].Covers(call.Domain.Id, traced.Number, traced.Operation);
        if (traced.IsWanted)
            traced.ReadArgument(call.Access);
    }

    /// <summary>After the call: writes the line, within the limits.</summary>
    /// <param name="result">What goes into RAX.</param>
    /// <param name="isRestart">The guest issues the call again.</param>
    [MethodImpl(MethodImplOptions.NoInlining)]
    internal void End(Vcpu vcpu, ref TracedCall traced, long result, bool isRestart)
    {
        if (!traced.IsWanted || (_errorsOnly && (isRestart || result >= 0)) || !TakesLine(vcpu.Domain))
            return;
        var line = default(LineText);
        line.Append("trace d");
        line.Append(vcpu.Domain.Id, null);
        line.Append('v');
        line.AppendSigned(vcpu.Id, sizeof(int), null);
        line.Append(": ");
        traced.AppendName(ref line);
        line.Append(" = ");
        AppendResult(ref line, result, isRestart);
        traced.AppendArguments(ref line, vcpu.Access, isDone: result >= 0 && !isRestart);
        vcpu.Domain.Services.Log.Always(line.Written);
    }

    private static void AppendResult(ref LineText line, long result, bool isRestart)
    {
        if (isRestart)
            line.Append("to be continued");
        else if (result < 0)
            line.Append(ErrnoNames.Of((Errno)unchecked(-result)));
        else
            line.AppendSigned(result, sizeof(long), null);
    }

    private bool TakesLine(Domain domain)
    {
        if (_isUnlimited)
            return true;
        Log log = domain.Services.Log;
        ulong now = domain.Services.Clock.Nanoseconds;
        return Takes(ref domain.TraceLimit, DomainLines, domain.Id, now, log) && Takes(ref _limit, AllLines, null, now, log);
    }

    /// <summary>Whether the limit leaves a line. Says so when it begins to leave none, and how many there were, before the next.</summary>
    /// <param name="domain">Whose limit it is; null: that of all.</param>
    private static bool Takes(ref RateLimit limit, uint lines, ushort? domain, ulong now, Log log)
    {
        bool takes = limit.TryTake(now, out uint suppressed, lines);
        if (suppressed == 0 || (!takes && suppressed != 1))
            return takes;
        var line = default(LineText);
        line.Append("trace");
        if (domain is { } id)
        {
            line.Append(" d");
            line.Append(id, null);
        }
        line.Append(": ");
        line.Append(takes ? suppressed : lines, null);
        line.Append(takes ? " lines were left out here" : " lines in 5 s are the most; trace=unlimited has all");
        log.Always(line.Written);
        return takes;
    }
}
