using System;
using System.Runtime.CompilerServices;

namespace Xenolith.Kernel;

/// <summary>
/// The hypervisor's log: lines with a level, and guests' raw output, to the console devices and into a ring. Writing allocates nothing. Any CPU may write; a line is written whole.
/// </summary>
/// <remarks>Levels are filtered as <c>loglvl=</c> and <c>guest_loglvl=</c> say (see <see cref="LogThresholds"/>).</remarks>
public sealed class Log
{
    /// <summary>Default of <c>conring_size=</c>, bytes.</summary>
    public const ulong DefaultRingSize = 16 << 10;

    private const int MaximumDevices = 8;

    private readonly ConsoleDevice?[] _devices = new ConsoleDevice?[MaximumDevices];
    private readonly SpinLock _lock = new(LockRank.Log, "log");
    private int _deviceCount;
    private bool _isAlone;
    private bool _atLineStart = true;

    // Which labelled writer's line is not ended yet; 0: none's.
    private uint _openWriter;
    private RateLimit _limit;

    /// <summary>A log without devices: lines are kept in the ring.</summary>
    /// <param name="ringSize">Bytes, see <see cref="LogRing"/>.</param>
    public Log(ulong ringSize = DefaultRingSize) => Ring = new LogRing(ringSize);

    /// <summary>What was written last.</summary>
    public LogRing Ring { get; private set; }

    /// <summary>The clock behind rate limits; without one, nothing is limited.</summary>
    public Clock? Clock { get; set; }

    /// <summary>Which of the hypervisor's own lines are shown.</summary>
    public LogThresholds Thresholds { get; set; } = new(LogLevel.Info, LogLevel.Info);

    /// <summary>Which lines on guests' behalf are shown.</summary>
    public LogThresholds GuestThresholds { get; set; } = new(LogLevel.None, LogLevel.Warning);

    private static ReadOnlySpan<byte> Prefix => "(xenolith) "u8;

    /// <summary>Adds a device and shows it what the ring holds. False: there are too many already.</summary>
    /// <param name="device">The device.</param>
    /// <param name="replay">Whether to write the ring's contents first.</param>
    public bool TryAddDevice(ConsoleDevice device, bool replay = false)
    {
        if (_deviceCount == MaximumDevices)
        {
            return false;
        }

        _devices[_deviceCount++] = device;
        if (replay)
        {
            Replay(device);
        }

        return true;
    }

    /// <summary>Takes a device away; nothing happens when it is not there.</summary>
    public void RemoveDevice(ConsoleDevice device)
    {
        for (int i = 0; i < _deviceCount; i++)
        {
            if (ReferenceEquals(_devices[i], device))
            {
                _deviceCount--;
                _devices[i] = _devices[_deviceCount];
                _devices[_deviceCount] = null;
                return;
            }
        }
    }

    /// <summary>Replaces the ring by one of another size, keeping what fits. Allocates: for the start only.</summary>
    public void ResizeRing(ulong size)
    {
        var ring = new LogRing(size);
        Span<byte> piece = stackalloc byte[128];
        for (ulong at = Ring.Start; at < Ring.End;)
        {
            int count = Ring.Read(at, piece);
            ring.Write(piece[..count]);
            at += (uint)count;
        }

        Ring = ring;
    }

    public void Error([InterpolatedStringHandlerArgument("")] ref LogLine<ErrorLevel> line) => WriteLine(ref line);

    public void Warning([InterpolatedStringHandlerArgument("")] ref LogLine<WarningLevel> line) => WriteLine(ref line);

    public void Info([InterpolatedStringHandlerArgument("")] ref LogLine<InfoLevel> line) => WriteLine(ref line);

    public void Debug([InterpolatedStringHandlerArgument("")] ref LogLine<DebugLevel> line) => WriteLine(ref line);

    public void Error(string line) => WriteLine(LogLevel.Error, line);

    public void Warning(string line) => WriteLine(LogLevel.Warning, line);

    public void Info(string line) => WriteLine(LogLevel.Info, line);

    public void Debug(string line) => WriteLine(LogLevel.Debug, line);

    /// <summary>A line that a guest caused, at the level of a warning, within the limit given.</summary>
    public void Guest(ref RateLimit limit, [InterpolatedStringHandlerArgument("", nameof(limit))] ref GuestLine line)
    {
        if (line.IsEnabled)
        {
            WriteLine(line.Text.Written);
        }
    }

    /// <summary>A line that is shown whatever the thresholds are: why the machine stops.</summary>
    public void Always(scoped ReadOnlySpan<byte> line) => WriteLine(line);

