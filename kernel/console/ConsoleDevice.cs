using System;

namespace Xenolith.Kernel;

/// <summary>Something that shows bytes to a person or keeps them: a serial line, a debug port, a test's buffer.</summary>
public abstract class ConsoleDevice
{
    /// <summary>Writes all the bytes, synchronously. Lines end in "\n"; a device that needs "\r\n" adds it.</summary>
    public abstract void Write(ReadOnlySpan<byte> text);
}
