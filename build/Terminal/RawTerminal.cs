using System;
using System.IO;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Xenolith.Build.Terminal;

/// <summary>
/// The user's terminal in raw mode, so that every key goes to the guest; restored when disposed. It talks to the C
/// library: a helper program's settings would be undone by .NET when the helper ends, and .NET's own console stream edits
/// lines.
/// </summary>
internal sealed class RawTerminal : IDisposable
{
    // More than any system's struct termios.
    private const int TermiosSize = 256;
    private const int StandardInput = 0;
    private const int Now = 0;
    private readonly byte[] _saved = new byte[TermiosSize];
    private readonly bool _changed;

    /// <summary>Switches the terminal on stdin, if it is one.</summary>
    public RawTerminal()
    {
        if (TcGetAttributes(StandardInput, _saved) == 0)
        {
            byte[] raw = (byte[])_saved.Clone();
            MakeRaw(raw);
            _changed = TcSetAttributes(StandardInput, Now, raw) == 0;
        }
    }

    /// <summary>Stdin, byte by byte.</summary>
    public static Stream Keys() => new FileStream(new SafeFileHandle(StandardInput, ownsHandle: false), FileAccess.Read, bufferSize: 0);

    /// <inheritdoc/>
    public void Dispose()
    {
        if (_changed)
        {
            TcSetAttributes(StandardInput, Now, _saved);
        }
    }

    [DllImport("libc", EntryPoint = "tcgetattr")]
    private static extern int TcGetAttributes(int descriptor, byte[] termios);

    [DllImport("libc", EntryPoint = "tcsetattr")]
    private static extern int TcSetAttributes(int descriptor, int actions, byte[] termios);

    [DllImport("libc", EntryPoint = "cfmakeraw")]
    private static extern void MakeRaw(byte[] termios);
}
