using System;
using System.Diagnostics;
using System.IO;
using System.Text;
using System.Threading;

namespace Xenolith.Build.Emulators;

/// <summary>
/// Plays a person at a serial console: shows what the machine prints, and types prepared lines, each once the prompt
/// stands there (or, where no prompt comes, once the machine has been silent for a while).
/// </summary>
public sealed class Typist(EmulatorSession session, Stream screen)
{
    private const byte EndOfTransmission = 4;
    private static readonly TimeSpan s_silence = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan s_settle = TimeSpan.FromMilliseconds(300);
    private readonly StringBuilder _line = new();
    private readonly Lock _reading = new();
    private readonly Stopwatch _quiet = Stopwatch.StartNew();
    private int _escape;
    private bool _prompted;

    /// <summary>Copies output to the screen until the machine ends, while lines of <paramref name="input"/> are typed.</summary>
    /// <param name="input">The lines.</param>
    /// <param name="prompt">What the line on the screen ends with when the machine waits for input.</param>
    /// <param name="endWithControlD">Whether to type Ctrl-D at the prompt after the last line, which ends a shell.</param>
    public void Run(Stream input, string prompt, bool endWithControlD)
    {
        var typing = new Thread(() => Type(input, prompt, endWithControlD)) { IsBackground = true, Name = "typist" };
        typing.Start();
        Show(prompt);
    }

    /// <summary>Copies output to the screen until the machine ends.</summary>
    public void Show() => Show("");

    private void Show(string prompt)
    {
        byte[] buffer = new byte[4096];
        int count;
        while ((count = session.Output.Read(buffer, 0, buffer.Length)) > 0)
        {
            screen.Write(buffer, 0, count);
            screen.Flush();
            lock (_reading)
            {
                Follow(buffer.AsSpan(0, count), prompt);
                _quiet.Restart();
            }
        }
    }

    private void Type(Stream input, string prompt, bool endWithControlD)
    {
        // Not a StreamReader: a line must be typed when it is there, not when a buffer is full.
        var line = new MemoryStream();
        int value;
        while ((value = input.ReadByte()) >= 0)
        {
            line.WriteByte((byte)value);
            if (value == '\n')
            {
                TypeLine(line, prompt);
            }
        }

        if (line.Length > 0)
        {
            line.WriteByte((byte)'\n');
            TypeLine(line, prompt);
        }

        if (endWithControlD)
        {
            AwaitPrompt(prompt, untilSilent: false);
            session.Send([EndOfTransmission]);
        }
    }

    private void TypeLine(MemoryStream line, string prompt)
    {
        AwaitPrompt(prompt, untilSilent: true);
        lock (_reading)
        {
            _line.Clear();
            _prompted = false;
            _quiet.Restart();
        }

        session.Send(line.ToArray());
        line.SetLength(0);
    }

    private void AwaitPrompt(string prompt, bool untilSilent)
    {
        while (!session.HasExited)
        {
            lock (_reading)
            {
                if (_prompted || (_quiet.Elapsed > s_settle && EndsWith(prompt)))
                {
                    return;
                }

                if (untilSilent && _quiet.Elapsed > s_silence)
                {
                    return;
                }
            }

            Thread.Sleep(20);
        }
    }

    private bool EndsWith(string prompt) =>
        _line.Length >= prompt.Length && _line.ToString(_line.Length - prompt.Length, prompt.Length) == prompt;

    // A line that is nothing but a path and the prompt is one for certain, even if a kernel message follows at once.
    private bool IsShellPrompt(string prompt) =>
        _line.Length > prompt.Length && _line[0] is '/' or '~' && EndsWith(prompt) && _line.ToString().IndexOf(' ', StringComparison.Ordinal) == _line.Length - prompt.Length - 1;

    // Keeps the text of the current line, without the escape sequences line editors send after a prompt.
    private void Follow(ReadOnlySpan<byte> bytes, string prompt)
    {
        foreach (byte value in bytes)
        {
            if (_escape == 1)
            {
                _escape = value == '[' ? 2 : 0;
            }
            else if (_escape == 2)
            {
                _escape = value is >= 0x40 and <= 0x7E ? 0 : 2;
            }
            else if (value == 0x1B)
            {
                _escape = 1;
            }
            else if (value is (byte)'\n' or (byte)'\r')
            {
                _line.Clear();
            }
            else
            {
                _line.Append((char)value);
                _prompted |= IsShellPrompt(prompt);
            }
        }
    }
}
