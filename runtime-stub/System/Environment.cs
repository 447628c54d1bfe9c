using System.Diagnostics.CodeAnalysis;
using Xenolith.Runtime;

namespace System;

/// <summary>What is around the program.</summary>
public static class Environment
{
    /// <summary>The end of a line.</summary>
    public static string NewLine => "\n";

    /// <summary>Panics with words.</summary>
    [DoesNotReturn]
    public static void FailFast(string? message) => Fault.Panic(message);
}