    /// <summary>As <see cref="Always"/>, for handlers that may have interrupted a writer: without a free log the line is lost.</summary>
    internal void TryAlways(scoped ReadOnlySpan<byte> line)
    {
        if (_lock.TryAcquire())
        {
            WriteLineLocked(line);
            _lock.Release();
        }
    }

    /// <summary>Bytes as they are, unfiltered and without a prefix: a guest's own output.</summary>
    public void Write(scoped ReadOnlySpan<byte> text)
    {
        if (text.Length == 0)
        {
            return;
        }

        Lock();
        WriteWhole(text);
        Unlock();
    }

    /// <summary>
    /// A labelled writer's bytes. While nobody else has written since, they go on with the line that the writer left open; else they begin
    /// a line with the label.
    /// </summary>
    /// <param name="writer">Whose they are; not 0, and no two writers have the same.</param>
    /// <param name="label">What the line begins with.</param>
    /// <param name="text">At least one byte; no newline but at the end.</param>
    public void WritePart(uint writer, scoped ReadOnlySpan<byte> label, scoped ReadOnlySpan<byte> text)
    {
        Lock();
        if (_openWriter != writer)
        {
            if (!_atLineStart)
            {
                Put("\n"u8);
            }

            Put(label);
        }

        Put(text);
        _openWriter = _atLineStart ? 0 : writer;
        Unlock();
    }

    /// <summary>All other CPUs are stopped, perhaps in the middle of a line: from now on nothing is waited for.</summary>
    internal void BeAlone() => _isAlone = true;

    private void Lock()
    {
        if (!_isAlone)
        {
            _lock.Acquire();
        }
    }

    private void Unlock()
    {
        if (!_isAlone)
        {
            _lock.Release();
        }
    }

    private void WriteWhole(scoped ReadOnlySpan<byte> text)
    {
        if (_openWriter != 0)
        {
            _openWriter = 0;
            Put("\n"u8);
        }

        Put(text);
    }

    private void Put(scoped ReadOnlySpan<byte> text)
    {
        Ring.Write(text);
        for (int i = 0; i < _deviceCount; i++)
        {
            _devices[i]!.Write(text);
        }

        _atLineStart = text[^1] == (byte)'\n';
    }

    /// <summary>Whether a line of that level would be shown now. In the rate-limited band each question counts as a line.</summary>
    public bool Accepts(LogLevel level)
    {
        if (level <= Thresholds.Always)
        {
            return true;
        }

        return level <= Thresholds.Limited && Takes(ref _limit);
    }

    /// <summary>
    /// Whether a guest's line would be dropped now, when that can be told at little cost: for paths that make no line then. One that is
    /// dropped counts.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool IsSilent(ref RateLimit limit)
    {
        const LogLevel level = LogLevel.Warning;
        return level > GuestThresholds.Always && (level > GuestThresholds.Limited || (Clock is { } clock && limit.IsSilent(clock.Tsc)));
    }

    internal bool AcceptsGuest(LogLevel level, ref RateLimit limit) =>
        level <= GuestThresholds.Always || (level <= GuestThresholds.Limited && Takes(ref limit));

    private bool Takes(ref RateLimit limit)
    {
        if (Clock is null)
        {
            return true;
        }

        ulong tsc = Clock.Tsc;
        ulong now = Clock.Nanoseconds;
        if (!limit.TryTake(now, out uint suppressed))
        {
            limit.Silence(now, tsc, Clock.Scale);
            return false;
        }

        if (suppressed != 0)
        {
            var note = default(LineText);
            note.Append(suppressed, null);
            note.Append(" lines were suppressed here");
            WriteLine(note.Written);
        }

        return true;
    }

    private void WriteLine<TLevel>(ref LogLine<TLevel> line)
        where TLevel : struct, ILogLevel
    {
        if (line.IsEnabled)
        {
            WriteLine(line.Text.Written);
        }
    }

    private void WriteLine(LogLevel level, string line)
    {
        if (Accepts(level))
        {
            var text = default(LineText);
            text.Append(line);
            WriteLine(text.Written);
        }
    }

    private void WriteLine(scoped ReadOnlySpan<byte> text)
    {
        Lock();
        WriteLineLocked(text);
        Unlock();
    }

    private void WriteLineLocked(scoped ReadOnlySpan<byte> text)
    {
        if (!_atLineStart && _openWriter == 0)
        {
            WriteWhole("\n"u8);
        }

        WriteWhole(Prefix);
        if (text.Length != 0)
        {
            WriteWhole(text);
        }

        WriteWhole("\n"u8);
    }

    private void Replay(ConsoleDevice device)
    {
        Span<byte> piece = stackalloc byte[128];
        for (ulong at = Ring.Start; at < Ring.End;)
        {
            int count = Ring.Read(at, piece);
            device.Write(piece[..count]);
            at += (uint)count;
        }
    }
}
