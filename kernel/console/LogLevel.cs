namespace Xenolith.Kernel;

/// <summary>How much a line matters. Less is more important.</summary>
public enum LogLevel : byte
{
    /// <summary>As a threshold: nothing.</summary>
    None,
    Error,
    Warning,
    Info,
    Debug,
}

/// <summary>
/// Which lines are shown, as <c>loglvl=always[/limited]</c> says it: those up to the first level always, those above it up to the second
/// within the rate limit, the rest never.
/// </summary>
public readonly record struct LogThresholds(LogLevel Always, LogLevel Limited);
