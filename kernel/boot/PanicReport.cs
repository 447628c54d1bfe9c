using System;

namespace Xenolith.Kernel;

/// <summary>
/// What runs on the kernel adds its lines to a panic, behind the backtrace. On the CPU that panics, with nothing else to be relied on: it must
/// not allocate, wait for a lock or fault.
/// </summary>
public abstract class PanicReport
{
    /// <summary>The next line, into a caller's buffer.</summary>
    /// <param name="number">Lines written before.</param>
    /// <returns>False: there is none.</returns>
    public abstract bool TryWriteLine(int number, ref LineText line);
}
