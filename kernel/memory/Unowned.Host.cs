namespace Xenolith.Kernel;

/// <summary>On the host there are no arenas, and an ordinary reference does.</summary>
public readonly struct Unowned<T>(T? value)
    where T : class
{
    /// <summary>The object; null when there is none.</summary>
    public T? Value { get; } = value;
}
