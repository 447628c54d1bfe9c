using System;
using System.Runtime.CompilerServices;
using Xenolith.Runtime;

namespace Xenolith.Tests.Features;

/// <summary>What came of the features so far, and the expectations of the one that runs.</summary>
internal static unsafe class Verdict
{
    private static int s_passed;
    private static int s_failed;
    private static int s_failedLine;

    /// <summary>Whether nothing failed.</summary>
    public static bool AllPassed => s_failed == 0;

    /// <summary>Runs a feature's test; a violation in it is a failure of this feature alone.</summary>
    public static void Feature(string name, delegate*<void> test)
    {
        // unsafe: method pointers, so that no delegate is needed to test delegates.
        s_failedLine = 0;
        bool returned = Fault.Guard(&Call, (nint)test, out FaultReport report);
        Write(name, returned, report);
    }

    /// <summary>Runs the test of a feature that a guarded call would hide; a violation that nobody contains is a panic.</summary>
    public static void UnguardedFeature(string name, delegate*<void> test)
    {
        s_failedLine = 0;
        test();
        Write(name, true, default);
    }

    private static void Write(string name, bool returned, FaultReport report)
    {
        FeatureHost.Write("feature ");
        FeatureHost.Write(name);
        if (returned && s_failedLine == 0)
        {
            s_passed++;
            FeatureHost.Write(": passed\n");
            return;
        }
        s_failed++;
        if (!returned)
        {
            FeatureHost.Write(": failed: violation ");
            WriteNumber((ulong)report.Kind, "D");
            FeatureHost.Write(" at 0x");
            WriteNumber(report.Instruction, "X");
        }
        else
        {
            FeatureHost.Write(": failed: expectation in line ");
            WriteNumber((ulong)s_failedLine, "D");
        }
        FeatureHost.Write("\n");
    }

    /// <summary>Notes a failure unless the condition holds.</summary>
    public static void Expect(bool condition, [CallerLineNumber] int line = 0)
    {
        if (!condition && s_failedLine == 0)
            s_failedLine = line;
    }

    /// <summary>Notes a failure unless the method violates what is said, at an address in code.</summary>
    public static void ExpectFault(FaultKind kind, delegate*<void> method, [CallerLineNumber] int line = 0)
    {
        bool returned = Fault.Guard(&Call, (nint)method, out FaultReport report);
        Expect(!returned && report.Kind == kind, line);
        Expect(kind == FaultKind.Stated || report.Instruction != 0, line);
    }

    private static void Call(nint method) => ((delegate*<void>)method)();

    /// <summary>The last line.</summary>
    public static void WriteSummary()
    {
        WriteNumber((ulong)s_passed, "D");
        FeatureHost.Write(" passed, ");
        WriteNumber((ulong)s_failed, "D");
        FeatureHost.Write(" failed, 0 skipped\n");
    }

    private static void WriteNumber(ulong value, string format)
    {
        Span<char> digits = stackalloc char[20];
        value.TryFormat(digits, out int written, format);
        FeatureHost.Write(digits.Slice(0, written));
    }
}

/// <summary>Values that the compiler cannot see through, so that it does not do the test at build time.</summary>
internal static class Opaque
{
    /// <summary>The value itself.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static T Of<T>(T value) => value;
}
