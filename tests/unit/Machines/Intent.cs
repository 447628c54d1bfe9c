using System;
using System.Collections.Generic;
using System.Linq;
using FsCheck;
using FsCheck.Fluent;
using Xenolith.Abi.Contract;
using Xenolith.Abi.Contract.Table;

namespace Xenolith.Tests.Unit.Machines;

/// <summary>What a step is about; what exactly it does is decided when the machine is there: which domains, ports and grants it has then.</summary>
internal enum IntentKind
{
    Call,
    Entry,
    GrantAndMap,
    GrantAndUnmap,
    GrantAndCopy,
    Connect,
    Send,
    StartFifo,
    MapForeign,
    Lend,
    NewDomain,
    EndDomain,
    Pause,
    Go,
    Take,
    Mask,
    Halt,
    Pass,
    Budget,
    Hog,
    Claim,
    Flood,
    Populate,
    Tables,
    Virq,
    ShowControl,
    PausedCall,
    GoOnPaused,
    BufferTable,
    BufferList,
    UserCall,
}

/// <summary>One step as it is drawn and shrunk.</summary>
/// <param name="Shape">Which row of the grammar, for a call.</param>
/// <param name="Picks">Numbers that decide about all else, used in order, and zero after the last.</param>
internal sealed record Intent(IntentKind Kind, int Shape, uint[] Picks)
{
    public override string ToString() => $"{Kind} {Shape} {string.Join(',', Picks)}";
}

/// <summary>Sequences of intents: how they are drawn, and how one that fails gets shorter.</summary>
internal static class Intents
{
    private const int PickCount = 28;

    private static readonly (Hypercall Number, int Weight)[] s_weights =
    [
        (Hypercall.EventChannelOp, 24), (Hypercall.GrantTableOp, 22), (Hypercall.MemoryOp, 22), (Hypercall.Domctl, 14), (Hypercall.SchedOp, 6),
        (Hypercall.VcpuOp, 8), (Hypercall.HvmOp, 4), (Hypercall.Sysctl, 3), (Hypercall.Multicall, 3), (Hypercall.SetTimerOp, 1), (Hypercall.PlatformOp, 1), (Hypercall.DmOp, 3),
        (Hypercall.V2Query, 2), (Hypercall.V2Hctlb, 4), (Hypercall.V2Event, 9), (Hypercall.V2Vcpu, 3), (Hypercall.V2Memory, 8),
    ];

    private static readonly (IntentKind Kind, int Weight)[] s_kinds =
    [
        (IntentKind.Call, 48), (IntentKind.Entry, 5), (IntentKind.GrantAndMap, 8), (IntentKind.GrantAndUnmap, 5), (IntentKind.GrantAndCopy, 3), (IntentKind.Connect, 6),
        (IntentKind.Send, 5), (IntentKind.StartFifo, 2), (IntentKind.MapForeign, 3), (IntentKind.Lend, 4), (IntentKind.NewDomain, 2), (IntentKind.EndDomain, 2), (IntentKind.Pause, 1), (IntentKind.Go, 6),
        (IntentKind.Take, 3), (IntentKind.Mask, 2), (IntentKind.Halt, 1), (IntentKind.Pass, 3), (IntentKind.Budget, 1),
        (IntentKind.Hog, 1), (IntentKind.Claim, 1), (IntentKind.Flood, 1), (IntentKind.Populate, 2), (IntentKind.Tables, 1), (IntentKind.Virq, 1),
        (IntentKind.ShowControl, 4), (IntentKind.PausedCall, 6), (IntentKind.GoOnPaused, 6), (IntentKind.BufferTable, 2), (IntentKind.BufferList, 1), (IntentKind.UserCall, 2),
    ];

    private static Gen<int> Shape => Gen.Frequency(
    [
        .. s_weights.Select(entry => (entry.Weight, Gen.Elements(ShapesOf(entry.Number)))),
        (6, Gen.Choose(0, CallGrammar.Shapes.Count - 1)),
    ]);

    private static Gen<uint> Pick => Gen.Choose(0, int.MaxValue).Select(value => (uint)value);

    private static Gen<Intent> One =>
        from kind in Gen.Frequency([.. s_kinds.Select(entry => (entry.Weight, Gen.Constant(entry.Kind)))])
        from shape in Shape
        from picks in Pick.ArrayOf(PickCount)
        select new Intent(kind, shape, picks);

    /// <summary>Sequences of up to that many.</summary>
    public static Arbitrary<Intent[]> Sequences(int most) => Arb.From(Gen.Choose(1, most).SelectMany(count => One.ArrayOf(count)), Shrink);

    /// <summary>Shorter sequences first: without a half, a quarter … a single step; then the same with one step's numbers simpler.</summary>
    public static IEnumerable<Intent[]> Shrink(Intent[] sequence)
    {
        for (int length = (sequence.Length + 1) / 2; length > 0; length = length == 1 ? 0 : (length + 1) / 2)
        {
            for (int start = 0; start < sequence.Length; start += length)
                yield return [.. sequence[..start], .. sequence[Math.Min(start + length, sequence.Length)..]];
        }
        for (int i = 0; i < sequence.Length; i++)
        {
            for (int pick = 0; pick < sequence[i].Picks.Length; pick++)
            {
                if (sequence[i].Picks[pick] == 0)
                    continue;
                uint[] picks = [.. sequence[i].Picks];
                picks[pick] = 0;
                yield return [.. sequence[..i], sequence[i] with { Picks = picks }, .. sequence[(i + 1)..]];
            }
        }
    }

    /// <summary>Those that do something.</summary>
    private static int[] ShapesOf(Hypercall number) =>
        [.. Enumerable.Range(0, CallGrammar.Shapes.Count).Where(shape => CallGrammar.Shapes[shape] is { Row.State: RowState.Done } and var done && done.Group.Number == number)];
}
