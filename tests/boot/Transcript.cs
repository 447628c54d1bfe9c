using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Text;
using System.Text.RegularExpressions;

namespace Xenolith.Tests.Boot;

/// <summary>What a machine has sent so far: kept, logged, and compared with what a test expects, as it comes.</summary>
internal sealed class Transcript : IDisposable
{
    private readonly FileStream _log;
    private readonly StringBuilder _text = new();
    private readonly Regex[] _expected;
    private readonly Regex[] _forbidden;
    private readonly Regex? _same;
    private string? _first;
    private int _lineStart;
    private int _matched;
    private int _promptStart;

    public Transcript(string logPath, IEnumerable<string> expected, IEnumerable<string> forbidden, string? same = null)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(logPath)!);
        // Shared, so that a log can be followed while it grows.
        _log = new FileStream(logPath, FileMode.Create, FileAccess.Write, FileShare.ReadWrite);
        _expected = [.. expected.Select(pattern => new Regex(pattern, RegexOptions.CultureInvariant))];
        _same = same is null ? null : new Regex(same, RegexOptions.CultureInvariant);
        _forbidden = [.. forbidden.Select(pattern => new Regex(pattern, RegexOptions.CultureInvariant))];
    }

    /// <summary>Whether every expected line has come.</summary>
    public bool IsComplete => _matched == _expected.Length;

    /// <summary>The expected pattern that has not come yet; null when all have.</summary>
    public string? Missing => IsComplete ? null : _expected[_matched].ToString();

    /// <summary>The first line that should not have come.</summary>
    public string? Offence { get; private set; }

    /// <summary>The last lines, at most <paramref name="count"/>.</summary>
    public string[] LastLines(int count)
    {
        string[] lines = _text.ToString().TrimEnd().Split('\n');
        return [.. lines.TakeLast(count).Select(line => line.TrimEnd('\r'))];
    }

    /// <summary>Takes over bytes as they arrive.</summary>
    public void Add(ReadOnlySpan<byte> bytes)
    {
        _log.Write(bytes);
        _log.Flush();
        foreach (byte value in bytes)
        {
            _text.Append((char)value);
            if (value == '\n')
            {
                EndLine();
            }
        }
    }

    /// <summary>The output has ended: what stands after the last line break counts as a line.</summary>
    public void Finish() => EndLine();

    /// <summary>Whether the prompt has come since the last one was found; the next search starts behind it.</summary>
    public bool TakePrompt(string prompt)
    {
        string rest = _text.ToString(_promptStart, _text.Length - _promptStart);
        int at = rest.IndexOf(prompt, StringComparison.Ordinal);
        if (at < 0)
        {
            return false;
        }

        _promptStart += at + prompt.Length;
        return true;
    }

    public void Dispose() => _log.Dispose();

    private void EndLine()
    {
        string line = _text.ToString(_lineStart, _text.Length - _lineStart).TrimEnd('\r', '\n');
        _lineStart = _text.Length;
        if (line.Length == 0)
        {
            return;
        }

        if (Offence is null && _forbidden.Any(pattern => pattern.IsMatch(line)))
        {
            Offence = line;
        }

        if (Offence is null && _same?.Match(line) is { Success: true } match)
        {
            _first ??= match.Groups[1].Value;
            Offence = _first == match.Groups[1].Value ? null : $"{line} (it was {_first} before)";
        }

        // One line may satisfy several patterns in turn.
        while (_matched < _expected.Length && _expected[_matched].IsMatch(line))
        {
            _matched++;
            if (_matched < _expected.Length && _expected[_matched].ToString() == _expected[_matched - 1].ToString())
            {
                break;
            }
        }
    }
}
