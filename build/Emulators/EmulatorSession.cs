using System;
using System.Diagnostics;
using System.IO;
using System.Threading;
using Xenolith.Build.Host;

namespace Xenolith.Build.Emulators;

/// <summary>How a machine stopped.</summary>
public enum MachineEnd
{
    /// <summary>Software switched it off.</summary>
    PoweredOff,

    /// <summary>It reset, by request or by triple fault.</summary>
    Reset,

    /// <summary>The emulator ended otherwise: killed, or an error of its own.</summary>
    EmulatorFailed,
}

/// <summary>A running emulator with the machine's serial line as a pair of streams.</summary>
public abstract class EmulatorSession : IDisposable
{
    private readonly Lock _sending = new();

    private protected EmulatorSession(Command command, Process process)
    {
        CommandLine = command.ToString();
        Process = process;
    }

    /// <summary>The emulator's full command line.</summary>
    public string CommandLine { get; }

    /// <summary>What the machine sends; reads 0 bytes once the emulator is gone.</summary>
    public abstract Stream Output { get; }

    /// <summary>Whether the emulator has ended.</summary>
    public bool HasExited
    {
        get
        {
            try
            {
                return Process.HasExited;
            }
            catch (InvalidOperationException)
            {
                // Disposed.
                return true;
            }
        }
    }

    private protected Process Process { get; }

    private protected abstract Stream Input { get; }

    /// <summary>Pause after each byte sent: faster than this, receive buffers overflow.</summary>
    private protected abstract TimeSpan ByteTime { get; }

    /// <summary>Types bytes at the rate the serial line takes them.</summary>
    public void Send(ReadOnlySpan<byte> bytes)
    {
        lock (_sending)
        {
            foreach (byte value in bytes)
            {
                try
                {
                    Input.WriteByte(value);
                    Input.Flush();
                }
                catch (Exception error) when (error is IOException or ObjectDisposedException)
                {
                    // The machine is gone; its end is reported by WaitForEnd.
                    return;
                }

                Thread.Sleep(ByteTime);
            }
        }
    }

    /// <summary>Waits for the emulator to end; null when it has not ended in time.</summary>
    public MachineEnd? WaitForEnd(TimeSpan limit) => Process.WaitForExit(limit) ? End() : null;

    /// <summary>Ends the emulator.</summary>
    public void Kill()
    {
        try
        {
            Process.Kill(entireProcessTree: true);
        }
        catch (InvalidOperationException)
        {
            // It ended by itself meanwhile.
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Kill();
        Process.WaitForExit();
        Process.Dispose();
        Release();
        GC.SuppressFinalize(this);
    }

    private protected abstract MachineEnd End();

    private protected abstract void Release();
}
