using System;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Xenolith.Kernel;

/// <summary>A level as a type, so that the compiler builds a line of the right level.</summary>
public interface ILogLevel
{
    LogLevel Level { get; }
}

public readonly struct ErrorLevel : ILogLevel
{
    public LogLevel Level => LogLevel.Error;
}

public readonly struct WarningLevel : ILogLevel
{
    public LogLevel Level => LogLevel.Warning;
}

public readonly struct InfoLevel : ILogLevel
{
    public LogLevel Level => LogLevel.Info;
}

public readonly struct DebugLevel : ILogLevel
{
    public LogLevel Level => LogLevel.Debug;
}

/// <summary>
/// What the compiler makes of <c>log.Error($"…")</c>: the line is put together on the stack; nothing is, when its level is filtered out.
/// Holes: integers (formats d, x, X and a minimum number of digits: x16), bool, char, string, spans of char or byte (as text), enums (as
/// numbers), <see cref="Mfn"/>.
/// </summary>
[InterpolatedStringHandler]
public ref struct LogLine<TLevel>
    where TLevel : struct, ILogLevel
{
    private LineText _text;

    public LogLine(int literalLength, int holes, Log log, out bool enabled)
    {
        _ = literalLength;
        _ = holes;
        enabled = log.Accepts(default(TLevel).Level);
        IsEnabled = enabled;
    }

    internal bool IsEnabled { get; }

    internal static LogLevel Level => default(TLevel).Level;

    [System.Diagnostics.CodeAnalysis.UnscopedRef]
    internal ref LineText Text => ref _text;

    public void AppendLiteral(string value) => _text.Append(value);
    public void AppendFormatted(string? value) => _text.Append(value);
    public void AppendFormatted(scoped ReadOnlySpan<char> value) => _text.Append(value);
    public void AppendFormatted(scoped ReadOnlySpan<byte> value) => _text.Append(value);
    public void AppendFormatted(char value) => _text.Append(value);
    public void AppendFormatted(bool value) => _text.Append(value ? "true" : "false");
    public void AppendFormatted(Mfn value) => _text.Append(value.Value, "x");
    public void AppendFormatted(sbyte value, string? format = null) => _text.AppendSigned(value, sizeof(sbyte), format);
    public void AppendFormatted(short value, string? format = null) => _text.AppendSigned(value, sizeof(short), format);
    public void AppendFormatted(int value, string? format = null) => _text.AppendSigned(value, sizeof(int), format);
    public void AppendFormatted(long value, string? format = null) => _text.AppendSigned(value, sizeof(long), format);
    public void AppendFormatted(nint value, string? format = null) => _text.AppendSigned(value, sizeof(long), format);
    public void AppendFormatted(byte value, string? format = null) => _text.Append(value, format);
    public void AppendFormatted(ushort value, string? format = null) => _text.Append(value, format);
    public void AppendFormatted(uint value, string? format = null) => _text.Append(value, format);
    public void AppendFormatted(ulong value, string? format = null) => _text.Append(value, format);
    public void AppendFormatted(nuint value, string? format = null) => _text.Append(value, format);

    /// <summary>An enum, as its number.</summary>
    public void AppendFormatted<T>(T value, string? format = null)
        where T : unmanaged, Enum => _text.AppendEnum(value, format);
}

/// <summary>As <see cref="LogLine{TLevel}"/>, for lines that a guest causes: shown as guest_loglvl says, within the place's own rate limit.</summary>
[InterpolatedStringHandler]
public ref struct GuestLine
{
    private LineText _text;

    public GuestLine(int literalLength, int holes, Log log, ref RateLimit limit, out bool enabled)
    {
        _ = literalLength;
        _ = holes;
        enabled = log.AcceptsGuest(LogLevel.Warning, ref limit);
        IsEnabled = enabled;
    }

    internal bool IsEnabled { get; }

    [System.Diagnostics.CodeAnalysis.UnscopedRef]
    internal ref LineText Text => ref _text;

    public void AppendLiteral(string value) => _text.Append(value);
    public void AppendFormatted(string? value) => _text.Append(value);
    public void AppendFormatted(scoped ReadOnlySpan<char> value) => _text.Append(value);
    public void AppendFormatted(scoped ReadOnlySpan<byte> value) => _text.Append(value);
    public void AppendFormatted(char value) => _text.Append(value);
    public void AppendFormatted(bool value) => _text.Append(value ? "true" : "false");
    public void AppendFormatted(Mfn value) => _text.Append(value.Value, "x");
    public void AppendFormatted(sbyte value, string? format = null) => _text.AppendSigned(value, sizeof(sbyte), format);
    public void AppendFormatted(short value, string? format = null) => _text.AppendSigned(value, sizeof(short), format);
    public void AppendFormatted(int value, string? format = null) => _text.AppendSigned(value, sizeof(int), format);
    public void AppendFormatted(long value, string? format = null) => _text.AppendSigned(value, sizeof(long), format);
    public void AppendFormatted(nint value, string? format = null) => _text.AppendSigned(value, sizeof(long), format);
    public void AppendFormatted(byte value, string? format = null) => _text.Append(value, format);
    public void AppendFormatted(ushort value, string? format = null) => _text.Append(value, format);
    public void AppendFormatted(uint value, string? format = null) => _text.Append(value, format);
    public void AppendFormatted(ulong value, string? format = null) => _text.Append(value, format);
    public void AppendFormatted(nuint value, string? format = null) => _text.Append(value, format);

    /// <summary>An enum, as its number.</summary>
    public void AppendFormatted<T>(T value, string? format = null)
        where T : unmanaged, Enum => _text.AppendEnum(value, format);
}
