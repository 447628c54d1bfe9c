using System;
using System.Runtime;
using Xenolith.Kernel;

namespace Xenolith.Tests.Features;

/// <summary>The machine below the tests.</summary>
internal static class FeatureHost
{
    [RuntimeExport("image_main")]
    private static void Main()
    {
        CommandLine options = Boot.Current.Options;
        options.Declare(InducedFaults.Options());
        options.Declare([new OptionRow("expect-cpus", OptionKind.Number, "1", "How many CPUs the machine has.")]);
        if (!options.Check(Boot.Current.Log))
            Boot.Current.Power.Reset();
        InducedFaults.RunIfAsked(options);
        FeatureSuite.Run();
    }

    /// <summary>Writes ASCII to the console.</summary>
    public static void Write(ReadOnlySpan<char> text)
    {
        Span<byte> ascii = stackalloc byte[256];
        while (!text.IsEmpty)
        {
            int count = Math.Min(text.Length, ascii.Length);
            for (int i = 0; i < count; i++)
                ascii[i] = (byte)text[i];
            Boot.Current.Log.Write(ascii.Slice(0, count));
            text = text.Slice(count);
        }
    }

    /// <summary>Switches the machine off. The verdict is in the last line written.</summary>
    public static void Finish(bool passed)
    {
        _ = passed;
        Boot.Current.Power.Off();
    }
}
