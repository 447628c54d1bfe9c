using System;
using System.Collections.Concurrent;
using System.IO;
using System.Threading;

namespace Xenolith.Tests.Boot;

/// <summary>
/// Reads a machine's serial line on a thread of its own, so that silence can be waited out. The thread ends with the
/// emulator: closing the stream under it would wait for its read.
/// </summary>
internal sealed class SerialReader
{
    private static readonly TimeSpan Patience = TimeSpan.FromMilliseconds(50);

    private readonly BlockingCollection<byte[]> _pieces = [];
    private readonly Stream _stream;

    public SerialReader(Stream stream)
    {
        _stream = stream;
        new Thread(Read) { IsBackground = true, Name = "serial line" }.Start();
    }

    /// <summary>Whether the machine is gone and everything it sent has been taken.</summary>
    public bool HasEnded => _pieces.IsCompleted;

    /// <summary>The next piece of output, if one comes soon.</summary>
    public bool TryTake(out ReadOnlyMemory<byte> bytes)
    {
        bool taken = _pieces.TryTake(out byte[]? piece, Patience);
        bytes = piece;
        return taken;
    }

    private void Read()
    {
        byte[] buffer = new byte[4096];
        try
        {
            int count;
            while ((count = _stream.Read(buffer, 0, buffer.Length)) > 0)
            {
                _pieces.Add(buffer[..count]);
            }
        }
        catch (Exception error) when (error is IOException or ObjectDisposedException)
        {
            // The emulator was ended while it was sending; what came before counts.
        }

        _pieces.CompleteAdding();
    }
}
