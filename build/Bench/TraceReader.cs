using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using System.Text.RegularExpressions;

namespace Xenolith.Build.Bench;

/// <summary>
/// A conversation with Bochs's debugger: its commands, and what it answers. It stops at the hypervisor's entry, at the guest's first
/// instruction, and at the marks that the bench guest sets around one run of each row; between two marks it lists what is executed.
/// </summary>
public sealed partial class TraceReader
{
    /// <summary>More rows than there are: commands that are left over are not read.</summary>
    private const int MostRows = 80;

    // Both hypervisors run in the upper half of the address space, the bench guest far below.
    private const ulong UpperHalf = 1UL << 63;

    private readonly List<long> _times = [];
    private readonly List<HiddenCosts> _traces = [];
    private int _stops;
    private HiddenCosts _current;

    /// <summary>What the emulator is told beside its commands: to stop at XCHG BX, BX.</summary>
    public static string EmulatorArgument => "magic_break: enabled=1";

    /// <summary>Ticks from the hypervisor's first instruction to the guest's; null when one of them did not come.</summary>
    public long? StartTicks => _times.Count >= 2 ? _times[1] - _times[0] : null;

    /// <summary>What each row's run took, in the guest's order.</summary>
    public IReadOnlyList<HiddenCosts> Traces => _traces;

    /// <summary>The debugger's commands.</summary>
    /// <param name="entry">Address of the hypervisor's first instruction.</param>
    public static IReadOnlyList<string> Commands(ulong entry) =>
    [
        string.Create(CultureInfo.InvariantCulture, $"lb 0x{entry:x}"), "c", "ptime", "d 1",
        "c", "ptime",
        .. Enumerable.Range(0, MostRows).SelectMany(_ => (string[])["c", "trace on", "c", "trace off"]),
        "c", "q",
    ];

    /// <summary>Takes a line of the debugger's output.</summary>
    public void Take(string line)
    {
        if (line.StartsWith("(0) Magic breakpoint", StringComparison.Ordinal))
        {
            TakeStop();
        }
        else if (line.StartsWith("ptime: ", StringComparison.Ordinal))
        {
            _times.Add(long.Parse(line.AsSpan("ptime: ".Length), provider: CultureInfo.InvariantCulture));
        }
        else if (IsTracing && TracedLine().Match(line) is { Success: true } match
            && ulong.Parse(match.Groups[1].ValueSpan, NumberStyles.HexNumber, CultureInfo.InvariantCulture) >= UpperHalf)
        {
            _current = _current.And(match.Groups[2].Value);
        }
    }

    // The first stop is the guest's entry; from then on one begins a row and the next ends it.
    private bool IsTracing => _stops > 0 && _stops % 2 == 0;

    private void TakeStop()
    {
        if (IsTracing)
        {
            _traces.Add(_current);
        }

        _current = default;
        _stops++;
    }

    [GeneratedRegex(@"^\(0\)\.\[\d+\] \[0x[0-9a-f]+\] [0-9a-f]{4}:([0-9a-f]{16}) \([^)]*\): (.+?) *(?:; [0-9a-f]+)?$")]
    private static partial Regex TracedLine();
}
