using System;
using Xenolith.Build.Host;

namespace Xenolith.Build.Terminal;

/// <summary>Puts the user's terminal into raw mode, so that every key goes to the guest; restores it when disposed.</summary>
internal sealed class RawTerminal : IDisposable
{
    private readonly string? _saved;

    public RawTerminal()
    {
        if (OperatingSystem.IsWindows() || Console.IsInputRedirected)
        {
            return;
        }

        _saved = Stty("-g")?.Trim();
        Stty("raw", "-echo");
    }

    public void Dispose()
    {
        if (_saved is not null)
        {
            Stty(_saved);
        }
    }

    // stty acts on its stdin, which must therefore be the terminal itself.
    private static string? Stty(params string[] arguments)
    {
        var start = new Command("stty", arguments).StartInfo();
        start.RedirectStandardOutput = true;
        using var process = System.Diagnostics.Process.Start(start);
        string? output = process?.StandardOutput.ReadToEnd();
        process?.WaitForExit();
        return output;
    }
}
