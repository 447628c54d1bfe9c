namespace Xenolith.Kernel;

/// <summary>Words for what the runtime reports.</summary>
internal static class FaultNames
{
    public static string Of(int kind) => "a violation found by the runtime";
}
