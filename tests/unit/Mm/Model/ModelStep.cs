using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;

namespace Xenolith.Tests.Unit.Mm.Model;

/// <summary>What is done in a step; how often a kind comes is how often it stands in <see cref="ModelStep.Random"/>.</summary>
internal enum StepKind
{
    Populate, Depopulate, Retype, MapDevice, Remove, MapForeign, MapGrant, UnmapOthers, Lend, Move, Look, Pin, Unpin, Settle, Elsewhere, Hog, Limit, End, Release, Merge, SetRight, SetDefault,
    Activate, View, Override, Fill,
}

/// <summary>
/// A step: what is done, and three numbers that decide the rest, by what there is at that moment. So a sequence without some of its steps is
/// one as well.
/// </summary>
internal readonly record struct ModelStep(StepKind Kind, uint A, uint B, uint C)
{
    private static readonly StepKind[] s_kinds =
    [
        StepKind.Populate, StepKind.Populate, StepKind.Populate, StepKind.Depopulate, StepKind.Depopulate, StepKind.Retype, StepKind.Retype, StepKind.Retype,
        StepKind.MapDevice, StepKind.Remove, StepKind.Remove, StepKind.MapForeign, StepKind.MapForeign, StepKind.MapGrant, StepKind.UnmapOthers,
        StepKind.UnmapOthers, StepKind.Lend, StepKind.Move, StepKind.Move, StepKind.Look, StepKind.Pin, StepKind.Pin, StepKind.Unpin, StepKind.Settle,
        StepKind.Settle, StepKind.Elsewhere, StepKind.Hog, StepKind.Hog, StepKind.Limit, StepKind.End, StepKind.Release, StepKind.Release,
        StepKind.Merge, StepKind.Merge, StepKind.SetRight, StepKind.SetRight, StepKind.SetRight, StepKind.SetDefault,
        StepKind.Activate, StepKind.Activate, StepKind.View, StepKind.View, StepKind.Override, StepKind.Override, StepKind.Override, StepKind.Override,
        StepKind.Fill, StepKind.Fill, StepKind.Fill, StepKind.Fill, StepKind.Fill,
    ];

    /// <summary>The sequence of a seed.</summary>
    public static ModelStep[] Random(ulong seed, int mostSteps)
    {
        ulong state = seed;
        var steps = new ModelStep[1 + (int)(Next(ref state) % (uint)mostSteps)];
        for (int i = 0; i < steps.Length; i++)
            steps[i] = new ModelStep(s_kinds[Next(ref state) % (uint)s_kinds.Length], Next(ref state), Next(ref state), Next(ref state));
        return steps;
    }

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Kind} {A:x} {B:x} {C:x}");

    /// <summary>Reads lines as <see cref="ToString"/> writes them.</summary>
    public static ModelStep[] Parse(string text) =>
    [
        .. from line in text.Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)
        let words = line.Split(' ')
        select new ModelStep(Enum.Parse<StepKind>(words[0]), Number(words[1]), Number(words[2]), Number(words[3])),
    ];

    /// <summary>The shortest sequence by leaving steps out that still fails.</summary>
    public static ModelStep[] Shrink(ModelStep[] steps, Func<ModelStep[], bool> fails)
    {
        for (int size = steps.Length / 2; size >= 1;)
        {
            bool isShorter = false;
            for (int at = 0; at + size <= steps.Length;)
            {
                ModelStep[] fewer = [.. steps.Take(at), .. steps.Skip(at + size)];
                if (fails(fewer))
                    (steps, isShorter) = (fewer, true);
                else
                    at += size;
            }
            if (!isShorter)
                size /= 2;
        }
        return steps;
    }

    private static uint Number(string word) => uint.Parse(word, NumberStyles.HexNumber, CultureInfo.InvariantCulture);

    // SplitMix64 (Steele, Lea, Flood 2014).
    private static uint Next(ref ulong state)
    {
        unchecked
        {
            ulong z = state += 0x9E37_79B9_7F4A_7C15;
            z = (z ^ (z >> 30)) * 0xBF58_476D_1CE4_E5B9;
            z = (z ^ (z >> 27)) * 0x94D0_49BB_1331_11EB;
            return (uint)((z ^ (z >> 31)) >> 16);
        }
    }
}
