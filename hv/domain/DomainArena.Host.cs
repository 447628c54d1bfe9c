using System;

namespace Xenolith.Domains;

/// <summary>On the host objects live as long as somebody refers to them.</summary>
public sealed class DomainArena
{
    /// <summary>Whether objects were made since the last release.</summary>
    public long Used { get; private set; }

    public Scope Open()
    {
        Used = 1;
        return default;
    }

    public bool TryReserve(long bytes) => bytes >= 0;

    public void Release() => Used = 0;

    /// <summary>What an open arena is closed by.</summary>
    public readonly struct Scope : IDisposable
    {
        public void Dispose()
        {
        }
    }
}
