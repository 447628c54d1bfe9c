using System;
using Xenolith.Kernel;

namespace Xenolith;

/// <summary>The far end of the initial domain's console ring: the hypervisor's console.</summary>
internal sealed class GuestConsole(Log log) : ConsoleDevice
{
    public override void Write(ReadOnlySpan<byte> text) => log.Write(text);
}
