namespace Xenolith.Kernel;

/// <summary>On the host there is no image, and so no table: .NET prints its own stack traces.</summary>
public static class ImageSymbols
{
    /// <summary>An empty table.</summary>
    public static SymbolTable Open() => default;
}
