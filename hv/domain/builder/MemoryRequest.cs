using System;
using Xenolith.Kernel;

namespace Xenolith.Domains;

/// <summary>
/// How much memory the initial domain gets: the option dom0_mem, a list of size, min:size and max:size (Xen's
/// docs/misc/xen-command-line). Without a size it gets what is free, less a margin.
/// </summary>
public sealed class MemoryRequest
{
    private MemorySize _size;
    private MemorySize _minimum;
    private MemorySize _maximum;
    private bool _hasSize;
    private bool _hasMinimum;
    private bool _hasMaximum;

    /// <summary>Reads the option's value; empty means that it was not given. Null: done.</summary>
    public static BuildError? TryParse(ReadOnlySpan<char> value, out MemoryRequest request)
    {
        request = new MemoryRequest();
        while (value.Length != 0)
        {
            int comma = value.IndexOf(',');
            ReadOnlySpan<char> item = comma < 0 ? value : value[..comma];
            value = comma < 0 ? default : value[(comma + 1)..];
            if (!request.TryTake(item) || (comma >= 0 && value.Length == 0))
            {
                return new BuildMessage().Add("dom0_mem: \"").Add(item)
                    .Add("\" is not a size; write a list of size, min:size, max:size, where a size is like 512M, 2G, -256M or 1G+25%")
                    .ToError(BuildErrorKind.BadMemoryOption);
            }
        }

        return null;
    }

    /// <summary>Settles the amount in bytes, whole frames. Null: done.</summary>
    /// <param name="free">Bytes that are free now.</param>
    /// <param name="margin">Bytes of them that the hypervisor keeps.</param>
    public BuildError? TryResolve(ulong free, ulong margin, out ulong bytes)
    {
        ulong available = (free > margin ? free - margin : 0) & ~Page.OffsetMask;
        bytes = _hasSize ? _size.Resolve(available) : available;
        if (_hasMaximum)
        {
            bytes = Math.Min(bytes, _maximum.Resolve(available));
        }

        if (_hasMinimum)
        {
            bytes = Math.Max(bytes, _minimum.Resolve(available));
        }

        bytes &= ~Page.OffsetMask;
        return bytes <= available
            ? null
            : new BuildMessage().Add("dom0_mem asks for ").AddSize(bytes).Add(", but at most ").AddSize(available)
                .Add(" can be given on this machine; ask for less, or leave the option out").ToError(BuildErrorKind.MemoryNotAvailable);
    }

    private bool TryTake(ReadOnlySpan<char> item)
    {
        if (item.StartsWith("min:".AsSpan()))
        {
            _hasMinimum = true;
            return MemorySize.TryParse(item[4..], out _minimum);
        }

        if (item.StartsWith("max:".AsSpan()))
        {
            _hasMaximum = true;
            return MemorySize.TryParse(item[4..], out _maximum);
        }

        _hasSize = true;
        return MemorySize.TryParse(item, out _size);
    }
}
